/// The leaky competing accumulator as a race: first passage, speed and accuracy, step size, deadlines.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "contract/agent.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace labile {
LearnerEntry leaky_competing_accumulator();

namespace {
struct Moments {
  double n = 0, mean = 0, sd = 0, skew = 0;
  [[nodiscard]] double error() const { return sd / std::sqrt(n); }
};
Moments moments(const std::vector<double>& x) {
  Moments m{static_cast<double>(x.size())};
  for (const double v : x) m.mean += v / m.n;
  for (const double v : x) m.sd += (v - m.mean) * (v - m.mean) / m.n;
  m.sd = std::sqrt(m.sd);
  for (const double v : x) m.skew += std::pow((v - m.mean) / m.sd, 3) / m.n;
  return m;
}

/// Drives one agent object by hand.
class Rig {
 public:
  Rig(int lanes, Layout layout, const Settings& settings, std::uint64_t seed = 1)
      : live(lanes, 1),
        fresh(lanes, 0),
        outcome(lanes, kNaN),
        choice(lanes, -1),
        rt(lanes, kNaN),
        agent(leaky_competing_accumulator().make(settings)),
        layout_(std::move(layout)),
        entity_(lanes),
        duration_(lanes, 1000),
        report_(lanes, kNaN) {
    for (int i = 0; i < lanes; ++i) entity_[i] = static_cast<std::uint32_t>(i);
    agent->begin({layout_, 1000, true, {}}, {seed, entity_, lanes});
  }
  void choose(double deadline_ms = 0) { live_through(PhaseKind::choice, deadline_ms); }
  void learn() { live_through(PhaseKind::outcome, 0); }
  [[nodiscard]] std::vector<double> delta() const {
    std::vector<double> d(entity_.size());
    agent->read(0, d);
    return d;
  }

  std::vector<std::uint8_t> live, fresh;
  std::vector<double> outcome;
  std::vector<std::int32_t> choice;
  std::vector<double> rt;
  std::vector<std::int64_t> feature;
  std::unique_ptr<Agent> agent;
  int trial = 0;

