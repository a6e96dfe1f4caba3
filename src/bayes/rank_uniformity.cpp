#include "bayes/rank_uniformity.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"
#include "core/special.hpp"

namespace labile {
namespace {
/// ln k! for k up to n.
std::vector<double> log_factorials(int n) {
  std::vector<double> r(static_cast<std::size_t>(n) + 1, 0.0);
  for (std::size_t k = 2; k < r.size(); ++k) r[k] = r[k - 1] + log(static_cast<double>(k));
  return r;
}

/// Binomial tails of C_i: P(C <= c) and P(C >= c), whichever is smaller, [c].
std::vector<double> least_tails(int n, double share, std::span<const double> log_factorial) {
  const auto size = static_cast<std::size_t>(n) + 1;
  std::vector<double> mass(size), tail(size);
  for (std::size_t c = 0; c < size; ++c)
    mass[c] =
        exp(log_factorial[size - 1] - log_factorial[c] - log_factorial[size - 1 - c] +
            static_cast<double>(c) * log(share) + static_cast<double>(size - 1 - c) * std::log1p(-share));
  double sum = 0;
  for (std::size_t c = 0; c < size; ++c) tail[c] = sum += mass[c];
  sum = 0;
  for (std::size_t c = size; c-- > 0;) tail[c] = std::min(tail[c], sum += mass[c]);
  return tail;
}

/// Tails of every C_i, and bands made of them.
class Tails {
 public:
  Tails(int n, int cells) : n_(n) {
    const auto factorials = log_factorials(n);
    for (int i = 1; i < cells; ++i)
      tails_.push_back(least_tails(n, static_cast<double>(i) / cells, factorials));
  }
  [[nodiscard]] double at(int i, int c) const {
    return tails_[static_cast<std::size_t>(i) - 1][static_cast<std::size_t>(c)];
  }
  /// What has a tail of at least `tail`; the tails rise to one peak.
  [[nodiscard]] RankBand band(double tail) const {
    RankBand b;
    b.lo.push_back(0);
    b.hi.push_back(0);
    for (const auto& t : tails_) {
      int lo = 0, hi = n_;
      while (lo < n_ && t[static_cast<std::size_t>(lo)] < tail) ++lo;
      while (hi > 0 && t[static_cast<std::size_t>(hi)] < tail) --hi;
      b.lo.push_back(lo);
      b.hi.push_back(hi);
    }
    b.lo.push_back(n_);
    b.hi.push_back(n_);
    b.tail = tail;
    b.probability = inside_probability(n_, b.lo, b.hi);
    return b;
  }

 private:
  int n_;
  std::vector<std::vector<double>> tails_;
};
}  // namespace

double inside_probability(int n, std::span<const int> lo, std::span<const int> hi) {
  const auto factorial = log_factorials(n);
  const auto cells = static_cast<int>(lo.size()) - 1;
  std::vector<double> now{1.0}, next;  // [C_i - lo_i]
  for (int i = 0; i + 1 < cells; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double share = 1.0 / (cells - i), l1 = log(share), l0 = std::log1p(-share);
    if (hi[at + 1] < lo[at + 1]) return 0;
    next.assign(static_cast<std::size_t>(hi[at + 1] - lo[at + 1]) + 1, 0.0);
    for (int c = lo[at]; c <= hi[at]; ++c) {
      const double here = now[static_cast<std::size_t>(c - lo[at])];
      if (here == 0) continue;
      for (int d = std::max(c, lo[at + 1]); d <= hi[at + 1]; ++d)
        next[static_cast<std::size_t>(d - lo[at + 1])] +=
            here *
            exp(factorial[static_cast<std::size_t>(n - c)] - factorial[static_cast<std::size_t>(d - c)] -
                factorial[static_cast<std::size_t>(n - d)] + (d - c) * l1 + (n - d) * l0);
    }
    std::swap(now, next);
  }
  double sum = 0;
  for (const double x : now) sum += x;
  return std::min(sum, 1.0);
}

RankBand rank_band(int n, int cells, double probability) {
  if (n < 1 || cells < 2 || !(probability > 0 && probability < 1))
    throw Bug("a band needs ranks, two cells, and a probability");
  const Tails tails(n, cells);
  double inside = 0, outside = 0.5;  // tails whose band holds enough, and one that may not
  for (int i = 0; i < 40 && outside - inside > 1e-4 * outside; ++i) {
    // On a logarithmic scale, once the order of magnitude is known.
    const double tail = inside > 0 ? std::sqrt(inside * outside) : outside / 10;
    (tails.band(tail).probability >= probability ? inside : outside) = tail;
  }
  return tails.band(inside);
}

RankUniformity rank_uniformity(std::span<const int> ranks, int cells) {
  if (cells < 2) throw Bug("ranks need two cells");
  RankUniformity r;
  r.n = static_cast<int>(ranks.size());
  std::vector<int> count(static_cast<std::size_t>(cells), 0);
  for (const int rank : ranks) {
    if (rank < 0 || rank >= cells) throw Bug("a rank outside its cells");
    ++count[static_cast<std::size_t>(rank)];
  }
  r.below.push_back(0);
  for (const int c : count) r.below.push_back(r.below.back() + c);
  if (r.n == 0) return r;
  const Tails tails(r.n, cells);
  double least = 1;
  for (int i = 1; i < cells; ++i)
    if (const double t = tails.at(i, r.below[static_cast<std::size_t>(i)]); t < least) {
      least = t;
      r.farthest = i;
    }
  // Nowhere as far out: all tails above the least one.
  r.p = 1 - tails.band(least * (1 + 1e-9)).probability;
  const int parts = std::min(cells, 20);
  double chi2 = 0;
  for (int b = 0; b < parts; ++b) {
    const int from = b * cells / parts, to = (b + 1) * cells / parts;
    const double expected = static_cast<double>(r.n) * (to - from) / cells,
                 found = r.below[static_cast<std::size_t>(to)] - r.below[static_cast<std::size_t>(from)];
    chi2 += (found - expected) * (found - expected) / expected;
  }
  r.p_chi2 = 1 - gamma_share(0.5 * (parts - 1), 0.5 * chi2);
  return r;
}

RankInterval central_ranks(int cells, double share) {
  const int out = static_cast<int>(std::lround(0.5 * (1 - share) * cells));
  RankInterval r{out, cells - 1 - out, 0};
  r.share = static_cast<double>(cells - 2 * out) / cells;
  return r;
}

}  // namespace labile
