/// The spiking corticostriatal loop: its claim card, its weights and dopamine against closed forms and
/// against the NumPy prototype, and what any agent owes: the same bits whoever else plays.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "card/find_agent.hpp"
#include "run/run.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

constexpr std::uint64_t kSeed = 14;
constexpr double kNaive = 0.55;  // cortical weights at the start

Setting setting(Value v) {
  return {std::move(v), {}};
}
/// Two options at p = 1, stimulus and go signal at once.
Simulation reversal(std::vector<double> blocks) {
  Simulation s;
  s.make_task = find_task("bandit_reversal").make;
  s.task_settings = {{"p_better", setting(1.0)},
                     {"blocks", setting(std::move(blocks))},
                     {"cue", setting(0.0)},
                     {"outcome", setting(500.0)},
                     {"iti", setting(500.0)}};
  s.make_agent = find_agent("corticostriatal_minimal").make;
  s.seed = kSeed;
  return s;
}
void manipulate(Simulation& s, Manipulation::Op op, const std::string& target, double amount) {
  Manipulation m;
  m.op = op;
  m.target = target;
  m.amount = amount;
  s.manipulations.push_back(m);
}
/// One long trial that pays with p whatever is chosen.
Simulation first_trial(double p) {
  Simulation s = reversal({1});
  s.task_settings["p_better"] = s.task_settings["p_worse"] = setting(p);
  s.task_settings["outcome"] = setting(1500.0);
  return s;
}
struct Mean {
  double mean, se;
};
Mean mean_of(const std::vector<double>& x) {
  double sum = 0, square = 0;
  for (const double v : x) sum += v;
  const double n = static_cast<double>(x.size()), mean = sum / n;
  for (const double v : x) square += (v - mean) * (v - mean);
  return {mean, std::sqrt(square / (n - 1) / n)};
}
/// Mean over subjects of a weight at their trial `at`, of the action that was good (or not) before the
/// reversal.
double weight(const Trials& t, const std::string& pathway, bool old, int at) {
  double sum = 0;
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
    const std::size_t row = t.first[s];
    const int action = old ? t.best[row] : 1 - t.best[row];
    sum += t.signals.at("w_" + pathway + "_" + std::to_string(action))[row + static_cast<std::size_t>(at)];
  }
  return sum / static_cast<double>(t.first.size() - 1);
}

TEST(CorticostriatalMinimal, ReversalSlowsAsDopamineCellsDieAndAcquisitionDoesNot) {
  const std::filesystem::path path =
      std::filesystem::path(LABILE_SOURCE_DIR) / "experiments/claims/claim_14_spiking.toml";
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  const RunResult r = run_card(parse_card(text.str(), path.string()), {});
  ASSERT_EQ(r.cells.size(), 4u);
  for (const auto& p : r.predictions)
    EXPECT_EQ(p.verdict, "supported")
        << p.prediction.claim << ": " << p.prediction.treated << ", " << p.effect.value;
  // The prototype with tonically spiking dopamine cells added to its bursts (24 networks a dose): 4.8, 8.1,
  // 15.7, 40.4; without them 7.4, 10.9, 19.4, 45.0. The tolerance covers standard errors of both (0.2 to 0.7
  // each) and the longer trials here, which let weights wander further (docs/circuits.md).
  const double prototype[] = {4.8, 8.1, 15.7, 40.4};
  for (std::size_t c = 0; c < r.cells.size(); ++c)
    EXPECT_NEAR(r.cells[c].values.at(0).value, prototype[c], 1 + 0.05 * prototype[c]) << r.cells[c].condition;
}

TEST(CorticostriatalMinimal, TheOldActionsWeightOutlivesTheReversal) {
  const Trials t = simulate(reversal({60, 80}), 0, 40);
  EXPECT_GT(weight(t, "D1", true, 59), kNaive + 0.1);
  EXPECT_LT(weight(t, "D2", true, 59), kNaive - 0.1);
  EXPECT_GT(weight(t, "D1", true, 139), kNaive + 0.1);
  EXPECT_GT(weight(t, "D1", false, 139), weight(t, "D1", false, 59));
  for (const double rt : t.rt_s) {
    EXPECT_GE(rt, 0.120 + 0.250);
    EXPECT_LE(rt, 0.351 + 0.250);
  }
}