 private:
  void live_through(PhaseKind kind, double deadline_ms) {
    const bool awaits = kind == PhaseKind::choice;
    agent->phase({kind, awaits, deadline_ms, trial, &layout_, live, duration_, feature, outcome, fresh},
                 {choice, rt, report_});
    trial += kind == PhaseKind::outcome;
  }
  Layout layout_;
  std::vector<std::uint32_t> entity_;
  std::vector<double> duration_, report_;
};

Settings with(std::initializer_list<std::pair<const char*, double>> values) {
  Settings s;
  for (const auto& [name, value] : values) s[name] = {value, {}};
  return s;
}

struct Sample {
  Moments rt;
  double accuracy;
  int missing;
};
/// Choices of many agents between values `good` (option 0) and v0 = 0 elsewhere; alpha = 1 sets the value at
/// once.
Sample sample(int options, double good, Settings settings, double deadline_ms = 0) {
  settings["alpha"] = {1.0, {}};
  settings["v0"] = {0.0, {}};
  const int lanes = 4000;
  Rig rig(lanes, Layout::bandit(options), settings);
  // Until every agent has tried option 0 and learned what it pays.
  std::vector<std::uint8_t> knows(lanes, 0);
  for (int round = 0; round < 200 && !std::ranges::all_of(knows, [](auto k) { return k; }); ++round) {
    for (int i = 0; i < lanes; ++i) rig.live[i] = !knows[i];
    rig.choose();
    for (int i = 0; i < lanes; ++i) {
      rig.outcome[i] = rig.choice[i] == 0 ? good : 0;
      if (rig.live[i]) knows[i] = rig.choice[i] == 0;
    }
    rig.learn();
  }
  std::ranges::fill(rig.live, 1);
  rig.choose(deadline_ms);
  std::vector<double> rt;
  Sample s{{}, 0, 0};
  for (int i = 0; i < lanes; ++i) {
    if (rig.choice[i] < 0) {
      EXPECT_TRUE(std::isnan(rig.rt[i]));
      ++s.missing;
      continue;
    }
    rt.push_back(rig.rt[i]);
    s.accuracy += rig.choice[i] == 0;
  }
  s.accuracy /= static_cast<double>(rt.size());
  s.rt = moments(rt);
  return s;
}

/// One accumulator without leak is a Wiener process with drift k: its first passage at a is inverse Gaussian
/// with mean a tau / k and variance a noise^2 tau^2 / k^3. Two small terms come on top: steps of dt see the
/// threshold 0.5826 noise sqrt(dt/tau) higher (Siegmund 1985), and the reflection at 0 helps along.
/// False-alarm rate of the mean: 6e-5 (4 standard errors).
TEST(LeakyCompetingAccumulator, AloneItsFirstPassageIsInverseGaussian) {
  const double k = 4, a = 8, noise = 0.5, tau = 100, dt = 0.25;
  Rig rig(20000, Layout::bandit(1),
          with({{"base", k},
                {"gain", 0},
                {"leak", 0},
                {"inhibition", 0},
                {"noise", noise},
                {"threshold", a},
                {"tau_ms", tau},
                {"dt_ms", dt},
                {"non_decision_ms", 0}}));
  rig.choose();
  const auto m = moments(rig.rt);
  // Reflection adds the depth that a free path would have reached below 0: noise^2 / (2 k) on average, and
  // less by the same 0.5826 noise sqrt(dt/tau) when it is looked at on the grid only.
  const double shift = 0.5826 * noise * std::sqrt(dt / tau);
  const double reflected = noise * noise / (2 * k) - shift;
  const double mean = (a + shift - reflected) / k * tau;
  EXPECT_NEAR(m.mean, mean, 4 * m.error());
  EXPECT_NEAR(m.mean, a / k * tau, 0.01 * a / k * tau) << "the high-drift limit";
  EXPECT_NEAR(m.sd, std::sqrt(a * noise * noise / (k * k * k)) * tau, 0.03 * m.sd);
}

TEST(LeakyCompetingAccumulator, WithoutNoiseItClimbsToTheThreshold) {
  // x_n = n h I without leak: I = 0.5, h = 0.01, threshold 1 is reached at step 200 (rounding may take one
  // more).
  Rig rig(4, Layout::bandit(1),
          with({{"base", 0.5}, {"gain", 0}, {"leak", 0}, {"inhibition", 0}, {"noise", 0}}));
  rig.choose();
  EXPECT_NEAR(rig.rt[0], 300 + 200, 1.0);
  // With leak x(t) = I (1 - exp(-leak t / tau)) / leak: here 2.5 (1 - exp(-0.2 t / 100)) = 1 at t = 255.4 ms.
  Rig leaky(4, Layout::bandit(1),
            with({{"base", 0.5}, {"gain", 0}, {"inhibition", 0}, {"noise", 0}, {"dt_ms", 0.1}}));
  leaky.choose();
  EXPECT_NEAR(leaky.rt[0], 300 - 500 * std::log(0.6), 0.3);
}

// Differences are tens of standard errors: false-alarm rate below 1e-9.
TEST(LeakyCompetingAccumulator, MoreEvidenceIsFasterAndMoreAccurate) {
  const auto weak = sample(2, 0.3, {}), strong = sample(2, 0.9, {});
  EXPECT_LT(strong.rt.mean + 20, weak.rt.mean);
  EXPECT_GT(strong.accuracy, weak.accuracy + 0.05);
  EXPECT_GT(weak.accuracy, 0.6);
}
TEST(LeakyCompetingAccumulator, ResponseTimesLeanToTheRight) {
  for (const double good : {0.3, 0.9}) {
    // The standard error of the skewness of 4000 normal draws is 0.039: false-alarm rate below 1e-9.
    EXPECT_GT(sample(2, good, {}).rt.skew, 0.3) << good;
  }
}
TEST(LeakyCompetingAccumulator, HalvingTheStepMovesTheMeanResponseTimeByLittle) {
  // Euler-Maruyama misses crossings within a step: the mean is long by about 0.58 noise sqrt(dt tau) / drift,
  // so halving 1 ms should take off 0.7 ms. Bound: 1.5 ms and 4 standard errors; false-alarm rate below 6e-5.
  const auto coarse = sample(2, 0.8, {}), fine = sample(2, 0.8, with({{"dt_ms", 0.5}}));
  const double error = std::hypot(coarse.rt.error(), fine.rt.error());
  EXPECT_LT(std::abs(coarse.rt.mean - fine.rt.mean), 1.5 + 4 * error);
  EXPECT_NEAR(coarse.accuracy, fine.accuracy, 4 * std::sqrt(2 * 0.25 / 4000));
}
TEST(LeakyCompetingAccumulator, ChoosesNothingAfterTheDeadline) {
  const auto free = sample(2, 0.5, {});
  EXPECT_EQ(free.missing, 0);
  const auto hurried = sample(2, 0.5, {}, 450);
  EXPECT_GT(hurried.missing, 1000);
  EXPECT_LT(hurried.missing, 3000);
  Rig rig(4, Layout::bandit(2), {});
  rig.choose(300);  // the non-decision time alone
  EXPECT_EQ(rig.choice, (std::vector<std::int32_t>{-1, -1, -1, -1}));
  std::ranges::fill(rig.outcome, 1.0);
  rig.learn();
  EXPECT_EQ(rig.delta(), std::vector<double>(4, 0.0)) << "a missing choice teaches nothing";
  Rig patient(4, Layout::bandit(2), with({{"threshold", 1000}, {"give_up_ms", 500}}));
  patient.choose();
  EXPECT_EQ(patient.choice[0], -1) << "give_up_ms ends a race that nobody wins";
}
TEST(LeakyCompetingAccumulator, InhibitionMakesTheWinnerClearer) {
  // Measured 0.91 and 0.98 with a standard error of 0.005: false-alarm rate below 1e-9.
  const Settings none = with({{"inhibition", 0}}), much = with({{"inhibition", 1.0}});
  EXPECT_GT(sample(3, 0.6, much).accuracy, sample(3, 0.6, none).accuracy + 0.02);
}

TEST(LeakyCompetingAccumulator, LearnsValuesByFeatures) {
  // Options differ in colour only; both have the same shape, which takes its share of the error.
  Rig rig(4, Layout::featured(2, {2, 2}), with({{"alpha", 0.25}, {"v0", 0}}));
  rig.feature.resize(2 * 2 * 4);
  for (int o = 0; o < 2; ++o)
    for (int i = 0; i < 4; ++i) {
      rig.feature[(o * 2 + 0) * 4 + i] = o;
      rig.feature[(o * 2 + 1) * 4 + i] = 2;
    }
  double colour[4][2] = {}, shape[4] = {};
  for (int t = 0; t < 30; ++t) {
    rig.choose();
    for (int i = 0; i < 4; ++i) rig.outcome[i] = rig.choice[i] == 0 ? 1 : t % 5 == 4 ? kNaN : 0;
    const auto before = rig.delta();
    rig.learn();
    const auto delta = rig.delta();
    for (int i = 0; i < 4; ++i) {
      if (std::isnan(rig.outcome[i])) {
        EXPECT_EQ(delta[i], before[i]);
        continue;
      }
      double& c = colour[i][rig.choice[i]];
      const double expected = rig.outcome[i] - (c + shape[i]);
      EXPECT_NEAR(delta[i], expected, 1e-14);
      c += 0.25 * expected;
      shape[i] += 0.25 * expected;
    }
  }
}
TEST(LeakyCompetingAccumulator, HandlesReachGainThresholdNoiseAndLeakOfOneAgent) {
  Rig rig(4, Layout::bandit(2), {}), same(4, Layout::bandit(2), {});
  const auto& handles = rig.agent->handles();
  std::vector<std::string> names;
  for (const auto& h : handles) names.push_back(h.name);
  EXPECT_EQ(names, (std::vector<std::string>{"gain", "leak", "noise", "threshold"}));
  rig.agent->apply(3, 1, {Effect::scale, 1.5});
  rig.choose();
  same.choose();
  EXPECT_GT(rig.rt[1], same.rt[1]);
  for (const int i : {0, 2, 3}) EXPECT_EQ(rig.rt[i], same.rt[i]) << "other agents keep their bits";
  rig.agent->apply(3, 1, {Effect::scale, 1});
  rig.choose();
  EXPECT_EQ(rig.rt, same.rt) << "a draw is a function of agent and trial";
}
TEST(LeakyCompetingAccumulator, StartsAfreshWhereTheTrialSaysSo) {
  Rig rig(4, Layout::bandit(1), {});
  rig.choose();
  std::ranges::fill(rig.outcome, 1.0);
  rig.learn();
  std::ranges::fill(rig.fresh, 1);
  rig.choose();
  rig.learn();
  EXPECT_EQ(rig.delta(), std::vector<double>(4, 0.5));
}
TEST(LeakyCompetingAccumulator, SaysWhyItHasNoLikelihood) {
  const auto e = leaky_competing_accumulator();
  EXPECT_EQ(e.likelihood, nullptr);
  EXPECT_NE(std::string(e.no_likelihood).find("no likelihood"), std::string::npos);
}
TEST(LeakyCompetingAccumulator, TakesParametersOfEachSubject) {
  const auto e = leaky_competing_accumulator();
  std::vector<double> row;
  for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
  auto slow = row;
  for (std::size_t k = 0; k < row.size(); ++k)
    if (e.params[k].name == "non_decision_ms") slow[k] += 1000;
  Rig standard(4, Layout::bandit(2), {}), each(4, Layout::bandit(2), {});
  each.agent = e.make_each({row, slow});
  const std::vector<std::uint32_t> entity{0, 1, 2, 3};
  each.agent->begin({Layout::bandit(2), 10, true, {}}, {1, entity, 4});
  standard.choose();
  each.choose();
  EXPECT_EQ(each.rt[2], standard.rt[2]);
  EXPECT_NEAR(each.rt[1], standard.rt[1] + 1000, 1e-9);
}
}  // namespace
}  // namespace labile
