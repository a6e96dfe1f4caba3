/// Flex against the rest of the reference circuit's tables: learning rates fitted to a volatile bandit,
/// rehabilitation, how well lesions can be told apart, and how robust their signatures are to the parameters.
/// Targets: tests/oracles/flex_tables.json, by flex_tables_make.py; of the homeostatic threshold, which the
/// reference lacks, what docs/robustness.md shows.
#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "flex_tables.hpp"
#include "learners/catalogue.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile::flex_tables {
namespace {

constexpr std::uint64_t kSeed = 21;

/// Simulates one condition of a card with a single variant and hands each block of subjects over.
void each_block(const Card& card, int condition, const std::function<void(const Trials&)>& use) {
  Simulation s;
  s.make_task = find_task(card.task).make;
  s.task_settings = card.task_settings;
  for (const auto& [name, setting] : card.variants.at(0).task) s.task_settings[name] = setting;
  s.make_agent = find_learner(card.agents.at(0).model).make;
  s.agent_settings = card.agents.at(0).settings;
  s.manipulations = card.conditions.at(condition).manipulations;
  s.seed = card.seed;
  for (int first = 0; first < card.subjects; first += kBlock)
    use(simulate(s, first, std::min(kBlock, card.subjects - first)));
}

// ---- E: fits of a volatile bandit

/// One subject's trials: did the option with feature 0 count as paying, and was it chosen?
struct Series {
  std::vector<std::uint8_t> chose_0, paid_0;  // paid_0: reward when feature 0 was chosen, else 1 - reward
};

/// The fit of one phase with each subject's influence on both parameters.
struct RwFit {
  Estimate alpha, beta;
  std::vector<double> of_log_alpha;  // [subject] influence, sums to 0
};

/// Pooled maximum likelihood of q += alpha (x - q), P(feature 0) = logistic(beta (2q - 1)), q = .5 at `from`;
/// x is what feature 0 paid or, when the other was chosen, would have paid. The reference's fit_rw().
/// Standard errors are of the sandwich kind, over subjects.
class RwPhase {
 public:
  RwPhase(const std::vector<Series>& data, int from, int to) : data_(data), from_(from), to_(to) {}

  [[nodiscard]] RwFit fit() {
    // Along log odds of alpha: a grid, then golden section around its best point. beta has one optimum.
    double best = -6, best_loss = profile(best);
    for (double x = -5.5; x <= 2; x += 0.5)
      if (const double loss = profile(x); loss < best_loss) best = x, best_loss = loss;
    double lo = best - 0.5, hi = best + 0.5;
    constexpr double g = 0.6180339887498949;
    double a = hi - g * (hi - lo), b = lo + g * (hi - lo), loss_a = profile(a), loss_b = profile(b);
    while (hi - lo > 1e-4) {
      if (loss_a < loss_b)
        hi = b, b = a, loss_b = loss_a, a = hi - g * (hi - lo), loss_a = profile(a);
      else
        lo = a, a = b, loss_a = loss_b, b = lo + g * (hi - lo), loss_b = profile(b);
    }
    const double x = (lo + hi) / 2;
    profile(x);
    return with_errors(x, beta_);
  }

 private:
  using Pair = std::array<double, 2>;  // per log odds of alpha, per beta

  static double logistic(double x) { return 1 / (1 + std::exp(-x)); }

  /// Negative log-likelihood at the best beta for this alpha, left in beta_. Newton's method; the problem is
  /// convex in beta.
  double profile(double x) {
    const double alpha = logistic(x);
    std::vector<double> z;  // 2q - 1 towards the chosen feature
    z.reserve(data_.size() * (to_ - from_));
    for (const auto& s : data_) {
      double q = 0.5;
      for (int t = from_; t < to_; ++t) {
        z.push_back((2 * q - 1) * (s.chose_0[t] ? 1 : -1));
        q += alpha * (s.paid_0[t] - q);
      }
    }
    for (int step = 0; step < 30; ++step) {
      double slope = 0, curve = 0;
      for (const double v : z) {
        const double p = logistic(beta_ * v);
        slope += (1 - p) * v;
        curve += p * (1 - p) * v * v;
      }
      const double move = std::clamp(slope / curve, -2.0, 2.0);
      beta_ = std::max(0.0, beta_ + move);
      if (std::abs(move) < 1e-7) break;
    }
    double loss = 0;
    for (const double v : z) loss += std::log1p(std::exp(-beta_ * v));
    return loss;
  }

