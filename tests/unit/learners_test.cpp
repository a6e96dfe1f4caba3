/// Learners against closed forms, their derivatives against differences, and their play against their
/// likelihood.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "contract/agent.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "learners/catalogue.hpp"

namespace labile {
LearnerEntry dual_learning_rate();
LearnerEntry hmm_reversal();
LearnerEntry rescorla_wagner();

namespace {
/// One subject's trials with their storage.
struct Data {
  Layout layout = Layout::bandit(2);
  std::vector<std::int32_t> choice;
  std::vector<double> outcome;
  std::vector<std::uint8_t> fresh;
  std::vector<std::int64_t> feature;

  [[nodiscard]] SubjectTrials trials() const { return {layout, choice, outcome, fresh, feature}; }
  [[nodiscard]] std::size_t size() const { return choice.size(); }
};
Data bandit(int options, std::vector<std::int32_t> choice, std::vector<double> outcome) {
  Data d{Layout::bandit(options), std::move(choice), std::move(outcome), {}, {}};
  d.fresh.assign(d.size(), 0);
  return d;
}
/// Every learner of the catalogue that has a likelihood: what holds for all is tested on all.
std::vector<LearnerEntry> fitted_learners() {
  std::vector<LearnerEntry> r;
  for (const LearnerEntry& e : all_learners())
    if (e.likelihood) r.push_back(e);
  return r;
}
std::vector<double> standard(const LearnerEntry& e) {
  std::vector<double> row;
  for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
  return row;
}
double loglik(const LearnerEntry& e, const std::vector<double>& p, const Data& d,
              std::span<double> per_trial = {}) {
  return e.likelihood->value(p, d.trials(), per_trial);
}

const Data kSix = bandit(2, {0, 0, 1, 0, 1, 1}, {1, 0, 1, 1, 0, 1});

/// science.md L11 and L12, by plain loops over the C library.
double two_armed(double up, double down, double beta, double v0, const Data& d) {
  double q[2] = {v0, v0}, total = 0;
  for (std::size_t t = 0; t < d.size(); ++t) {
    const int c = d.choice[t];
    total -= std::log(1 + std::exp(beta * (q[1 - c] - q[c])));
    const double delta = d.outcome[t] - q[c];
    q[c] += (delta < 0 ? down : up) * delta;
  }
  return total;
}

TEST(RescorlaWagner, HasTheClosedFormLikelihoodL11) {
  const double l = loglik(rescorla_wagner(), {0.3, 3, 0}, kSix);
  EXPECT_NEAR(l, -4.976806, 5e-7);
  EXPECT_NEAR(l, two_armed(0.3, 0.3, 3, 0, kSix), 1e-12);
}
TEST(DualLearningRate, HasTheClosedFormLikelihoodL12) {
  const double l = loglik(dual_learning_rate(), {0.3, 0.15, 3, 0.5}, kSix);
  EXPECT_NEAR(l, -4.475898, 5e-7);
  EXPECT_NEAR(l, two_armed(0.3, 0.15, 3, 0.5, kSix), 1e-12);
}
TEST(DualLearningRate, WithEqualRatesIsRescorlaWagner) {
  EXPECT_DOUBLE_EQ(loglik(dual_learning_rate(), {0.4, 0.4, 2, 0.1}, kSix),
                   loglik(rescorla_wagner(), {0.4, 2, 0.1}, kSix));
}

/// A phase for `lanes` agents with everything alive and nothing special.
struct Stage {
  explicit Stage(int lanes, Layout layout_)
      : layout(std::move(layout_)),
        entity(lanes),
        live(lanes, 1),
        fresh(lanes, 0),
        duration(lanes, 500),
        outcome(lanes, kNaN),
        choice(lanes, -1),
        rt(lanes, kNaN),
        report(lanes, kNaN) {
    for (int i = 0; i < lanes; ++i) entity[i] = static_cast<std::uint32_t>(i);
  }
  [[nodiscard]] Subjects subjects(std::uint64_t seed) const {
    return {seed, entity, static_cast<int>(entity.size())};
  }
  [[nodiscard]] TaskInfo info(int trials) const { return {layout, trials, true, {}}; }
  Actions actions() { return {choice, rt, report}; }
  Phase phase(PhaseKind kind, int trial) {
    return {kind, kind == PhaseKind::choice, 0, trial, &layout, live, duration, feature, outcome, fresh};
  }

