#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "tasks/catalogue.hpp"

namespace labile {
namespace {

struct Row {
  int trial, block, best, old_best, choice;
  double outcome;
  std::vector<double> would_pay;
};

/// Plays the same choice function for every lane and returns lane 0's .. lane n-1's rows.
template <class F>
std::vector<std::vector<Row>> play(Task& task, int lanes, F choose, std::uint64_t seed = 5) {
  std::vector<std::uint32_t> entity(lanes);
  std::iota(entity.begin(), entity.end(), 0u);
  task.begin({seed, entity, lanes});
  std::vector<std::int32_t> choice(lanes);
  std::vector<double> rt(lanes, kNaN), report(lanes, kNaN);
  std::vector<std::vector<Row>> rows(lanes);
  Phase ph;
  while (task.next(ph)) {
    const auto at = task.position();
    if (ph.awaits_action) {
      for (int i = 0; i < lanes; ++i) choice[i] = choose(i, ph.trial, at.best[i]);
      task.take({choice, rt, report});
    }
    if (ph.kind == PhaseKind::outcome)
      for (int i = 0; i < lanes; ++i) {
        if (!ph.live[i]) continue;
        Row r{ph.trial, at.block[i], at.best[i], at.old_best[i], choice[i], ph.outcome[i], {}};
        for (int o = 0; o < ph.layout->options; ++o) r.would_pay.push_back(at.would_pay[o * lanes + i]);
        rows[i].push_back(r);
      }
  }
  return rows;
}

Settings with(std::initializer_list<std::pair<const char*, Value>> list) {
  Settings s;
  for (const auto& [k, v] : list) s[k] = {v, Where{"card", 1, 1, k}};
  return s;
}

TEST(EveryTask, HasPhasesInOrderAndFinishes) {
  for (const auto& entry : all_tasks()) {
    const auto task = entry.make({}, nullptr);
    const auto rows = play(*task, 4, [](int, int, int best) { return best; });
    EXPECT_EQ(static_cast<int>(rows[0].size()), task->info().max_trials) << entry.info.name;
    for (const auto& r : rows[0]) EXPECT_EQ(r.outcome, r.would_pay[r.choice]);
  }
}

TEST(EveryTask, GivesTheSameLuckWhateverIsChosen) {
  for (const auto& entry : all_tasks()) {
    const auto a = entry.make({}, nullptr), b = entry.make({}, nullptr);
    const auto x = play(*a, 4, [](int, int, int) { return 0; });
    const auto y = play(*b, 4, [](int, int t, int) { return t % 2; });
    for (std::size_t t = 0; t < x[0].size(); ++t)
      EXPECT_EQ(x[0][t].would_pay, y[0][t].would_pay) << entry.info.name;
    const auto z = play(
        *a, 4, [](int, int, int) { return 0; }, 6);
    int same = 0;
    for (std::size_t t = 0; t < x[0].size(); ++t) same += x[0][t].would_pay == z[0][t].would_pay;
    EXPECT_LT(same, static_cast<int>(x[0].size())) << entry.info.name << ": another seed, the same luck";
  }
}

TEST(EveryTask, PaysAsOftenAsItSays) {
  // 4 standard errors over more than 1e5 trials: a false alarm once in 16,000.
  const auto task = find_task("bandit_reversal")
                        .make(with({{"options", 3.0},
                                    {"p_better", 0.7},
                                    {"p_worse", 0.2},
                                    {"blocks", std::vector<double>{500, 500}}}),
                              nullptr);
  const auto rows = play(*task, 128, [](int, int, int) { return 0; });
  double better = 0, worse = 0, n = 0;
  for (const auto& lane : rows)
    for (const auto& r : lane) {
      ++n;
      better += r.would_pay[r.best];
      worse += r.would_pay[(r.best + 1) % 3];
    }
  EXPECT_NEAR(better / n, 0.7, 4 * std::sqrt(0.21 / n));
  EXPECT_NEAR(worse / n, 0.2, 4 * std::sqrt(0.16 / n));
}

TEST(FeatureReversal, TheGoodFeatureReversesWhereBlocksDo) {
  const auto task =
      find_task("feature_reversal").make(with({{"blocks", std::vector<double>{30, 20}}}), nullptr);
  const auto rows = play(*task, 8, [](int, int, int best) { return best; });
  for (const auto& lane : rows) {
    ASSERT_EQ(lane.size(), 50u);
    int zero = 0;
    for (const auto& r : lane) {
      EXPECT_EQ(r.block, r.trial < 30 ? 0 : 1);
      EXPECT_EQ(r.outcome, 1) << "p = 1: the best option always pays";
      EXPECT_EQ(r.would_pay[1 - r.best], 0);
      EXPECT_EQ(r.old_best, r.block == 0 ? -1 : 1 - r.best);
      zero += r.best == 0;
    }
    EXPECT_GT(zero, 5);
    EXPECT_LT(zero, 45) << "which option is good is random";
  }
}

TEST(BanditReversal, TheBetterOptionMovesToAnotherAtEachReversal) {
  const auto task = find_task("bandit_reversal")
                        .make(with({{"options", 3.0}, {"blocks", std::vector<double>(40, 5.0)}}), nullptr);
  const auto rows = play(*task, 64, [](int, int, int best) { return best; });
  std::map<int, int> next;
  for (const auto& lane : rows)
    for (std::size_t t = 1; t < lane.size(); ++t)
      if (lane[t].block != lane[t - 1].block) {
        EXPECT_NE(lane[t].best, lane[t - 1].best);
        EXPECT_EQ(lane[t].old_best, lane[t - 1].best);
        ++next[(lane[t].best - lane[t - 1].best + 3) % 3];
      }
  EXPECT_NEAR(next[1], next[2], 4 * std::sqrt(64.0 * 39));
}

TEST(BanditReversal, ACriterionEndsABlockEarly) {
  const auto task =
      find_task("bandit_reversal")
          .make(with({{"criterion", 8.0}, {"blocks", std::vector<double>{100, 100, 100}}}), nullptr);
  const auto rows = play(*task, 4, [](int, int, int best) { return best; });
  EXPECT_EQ(rows[0].size(), 24u);
  const auto never = play(*task, 4, [](int, int, int best) { return 1 - best; });
  EXPECT_EQ(never[0].size(), 300u);
}

TEST(BanditReversal, FollowsTheScheduleOfAPerson) {
  Schedule s{{{2, 2, 0}, {1, 1, 1, 0}}, {{1, 1, 2}, {1, 1, 2, 3}}, 3, "people.csv"};
  const auto task = find_task("bandit_reversal").make({}, &s);
  const auto rows = play(*task, 4, [](int, int, int best) { return best; });
  ASSERT_EQ(rows[0].size(), 3u);
  ASSERT_EQ(rows[1].size(), 4u);
  EXPECT_EQ(rows[0][2].best, 0);
  EXPECT_EQ(rows[1][2].block, 1);
  EXPECT_EQ(rows[1][3].best, 0);
}

TEST(Tasks, RefuseWhatCannotBe) {
  const auto& bandit = find_task("bandit_reversal");
  EXPECT_THROW((void)bandit.make(with({{"p_better", 0.2}, {"p_worse", 0.8}}), nullptr), Error);
  EXPECT_THROW((void)bandit.make(with({{"options", 99.0}}), nullptr), Error);
  EXPECT_THROW(
      (void)find_task("feature_reversal").make(with({{"relevant", std::vector<double>{5}}}), nullptr), Error);
  EXPECT_THROW((void)find_task("bandit_reversall"), Error);
}

}  // namespace
}  // namespace labile
