#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/output_file.hpp"
#include "core/random.hpp"
#include "metrics/evaluate.hpp"
#include "record/read.hpp"

namespace labile {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

nlohmann::json oracle(const char* name) {
  return nlohmann::json::parse(read_file(std::string(LABILE_SOURCE_DIR) + "/tests/oracles/" + name));
}

/// One block with columns of equal length; what a test does not set is missing.
struct Block {
  std::vector<std::int8_t> correct;
  std::vector<std::int32_t> choice, best, old_best;
  std::vector<double> outcome, rt_s;
  std::vector<std::int8_t> before;
  std::vector<std::vector<double>> signals;

  explicit Block(std::vector<std::int8_t> correct_) : correct(std::move(correct_)) {
    for (const auto c : correct) choice.push_back(c < 0 ? -1 : c == 1 ? 0 : 1);
    best.assign(correct.size(), 0);
    old_best.assign(correct.size(), 1);
    outcome.assign(correct.size(), kMissing);
    rt_s.assign(correct.size(), kMissing);
  }
  [[nodiscard]] Sample measure(const char* metric, const Settings& settings = {}) const {
    BlockView b;
    b.block = 1;
    b.correct = correct;
    b.choice = choice;
    b.best = best;
    b.old_best = old_best;
    b.outcome = outcome;
    b.rt_s = rt_s;
    b.correct_before = before;
    for (const auto& s : signals) b.signals.emplace_back(s);
    return find_metric(metric).make(settings)(b);
  }
};

void expect_sample(const Sample& s, double num, double den) {
  EXPECT_DOUBLE_EQ(s.num, num);
  EXPECT_DOUBLE_EQ(s.den, den);
}

const Settings kRunOf2{{"run", {2.0, {}}}};

TEST(SwitchLag, IsTheFirstTrialOfTheFirstRunOfFour) {
  expect_sample(Block({0, 1, 1, 0, 1, 1, 1, 1, 0}).measure("switch_lag"), 4, 1);
  expect_sample(Block({1, 1, 1, 1}).measure("switch_lag"), 0, 1);
}
TEST(SwitchLag, IsTheLengthOfTheBlockWhenNoRunComes) {
  expect_sample(Block({0, 1, 1, 1, 0}).measure("switch_lag"), 5, 1);
}
TEST(SwitchLag, AMissingChoiceBreaksTheRun) {
  expect_sample(Block({1, 1, -1, 1, 1, 1, 1}).measure("switch_lag"), 3, 1);
}
TEST(SwitchLag, IsNotDefinedWhereNoChoiceCanBeJudged) {
  expect_sample(Block({-1, -1}).measure("switch_lag"), 0, 0);
}
TEST(SwitchLag, TakesTheLengthOfTheRun) {
  expect_sample(Block({0, 1, 1, 0}).measure("switch_lag", kRunOf2), 1, 1);
}

TEST(TrialsToCriterion, CountsUpToTheEndOfTheRun) {
  expect_sample(Block({0, 1, 1, 1, 1, 1, 1, 1, 1, 0}).measure("trials_to_criterion"), 9, 1);
  expect_sample(Block({0, 1, 1, 0}).measure("trials_to_criterion"), 4, 1);
  expect_sample(Block({0, 1, 1, 0}).measure("trials_to_criterion", kRunOf2), 3, 1);
}

TEST(PerseverativeErrors, CountsErrorsUpToTheEndOfTheFirstWindowWithThreeRight) {
  // Windows 0..9 and 1..10 hold 1 and 2 right choices, window 2..11 three: 12 trials, 9 errors.
  expect_sample(Block({0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0}).measure("perseverative_errors"), 9, 1);
  expect_sample(Block({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}).measure("perseverative_errors"), 11, 1);
}

TEST(EarlyErrors, CountsErrorsOnTheFirstTenTrials) {
  expect_sample(Block({0, 1, -1, 0, 1, 1, 1, 1, 1, 0, 0, 0}).measure("early_errors"), 3, 1);
}

TEST(RegressiveErrors, IsThePercentOfErrorsFromTheSwitchOn) {
  expect_sample(Block({0, 1, 1, 1, 1, 0, -1, 1}).measure("regressive_errors"), 100, 6);
  expect_sample(Block({0, 1, 0}).measure("regressive_errors"), 0, 0);
}

TEST(Accuracy, LeavesOutMissingChoices) {
  expect_sample(Block({1, -1, 0, 1}).measure("accuracy"), 2, 3);
  expect_sample(Block({1, -1, 0, 1}).measure("late_accuracy", {{"trials", {2.0, {}}}}), 1, 2);
}

TEST(AccuracyBefore, LooksAtTheBlockBefore) {
  Block b({0, 0});
  expect_sample(b.measure("accuracy_before"), 0, 0);
  b.before.assign(40, 1);
  b.before[5] = b.before[39] = 0;
  b.before[20] = -1;
  expect_sample(b.measure("accuracy_before"), 28, 29);
}

TEST(WinStay, PairsBreakAtMissingChoicesAndOutcomes) {
  Block b({1, 1, 0, -1, 0, 1, 1});
  b.choice = {0, 0, 2, -1, 2, 2, 1};
  b.outcome = {1, 1, 1, 1, kMissing, 0, 1};
  expect_sample(b.measure("win_stay"), 1, 2);
  expect_sample(b.measure("lose_shift"), 1, 1);
}

TEST(WinStayBest, AsksOnlyAfterRightChoices) {
  Block b({1, 1, 0, 1, 1, 0});
  b.outcome = {1, 1, 1, 0, 0, 1};
  expect_sample(b.measure("win_stay_best"), 1, 2);
  expect_sample(b.measure("lose_shift_misleading"), 1, 2);
}

TEST(PerseverativeIndex, IsTheShareOfErrorsOnTheOldBestOption) {
  Block b({1, 0, 0, 0, -1});
  b.choice = {0, 1, 2, 1, -1};
  expect_sample(b.measure("perseverative_index"), 2, 3);
  b.old_best.assign(5, -1);
  expect_sample(b.measure("perseverative_index"), 0, 0);
}

TEST(FalseSwitches, CountsChangesOfTheSlotInPercent) {
  Block b({1, 1, 1, 1, 1});
  b.signals = {{0, 0, 1, kMissing, 1}};
  expect_sample(b.measure("false_switches"), 100, 2);
}

TEST(CreditPrecision, SumsBothSignals) {
  Block b({1, 1});
  b.signals = {{1, 2}, {4, 5}};
  expect_sample(b.measure("credit_precision"), 3, 9);
}

TEST(MaxNe, LooksAtTheFirstFifteenTrials) {
  Block b(std::vector<std::int8_t>(20, 1));
  b.signals = {std::vector<double>(20, 0.1)};
  b.signals[0][3] = 0.5;
  b.signals[0][17] = 0.9;
  expect_sample(b.measure("max_ne"), 0.5, 1);
}

TEST(ResponseTime, AveragesChoicesMade) {
  Block b({1, -1, 0});
  b.rt_s = {0.5, 9, 1.5};
  b.outcome = {1, 1, -1};
  expect_sample(b.measure("response_time"), 2, 2);
  expect_sample(b.measure("reward_rate"), 0, 2);
}

TEST(Metrics, EveryEntryIsComplete) {
  for (const auto& e : all_metrics()) {
    for (const char* text : {e.info.name, e.info.about, e.info.source, e.label, e.unit})
      EXPECT_STRNE(text, "");
    EXPECT_TRUE(std::string("lower higher none").find(e.direction) != std::string::npos) << e.info.name;
    EXPECT_TRUE(std::string("reversal acquisition last all session").find(e.blocks) != std::string::npos)
        << e.info.name;
    EXPECT_EQ(&find_metric(e.info.name), &e);
    BlockView empty;
    empty.signals.resize(e.needs.size());
    EXPECT_EQ(e.make({})(empty).den, 0) << e.info.name << " is defined on an empty block";
  }
}

TEST(Metrics, AnUnknownNameNamesTheNearest) {
  try {
    (void)find_metric("swich_lag");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("did you mean 'switch_lag'?"), std::string::npos) << e.what();
  }
}