  Layout layout;
  std::vector<std::uint32_t> entity;
  std::vector<std::uint8_t> live, fresh;
  std::vector<double> duration, outcome;
  std::vector<std::int32_t> choice;
  std::vector<double> rt, report;
  std::vector<std::int64_t> feature;  // [option][dim][lanes]
};

/// Two options that differ in both of two binary dimensions, arranged by the trial; a bandit otherwise.
void show(Stage& s, int trial, std::size_t lane_count) {
  if (s.layout.feature_is_option) return;
  const int dims = s.layout.dims();
  s.feature.resize(s.layout.options * dims * lane_count);
  for (int o = 0; o < s.layout.options; ++o)
    for (int d = 0; d < dims; ++d)
      for (std::size_t i = 0; i < lane_count; ++i) {
        const int flip =
            static_cast<int>(Draw{11, Purpose::stimulus, static_cast<std::uint32_t>(i)}.below(2, trial, d));
        s.feature[(o * dims + d) * lane_count + i] = s.layout.offset[d] + (o + flip) % s.layout.arity[d];
      }
}

/// Lets agents play trials with 70/30 luck; values start afresh at trial 25 and every 7th outcome is hidden.
std::vector<Data> play(const LearnerEntry& e, Layout layout, int lanes, int trials) {
  const auto agent = e.make({});
  Stage s(lanes, layout);
  std::vector<Data> people(lanes, Data{layout, {}, {}, {}, {}});
  agent->begin(s.info(trials), s.subjects(3));
  for (int t = 0; t < trials; ++t) {
    show(s, t, lanes);
    std::ranges::fill(s.fresh, t == 25);
    agent->phase(s.phase(PhaseKind::choice, t), s.actions());
    for (int i = 0; i < lanes; ++i) {
      const double p = s.choice[i] == 0 ? 0.7 : 0.3;
      const double luck = Draw{5, Purpose::luck, static_cast<std::uint32_t>(i)}.uniform(t);
      s.outcome[i] = t % 7 == 6 ? kNaN : luck < p;
      auto& d = people[i];
      d.choice.push_back(s.choice[i]);
      d.outcome.push_back(s.outcome[i]);
      d.fresh.push_back(t == 25);
      const int per = layout.feature_is_option ? 0 : layout.options * layout.dims();
      for (int k = 0; k < per; ++k) d.feature.push_back(s.feature[k * lanes + i]);
    }
    agent->phase(s.phase(PhaseKind::outcome, t), s.actions());
  }
  return people;
}

/// Probability of a recorded choice, worked out from the agent's record alone: values by features in plain
/// loops.
double delta_rule_loglik(const Data& d, double up, double down, double beta, double v0) {
  const Layout& l = d.layout;
  const int dims = l.dims();
  std::vector<double> v(l.features(), v0);
  const auto feature = [&](std::size_t t, int o, int k) {
    return l.feature_is_option ? o : static_cast<int>(d.feature[(t * l.options + o) * dims + k]);
  };
  const auto value = [&](std::size_t t, int o) {
    double sum = 0;
    for (int k = 0; k < dims; ++k) sum += v[feature(t, o, k)];
    return sum;
  };
  double product = 0;
  for (std::size_t t = 0; t < d.size(); ++t) {
    if (d.fresh[t]) std::ranges::fill(v, v0);
    double sum = 0;
    for (int o = 0; o < l.options; ++o) sum += std::exp(beta * value(t, o));
    product += std::log(std::exp(beta * value(t, d.choice[t])) / sum);
    if (std::isnan(d.outcome[t])) continue;
    const double delta = d.outcome[t] - value(t, d.choice[t]);
    for (int k = 0; k < dims; ++k) v[feature(t, d.choice[t], k)] += (delta >= 0 ? up : down) * delta;
  }
  return product;
}
double hmm_loglik(const Data& d, double h, double better, double worse, double beta) {
  const Layout& l = d.layout;
  const int dims = l.dims(), n = l.features();
  std::vector<double> b(n, 1.0 / n);
  const auto has = [&](std::size_t t, int o, int f) {
    if (l.feature_is_option) return o == f;
    for (int k = 0; k < dims; ++k)
      if (d.feature[(t * l.options + o) * dims + k] == f) return true;
    return false;
  };
  double total = 0;
  for (std::size_t t = 0; t < d.size(); ++t) {
    if (d.fresh[t]) std::ranges::fill(b, 1.0 / n);
    std::vector<double> e(l.options);
    double sum = 0, norm = 0;
    for (int o = 0; o < l.options; ++o) {
      double u = 0;
      for (int f = 0; f < n; ++f) u += has(t, o, f) ? b[f] : 0;
      sum += e[o] = std::exp(beta * u);
    }
    total += std::log(e[d.choice[t]] / sum);
    if (std::isnan(d.outcome[t])) continue;
    for (int f = 0; f < n; ++f) {
      const double reward = has(t, d.choice[t], f) ? better : worse;
      b[f] = ((1 - h) * b[f] + h * (1 - b[f]) / (n - 1)) * (d.outcome[t] > 0 ? reward : 1 - reward);
      norm += b[f];
    }
    for (double& x : b) x /= norm;
  }
  return total;
}

const Layout kLayouts[] = {Layout::bandit(2), Layout::bandit(3), Layout::featured(2, {2, 2, 2}),
                           Layout::featured(3, {3, 4})};

/// Transcriptions of the papers in plain Python (tests/oracles/learners.py), trial by trial, with missing
/// choices and outcomes.
TEST(Learners, EqualTranscriptionsOfTheirPapers) {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/learners.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 16u);
  for (const auto& c : cases) {
    const LearnerEntry& e = find_learner(c["learner"].get<std::string>());
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(c["params"].at(p.name).get<double>());
    ASSERT_EQ(row.size(), c["params"].size());
    std::vector<std::int32_t> choice;
    std::vector<double> outcome;
    for (const auto& t : c["trials"]) {
      choice.push_back(t[0].is_null() ? -1 : t[0].get<int>());
      outcome.push_back(t[1].is_null() ? kNaN : t[1].get<double>());
    }
    const Data d = bandit(c["options"].get<int>(), choice, outcome);
    std::vector<double> each(d.size());
    loglik(e, row, d, each);
    for (std::size_t t = 0; t < d.size(); ++t)
      EXPECT_NEAR(each[t], c["loglik"][t].get<double>(), 1e-11) << e.info.name << " trial " << t;
  }
}

TEST(Learners, TheirLikelihoodIsTheProductOfTheirOwnChoiceProbabilities) {
  for (const auto& layout : kLayouts) {
    for (const auto& d : play(rescorla_wagner(), layout, 8, 60))
      EXPECT_NEAR(loglik(rescorla_wagner(), {0.3, 3, 0}, d), delta_rule_loglik(d, 0.3, 0.3, 3, 0),
                  1e-12 * 60);
    for (const auto& d : play(dual_learning_rate(), layout, 8, 60))
      EXPECT_NEAR(loglik(dual_learning_rate(), {0.3, 0.15, 3, 0.5}, d),
                  delta_rule_loglik(d, 0.3, 0.15, 3, 0.5), 1e-12 * 60);
    for (const auto& d : play(hmm_reversal(), layout, 8, 60))
      EXPECT_NEAR(loglik(hmm_reversal(), {0.05, 0.8, 0.2, 3}, d), hmm_loglik(d, 0.05, 0.8, 0.2, 3),
                  1e-12 * 60);
  }
}

/// Agents choose as often as their likelihood says. 64 x 200 choices: z of the sum of log P against its
/// expectation under the model; false-alarm rate 6e-5 a learner (4 standard deviations).
TEST(Learners, PlayWithTheProbabilitiesOfTheirLikelihood) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    double sum = 0, mean = 0, variance = 0;
    for (auto d : play(e, Layout::bandit(2), 64, 200)) {
      std::vector<double> chosen(d.size());
      loglik(e, row, d, chosen);
      for (const double l : chosen) {
        const double p = std::exp(l), q = 1 - p;
        const double expected = p * l + q * std::log(q);
        sum += l;
        mean += expected;
        variance += p * l * l + q * std::log(q) * std::log(q) - expected * expected;
      }
    }
    EXPECT_LT(std::abs(sum - mean), 4 * std::sqrt(variance)) << e.info.name;
  }
}