  /// The gradient of one subject's log-likelihood.
  [[nodiscard]] Pair score(const Series& s, double x, double beta) const {
    const double alpha = logistic(x);
    double q = 0.5, dq = 0;  // dq / dalpha
    Pair g{};
    for (int t = from_; t < to_; ++t) {
      const double rest = s.chose_0[t] - logistic(beta * (2 * q - 1));
      g[0] += rest * beta * 2 * dq * alpha * (1 - alpha);
      g[1] += rest * (2 * q - 1);
      dq += s.paid_0[t] - q - alpha * dq;
      q += alpha * (s.paid_0[t] - q);
    }
    return g;
  }
  [[nodiscard]] Pair total(double x, double beta) const {
    Pair sum{};
    for (const auto& s : data_) {
      const Pair g = score(s, x, beta);
      sum[0] += g[0], sum[1] += g[1];
    }
    return sum;
  }

  [[nodiscard]] RwFit with_errors(double x, double beta) const {
    constexpr double h = 1e-4;
    const Pair up = total(x + h, beta), down = total(x - h, beta), more = total(x, beta + h),
               less = total(x, beta - h);
    const double hxx = (up[0] - down[0]) / (2 * h), hxb = (up[1] - down[1]) / (2 * h);
    const double hbb = (more[1] - less[1]) / (2 * h);
    const double det = hxx * hbb - hxb * hxb, alpha = logistic(x);
    RwFit r;
    double var_x = 0, var_b = 0;
    for (const auto& s : data_) {
      const Pair g = score(s, x, beta);
      const double ix = -(hbb * g[0] - hxb * g[1]) / det, ib = -(hxx * g[1] - hxb * g[0]) / det;
      var_x += ix * ix;
      var_b += ib * ib;
      r.of_log_alpha.push_back((1 - alpha) * ix);
    }
    r.alpha = {alpha, alpha * (1 - alpha) * std::sqrt(var_x)};
    r.beta = {beta, std::sqrt(var_b)};
    return r;
  }

  const std::vector<Series>& data_;
  int from_, to_;
  double beta_ = 2;
};

/// The reference calls its fits of ACh- and 5HT- degenerate (the volatile phase is fitted by beta near 0,
/// where alpha means nothing), so these two are left out.
TEST(FlexTables, E_LearningRatesInAVolatileBandit) {
  constexpr int kMany = 2400;
  const auto& table = targets().at("E");
  const Card card =
      flex_card(kMany, kSeed, "blocks = [120, 40, 40, 30, 30, 30]\nrelevant = [0]\ngood = [0, 1]",
                arms("start", 3), {}, {"[0.75, 0.8, 0.8, 0.8, 0.8, 0.8]"});
  Comparison out("E. volatile bandit, lesion from trial 0", kMany, table.at("n"));
  for (std::size_t c = 0; c < card.conditions.size(); ++c) {
    const auto& name = card.conditions[c].name;
    if (name == "ACh-") continue;
    std::vector<Series> data;
    each_block(card, static_cast<int>(c), [&](const Trials& t) {
      const int dims = t.layout.dims(), options = t.layout.options;
      for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
        Series one;
        for (std::size_t row = t.first[s]; row < t.first[s + 1]; ++row) {
          const bool zero = t.feature[(row * options + t.choice[row]) * dims] == t.layout.offset[0];
          one.chose_0.push_back(zero);
          one.paid_0.push_back(zero == (t.outcome[row] > 0));
        }
        data.push_back(std::move(one));
      }
    });
    const RwFit stable = RwPhase(data, 40, 120).fit(), volatile_ = RwPhase(data, 120, 290).fit();
    double var = 0;
    for (std::size_t s = 0; s < data.size(); ++s)
      var += std::pow(volatile_.of_log_alpha[s] - stable.of_log_alpha[s], 2);
    const double ratio = volatile_.alpha.value / stable.alpha.value;
    const Estimate of_ratio{ratio, ratio * std::sqrt(var)};
    const Estimate ours[] = {stable.alpha, stable.beta, volatile_.alpha, volatile_.beta, of_ratio};
    out.row(name);
    for (int i = 0; i < 5; ++i) out.add(table.at("columns")[i], ours[i], table.at("rows").at(name)[i]);
  }
  out.end();
}