/// Two subjects, blocks of 2, 3 trials and of 1, 2, 1; the second has two sessions.
Trials two_subjects() {
  Trials t;
  t.subjects = {"a", "b"};
  t.first = {0, 5, 9};
  t.session = {1, 1, 1, 1, 1, 1, 1, 1, 2};
  t.block = {1, 1, 2, 2, 2, 7, 8, 8, 8};
  t.correct = {1, 0, 1, 1, 0, 1, 0, 0, 1};
  t.choice = {0, 0, 0, 0, 0, 0, 0, 0, 0};
  t.trial = t.stage = t.best = t.choice;
  t.old_best = t.condition = std::vector<std::int32_t>(9, -1);
  t.outcome = t.rt_s = std::vector<double>(9, kMissing);
  return t;
}

TEST(Evaluate, AddsUpTheBlocksAskedFor) {
  const Trials t = two_subjects();
  const std::vector<MetricRequest> r{request_metric("accuracy"),
                                     request_metric("accuracy", {}, "reversal"),
                                     request_metric("accuracy", {}, "acquisition"),
                                     request_metric("accuracy", {}, "1"),
                                     request_metric("accuracy_before"),
                                     request_metric("max_ne")};
  const auto s = evaluate(t, r);
  expect_sample(s[0][0], 3, 5);
  expect_sample(s[0][1], 2, 4);
  expect_sample(s[1][0], 2, 3);
  expect_sample(s[1][1], 0, 2);
  expect_sample(s[2][0], 1, 2);
  expect_sample(s[2][1], 2, 2);  // the first block of either session
  expect_sample(s[3][0], 2, 3);
  expect_sample(s[4][0], 1, 2);
  expect_sample(s[4][1], 1, 1);
  expect_sample(s[5][0], 0, 0);  // no signal ne
  EXPECT_THROW((void)request_metric("accuracy", {}, "reversed"), Error);
  EXPECT_THROW((void)request_metric("accuracy", {}, "-1"), Error);
}