// Gradients may jump where an error is exactly 0 or a bound is met; points away from both are chosen: off the
// defaults by irregular factors.
TEST(Learners, TheirDerivativesMatchDifferences) {
  for (const auto& entry : fitted_learners()) {
    std::vector<double> at = standard(entry);
    for (std::size_t k = 0; k < at.size(); ++k)
      at[k] = std::clamp(at[k] * (0.83 + 0.071 * static_cast<double>(k)) + 0.0137,
                         entry.params[k].bounds.lo + 0.01, entry.params[k].bounds.hi - 0.01);
    for (const auto& layout : kLayouts) {
      const Data d = play(entry, layout, 4, 60)[2];
      const std::size_t n = at.size();
      std::vector<double> grad(n), grad2(n), hess(n * n), up(n), down(n);
      const double value = loglik(entry, at, d);
      EXPECT_DOUBLE_EQ(entry.likelihood->gradient(at, d.trials(), grad), value);
      EXPECT_DOUBLE_EQ(entry.likelihood->hessian(at, d.trials(), grad2, hess), value);
      for (std::size_t k = 0; k < n; ++k) {
        // Central differences err by h^2 f''' / 6 and rounding / h: near 1e-8 of the scale at h = 1e-5.
        const double h = 1e-5;
        auto a = at, b = at;
        a[k] += h;
        b[k] -= h;
        EXPECT_DOUBLE_EQ(grad[k], grad2[k]);
        EXPECT_NEAR(grad[k], (loglik(entry, a, d) - loglik(entry, b, d)) / (2 * h),
                    1e-6 * (1 + std::abs(grad[k])))
            << entry.info.name << k;
        entry.likelihood->gradient(a, d.trials(), up);
        entry.likelihood->gradient(b, d.trials(), down);
        for (std::size_t j = 0; j < n; ++j)
          EXPECT_NEAR(hess[k * n + j], (up[j] - down[j]) / (2 * h), 1e-5 * (1 + std::abs(hess[k * n + j])))
              << entry.info.name << " " << layout.features() << ": " << k << ", " << j;
      }
    }
  }
}

