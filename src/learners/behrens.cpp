/// Bayesian learner of a reward rate that moves, of how fast it moves, and of how fast that changes.
///
/// On a grid: rate p of option 1, ln strength I (the world is the more volatile the smaller I) and k, the
/// spread with which I moves, all equally likely at first. On every trial that taught something
///   I' ~ N(I, k),  p' ~ Beta(1 + e^I' p, 1 + e^I' (1 - p)),  each column of either normalized on the grid
///   q = mean of p'                                     the prediction that the choice sees
///   posterior ~ p' where option 1 was right, 1 - p' where option 0 was
/// p is .01, .03 .. .99; I 43 points from ln 2 to ln 10^4, k 53 from 5e-4 to 20 in even steps of the
/// logarithm. The input of a trial is the option that was right: that given with the data, else the chosen
/// one where it paid and the other where it did not. Choice, with the magnitudes m0 and m1 where both are
/// shown, else 1 (a trial that lacks one of them in data that have them says little about beta):
///   P(1) = logistic(beta (m1 q - m0 (1 - q)))
/// The belief has no parameter, so it is worked out once a subject. 50 x 43 x 53 cells would take 11 million
/// products a trial; k never moves, so those k so small that I stays where it is are one; what is below 1e-17 of
/// a column's largest is left out; and where all places meet, sums and differences of mirror images move each on
/// their own, with half the products. A third of them remain, four k at a time.
///
/// Source: Behrens et al. (2007), doi:10.1038/nn1954, methods and supplement. Differs from it: magnitudes and
/// probabilities are multiplied without the subject's own distortion of probability; a trial that taught
/// nothing is left out, and the world does not move on it.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "contract/learner_entry.hpp"
#include "learners/binary_input.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
constexpr int kRates = 50, kStrengths = 43, kSpreads = 53, kTile = 10;  // kTile rates at a time
constexpr int kMiddle = kStrengths / 2;
constexpr double kNothing = 1e-17;

double rate_at(int i) {
  return 0.01 + 0.02 * i;
}
double strength_at(int i) {
  const double lo = log(2.0);
  return lo + (log(1e4) - lo) * i / (kStrengths - 1);
}
double log_spread_at(int i) {
  const double lo = log(5e-4);
  return lo + (log(20.0) - lo) * i / (kSpreads - 1);
}

/// A belief, [four spreads][strength][rate], a lane a spread.
using Belief = std::vector<Vec>;
constexpr std::size_t kPlane = kStrengths * kRates;

/// What every subject's filter shares: how a belief moves, and where it begins.
class Grid {
 public:
  static const Grid& get() {
    static const Grid grid;
    return grid;
  }

  /// The belief after the world has moved. Loops are nested so that what is used again stays in the first-level
  /// cache: a tile of rates for all strengths, then a strength's shares for all spreads.
  void move(Belief& z) const {
    const auto moved = std::make_unique_for_overwrite<Vec[]>(z.size());
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      move_strength(blocks_[b], z.data() + b * kPlane, moved.get() + b * kPlane);
    for (std::size_t i = 0; i < kStrengths; ++i)
      for (std::size_t row = i * kRates; row < z.size(); row += kPlane)
        move_rate(rates_[i], moved.get() + row, z.data() + row);
  }
  /// Means of rate, ln strength and ln spread; the belief need not add to 1.
  [[nodiscard]] std::array<double, 3> means(const Belief& z) const {
    double all = 0;
    std::array<double, 3> r{};
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      for (int i = 0; i < kStrengths; ++i) {
        Vec mass(0.0), rate(0.0);
        const Vec* row = z.data() + b * kPlane + static_cast<std::size_t>(i * kRates);
        for (int p = 0; p < kRates; ++p) {
          mass += row[p];
          rate = fma(row[p], Vec(rate_at(p)), rate);
        }
        for (int l = 0; l < kWidth; ++l) {
          all += mass[l];
          r[0] += rate[l];
          r[1] += mass[l] * strength_at(i);
          r[2] += mass[l] * blocks_[b].log_spread[l];
        }
      }
    for (double& x : r) x /= all;
    return r;
  }
  /// Weighs by the chance of the input; the belief adds to 1 afterwards.
  void weigh(Belief& z, bool one) const {
    std::array<double, kRates> chance{};
    for (int p = 0; p < kRates; ++p) chance[static_cast<std::size_t>(p)] = one ? rate_at(p) : 1 - rate_at(p);
    Vec sum(0.0);
    for (std::size_t k = 0; k < z.size(); k += kRates)
      for (std::size_t p = 0; p < kRates; ++p) sum += z[k + p] = z[k + p] * Vec(chance[p]);
    const Vec scale(1 / (sum[0] + sum[1] + sum[2] + sum[3]));
    // Cells of no weight become 0: numbers too small to be held in full are slow.
    for (Vec& cell : z) cell = select(cell > Vec(1e-90), cell * scale, Vec(0.0));
  }
  [[nodiscard]] const Belief& start() const { return start_; }
  [[nodiscard]] const std::array<double, 3>& start_means() const { return start_means_; }