TEST(Evaluate, AgreesWithTheReferenceCircuitsMetrics) {
  const auto o = oracle("metrics_met.json");
  const int lens[2] = {o["lens"][0], o["lens"][1]};
  Trials t;
  for (std::size_t s = 0; s < o["C"].size(); ++s) {
    t.subjects.push_back(std::to_string(s));
    t.first.push_back(t.rows());
    for (int i = 0; i < lens[0] + lens[1]; ++i) {
      t.block.push_back(i < lens[0] ? 0 : 1);
      t.correct.push_back(o["C"][s][i].get<std::int8_t>());
      t.choice.push_back(1 - t.correct.back());
      t.outcome.push_back(o["R"][s][i]);
      t.signals["slot"].push_back(o["B"][s][i]);
      t.signals["ne"].push_back(o["NE"][s][i]);
      t.signals["credit_relevant"].push_back(o["cred"][s][i]);
      t.signals["credit_total"].push_back(o["ctot"][s][i]);
    }
  }
  t.first.push_back(t.rows());
  t.session = t.best = t.old_best = t.choice;
  std::fill(t.session.begin(), t.session.end(), 0);
  t.rt_s = t.outcome;
  const std::vector<std::pair<const char*, const char*>> names{{"switch_lag", "lag"},
                                                               {"trials_to_criterion", "ttc"},
                                                               {"perseverative_errors", "pers"},
                                                               {"early_errors", "e10"},
                                                               {"regressive_errors", "reg"},
                                                               {"late_accuracy", "late"},
                                                               {"lose_shift_misleading", "LS"},
                                                               {"win_stay_best", "WS"},
                                                               {"false_switches", "fsw"},
                                                               {"credit_precision", "prec"},
                                                               {"max_ne", "maxNE"},
                                                               {"accuracy_before", "pre"}};
  for (const auto& [ours, theirs] : names) {
    const MetricRequest r = request_metric(ours);
    EXPECT_NEAR(pooled_value(evaluate(t, {&r, 1})[0]), o["met"][theirs].get<double>(), 1e-12) << ours;
  }
}

TEST(Evaluate, AgreesWithNumpyOnRealPeople) {
  const auto path = find_data("zorowitz2023_prl3");
  if (!path)
    GTEST_SKIP() << "data set zorowitz2023_prl3 not found: set LABILE_DATA to the folder that holds it";
  const auto o = oracle("metrics_people.json");
  const Trials t = read_trials(*path).trials;
  ASSERT_EQ(t.rows(), o["rows"].get<std::size_t>());
  ASSERT_EQ(t.subjects.size(), o["subjects"].get<std::size_t>());
  for (const auto& [name, total] : o["total"].items()) {
    const MetricRequest r = request_metric(name);
    const auto samples = evaluate(t, {&r, 1})[0];
    Sample sum;
    for (std::size_t s = 0; s < samples.size(); ++s) {
      sum.num += samples[s].num;
      sum.den += samples[s].den;
      if (!o["each"].contains(t.subjects[s])) continue;
      const auto& one = o["each"][t.subjects[s]][name];
      EXPECT_NEAR(samples[s].num, one[0].get<double>(), 1e-9) << name << " of " << t.subjects[s];
      EXPECT_EQ(samples[s].den, one[1].get<double>()) << name << " of " << t.subjects[s];
    }
    EXPECT_NEAR(sum.num, total[0].get<double>(), name == "response_time" ? 1e-6 : 0) << name;
    EXPECT_EQ(sum.den, total[1].get<double>()) << name;
  }
}