TEST(Learners, AMissingChoiceNeitherCountsNorTeaches) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    const Data gap = bandit(2, {0, -1, 1, 0}, {1, 1, 0, 1}), whole = bandit(2, {0, 1, 0}, {1, 0, 1});
    std::vector<double> each(4);
    EXPECT_EQ(loglik(e, row, gap, each), loglik(e, row, whole));
    EXPECT_EQ(each[1], 0);
  }
}
TEST(Learners, AHiddenOutcomeTeachesNothingButTheChoiceCounts) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    const Data hidden = bandit(2, {0, 1, 0}, {1, kNaN, 1});
    std::vector<double> each(3), grad(row.size());
    const double l = loglik(e, row, hidden, each);
    EXPECT_NEAR(std::exp(each[1]) + std::exp(each[2]), 1, 1e-14)
        << "the second and third trial meet the same values";
    EXPECT_EQ(e.likelihood->gradient(row, hidden.trials(), grad), l);
    for (const double g : grad) EXPECT_TRUE(std::isfinite(g));
  }
}
TEST(Learners, StartAfreshWhereTheTrialSaysSo) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    Data twice = bandit(2, {0, 0, 1, 0, 0, 1}, {1, 0, 1, 1, 0, 1});
    const Data once = bandit(2, {0, 0, 1}, {1, 0, 1});
    EXPECT_NE(loglik(e, row, twice), 2 * loglik(e, row, once));
    twice.fresh[3] = 1;
    EXPECT_NEAR(loglik(e, row, twice), 2 * loglik(e, row, once), 1e-14);
  }
}