// ---- F: rehabilitation

std::string manipulation(const std::string& op, const std::string& target, const std::string& amount) {
  return fmt::format(
      "[[manipulation]]\ncondition = \"arm\"\nop = \"{}\"\ntarget = \"{}\"\namount = {}\ntrial = 80\n", op,
      target, amount);
}

/// 80 trials, then four fifths of the actor's entries start afresh, dopamine is down to a quarter, and the
/// same rule goes on for 80 trials; as two blocks under one rule, so that metrics see the second. `arm`
/// follows.
Card rehabilitation(const std::string& p, const std::string& arm) {
  const std::string injury =
      manipulation("reset", "actor.weights", "0.8") + manipulation("scale", "da.release", "0.25");
  return flex_card(2000, kSeed, "blocks = [80, 80]\nrelevant = [0]\ngood = [0]", injury + arm,
                   {"trials_to_criterion", "late_accuracy"}, {p});
}

std::string stimulation(const std::string& when) {
  return manipulation("stimulate", "da.phasic", "0.25") + when;
}

/// Random stimulation at the rate at which the population was paid on the trial before: a property of the run
/// itself, so it is found by iteration from the arm without stimulation.
std::string random_stimulation(const std::string& p) {
  std::string when;
  for (int iteration = 0; iteration < 4; ++iteration) {
    const Card card = rehabilitation(p, iteration == 0 ? "" : stimulation(when));
    std::vector<double> paid(160, 0);
    each_block(card, 1, [&](const Trials& t) {
      for (std::size_t row = 0; row < t.rows(); ++row) paid[t.trial[row]] += t.outcome[row] / card.subjects;
    });
    when = "when = \"random\"\nprobability = [";
    for (int t = 80; t < 160; ++t) when += fmt::format("{:.6f}, ", paid[t - 1]);
    when += "]\n";
  }
  return stimulation(when);
}

TEST(FlexTables, F_Rehabilitation) {
  const auto& table = targets().at("F");
  Comparison out("F. rehabilitation", 2000, table.at("n"));
  for (const auto& [arm, row] : table.at("rows").items()) {
    out.row(arm);
    for (int v = 0; v < 2; ++v) {
      const std::string p = v == 0 ? "1.0" : "0.8";
      const auto r = run_card(rehabilitation(p, arm == "none"         ? ""
                                                : arm == "contingent" ? stimulation("when = \"reward\"\n")
                                                                      : random_stimulation(p)));
      for (int m = 0; m < 2; ++m)
        out.add(table.at("columns")[2 * v + m], value(r, p, "arm", m), row[2 * v + m]);
    }
  }
  out.end();
}

// ---- G: separability

/// 80 of 80 in the reference excludes, at 5 %, a true rate below .963. A circuit with just that rate names 77
/// groups (sd 1.7), one with .99 names 79.2 (sd .9). Below 76 is thus far from what the reference shows.
TEST(FlexTables, G_LesionsCanBeToldApart) {
  constexpr int kGroups = 16, kConditions = 5, kFeatures = 14;
  const std::string names[] = {"intact", "DA-", "ACh-", "NE-", "5HT-"};
  std::vector<std::array<double, kFeatures>> x;
  std::vector<int> truth;
  for (int c = 0; c < kConditions; ++c)
    for (int g = 0; g < kGroups; ++g) {
      // Other agents and other luck in every group of every condition.
      Card card = flex_card(40, 1000 + 100 * c + g, "blocks = [80, 80]\nrelevant = [0]\ngood = [0, 1]",
                            arms("reversal", 4),
                            {"switch_lag", "trials_to_criterion", "perseverative_errors", "regressive_errors",
                             "late_accuracy", "lose_shift_misleading", "win_stay_best"},
                            {"1.0", "0.8"});
      std::erase_if(card.conditions, [&](const Condition& k) { return k.name != names[c]; });
      const auto r = run_card(card);
      auto& row = x.emplace_back();
      for (int m = 0; m < kFeatures; ++m) row[m] = value(r, m < 7 ? "1.0" : "0.8", names[c], m % 7).value;
      truth.push_back(c);
    }
  const auto n = static_cast<double>(x.size());
  for (int m = 0; m < kFeatures; ++m) {
    double mean = 0, var = 0;
    for (const auto& row : x) mean += row[m] / n;
    for (const auto& row : x) var += (row[m] - mean) * (row[m] - mean) / n;
    for (auto& row : x) row[m] = (row[m] - mean) / (std::sqrt(var) + 1e-9);
  }
  int right = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    int nearest = -1;
    double least = 0;
    for (int c = 0; c < kConditions; ++c) {
      double distance = 0;
      for (int m = 0; m < kFeatures; ++m) {
        double sum = 0;
        int count = 0;
        for (std::size_t j = 0; j < x.size(); ++j)
          if (j != i && truth[j] == c) sum += x[j][m], ++count;
        distance += std::pow(sum / count - x[i][m], 2);
      }
      if (nearest < 0 || distance < least) nearest = c, least = distance;
    }
    right += nearest == truth[i];
  }
  const auto& table = targets().at("G");
  fmt::print("\nG. separability: {} of {} groups named, target {} of {}\n", right, x.size(),
             table.at("correct").get<int>(), table.at("of").get<int>());
  EXPECT_GE(right, 76);
}

