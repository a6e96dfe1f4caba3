/// Metrics of rules, contexts and outcomes: hand-made blocks, and random records against numpy.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/output_file.hpp"
#include "metrics/evaluate.hpp"
#include "record/read.hpp"

namespace labile {
namespace {

using Json = nlohmann::json;

const Json& oracle() {
  static const Json j =
      Json::parse(read_file(std::string(LABILE_SOURCE_DIR) + "/tests/oracles/metrics_rules.json"));
  return j;
}

Settings with(std::initializer_list<std::pair<const char*, Value>> list) {
  Settings s;
  for (const auto& [k, v] : list) s[k] = {v, {}};
  return s;
}
void expect_sample(const Sample& s, double num, double den) {
  EXPECT_DOUBLE_EQ(s.num, num);
  EXPECT_DOUBLE_EQ(s.den, den);
}

/// A record of one subject with the columns that every metric's view needs; n rows.
Trials record(std::size_t n) {
  Trials t;
  t.subjects = {"a"};
  t.first = {0, n};
  t.session = t.block = t.trial = t.stage = t.choice = std::vector<std::int32_t>(n, 0);
  t.best = t.old_best = t.condition = std::vector<std::int32_t>(n, -1);
  t.correct.assign(n, -1);
  t.outcome.assign(n, kNaN);
  t.rt_s.assign(n, kNaN);
  return t;
}
Sample measure(const Trials& t, const char* metric, const Settings& settings = {}, const char* blocks = "") {
  const MetricRequest r = request_metric(metric, settings, blocks);
  return evaluate(t, {&r, 1})[0][0];
}

TEST(ShiftCost, IsTheTrialsOfOneStageBeyondThoseOfAnother) {
  Trials t = record(18);
  t.layout = Layout::featured(2, {7, 7});
  t.feature.assign(18 * 4, 0);
  t.block = {0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6};
  expect_sample(measure(t, "shift_cost"), 5 - 2, 1);
  expect_sample(measure(t, "shift_cost", with({{"block", 6.0}, {"against", 1.0}})), 4 - 3, 1);
  t.block.assign(18, 3);
  expect_sample(measure(t, "shift_cost"), 0, 0);  // never got to stage 5
}
TEST(CategoriesCompleted, CountsBlocksThatEndWithARun) {
  Trials t = record(9);
  t.block = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  t.correct = {0, 1, 1, 1, 1, 0, 1, 1, 1};
  expect_sample(measure(t, "categories_completed", with({{"run", 2.0}})), 2, 1);
  expect_sample(measure(t, "categories_completed"), 0, 1);
  t.choice[8] = -1;
  expect_sample(measure(t, "categories_completed", with({{"run", 2.0}})), 1, 1);
}
TEST(OldRuleErrors, CountsErrorsThatTheOldRuleAllows) {
  Trials t = record(6);
  t.block = {0, 0, 1, 1, 1, 1};
  t.choice = {0, 1, 2, 2, 3, -1};
  t.old_best = {-1, -1, 2, 2, 2, -1};
  t.correct = {1, 0, 0, 1, 0, -1};  // an ambiguous card: old and new rule agree, and it is right
  expect_sample(measure(t, "old_rule_errors"), 1, 1);
}
TEST(FirstTrialAccuracy, LooksAtTheFirstShowingOfEachStateInEachBlock) {
  Trials t = record(7);
  t.block = {0, 0, 0, 0, 1, 1, 1};
  t.state = {2, 2, 0, 0, 0, 2, 2};
  t.correct = {0, 1, 1, 1, 1, 0, 1};
  expect_sample(measure(t, "first_trial_accuracy"), 2, 4);
  expect_sample(measure(t, "first_trial_accuracy", {}, "reversal"), 1, 2);
  expect_sample(measure(t, "accuracy_in_state", with({{"state", 2.0}})), 2, 4);
}
TEST(ChooseA, LeavesOutTrainingAndTheTrainedPair) {
  Trials t = record(6);
  t.layout = Layout::featured(2, {6});
  t.block = {0, 1, 1, 1, 1, 1};
  t.feature = {0, 2, 0, 1, 3, 0, 4, 1, 1, 5, 0, 4};
  t.choice = {0, 0, 1, 0, 0, -1};
  expect_sample(measure(t, "choose_a"), 1, 1);  // 3 against A
  expect_sample(measure(t, "avoid_b"), 1, 2);   // E against B, B against F
}
TEST(RuleMetrics, AreNotDefinedWhereTheRecordIsOfAnotherTask) {
  Trials t = record(20);
  for (std::size_t k = 0; k < 20; ++k) {
    t.block[k] = static_cast<std::int32_t>(k / 3);
    t.outcome[k] = k % 2 == 0;
    t.correct[k] = 1;
  }
  for (const char* name :
       {"shift_cost", "choose_a", "avoid_b", "devaluation_sensitivity", "first_trial_accuracy",
        "accuracy_in_state", "accuracy_at", "explore", "stay", "model_based_index", "report_learning_rate",
        "belief_latency", "ne_latency", "ne_hit_rate"})
    EXPECT_EQ(measure(t, name).den, 0) << name;
}
TEST(DevaluationSensitivity, ComparesTheTestWithTheEndOfTraining) {
  Trials t = record(10);
  EXPECT_EQ(measure(t, "devaluation_sensitivity").den, 0) << "nothing was shown of a value";
  t.signals["outcome_value"] = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
  t.block = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
  t.choice = {1, 1, 1, 0, 1, 0, 1, 0, 0, 0};
  expect_sample(measure(t, "devaluation_sensitivity", with({{"window", 4.0}})), 1 - 0.25 / 0.5, 1);
  expect_sample(measure(t, "responding", with({{"missing", std::string("no response")}}), "all"), 5, 10);
  t.choice.assign(10, 0);
  expect_sample(measure(t, "devaluation_sensitivity"), 0, 0);
}
TEST(BeliefLatency, CountsUntilAnotherContextThanBeforeLeads) {
  Trials t = record(9);
  t.block = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  t.signals["slot"] = {0, 1, 0, 0, 0, 1, 2, 1, 1};
  t.signals["ne"] = {0, 0, 0, 0.1, 0.6, 0, 0, 0, 0.2};
  expect_sample(measure(t, "belief_latency"), 2 + 0, 2);
  expect_sample(measure(t, "ne_latency"), 1 + 3, 2);
  expect_sample(measure(t, "ne_latency", with({{"threshold", 0.05}})), 0 + 2, 2);
}
TEST(NeHitRate, AsksForABurstOnTheFirstTrialsAfterASwitch) {
  Trials t = record(9);
  t.block = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  t.signals["ne"] = {0, 0.9, 0, 0.1, 0.6, 0, 0, 0, 0.5};
  expect_sample(measure(t, "ne_hit_rate"), 1, 2);
  expect_sample(measure(t, "ne_hit_rate", with({{"within", 1.0}})), 0, 2);
  expect_sample(measure(t, "ne_hit_rate", with({{"threshold", 0.4}})), 2, 2);
}
TEST(NeFalseAlarms, ArePercentOfTheLastTrials) {
  Trials t = record(9);
  t.block = {0, 0, 0, 0, 0, 1, 1, 1, 1};
  t.signals["ne"] = {0.9, 0.9, 0, 0.6, kNaN, 0.9, 0, 0.6, 0.1};
  expect_sample(measure(t, "ne_false_alarms"), 200, 4);
  expect_sample(measure(t, "ne_false_alarms", with({{"trials", 3.0}})), 100, 3);
  expect_sample(measure(t, "ne_false_alarms", with({{"trials", 3.0}}), "acquisition"), 100, 2);
}
TEST(Stay, TellsRewardsAndTransitionsApart) {
  Trials t = record(9);
  t.stage = {0, 1, 0, 1, 0, 0, 1, 0, 1};  // the third trial's first choice was missed
  t.choice = {0, 1, 0, 0, -1, 1, 1, 0, 0};
  t.state = {0, 1, 0, 2, 0, 0, 2, 0, 1};
  t.outcome = {kNaN, 1, kNaN, 0, kNaN, kNaN, 1, kNaN, 1};
  expect_sample(measure(t, "stay"), 1, 2);
  expect_sample(measure(t, "stay", with({{"outcome", std::string("no reward")}})), 0, 0);
  expect_sample(measure(t, "stay", with({{"transition", std::string("common")}})), 1, 2);
  expect_sample(measure(t, "stay", with({{"transition", std::string("rare")}})), 0, 0);
  EXPECT_THROW((void)request_metric("stay", with({{"transition", std::string("often")}})), Error);
}
TEST(AccuracyAt, TakesTheColumnByItsName) {
  Trials t = record(4);
  t.correct = {1, 0, 1, 1};
  t.signals["load"] = {3, 3, 2, 3};
  expect_sample(measure(t, "accuracy_at", with({{"column", std::string("load")}})), 2, 3);
  expect_sample(measure(t, "accuracy_at"), 0, 0);  // no set_size in this record
}
TEST(ReportLearningRate, IsOneForWhoJumpsToTheOutcomeAndHalfForWhoGoesHalfway) {
  for (const double rate : {1.0, 0.5}) {
    Trials t = record(6);
    t.outcome = {10, 250, 40, 90, 91, 5};
    t.report = {150};
    for (std::size_t k = 1; k < 6; ++k)
      t.report.push_back(t.report.back() + rate * (t.outcome[k - 1] - t.report.back()));
    const Sample s = measure(t, "report_learning_rate");
    EXPECT_NEAR(s.num / s.den, rate, 1e-12);
    EXPECT_EQ(measure(t, "report_learning_rate", with({{"threshold", 1e5}})).den, 0);
  }
}

std::vector<std::int32_t> ints(const Json& j) {
  return j.get<std::vector<std::int32_t>>();
}
std::vector<double> numbers(const Json& j) {
  return j.get<std::vector<double>>();
}

/// "name key=value key=value" as a request.
MetricRequest request(const std::string& text) {
  Settings s;
  std::size_t at = text.find(' ');
  const std::string name = text.substr(0, at);
  while (at != std::string::npos) {
    const std::size_t is = text.find('=', at);
    std::size_t end = text.find(' ', is);
    // "no reward" and "no response" hold a blank
    if (end != std::string::npos && text.find('=', end) == std::string::npos) end = std::string::npos;
    if (text.compare(is + 1, 3, "no ") == 0) end = text.find(' ', is + 4);
    const std::string value = text.substr(is + 1, end == std::string::npos ? end : end - is - 1);
    char* rest = nullptr;
    const double x = std::strtod(value.c_str(), &rest);
    s[text.substr(at + 1, is - at - 1)] = {*rest == 0 ? Value(x) : Value(value), {}};
    at = end;
  }
  return request_metric(name, s, name == "responding" ? "all" : "");  // its own blocks: the last
}
void expect_as_numpy(const Trials& t, const Json& expected) {
  ASSERT_FALSE(expected.empty());
  for (const auto& [text, pair] : expected.items()) {
    const MetricRequest r = request(text);
    const Sample s = evaluate(t, {&r, 1})[0][0];
    const double num = pair[0].get<double>();
    EXPECT_NEAR(s.num, num, 1e-10 * std::max(1.0, std::abs(num))) << text;
    EXPECT_NEAR(s.den, pair[1].get<double>(), 1e-10 * std::max(1.0, pair[1].get<double>())) << text;
  }
}

TEST(RuleMetrics, AgreeWithNumpyOnRandomRecords) {
  for (const auto& j : oracle()["rules"]) {
    const std::size_t n = j["block"].size();
    Trials t = record(n);
    t.layout = Layout::featured(2, {6});
    t.block = ints(j["block"]);
    t.choice = ints(j["choice"]);
    t.best = ints(j["best"]);
    t.old_best = ints(j["old_best"]);
    t.state = ints(j["state"]);
    t.correct = j["correct"].get<std::vector<std::int8_t>>();
    for (const char* name : {"set_size", "slot", "ne"}) t.signals[name] = numbers(j[name]);
    t.signals["outcome_value"] = std::vector<double>(n, 1.0);
    for (const auto& pair : j["letter"])
      for (const auto& letter : pair) t.feature.push_back(letter.get<std::int64_t>());
    expect_as_numpy(t, j["expected"]);
  }
}
TEST(RuleMetrics, ExploreAgreesWithNumpy) {
  for (const auto& j : oracle()["bandit"]) {
    Trials t = record(j["block"].size());
    t.layout = Layout::bandit(4);
    t.block = ints(j["block"]);
    t.choice = ints(j["choice"]);
    t.outcome = numbers(j["outcome"]);
    expect_as_numpy(t, j["expected"]);
  }
}
TEST(RuleMetrics, ReportsAgreeWithNumpy) {
  for (const auto& j : oracle()["inference"]) {
    Trials t = record(j["block"].size());
    t.block = ints(j["block"]);
    t.outcome = numbers(j["outcome"]);
    t.report = numbers(j["report"]);
    expect_as_numpy(t, j["expected"]);
  }
}
TEST(RuleMetrics, TwoStepAgreesWithNumpy) {
  for (const auto& j : oracle()["two_step"]) {
    const auto c1 = ints(j["c1"]), c2 = ints(j["c2"]), room = ints(j["room"]);
    const auto outcome = numbers(j["outcome"]);
    Trials t = record(0);
    const auto add = [&t](int stage, int choice, int state, double paid) {
      t.stage.push_back(stage);
      t.choice.push_back(choice);
      t.state.push_back(state);
      t.outcome.push_back(paid);
    };
    for (std::size_t k = 0; k < c1.size(); ++k) {
      add(0, c1[k], 0, kNaN);
      if (c1[k] >= 0) add(1, c2[k], room[k], c2[k] >= 0 ? outcome[k] : kNaN);
    }
    const std::size_t n = t.choice.size();
    t.first = {0, n};
    t.session = t.block = t.trial = std::vector<std::int32_t>(n, 0);
    t.best = t.old_best = t.condition = std::vector<std::int32_t>(n, -1);
    t.correct.assign(n, -1);
    t.rt_s.assign(n, kNaN);
    expect_as_numpy(t, j["expected"]);
  }
}
TEST(RuleMetrics, StayAgreesWithNumpyOnRealPeople) {
  const auto path = find_data("zorowitz2023_twostep");
  if (!path)
    GTEST_SKIP() << "data set zorowitz2023_twostep not found: set LABILE_DATA to the folder that holds it";
  const auto& o = oracle()["people"];
  const Trials t = read_trials(*path).trials;
  ASSERT_EQ(t.subjects.size(), o["subjects"].get<std::size_t>());
  for (const auto& [text, pair] : o["total"].items()) {
    const MetricRequest r = request(text);
    Sample sum;
    const auto samples = evaluate(t, {&r, 1})[0];
    for (const Sample& s : samples) {
      sum.num += s.num;
      sum.den += s.den;
    }
    EXPECT_NEAR(sum.num, pair[0].get<double>(), 1e-9) << text;
    EXPECT_EQ(sum.den, pair[1].get<double>()) << text;
  }
}

}  // namespace
}  // namespace labile