// Prototype, 40 networks paid on their first trial: .0992, .0519 (D1), -.0837, -.0443 (D2), chosen and not.
// Over 40 subjects the standard error is about 4%; the burst here lasts, so the tolerance is 15%.
TEST(CorticostriatalMinimal, TheFirstRewardChangesWeightsAsInThePrototype) {
  const Trials t = simulate(first_trial(1), 0, 40);
  double change[2][2] = {};  // [pathway][not chosen]
  for (std::size_t s = 0; s < 40; ++s)
    for (int d = 0; d < 2; ++d)
      for (int a = 0; a < 2; ++a)
        change[d][a != t.choice[s]] +=
            (t.signals.at("w_D" + std::to_string(d + 1) + "_" + std::to_string(a))[s] - kNaive) / 40;
  const double prototype[2][2] = {{.0992, .0519}, {-.0837, -.0443}};
  for (int d = 0; d < 2; ++d)
    for (int k = 0; k < 2; ++k)
      EXPECT_NEAR(change[d][k], prototype[d][k], 0.15 * std::abs(prototype[d][k])) << d << k;
}

// A burst of B = 200 ms at 20 Hz into a field with tau = 200 ms, above a tonic 5 Hz: over the first 300 ms
// the mean rise is 4 (1/300) (B - tau (1 - e^-1) + tau (1 - e^-1)(1 - e^-1/2)) tonic levels, times the share
// alive. Without an outcome that pays nothing is expected and nothing comes: no rise. False alarms: 1.7e-4
// each (Student's t with 63 degrees of freedom).
TEST(CorticostriatalMinimal, DopamineAtAnOutcomeIsTheShareOfLivingCellsTimesTheError) {
  const double e1 = 1 - std::exp(-1.0), rise = 4.0 / 300 * (200 - 200 * e1 + 200 * e1 * (1 - std::exp(-0.5)));
  for (const double share : {1.0, 0.6, 0.15})
    for (const double paid : {1.0, 0.0}) {
      Simulation s = first_trial(paid);
      if (share < 1) manipulate(s, Manipulation::Op::lesion, "da.cells", 1 - share);
      const Trials t = simulate(s, 0, 64);
      const Mean da = mean_of(t.signals.at("da"));
      EXPECT_NEAR(da.mean, share * paid * rise, 4 * da.se) << share << " " << paid;
      for (const double delta : t.signals.at("delta")) EXPECT_EQ(delta, paid);
    }
}

TEST(CorticostriatalMinimal, WithoutDopamineOrReceptorsWeightsStandStill) {
  const auto last = [](const char* target, const std::string& signal) {
    Simulation s = reversal({6});
    if (target) manipulate(s, Manipulation::Op::set, target, 0);
    const Trials t = simulate(s, 0, 4);
    std::vector<double> change;
    for (std::size_t k = 0; k < 4; ++k)
      change.push_back(t.signals.at(signal)[t.first[k] + 5] - t.signals.at(signal)[t.first[k]]);
    return change;
  };
  for (const char* signal : {"w_D1_0", "w_D1_1", "w_D2_0", "w_D2_1"}) {
    for (const double c : last("da.release", signal)) EXPECT_EQ(c, 0) << signal;
    const char* receptor = signal[3] == '1' ? "striatum.D1" : "striatum.D2";
    for (const double c : last(receptor, signal)) EXPECT_EQ(c, 0) << signal;
    for (const double c : last(nullptr, signal)) EXPECT_NE(c, 0) << signal;
  }
}

TEST(CorticostriatalMinimal, ASubjectsBitsDoNotDependOnItsBlock) {
  const Simulation s = reversal({5, 5});
  const Trials all = simulate(s, 0, 7), tail = simulate(s, 3, 4);
  const std::size_t from = all.first[3];
  ASSERT_EQ(tail.rows(), all.rows() - from);
  for (std::size_t i = 0; i < tail.rows(); ++i) {
    EXPECT_EQ(tail.choice[i], all.choice[from + i]);
    EXPECT_EQ(tail.rt_s[i], all.rt_s[from + i]);
    for (const auto& [name, values] : tail.signals)
      if (const double x = all.signals.at(name)[from + i]; !std::isnan(x)) {
        EXPECT_EQ(values[i], x) << name;
      }
  }
  Simulation other = s;
  other.seed = kSeed + 1;
  EXPECT_NE(simulate(other, 0, 7).rt_s, all.rt_s);
}

TEST(CorticostriatalMinimal, AnEarlyDeadlineMakesChoicesMissing) {
  Simulation s = reversal({3});
  s.task_settings["deadline"] = setting(300.0);  // the shortest decision and its movement take 371 ms
  const Trials t = simulate(s, 0, 2);
  for (std::size_t i = 0; i < t.rows(); ++i) {
    EXPECT_EQ(t.choice[i], -1);
    EXPECT_TRUE(std::isnan(t.signals.at("delta")[i]));
  }
}

TEST(CorticostriatalMinimal, RefusesATaskOfThreeOptionsAndSaysSo) {
  Simulation s = reversal({3});
  s.task_settings["options"] = setting(3.0);
  try {
    (void)simulate(s, 0, 1);
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("bandits of 2 options; this task has 3"), std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace labile
