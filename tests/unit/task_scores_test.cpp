/// What an oracle and a player at random earn, against theory; and the first decisions of each task, to read.
#include <gtest/gtest.h>

#include <cmath>

#include "core/random.hpp"
#include "task_player.hpp"

namespace labile {
namespace {

using Rows = std::vector<std::vector<PlayedRow>>;

/// Mean outcome over decisions that pay, and the standard error over lanes.
struct Mean {
  double value = 0, se = 0;
};
Mean mean_outcome(const Rows& rows) {
  double n = 0, sum = 0, square = 0;
  for (const auto& lane : rows) {
    double s = 0, k = 0;
    for (const auto& r : lane)
      if (!std::isnan(r.outcome)) {
        s += r.outcome;
        k += 1;
      }
    n += 1;
    sum += s / k;
    square += s / k * (s / k);
  }
  const double mean = sum / n;
  return {mean, std::sqrt((square / n - mean * mean) / n)};
}
int at_random(int lane, int decision, int options) {
  return static_cast<int>(Draw{99, Purpose::choice, static_cast<std::uint32_t>(lane)}.below(
      static_cast<std::uint32_t>(options), static_cast<std::uint32_t>(decision)));
}
/// Both within 4 standard errors over 500 lanes: a false alarm once in 16,000. `floor` where luck has none.
void expect_scores(const char* name, const Settings& s, double oracle, double chance, int lanes = 500) {
  const auto task = find_task(name).make(s, nullptr);
  const int options = task->info().layout.options;
  const Mean best = mean_outcome(play_by(*task, lanes, [](int, int, int b) { return b; }));
  const Mean any =
      mean_outcome(play_by(*task, lanes, [&](int i, int t, int) { return at_random(i, t, options); }));
  EXPECT_NEAR(best.value, oracle, 4 * best.se + 1e-12) << name << ", oracle";
  EXPECT_NEAR(any.value, chance, 4 * any.se + 1e-12) << name << ", chance";
}

TEST(Scores, OfReversalTasks) {
  expect_scores("bandit_reversal", settings({{"options", 3.0}, {"p_better", 0.7}, {"p_worse", 0.1}}), 0.7,
                (0.7 + 0.1 + 0.1) / 3);
  expect_scores("feature_reversal", settings({{"p_better", 0.8}}), 0.8, 0.5);
  expect_scores("feature_reversal", settings({{"p_better", 1.0}}), 1, 0.5);
}
TEST(Scores, OfTheVolatileBandit) {
  expect_scores("volatile_bandit", {}, (120 * 0.75 + 180 * 0.8) / 300, 0.5);
}
TEST(Scores, OfTheRestlessBandit) {
  // The larger of four independent normals is 1.0293753730 standard deviations above their mean.
  const double decay = 0.9836, step = 2.8;
  double variance = step * step, top = 0;
  for (int t = 0; t < 300; ++t) {
    top += std::sqrt(variance) * 1.0293753730 / 300;
    variance = decay * decay * variance + step * step;
  }
  expect_scores("restless_bandit", settings({{"low", -1e6}, {"high", 1e6}}), 50 + top, 50);
}
TEST(Scores, OfTheTwoStepTask) {
  // Probabilities that stay: uniform on [low, low + d]. The better room's better action is the largest of
  // four (4/5 d), the other room's 8/15 d; the better room comes in 7 of 10.
  expect_scores("two_step", settings({{"drift_sd", 0.0}, {"low", 0.2}, {"high", 0.8}, {"trials", 60.0}}),
                0.2 + 0.6 * (0.7 * 4 / 5 + 0.3 * 8 / 15), 0.5, 2000);
}
TEST(Scores, OfGoNogo) {
  expect_scores("go_nogo", {}, (0.8 - 0.2) / 2, 0);
  expect_scores("go_nogo", settings({{"p_good", 1.0}}), 0.5, 0);
}
TEST(Scores, OfRlWithWorkingMemory) {
  expect_scores("rl_working_memory", settings({{"set_sizes", std::vector<double>{2, 4, 6}}}), 1, 1.0 / 3);
  expect_scores("rl_working_memory",
                settings({{"set_sizes", std::vector<double>{3}}, {"p_right", 0.9}, {"p_wrong", 0.2}}), 0.9,
                (0.9 + 0.2 + 0.2) / 3);
}
TEST(Scores, OfPredictiveInference) {
  // Without spread the last outcome predicts the next but for jumps to anywhere: two uniforms differ by
  // 300^2 / 6 in the mean square, of which a jump's share is seen. Any report that ignores the outcomes and
  // is uniform pays the whole of it.
  const auto task = find_task("predictive_inference").make(settings({{"sigma", 0.0}}), nullptr);
  double square = 0, blind = 0, n = 0;
  const auto rows = play_by(*task, 1000, [](int, int, int) { return 0; });
  for (std::size_t lane = 0; lane < rows.size(); ++lane)
    for (std::size_t t = 1; t < rows[lane].size(); ++t) {
      const double now = rows[lane][t].outcome,
                   guess = 300 * Draw{3, Purpose::choice, static_cast<std::uint32_t>(lane)}.uniform(
                                     static_cast<std::uint32_t>(t));
      square += (now - rows[lane][t - 1].outcome) * (now - rows[lane][t - 1].outcome);
      blind += (now - guess) * (now - guess);
      n += 1;
    }
  // Spread of the square of a difference of uniforms: 300^4 (1/15 - 1/36); ten outcomes share a mean.
  const double se = 300.0 * 300 * std::sqrt(1 / 15.0 - 1 / 36.0) * std::sqrt(10 / n);
  EXPECT_NEAR(square / n, 0.1 * 15000, 4 * se);
  EXPECT_NEAR(blind / n, 15000, 4 * se);
}

/// First decisions of subject 0 at seed 5 who always takes the best option. A change here changes every
/// result.
void expect_trace(const char* name, const Settings& s, std::size_t first, const std::string& golden) {
  const auto task = find_task(name).make(s, nullptr);
  EXPECT_EQ(trace(play_by(*task, 4, [](int, int, int b) { return std::max(b, 0); })[0], first, 4), golden)
      << name;
}
TEST(GoldenTrace, OfEachTask) {
  expect_trace("bandit_reversal", {}, 58,
               "0.0 state 0 best 0 pays 0 0 | 0.0 state 0 best 0 pays 1 0 | 1.0 state 0 best 1 pays 0 1 | "
               "1.0 state 0 best 1 pays 1 1");
  expect_trace("feature_reversal", {}, 78,
               "0.0 state 0 best 0 pays 1 0 | 0.0 state 0 best 0 pays 1 0 | 1.0 state 0 best 1 pays 0 1 | "
               "1.0 state 0 best 0 pays 1 0");
  expect_trace(
      "volatile_bandit", settings({{"magnitudes", true}}), 118,
      "0.0 state 0 best 0 pays 1 0 shows 95 shows 5 | 0.0 state 0 best 0 pays 0 1 shows 1 shows 99 | 1.0 "
      "state 0 best 1 pays 0 1 shows 3 shows 97 | 1.0 state 0 best 1 pays 0 1 shows 40 shows 60");
  expect_trace("restless_bandit", {}, 0,
               "0.0 state 0 best 1 pays 41 51 34 35 | 0.0 state 0 best 1 pays 48 65 34 29 | 0.0 state 0 best "
               "1 pays 43 65 32 37 | 0.0 state 0 best 1 pays 46 59 30 32");
  expect_trace("two_step", {}, 0,
               "0.0 state 0 best 0 pays nan nan | 0.1 state 1 best 1 pays 1 0 | 0.0 state 0 best 0 pays nan "
               "nan | 0.1 state 2 best 0 pays 0 0");
  expect_trace("go_nogo", {}, 0,
               "0.0 state 2 best 0 pays 1 0 | 0.0 state 0 best 1 pays 0 1 | 0.0 state 2 best 0 pays 1 0 | "
               "0.0 state 1 best 1 pays -1 0");
  expect_trace("rl_working_memory", {}, 0,
               "0.0 state 4 best 2 pays 0 0 1 shows 6 | 0.0 state 5 best 1 pays 0 1 0 shows 6 | 0.0 state 4 "
               "best 2 pays 0 0 1 shows 6 | 0.0 state 2 best 0 pays 1 0 0 shows 6");
  expect_trace("predictive_inference", {}, 0,
               "0.0 state 0 best -1 pays 211.459 | 0.0 state 0 best -1 pays 224.174 | 0.0 state 0 best -1 "
               "pays 214.453 | 0.0 state 0 best -1 pays 221.053");
}

}  // namespace
}  // namespace labile