 private:
  struct Spreads {
    Vec log_spread, weight;      // weight: how many of the grid's spreads stand behind each
    std::vector<Vec> to;         // [new strength][old strength]
    int reach = 0;               // strengths farther apart than this do not meet
    std::vector<Vec> even, odd;  // where they meet: [new strength below the middle][old]; see Folding
  };
  struct Rates {
    std::vector<double> to;                      // [old rate][new rate]
    std::array<int, kRates / kTile> lo{}, hi{};  // old rates from which a tile of new ones is reached
    std::vector<double> folded;  // where all are reached: [tile][old rate below 1/2][kTile / 2 even, odd]
  };

  Grid() {
    std::vector<std::array<double, 2>> spreads{
        {0, 0}};  // ln spread and weight; the first holds strengths still
    const double step = strength_at(1) - strength_at(0);
    for (int k = 0; k < kSpreads; ++k) {
      const double log_spread = log_spread_at(k), z = step / exp(log_spread);
      if (exp(-0.5 * z * z) >= kNothing)
        spreads.push_back({log_spread, 1});
      else {
        spreads[0][0] += (log_spread - spreads[0][0]) / ++spreads[0][1];
      }
    }
    while (spreads.size() % kWidth != 0) spreads.push_back({spreads.back()[0], 0});
    for (std::size_t first = 0; first < spreads.size(); first += kWidth) add_spreads(spreads, first);
    for (int i = 0; i < kStrengths; ++i) add_rates(i);
    for (const Spreads& block : blocks_)
      for (std::size_t cell = 0; cell < kPlane; ++cell)
        start_.push_back(block.weight * Vec(1.0 / (kRates * kStrengths * kSpreads)));
    move(start_);
    start_means_ = means(start_);
  }
  void add_spreads(const std::vector<std::array<double, 2>>& spreads, std::size_t first) {
    Spreads block;
    block.to.assign(kStrengths * kStrengths, Vec(0.0));
    for (int l = 0; l < kWidth; ++l) {
      const auto& spread = spreads[first + static_cast<std::size_t>(l)];
      block.log_spread.set(l, spread[0]);
      block.weight.set(l, spread[1]);
      for (int from = 0; from < kStrengths; ++from) {
        const bool still = first == 0 && l == 0;
        std::array<double, kStrengths> column{};
        double sum = 0;
        for (int to = 0; to < kStrengths; ++to) {
          const double z = (strength_at(to) - strength_at(from)) / exp(spread[0]);
          const double chance = still ? to == from : exp(-0.5 * z * z);
          sum += column[static_cast<std::size_t>(to)] = chance < kNothing ? 0 : chance;
          if (chance >= kNothing) block.reach = std::max(block.reach, std::abs(to - from));
        }
        for (int to = 0; to < kStrengths; ++to)
          block.to[static_cast<std::size_t>(to * kStrengths + from)].set(
              l, column[static_cast<std::size_t>(to)] / sum);
      }
    }
    if (block.reach >= kStrengths - 2)
      for (int to = 0; to < kMiddle; ++to) {
        const Vec* row = block.to.data() + to * kStrengths;
        for (int from = 0; from < kMiddle; ++from) {
          block.even.push_back(Vec(0.5) * (row[from] + row[kStrengths - 1 - from]));
          block.odd.push_back(Vec(0.5) * (row[from] - row[kStrengths - 1 - from]));
        }
        block.even.push_back(row[kMiddle]);
      }
    blocks_.push_back(std::move(block));
  }
  void add_rates(int i) {
    Rates r;
    r.lo.fill(kRates);
    const double strength = exp(strength_at(i));
    for (int from = 0; from < kRates; ++from) {
      std::array<double, kRates> column{};
      double top = -kInf, sum = 0;
      const double p = rate_at(from);
      for (int to = 0; to < kRates; ++to) {
        const double x = rate_at(to);
        column[static_cast<std::size_t>(to)] = strength * (p * log(x) + (1 - p) * log(1 - x));
        top = std::max(top, column[static_cast<std::size_t>(to)]);
      }
      for (double& x : column) {
        x = exp(x - top);
        sum += x = x < kNothing ? 0 : x;
      }
      for (int to = 0; to < kRates; ++to) {
        const double chance = column[static_cast<std::size_t>(to)] / sum;
        r.to.push_back(chance);
        if (chance == 0) continue;
        const auto tile = static_cast<std::size_t>(to / kTile);
        r.lo[tile] = std::min(r.lo[tile], from);
        r.hi[tile] = std::max(r.hi[tile], from + 1);
      }
    }
    if (std::all_of(r.to.begin(), r.to.end(), [](double x) { return x > 0; }))
      for (int tile = 0; tile < kRates / kTile; ++tile)
        for (int from = 0; from < kRates / 2; ++from)
          for (const double sign : {1.0, -1.0})
            for (int to = tile * kTile / 2; to < (tile + 1) * kTile / 2; ++to) {
              const auto at = [&](int old) { return r.to[static_cast<std::size_t>(old * kRates + to)]; };
              r.folded.push_back(0.5 * (at(from) + sign * at(kRates - 1 - from)));
            }
    rates_.push_back(std::move(r));
  }