TEST(HmmReversal, HasTheClosedFormBeliefL6) {
  // Belief in option 0 after outcomes with L = .8, .8, .2, read off the choice probability with beta = 1:
  // log P(0) - log P(1) = b0 - b1 = 2 b0 - 1. Each record ends with a choice of 0.
  const auto e = hmm_reversal();
  const double expected[] = {0.5, 0.8, 0.930514, 0.663467};
  double b = 0.5;
  for (int n = 0; n <= 3; ++n) {
    if (n > 0) {
      const double l = n < 3 ? 0.8 : 0.2;
      b = 0.95 * b + 0.05 * (1 - b);
      b = b * l / (b * l + (1 - b) * (1 - l));
    }
    Data d = bandit(2, {0, 0, 0, 0}, {1, 1, 0, 1});
    d.outcome.resize(n + 1);
    d.choice.resize(n + 1);
    d.fresh.resize(n + 1);
    std::vector<double> each(n + 1);
    loglik(e, {0.05, 0.8, 0.2, 1}, d, each);
    const double p = std::exp(each[n]);
    const double read = (1 + std::log(p / (1 - p))) / 2;
    EXPECT_NEAR(read, expected[n], 5e-7);
    EXPECT_NEAR(read, b, 1e-12);
  }
}
TEST(HmmReversal, BelievesInTheOthersAfterALoss) {
  const Data d = bandit(3, {0, 1}, {0, 1});
  std::vector<double> each(2);
  loglik(hmm_reversal(), {0.05, 0.8, 0.2, 3}, d, each);
  // After a loss b = (1/3)(.2, .8, .8) / .6 = (1/9, 4/9, 4/9).
  EXPECT_NEAR(each[1], 4.0 / 3 - std::log(std::exp(1.0 / 3) + 2 * std::exp(4.0 / 3)), 1e-14);
}
TEST(HmmReversal, RecordsItsLeadingBelief) {
  const auto agent = hmm_reversal().make({});
  Stage s(4, Layout::bandit(2));
  agent->begin(s.info(2), s.subjects(1));
  ASSERT_EQ(agent->signals().size(), 1u);
  EXPECT_EQ(agent->signals()[0].name, "belief");
  agent->phase(s.phase(PhaseKind::choice, 0), s.actions());
  std::ranges::fill(s.outcome, 1.0);
  agent->phase(s.phase(PhaseKind::outcome, 0), s.actions());
  std::vector<double> belief(4);
  agent->read(0, belief);
  for (const double b : belief) EXPECT_NEAR(b, 0.8, 1e-15);
}
TEST(DualLearningRate, RecordsTheRateItUsed) {
  const auto agent = dual_learning_rate().make({});
  Stage s(4, Layout::bandit(2));
  agent->begin(s.info(2), s.subjects(1));
  agent->phase(s.phase(PhaseKind::choice, 0), s.actions());
  s.outcome = {1, 0, 0.5, kNaN};
  agent->phase(s.phase(PhaseKind::outcome, 0), s.actions());
  std::vector<double> delta(4), rate(4);
  agent->read(0, delta);
  agent->read(1, rate);
  EXPECT_EQ(delta, (std::vector<double>{0.5, -0.5, 0, 0}));
  EXPECT_EQ(rate, (std::vector<double>{0.3, 0.15, 0.3, 0}));
}
}  // namespace
}  // namespace labile
