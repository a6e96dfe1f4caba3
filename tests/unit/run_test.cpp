#include "run/run.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "learners/catalogue.hpp"
#include "record/select.hpp"
#include "run/curves.hpp"
#include "run/judge.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

constexpr const char* kCard = R"(
title = "test"
seed = 3
subjects = 150
metrics = ["switch_lag", "late_accuracy", "credit_precision"]
[task]
name = "feature_reversal"
blocks = [40, 40]
[[agent]]
model = "flex"
[[manipulation]]
condition = "NE lesion"
op = "lesion"
target = "ne.release"
amount = 0.9
at = "reversal"
[[prediction]]
claim = "later switch"
metric = "switch_lag"
contrast = ["NE lesion", "intact"]
relation = "ratio >= 1.1"
)";

std::string without_clock(const RunResult& r) {
  const std::string j = results_json(r);
  return j.substr(0, j.find("\"manifest\""));
}

RunOptions on(int threads) {
  RunOptions o;
  o.threads = threads;
  return o;
}

TEST(Run, GivesTheSameBitsForAnyNumberOfThreads) {
  const Card card = parse_card(kCard, "card.toml");
  const auto one = without_clock(run_card(card, on(1)));
  EXPECT_EQ(one, without_clock(run_card(card, on(2))));
  EXPECT_EQ(one, without_clock(run_card(card, on(4))));
  EXPECT_NE(one, without_clock(run_card(parse_card(kCard, "card.toml", {{"seed", "4"}}), on(1))));
}

Trials simulated(const std::string& learner, Settings task, std::vector<Manipulation> list, int first = 0,
                 int count = 8) {
  Simulation s;
  s.make_task = find_task("feature_reversal").make;
  s.task_settings = std::move(task);
  s.make_agent = find_learner(learner).make;
  s.manipulations = std::move(list);
  s.seed = 9;
  return simulate(s, first, count);
}

TEST(Simulate, ASubjectDoesNotDependOnItsNeighbors) {
  const auto all = simulated("flex", {}, {}, 0, 64), some = simulated("flex", {}, {}, 37, 5);
  for (std::size_t r = some.first[0]; r < some.first[1]; ++r) {
    EXPECT_EQ(some.choice[r], all.choice[all.first[37] + r]);
    EXPECT_EQ(some.signals.at("delta")[r], all.signals.at("delta")[all.first[37] + r]);
  }
}

TEST(Simulate, RecordsOfPartsJoinedAreThatOfAll) {
  const auto all = simulated("flex", {}, {}, 0, 10);
  const std::vector<Trials> parts{simulated("flex", {}, {}, 0, 4), simulated("flex", {}, {}, 4, 6)};
  const Trials whole = joined(parts);
  EXPECT_EQ(whole.subjects, all.subjects);
  EXPECT_EQ(whole.first, all.first);
  EXPECT_EQ(whole.choice, all.choice);
  EXPECT_EQ(whole.block, all.block);
  EXPECT_EQ(whole.best, all.best);
  EXPECT_EQ(whole.outcome, all.outcome);
  EXPECT_EQ(whole.feature, all.feature);
  EXPECT_EQ(whole.state, all.state);
  ASSERT_EQ(whole.signals.size(), all.signals.size());
  EXPECT_EQ(whole.signals.at("belief"), all.signals.at("belief"));
}

TEST(Simulate, NothingChangesBeforeAManipulationBegins) {
  Manipulation m;
  m.target = "da.release";
  m.amount = 0.1;
  m.at = "reversal";
  const auto intact = simulated("flex", {}, {}), lesioned = simulated("flex", {}, {m});
  bool differs = false;
  for (std::size_t r = 0; r < intact.rows(); ++r) {
    if (intact.block[r] == 0) {
      EXPECT_EQ(intact.signals.at("da")[r], lesioned.signals.at("da")[r]);
    } else if (intact.trial[r] == 80) {
      EXPECT_NEAR(lesioned.signals.at("da")[r], 0.1 * intact.signals.at("da")[r], 1e-12);
      differs = true;
    }
  }
  EXPECT_TRUE(differs);
}

TEST(Simulate, AManipulationCanBeginAtATime) {
  Manipulation m;
  m.target = "da.release";
  m.amount = 0;
  m.at = "";
  m.time_ms = 100000;
  const auto t = simulated("flex", {}, {m});
  // A trial lasts 500 + 2000 + 250 ms and an interval of mean 2000 ms, so 100 s end at about trial 21.
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
    std::size_t onset = t.first[s];
    while (t.signals.at("da")[onset] != 0) ++onset;
    EXPECT_GT(onset - t.first[s], 12u);
    EXPECT_LT(onset - t.first[s], 37u);
    for (std::size_t r = onset; r < t.first[s + 1]; ++r) EXPECT_EQ(t.signals.at("da")[r], 0);
  }
  const std::string card = std::string(kCard) +
                           "[[manipulation]]\ncondition = \"late\"\nop = \"scale\"\n"
                           "target = \"da.release\"\namount = 0.5\ntime = \"100 s\"\n";
  EXPECT_EQ(parse_card(card, "c").conditions.back().manipulations[0].time_ms, 100000);
  EXPECT_EQ(canonical_text(parse_card(canonical_text(parse_card(card, "c")), "c")),
            canonical_text(parse_card(card, "c")));
}