// ---- Robustness

/// The parameters that the reference varies, in our names; of opponent actors, N follows G.
const std::vector<std::string> kVaried{
    "ne_threshold",    "ser_threshold",  "evidence_leak",   "ne_temperature", "ne_reset",
    "ne_refractory",   "ne_recovery",    "blank",           "history_weight", "w_habit",
    "alpha_H",         "alpha_G",        "alpha_V",         "ser_loss",       "ach_learning",
    "attention",       "n_trust",        "history_rate",    "ne_exploration", "beta_G",
    "attention_reset", "attention_kept", "attention_decay", "attention_max"};

/// One parameter of a draw: its value times log-normal noise.
double noisy(double value, double sd, std::uint32_t draw, std::size_t parameter) {
  return value *
         std::exp(sd * Draw{kSeed, Purpose::parameters, draw}.normal(static_cast<std::uint32_t>(parameter)));
}

/// All parameters times log-normal noise, capped as in the reference. Beyond its caps, our tables bound some
/// parameters more tightly (ser_loss at 1, where the reference lets 3 % of draws at sd .25 pass).
std::string varied(double sd, std::uint32_t draw) {
  const auto& learner = find_learner("flex");
  std::string text;
  for (std::size_t k = 0; k < kVaried.size(); ++k) {
    const auto it = std::find_if(learner.params.begin(), learner.params.end(),
                                 [&](const ParamInfo& p) { return p.name == kVaried[k]; });
    if (it == learner.params.end()) throw Bug("Flex has no parameter " + kVaried[k]);
    double x = noisy(std::get<double>(it->standard), sd, draw, k);
    if (it->name == "evidence_leak" || it->name == "ne_recovery") x = std::min(x, 0.97);
    if (it->name == "ne_reset" || it->name == "attention_reset") x = std::min(x, 0.95);
    x = std::clamp(x, it->bounds.lo, it->bounds.hi);
    text += fmt::format("{}{} = {:.15e}", k ? ", " : "", it->name, x);
    if (it->name == "alpha_G") text += fmt::format(", alpha_N = {:.15e}", x);
    if (it->name == "beta_G") text += fmt::format(", beta_N = {:.15e}", x);
  }
  return text;
}

/// What turns a draw into one of the homeostatic threshold: its two parameters vary too.
std::string varied_homeostasis(double sd, std::uint32_t draw) {
  return fmt::format(", ne_adaptation = {:.15e}, ne_set_point = {:.15e}",
                     noisy(0.235, sd, draw, kVaried.size()), noisy(0.02, sd, draw, kVaried.size() + 1));
}