std::vector<Sample> normal_samples(int n, std::uint32_t entity, double mean) {
  std::vector<Sample> r;
  for (int i = 0; i < n; ++i)
    r.push_back({mean + Draw{9, Purpose::luck, entity}.normal(static_cast<std::uint32_t>(i)), 1});
  return r;
}

TEST(Bootstrap, EveryResampleTakesAsManySubjects) {
  Resampler r(3, 40);
  for (int k = 0; k < 40; ++k) {
    int sum = 0;
    for (const int w : r.weights(77, k)) sum += w;
    EXPECT_EQ(sum, 77);
  }
}

TEST(Bootstrap, TheIntervalOfAMeanHasTheWidthOfItsStandardError) {
  const auto s = normal_samples(400, 1, 5);
  const Interval i = bootstrap_mean(s, 1, 4000);
  EXPECT_NEAR(i.value, pooled_value(s), 0);
  EXPECT_EQ(i.n, 400);
  EXPECT_NEAR(i.high - i.low, 2 * 1.96 / 20, 0.03);
  EXPECT_LT(i.low, i.value);
  EXPECT_GT(i.high, i.value);
}

TEST(Bootstrap, TheSeedDecidesAndNothingElse) {
  const auto s = normal_samples(50, 1, 5);
  EXPECT_EQ(bootstrap_mean(s, 1).low, bootstrap_mean(s, 1).low);
  EXPECT_NE(bootstrap_mean(s, 1).low, bootstrap_mean(s, 2).low);
}

TEST(Bootstrap, AContrastOfTheSameSubjectsIsPaired) {
  auto a = normal_samples(60, 1, 5), b = a;
  for (auto& s : b) s.num -= 2;
  const Interval d = bootstrap_contrast(a, b, Contrast::difference, 1);
  EXPECT_NEAR(d.low, 2, 1e-12);
  EXPECT_NEAR(d.high, 2, 1e-12);
  for (auto& s : b) s.num = 2 * (s.num + 2);
  EXPECT_NEAR(bootstrap_contrast(b, a, Contrast::ratio, 1).high, 2, 1e-12);
  b.pop_back();
  EXPECT_GT(bootstrap_contrast(b, a, Contrast::ratio, 1).high, 2.01);
}

TEST(Bootstrap, SubjectsWithoutAValueAddNothing) {
  std::vector<Sample> s{{1, 1}, {0, 0}, {3, 1}};
  EXPECT_EQ(bootstrap_mean(s, 1).value, 2);
  EXPECT_EQ(bootstrap_mean(s, 1).n, 2);
  s = {{0, 0}};
  EXPECT_TRUE(std::isnan(bootstrap_mean(s, 1).value));
  EXPECT_TRUE(std::isnan(bootstrap_mean({}, 1).low));
}

TEST(CohenD, IsTheDifferenceOverThePooledDeviation) {
  const std::vector<Sample> a{{3, 1}, {5, 1}, {0, 0}}, b{{1, 1}, {2, 2}, {6, 2}};
  // means 4 and 5/3; squares 2 and 8/3 over 3 degrees of freedom
  EXPECT_NEAR(cohen_d(a, b), (4 - 5.0 / 3) / std::sqrt((2 + 8.0 / 3) / 3), 1e-12);
  EXPECT_TRUE(std::isnan(cohen_d(a, {b.data(), 1})));
}

TEST(Bootstrap, ManyMetricsAndConditionsTakeNoTime) {
  const auto s = normal_samples(2000, 1, 5);
  const auto start = std::chrono::steady_clock::now();
  Resampler r(1, 1000);
  double sum = 0;
  for (int i = 0; i < 150; ++i) sum += r.mean(s).low;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(took.count()));
  EXPECT_TRUE(std::isfinite(sum));
  EXPECT_LT(took.count(), 10.0);
}

}  // namespace
}  // namespace labile