TEST(Simulate, TheSameTaskFilesDriveAnAgentInContinuousTime) {
  const auto t = simulated("leaky_competing_accumulator", {}, {});
  int answered = 0;
  for (std::size_t r = 0; r < t.rows(); ++r) {
    if (t.choice[r] < 0) continue;
    ++answered;
    EXPECT_GT(t.rt_s[r], 0);
    EXPECT_LE(t.rt_s[r], 2.0);
  }
  EXPECT_GT(answered, static_cast<int>(t.rows()) / 2);
}

/// The first task that the agent can play.
const TaskEntry& playable(const LearnerEntry& e) {
  for (const auto& task : all_tasks())
    if (can_play(e, task.make({}, nullptr)->info())) return task;
  throw Bug(std::string("no task for ") + e.info.name);
}

TEST(Simulate, EveryAgentHasEveryHandleItDeclares) {
  for (const auto& e : all_learners()) {
    Simulation s;
    s.make_task = playable(e).make;
    s.make_agent = e.make;
    s.seed = 3;
    s.record = false;
    const auto agent = e.make({});
    for (const auto& h : agent->handles()) {
      if (h.ops.empty() || h.ops[0] == Effect::reset_fraction) continue;
      Manipulation m;
      m.op = h.ops[0] == Effect::scale ? Manipulation::Op::scale : Manipulation::Op::set;
      m.target = h.name;
      m.amount = m.op == Manipulation::Op::scale ? 1 : std::clamp(0.0, h.bounds.lo, h.bounds.hi);
      s.manipulations = {m};
      EXPECT_NO_THROW((void)simulate(s, 0, 4)) << e.info.name << ": " << h.name;
    }
  }
}

TEST(Simulate, RefusesAHandleNobodyHasByName) {
  Manipulation m;
  m.target = "da.realease";
  try {
    (void)simulated("flex", {}, {m});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("did you mean 'da.release'"), std::string::npos);
  }
}

TEST(Curves, ANewSessionIsNoRuleChange) {
  Trials t;
  t.layout = Layout::bandit(2);
  t.subjects = {"a"};
  t.first = {0, 8};
  t.session = {0, 0, 0, 0, 1, 1, 1, 1};
  t.block = {0, 0, 1, 1, 1, 1, 2, 2};
  t.correct = {1, 1, 0, 0, 1, 1, 0, 1};
  t.choice.assign(8, 0);
  CurveSum sum(2, 3);
  sum.add(t);
  const auto c = sum.curves().at(0);
  EXPECT_EQ(c.x, (std::vector<int>{-2, -1, 0, 1}));
  EXPECT_EQ(c.mean, (std::vector<double>{1, 1, 0, 0.5})) << "two changes, at rows 2 and 6, none at row 4";
}

TEST(Card, RefusesASettingThatEveryVariantUndoes) {
  const std::string card = std::string(kCard) + "[[variant]]\nname = \"p\"\ntask = { p_better = 0.9 }\n";
  EXPECT_THROW((void)parse_card(card, "c", {{"task.p_better", "0.7"}}), Error);
  EXPECT_EQ(
      std::get<double>(
          parse_card(card, "c", {{"variant.0.task.p_better", "0.7"}}).variants[0].task.at("p_better").value),
      0.7);
}

TEST(Verdict, FollowsTheWholeInterval) {
  Prediction p;
  p.bound = 1.6;
  EXPECT_EQ(verdict(p, {2, 1.7, 2.3, 10}), "supported");
  EXPECT_EQ(verdict(p, {2, 1.5, 2.3, 10}), "undecided");
  EXPECT_EQ(verdict(p, {1.2, 1.1, 1.3, 10}), "refuted");
  EXPECT_EQ(verdict(p, {}), "not run");
  EXPECT_EQ(verdict(p, {2, 2, 2, 1}), "undecided") << "one subject";
  EXPECT_EQ(verdict(p, {kInf, 2, kInf, 10}), "undecided") << "the control is zero";
  p.relation = Prediction::Relation::within;
  p.bound = 0.05;
  EXPECT_EQ(verdict(p, {1.01, 0.96, 1.04, 10}), "supported");
  EXPECT_EQ(verdict(p, {1.2, 1.1, 1.3, 10}), "refuted");
}

}  // namespace
}  // namespace labile