/// Which effects of lesions these parameters keep, in the order of the reference's table.
std::array<bool, 8> kept(std::uint64_t seed, const std::string& params) {
  const auto r = run_card(flex_card(
      100, seed, "blocks = [80, 80]\nrelevant = [0]\ngood = [0, 1]", arms("reversal", 4),
      {"switch_lag", "credit_precision", "regressive_errors", "false_switches", "lose_shift_misleading"},
      {"1.0", "0.8"}, params));
  const auto of = [&](const char* p, const char* condition, int metric) {
    return value(r, p, condition, metric).value;
  };
  const auto grows = [&](const char* p, const char* condition, int metric) {
    return of(p, condition, metric) >= 1.5 * of(p, "intact", metric);
  };
  const auto drops = [&](const char* p) { return of(p, "intact", 1) - of(p, "ACh-", 1) >= 0.1; };
  return {
      grows("1.0", "DA-", 0),
      grows("0.8", "DA-", 0),
      drops("1.0") && drops("0.8"),
      grows("1.0", "ACh-", 2),
      grows("1.0", "NE-", 0),
      grows("0.8", "NE-", 0),
      of("1.0", "5HT-", 3) + of("0.8", "5HT-", 3) >= 1.5 * (of("1.0", "intact", 3) + of("0.8", "intact", 3)),
      grows("0.8", "5HT-", 4)};
}

struct Share {
  double value = 0;
  int draws = 0;
};

/// Combined standard errors between two proportions from few draws, each with half a success and half a failure
/// added.
double distance(Share ours, Share target) {
  const auto smooth = [](Share s) { return (s.value * s.draws + 0.5) / (s.draws + 1); };
  const double a = smooth(ours), b = smooth(target);
  return std::abs(a - b) / std::sqrt(a * (1 - a) / (ours.draws + 1) + b * (1 - b) / (target.draws + 1));
}

/// Share of draws that keep each effect; `params` of a draw, agents of seeds from `seed`.
std::array<Share, 8> shares(int draws, std::uint64_t seed,
                            const std::function<std::string(std::uint32_t)>& params) {
  std::array<Share, 8> out{};
  for (int d = 0; d < draws; ++d) {
    const auto k = kept(seed + static_cast<std::uint64_t>(d), params(static_cast<std::uint32_t>(d)));
    for (int e = 0; e < 8; ++e) out[e].value += k[e] ? 1.0 / draws : 0;
  }
  for (Share& s : out) s.draws = draws;
  return out;
}

void compare(const std::string& effect, const std::string& sd, Share ours, Share target) {
  const double z = distance(ours, target);
  fmt::print(" {:<30} {:.3f} / {:.3f}  z {:.2f}\n", effect, ours.value, target.value, z);
  EXPECT_LE(z, kTolerance) << effect << " at sd " << sd;
}

TEST(FlexTables, RobustnessOfSignatures) {
  const auto& table = targets().at("robustness");
  const char* effects[] = {"DA lag p=1", "DA lag p=.8", "ACh prec", "ACh reg",
                           "NE lag p=1", "NE lag p=.8", "5HT fsw",  "5HT LS"};
  for (int level = 0; level < 2; ++level) {
    const std::string sd = table.at("sd")[level];
    const auto ours = shares(200, 500, [&](std::uint32_t draw) { return varied(std::stod(sd), draw); });
    fmt::print("\nRobustness, sd {}: share of draws that keep the effect   ours / target\n", sd);
    for (int e = 0; e < 8; ++e) {
      const std::string share = table.at("shares").at(effects[e])[level];
      compare(effects[e], sd, ours[e], {std::stod(share), table.at("draws")});
    }
  }
}

/// Other draws of parameters and other agents than those that the page shows.
TEST(FlexTables, RobustnessWithAHomeostaticThreshold) {
  const char* effects[] = {
      "DA lag, p = 1", "DA lag, p = .8", "ACh precision",       "ACh regressive errors, p = 1",
      "NE lag, p = 1", "NE lag, p = .8", "5-HT false switches", "5-HT lose-shift, p = .8"};
  std::ifstream file(std::string(LABILE_SOURCE_DIR) + "/docs/robustness.json");
  const auto page = nlohmann::json::parse(file);
  for (const auto& [sd, circuits] : page.at("sd").items()) {
    const double x = std::stod(sd);
    const auto ours =
        shares(25, 9000, [&](std::uint32_t draw) { return varied(x, draw) + varied_homeostasis(x, draw); });
    fmt::print("\nRobustness with a homeostatic threshold, sd {}   ours / the page\n", sd);
    for (int e = 0; e < 8; ++e) {
      const double share = circuits.at("homeostatic").at("shares").at(effects[e]).at("share");
      compare(effects[e], sd, ours[e], {share, page.at("draws")});
    }
  }
}

}  // namespace
}  // namespace labile::flex_tables