  // Folding. The chance to go from one place to another is that between their mirror images, of strengths about
  // the middle one and of rates about 1/2. So sums and differences of mirror images move each on their own, with
  // half the products. Only where all places meet in a step or two: what rounding moves to the mirror image is then
  // no more than what goes there anyway.
  static void move_strength(const Spreads& block, const Vec* from, Vec* to) {
    if (!block.even.empty()) return move_strength_folded(block, from, to);
    for (int tile = 0; tile < kRates; tile += kTile)
      for (int i = 0; i < kStrengths; ++i) {
        const int lo = std::max(0, i - block.reach), hi = std::min(kStrengths, i + block.reach + 1);
        Tile sum;
        for (int j = lo; j < hi; ++j) {
          const Vec share = block.to[static_cast<std::size_t>(i * kStrengths + j)];
          const Vec* row = from + j * kRates + tile;
          sum.add([&](std::size_t) { return share; }, [&](std::size_t k) { return row[k]; });
        }
        sum.store(to + i * kRates + tile);
      }
  }
  static void move_strength_folded(const Spreads& block, const Vec* from, Vec* to) {
    constexpr int kLast = kStrengths - 1;
    std::array<Vec, kStrengths * kTile> fold;  // sums of images and the middle, then differences
    Vec* const differences = fold.data() + (kMiddle + 1) * kTile;
    for (int tile = 0; tile < kRates; tile += kTile) {
      const auto row = [&](auto* plane, int i) { return plane + i * kRates + tile; };
      std::copy_n(row(from, kMiddle), kTile, fold.data() + kMiddle * kTile);
      for (int j = 0; j < kMiddle; ++j)
        for (int p = 0; p < kTile; ++p) {
          const Vec low = row(from, j)[p], high = row(from, kLast - j)[p];
          fold[static_cast<std::size_t>(j * kTile + p)] = low + high;
          differences[j * kTile + p] = low - high;
        }
      for (int i = 0; i < kMiddle; ++i) {
        const Tile even = Tile::weighted(block.even.data() + i * (kMiddle + 1), fold.data(), kMiddle + 1);
        const Tile odd = Tile::weighted(block.odd.data() + i * kMiddle, differences, kMiddle);
        for (std::size_t p = 0; p < kTile; ++p) {
          row(to, i)[p] = even.sum[p] + odd.sum[p];
          row(to, kLast - i)[p] = even.sum[p] - odd.sum[p];
        }
      }
      Tile::weighted(block.to.data() + kMiddle * kStrengths, fold.data(), kMiddle + 1)
          .store(row(to, kMiddle));
    }
  }
  static void move_rate(const Rates& r, const Vec* from, Vec* to) {
    if (!r.folded.empty()) return move_rate_folded(r, from, to);
    for (std::size_t tile = 0; tile < kRates / kTile; ++tile) {
      Tile sum;
      for (int p = r.lo[tile]; p < r.hi[tile]; ++p) {
        const double* share = r.to.data() + static_cast<std::size_t>(p * kRates) + tile * kTile;
        const Vec mass = from[p];
        sum.add([&](std::size_t k) { return Vec(RawDoubles(_mm256_broadcast_sd(share + k))); },
                [&](std::size_t) { return mass; });
      }
      sum.store(to + tile * kTile);
    }
  }
  static void move_rate_folded(const Rates& r, const Vec* from, Vec* to) {
    constexpr int kHalf = kRates / 2, kLast = kRates - 1, kFew = kTile / 2;
    std::array<Vec, kHalf> even, odd;
    for (std::size_t p = 0; p < kHalf; ++p) {
      even[p] = from[p] + from[kLast - p];
      odd[p] = from[p] - from[kLast - p];
    }
    const double* share = r.folded.data();
    for (int tile = 0; tile < kHalf; tile += kFew) {
      Tile sum;
      for (std::size_t p = 0; p < kHalf; ++p, share += kTile)
        sum.add([&](std::size_t k) { return Vec(RawDoubles(_mm256_broadcast_sd(share + k))); },
                [&](std::size_t k) { return k < kFew ? even[p] : odd[p]; });
      for (int k = 0; k < kFew; ++k) {
        const Vec e = sum.sum[static_cast<std::size_t>(k)], o = sum.sum[static_cast<std::size_t>(k + kFew)];
        to[tile + k] = e + o;
        to[kLast - tile - k] = e - o;
      }
    }
  }
  /// Sums for kTile neighboring rates. The compiler keeps them in registers because nothing takes their index
  /// at run time.
  struct Tile {
    std::array<Vec, kTile> sum{};
    template <class A, class B>
    void add(const A& a, const B& b) {
      [&]<std::size_t... k>(std::index_sequence<k...>) {
        ((sum[k] = fma(a(k), b(k), sum[k])), ...);
      }(std::make_index_sequence<kTile>());
    }
    /// Sum of rows of kTile, a weight each.
    static Tile weighted(const Vec* weight, const Vec* rows, int count) {
      Tile r;
      for (int j = 0; j < count; ++j, rows += kTile)
        r.add([&](std::size_t) { return weight[j]; }, [&](std::size_t k) { return rows[k]; });
      return r;
    }
    void store(Vec* to) const {
      [&]<std::size_t... k>(std::index_sequence<k...>) {
        ((to[k] = sum[k]), ...);
      }(std::make_index_sequence<kTile>());
    }
  };

