#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "tasks/catalogue.hpp"

namespace labile {
namespace {

struct Row {
  int trial, block, best, old_best, choice;
  double outcome;
  std::vector<double> would_pay;
  int state = 0, stage = 0;
  bool fresh = false;
  std::vector<double> input = {};
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
        r.state = ph.state.empty() ? 0 : ph.state[i];
        r.stage = ph.stage;
        r.fresh = ph.fresh[i];
        for (std::size_t k = 0; k < task.info().inputs.size(); ++k)
          r.input.push_back(ph.input[k * lanes + i]);
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

/// Tasks whose course depends on what is chosen: they may end early, and another player is elsewhere at the
/// same trial. Their own tests compare luck where players are at the same place.
bool follows_choices(const TaskEntry& entry) {
  static const std::set<std::string> names{"two_step", "set_shifting", "card_sorting", "devaluation",
                                           "probabilistic_selection"};
  return names.contains(entry.info.name);
}

TEST(EveryTask, HasPhasesInOrderAndFinishes) {
  for (const auto& entry : all_tasks()) {
    const auto task = entry.make({}, nullptr);
    const auto rows = play(*task, 4, [](int, int, int best) { return std::max(best, 0); });
    const int most = task->info().max_trials, n = static_cast<int>(rows[0].size());
    EXPECT_GT(n, 0) << entry.info.name;
    EXPECT_LE(n, most) << entry.info.name;
    if (!follows_choices(entry)) {
      EXPECT_EQ(n, most) << entry.info.name;
    }
    for (const auto& r : rows[0]) {
      if (std::isnan(r.would_pay[r.choice])) continue;  // a first decision of two
      EXPECT_EQ(r.outcome, r.would_pay[r.choice]);
    }
  }
}

TEST(EveryTask, GivesTheSameLuckWhateverIsChosen) {
  for (const auto& entry : all_tasks()) {
    if (follows_choices(entry)) continue;
    Settings chancy;  // where outcomes are certain by default
    for (const auto& p : entry.params)
      if (p.name == "p_outcome") chancy = with({{"p_outcome", 0.5}});
    const auto a = entry.make(chancy, nullptr), b = entry.make(chancy, nullptr);
    const auto x = play(*a, 4, [](int, int, int) { return 0; });
    const int options = a->info().layout.options;
    const auto y = play(*b, 4, [&](int, int t, int) { return t % options; });
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

/// Within 4 standard errors of p: a false alarm once in 16,000.
void expect_share(double hits, double n, double p, const char* what) {
  EXPECT_NEAR(hits / n, p, 4 * std::sqrt(p * (1 - p) / n)) << what << " of " << n;
}

TEST(VolatileBandit, OneOptionPaysAndTheBetterOneMovesAsThePhasesSay) {
  const auto task =
      find_task("volatile_bandit").make(with({{"order", std::string("counterbalanced")}}), nullptr);
  ASSERT_EQ(task->info().max_trials, 300);
  const auto rows = play(*task, 512, [](int, int, int best) { return best; });
  double stable = 0, stable_n = 0, quick = 0, quick_n = 0;
  for (std::size_t lane = 0; lane < rows.size(); ++lane) {
    const bool late = lane % 2 == 1;  // odd subjects meet the volatile phase first
    for (std::size_t t = 0; t < rows[lane].size(); ++t) {
      const Row& r = rows[lane][t];
      EXPECT_EQ(r.would_pay[0] + r.would_pay[1], 1);
      const bool in_stable = late ? t >= 180 : t < 120;
      (in_stable ? stable : quick) += r.outcome;
      (in_stable ? stable_n : quick_n) += 1;
      if (t == 0) continue;
      const std::vector<std::size_t> even{120, 160, 200, 230, 260}, odd{40, 80, 110, 140, 180};
      const auto& changes = late ? odd : even;
      const bool change = std::find(changes.begin(), changes.end(), t) != changes.end();
      EXPECT_EQ(r.best != rows[lane][t - 1].best, change) << lane << " " << t;
    }
  }
  expect_share(stable, stable_n, 0.75, "stable");
  expect_share(quick, quick_n, 0.8, "volatile");
}
TEST(VolatileBandit, ShowsMagnitudesThatAddToAHundred) {
  const auto task = find_task("volatile_bandit").make(with({{"magnitudes", true}}), nullptr);
  double sum = 0, n = 0;
  for (const auto& lane : play(*task, 64, [](int, int, int) { return 0; }))
    for (const Row& r : lane) {
      EXPECT_EQ(r.input.at(0) + r.input.at(1), 100);
      EXPECT_GE(r.input[0], 1);
      EXPECT_LE(r.input[0], 99);
      sum += r.input[0];
      n += 1;
    }
  EXPECT_NEAR(sum / n, 50, 4 * std::sqrt((99.0 * 99 - 1) / 12 / n));
}

TEST(RestlessBandit, WalksWithTheSpreadAndMemoryOfTheClosedForm) {
  // No noise of payoffs and no clipping: payoffs are the means, rounded. Variance drift^2 / (1 - decay^2),
  // correlation decay between neighbors. 2000 walks; standard errors by walks.
  const auto task =
      find_task("restless_bandit")
          .make(
              with({{"payoff_sd", 0.0}, {"drift_sd", 280.0}, {"low", -1e6}, {"high", 1e6}, {"trials", 60.0}}),
              nullptr);
  const auto rows = play(*task, 500, [](int, int, int best) { return best; });
  const double decay = 0.9836, variance = 280.0 * 280 / (1 - decay * decay);
  double first = 0, last = 0, product = 0, n = 0, chosen = 0;
  for (const auto& lane : rows) {
    for (std::size_t o = 0; o < 4; ++o) {
      const double a = lane[0].would_pay[o] - 50, b = lane[59].would_pay[o] - 50,
                   c = lane[58].would_pay[o] - 50;
      first += a * a;
      last += b * b;
      product += b * c;
      n += 1;
    }
    for (const Row& r : lane)
      chosen += r.outcome >= *std::max_element(r.would_pay.begin(), r.would_pay.end());
  }
  const double se = variance * std::sqrt(2 / n);
  EXPECT_NEAR(first / n, variance, 4 * se);
  EXPECT_NEAR(last / n, variance, 4 * se);
  EXPECT_NEAR(product / last, decay, 4 * std::sqrt((1 - decay * decay) / n));
  EXPECT_EQ(chosen, 500 * 60) << "the best option is that of the largest mean";
}
TEST(RestlessBandit, PaysAroundItsMeansWithinItsBounds) {
  const auto task = find_task("restless_bandit").make(with({{"drift_sd", 0.0}, {"start_sd", 0.0}}), nullptr);
  double sum = 0, square = 0, n = 0;
  for (const auto& lane : play(*task, 100, [](int, int, int) { return 0; }))
    for (const Row& r : lane) {
      EXPECT_EQ(r.outcome, std::round(r.outcome));
      sum += r.outcome - 50;
      square += (r.outcome - 50) * (r.outcome - 50);
      n += 1;
    }
  EXPECT_NEAR(sum / n, 0, 4 * 4 / std::sqrt(n));
  EXPECT_NEAR(square / n, 16 + 1.0 / 12, 4 * 16 * std::sqrt(2 / n));  // rounding adds a twelfth
}

TEST(TwoStep, LeadsWhereItSaysAndPaysByRoomAndAction) {
  const auto task = find_task("two_step").make(with({{"trials", 200.0}}), nullptr);
  const auto a = play(*task, 300, [](int, int t, int) { return t % 3 == 0 ? 1 : 0; });
  const auto b = play(*task, 300, [](int, int, int) { return 1; });
  double common = 0, n = 0;
  for (std::size_t lane = 0; lane < a.size(); ++lane) {
    ASSERT_EQ(a[lane].size(), 400u);
    for (std::size_t t = 0; t < 400; t += 2) {
      const Row &one = a[lane][t], &two = a[lane][t + 1];
      EXPECT_EQ(one.stage, 0);
      EXPECT_EQ(two.stage, 1);
      EXPECT_EQ(one.state, 0);
      EXPECT_TRUE(std::isnan(one.outcome));
      ASSERT_TRUE(two.state == 1 || two.state == 2);
      const bool is_common = two.state == 1 + one.choice;
      common += is_common;
      n += 1;
      // Another player: the same kind of transition, and in the same room the same luck.
      EXPECT_EQ(b[lane][t + 1].state == 2, is_common);
      if (b[lane][t + 1].state != two.state) continue;
      EXPECT_EQ(b[lane][t + 1].would_pay, two.would_pay);
    }
  }
  expect_share(common, n, 0.7, "common transitions");
}
TEST(TwoStep, ProbabilitiesWanderWithinTheirBounds) {
  // At rest: every room and action keeps its first probability, uniform on [low, high]: mean payoff one half.
  const auto task =
      find_task("two_step").make(with({{"drift_sd", 0.0}, {"low", 0.2}, {"high", 0.8}}), nullptr);
  double paid = 0, best = 0, n = 0;
  for (const auto& lane : play(*task, 400, [](int, int t, int best_now) { return t % 2 ? best_now : 0; }))
    for (const Row& r : lane) {
      if (r.stage == 0) continue;
      paid += (r.would_pay[0] + r.would_pay[1]) / 2;
      best += r.outcome;
      n += 1;
    }
  // Of two uniforms the larger has the mean low + 2/3 (high - low). Spread between 800 rooms dominates.
  EXPECT_NEAR(paid / n, 0.5, 4 * std::sqrt((0.36 / 12 / 2) / 800));
  EXPECT_NEAR(best / n, 0.6, 4 * std::sqrt((0.36 / 18) / 800));
}
TEST(TwoStep, AMissedFirstDecisionHasNoSecond) {
  const auto task = find_task("two_step").make(with({{"trials", 10.0}}), nullptr);
  const auto rows = play(*task, 4, [](int, int t, int) { return t == 4 ? -1 : 0; });
  for (const auto& lane : rows) EXPECT_EQ(lane.size(), 19u);
}

TEST(GoNogo, PaysTheRightActionForItsCue) {
  const auto task = find_task("go_nogo").make({}, nullptr);
  std::map<int, double> shown, good;
  for (const auto& lane : play(*task, 256, [](int, int, int best) { return best; }))
    for (const Row& r : lane) {
      const bool win = r.state % 2 == 0;
      EXPECT_EQ(r.best, r.state < 2 ? 1 : 0);
      EXPECT_TRUE(win ? r.outcome == 1 || r.outcome == 0 : r.outcome == -1 || r.outcome == 0);
      EXPECT_EQ(r.would_pay[0] + r.would_pay[1], win ? 1 : -1);
      shown[r.state] += 1;
      good[r.state] += r.outcome == (win ? 1 : 0);
    }
  for (int cue = 0; cue < 4; ++cue) {
    EXPECT_EQ(shown[cue], 256 * 60);
    expect_share(good[cue], shown[cue], 0.8, "good outcomes");
  }
}

TEST(RlWorkingMemory, ShowsEachStimulusAsOftenAndStartsAfreshWithBlocks) {
  const auto task =
      find_task("rl_working_memory").make(with({{"set_sizes", std::vector<double>{2, 6, 3}}}), nullptr);
  ASSERT_EQ(task->info().max_trials, 11 * 12);
  std::map<int, int> actions;
  for (const auto& lane : play(*task, 200, [](int, int, int best) { return best; })) {
    std::map<std::pair<int, int>, int> count;
    std::map<std::pair<int, int>, std::set<int>> right;
    for (const Row& r : lane) {
      EXPECT_EQ(r.outcome, 1);
      EXPECT_EQ(std::accumulate(r.would_pay.begin(), r.would_pay.end(), 0.0), 1) << "one action is right";
      EXPECT_EQ(r.fresh, r.trial == 0 || r.trial == 24 || r.trial == 96) << r.trial;
      EXPECT_EQ(r.input.at(0), r.block == 0 ? 2 : r.block == 1 ? 6 : 3);
      ++count[{r.block, r.state}];
      right[{r.block, r.state}].insert(r.best);
    }
    EXPECT_EQ(count.size(), 11u);
    for (const auto& [stimulus, n] : count) EXPECT_EQ(n, 12);
    for (const auto& [stimulus, set] : right) {
      EXPECT_EQ(set.size(), 1u);
      ++actions[*set.begin()];
    }
  }
  for (int a = 0; a < 3; ++a) expect_share(actions[a], 2200, 1 / 3.0, "actions");
}

TEST(PredictiveInference, JumpsAsOftenAsItSaysAndStaysAroundItsMean) {
  const auto task =
      find_task("predictive_inference").make(with({{"trials", 400.0}, {"sigma", 1.0}}), nullptr);
  double changes = 0, n = 0, square = 0, pairs = 0;
  for (const auto& lane : play(*task, 300, [](int, int, int) { return 0; }))
    for (std::size_t t = 1; t < lane.size(); ++t) {
      n += 1;
      const bool changed = lane[t].block != lane[t - 1].block;
      changes += changed;
      const double a = lane[t].outcome, b = lane[t - 1].outcome;
      EXPECT_GE(a, 0);
      EXPECT_LE(a, 300);
      if (changed || std::min(a, b) < 40 || std::max(a, b) > 260) continue;
      square += (a - b) * (a - b);  // two draws around one mean, away from the edges: 2 sigma^2
      pairs += 1;
    }
  expect_share(changes, n, 0.1, "changes");
  EXPECT_NEAR(square / pairs, 2, 4 * 2 * std::sqrt(3 / pairs));  // neighbors share a draw
}
TEST(PredictiveInference, OutcomesComeWithoutAnAnswerToo) {
  const auto task = find_task("predictive_inference").make(with({{"trials", 5.0}}), nullptr);
  for (const auto& lane : play(*task, 4, [](int, int, int) { return -1; }))
    for (const Row& r : lane) EXPECT_EQ(r.outcome, r.would_pay[0]);
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