  std::vector<Spreads> blocks_;
  std::vector<Rates> rates_;  // [strength]
  Belief start_;              // moved once, before any input
  std::array<double, 3> start_means_{};
};

struct Behrens {
  static constexpr Info info{"behrens", "rate and volatility of the world, inferred together",
                             "doi:10.1038/nn1954"};
  static constexpr const char* own_task = "volatile_bandit";
  static constexpr std::array optional_inputs{"magnitude_0", "magnitude_1"};
  static constexpr std::array derived{"rate", "strength", "log_spread"};
  static void check(const Layout& l) { check_binary(l, info.name); }

  /// One subject's belief before the coming trial.
  class Filter {
   public:
    void meet(const Trial<double>& x) {
      if (z_.empty()) z_ = Grid::get().start();
      Grid::get().weigh(z_, binary_input(x) > 0.5);
      Grid::get().move(z_);
      means_ = Grid::get().means(z_);
    }
    [[nodiscard]] std::span<const double> values() const { return means_; }

   private:
    Belief z_;  // empty before the first input
    std::array<double, 3> means_ = Grid::get().start_means();
  };

  template <class T>
  struct Params {
    T beta = T(3.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"beta",
             "1/magnitude",
             &P::beta,
             {0, 100},
             "inverse temperature of the choice",
             gamma_prior(1.5, 2)}};
  }
  template <class T>
  struct State {
    T rate, strength, log_spread;  // as the last choice saw them
    T delta;
  };
  static std::vector<SignalInfo> signals() {
    return {{"rate", "predicted probability that option 1 is right", "1"},
            {"strength", "believed ln strength; the smaller, the more volatile", "1"},
            {"log_spread", "believed ln of the spread with which the strength moves", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.rate)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    const auto& now = Grid::get().start_means();
    return {T(now[0]), T(now[1]), T(now[2]), T(0.0)};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>&, const Trial<T>& x, T* u) {
    const T one(1.0), none(0.0), rate = x.input[2];
    const Mask<T> hidden = (x.input[0] == none) | (x.input[1] == none);  // both or none
    u[0] = p.beta * select(hidden, one, x.input[0]) * (one - rate);
    u[1] = p.beta * select(hidden, one, x.input[1]) * rate;
  }
  template <class T>
  static void after(const Params<T>&, State<T>& s, const Trial<T>& x) {
    s.rate = x.input[2];
    s.strength = x.input[3];
    s.log_spread = x.input[4];
  }
  template <class T>
  static void learn(const Params<T>&, State<T>& s, const Trial<T>& x) {
    s.delta = binary_input(x) - x.input[2];
  }
};
}  // namespace

LearnerEntry behrens() {
  return learner_entry<Behrens>();
}
}  // namespace labile
