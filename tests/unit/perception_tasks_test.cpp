/// Random dots, the Posner task and sustained attention: probabilities, theory of ideal players, golden
/// traces.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/normal.hpp"
#include "learners/catalogue.hpp"
#include "metrics/evaluate.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

Settings with(std::initializer_list<std::pair<const char*, Value>> list) {
  Settings s;
  for (const auto& [k, v] : list) s[k] = {v, {}};
  return s;
}
struct Row {
  int trial, block, best, old_best, right;
  std::vector<double> would_pay, input;
};
/// Every lane's trials; `choose(row)` gives the choice.
template <class F>
std::vector<std::vector<Row>> play(const char* name, int lanes, Settings settings, F choose,
                                   double* score = nullptr, std::uint64_t seed = 5) {
  const auto task = find_task(name).make(settings, nullptr);
  std::vector<std::uint32_t> entity(static_cast<std::size_t>(lanes));
  std::iota(entity.begin(), entity.end(), 0u);
  task->begin({seed, entity, lanes});
  const auto n = entity.size(), options = static_cast<std::size_t>(task->info().layout.options);
  std::vector<std::int32_t> choice(n);
  std::vector<double> rt(n, kNaN), report(n, kNaN);
  std::vector<std::vector<Row>> rows(n);
  double paid = 0, trials = 0;
  Phase ph;
  while (task->next(ph)) {
    const auto at = task->position();
    if (ph.awaits_action) {
      for (std::size_t i = 0; i < n; ++i) {
        Row r{ph.trial, at.block[i], at.best[i], at.old_best[i], -1, {}, {}};
        for (std::size_t o = 0; o < options; ++o) r.would_pay.push_back(at.would_pay[o * n + i]);
        for (std::size_t k = 0; k < task->info().inputs.size(); ++k) r.input.push_back(ph.input[k * n + i]);
        EXPECT_TRUE(ph.right.empty()) << "nothing is told before the choice";
        choice[i] = choose(r);
        rows[i].push_back(r);
      }
      task->take({choice, rt, report});
    }
    if (ph.kind == PhaseKind::outcome)
      for (std::size_t i = 0; i < n; ++i) {
        rows[i].back().right = ph.right[i];
        paid += ph.outcome[i];
        trials += 1;
      }
  }
  if (score) *score = paid / trials;
  return rows;
}
void expect_share(double hits, double n, double p, const char* what) {
  EXPECT_NEAR(hits / n, p, 4 * std::sqrt(p * (1 - p) / n)) << what << " of " << n;
}

TEST(RandomDots, BalancesSidesAndLevels) {
  double coin = 0, zeros = 0, score = 0;
  const auto rows = play(
      "random_dots", 256, {}, [](const Row& r) { return r.input[0] > 0 ? 1 : 0; }, &score);
  for (const auto& lane : rows) {
    ASSERT_EQ(lane.size(), 900u);
    std::map<double, int> count;
    for (const auto& r : lane) {
      ++count[r.input[0]];
      EXPECT_EQ(r.would_pay[0] + r.would_pay[1], 1);
      EXPECT_EQ(r.right, r.best);
      if (r.input[0] != 0) {
        EXPECT_EQ(r.right, r.input[0] > 0);
      } else {
        coin += r.right;
        zeros += 1;
      }
    }
    for (const auto& [c, n] : count) EXPECT_EQ(n, c == 0 ? 150 : 75) << c;
  }
  expect_share(coin, zeros, .5, "right at coherence 0");
  // Who sees the sign is always right but for a sixth of coin tosses.
  EXPECT_NEAR(score, 5.5 / 6, 4 * std::sqrt(.25 / 6 / 6 / (256 * 150)));
  play(
      "random_dots", 256, {}, [](const Row& r) { return r.trial % 2; }, &score);
  EXPECT_NEAR(score, .5, 4 * std::sqrt(.25 / (256 * 900)));
}

TEST(Posner, ACuePointsAtTheTargetAsOftenAsItsBlockSays) {
  // One validity at a time: the predictive cue is that with which best agrees on a whole block.
  for (const double gamma : {.98, .7}) {
    double score = 0, predictor = 0, valid = 0, others = 0, n = 0, pairs = 0;
    const auto settings =
        with({{"validities", std::vector<double>{gamma}}, {"cues", 4.0}, {"length", 200.0}});
    const auto rows = play(
        "posner", 128, settings, [](const Row& r) { return r.input[4] > .5 ? 1 : 0; }, &score);
    EXPECT_EQ(score, 1) << "reporting the target";
    for (const auto& lane : rows) {
      std::size_t before = 9;
      for (std::size_t start = 0; start < lane.size(); start += 200) {
        std::set<std::size_t> agree{0, 1, 2, 3};
        for (std::size_t t = start; t < start + 200; ++t) {
          const Row& r = lane[t];
          EXPECT_EQ(r.block, static_cast<int>(start / 200));
          EXPECT_EQ(r.right, r.input[4]);
          std::erase_if(agree, [&](std::size_t k) { return (r.input[k] > 0) != (r.best == 1); });
          valid += r.best == r.right;
          n += 1;
          if (start > 0) {
            EXPECT_EQ(r.old_best, r.input[before] > 0);
          }
        }
        ASSERT_EQ(agree.size(), 1u);
        EXPECT_NE(*agree.begin(), before) << "another cue takes over";
        before = *agree.begin();
        for (std::size_t t = start; t < start + 200; ++t)
          for (std::size_t k = 0; k < 4; ++k)
            if (k != before) {
              others += (lane[t].input[k] > 0) == (lane[t].right == 1);
              pairs += 1;
            }
      }
    }
    expect_share(valid, n, gamma, "valid trials");
    expect_share(others, pairs, .5, "other cues at the target");
    auto predict = settings;
    predict["predict"] = {true, {}};
    play(
        "posner", 128, predict, [](const Row& r) { return r.best; }, &predictor);
    EXPECT_NEAR(predictor, gamma, 4 * std::sqrt(gamma * (1 - gamma) / n)) << "who knows the cue";
    play(
        "posner", 128, predict, [](const Row&) { return 0; }, &predictor);
    EXPECT_NEAR(predictor, .5, 4 * std::sqrt(.25 / n)) << "chance";
  }
}
TEST(Posner, ChangesWithItsHazardToOtherCuesAndValidities) {
  double changes = 0, n = 0;
  std::map<int, double> shares;
  for (const auto& lane : play("posner", 256, {}, [](const Row&) { return 0; }))
    for (std::size_t t = 1; t < lane.size(); ++t) {
      changes += lane[t].block != lane[t - 1].block;
      n += 1;
    }
  expect_share(changes, n, .005, "changes");
}
TEST(Posner, WithoutATargetOrCuesRefuses) {
  EXPECT_THROW((void)find_task("posner").make(with({{"cues", 9.0}}), nullptr), Error);
  EXPECT_THROW((void)find_task("posner").make(with({{"validities", std::vector<double>{}}}), nullptr), Error);
  EXPECT_THROW((void)find_task("random_dots").make(with({{"coherences", std::vector<double>{}}}), nullptr),
               Error);
  EXPECT_THROW((void)find_task("sustained_attention").make(with({{"p_signal", 2.0}}), nullptr), Error);
  const auto predict = find_task("posner").make(with({{"predict", true}}), nullptr);
  EXPECT_FALSE(can_play(find_learner("yu_dayan"), predict->info())) << "nothing to respond to";
}

double d_of(double duration_ms) {
  return 3 * (1 - std::exp(-duration_ms / 100));
}

TEST(SustainedAttention, EvidenceHasTheDistanceItsDurationSays) {
  // An observer with one criterion c: hits Phi(d' - c), false alarms Phi(-c).
  const double c = .8;
  struct Cell {
    double n = 0, yes = 0, sum = 0, square = 0;
  };
  std::map<std::pair<double, int>, Cell> cells;
  double signals = 0, n = 0;
  for (const auto& lane : play("sustained_attention", 400, {}, [](const Row&) { return 0; }))
    for (const auto& r : lane) {
      auto& x = cells[{r.input[1], r.right}];
      x.n += 1;
      x.yes += r.input[0] > c;
      x.sum += r.input[0];
      x.square += r.input[0] * r.input[0];
      signals += r.right;
      n += 1;
    }
  ASSERT_EQ(cells.size(), 10u);
  expect_share(signals, n, .5, "signals");
  for (const auto& [key, x] : cells) {
    const double d = key.second ? d_of(key.first) : 0;
    EXPECT_NEAR(x.sum / x.n, d, 4 / std::sqrt(x.n));
    EXPECT_NEAR(x.square / x.n - d * d - 2 * d * (x.sum / x.n - d), 1, 4 * std::sqrt(2 / x.n));
    expect_share(x.yes, x.n, .5 * std::erfc(-(d - c) / std::sqrt(2)), "yes");
  }
}
TEST(SustainedAttention, AnIdealObserverScoresWhatTheorySays) {
  // The best criterion for each duration is d'/2: right with probability Phi(d' / 2).
  double score = 0, expected = 0;
  play(
      "sustained_attention", 400, {}, [](const Row& r) { return r.input[0] > d_of(r.input[1]) / 2 ? 1 : 0; },
      &score);
  for (const double d : {25, 50, 100, 200, 500}) expected += .5 * std::erfc(-d_of(d) / 2 / std::sqrt(2)) / 5;
  EXPECT_NEAR(score, expected, 4 * std::sqrt(expected * (1 - expected) / (400 * 300)));
  play(
      "sustained_attention", 400, {}, [](const Row& r) { return r.trial % 2; }, &score);
  EXPECT_NEAR(score, .5, 4 * std::sqrt(.25 / (400 * 300)));
}
TEST(SustainedAttention, OddballsAddNoiseAndComeAsOftenAsTheySay) {
  double odd = 0, n = 0, square = 0, blank = 0;
  for (const auto& lane :
       play("sustained_attention", 400, with({{"oddball", .1}}), [](const Row&) { return 0; }))
    for (const auto& r : lane) {
      odd += r.input[2];
      n += 1;
      if (r.input[2] == 0 || r.right == 1) continue;
      square += r.input[0] * r.input[0];
      blank += 1;
    }
  expect_share(odd, n, .1, "oddballs");
  EXPECT_NEAR(square / blank, 5, 4 * 5 * std::sqrt(2 / blank)) << "1 + 2^2";
}

/// What tells the three apart. In random dots the number has a handful of sizes and its sign is the answer;
/// in sustained attention it is continuous, and zero does not split the answers; in the Posner task every cue
/// is useless by itself in the long run, and the target is not.
TEST(PerceptionTasks, AreToldApartByWhoScores) {
  const auto sign = [](const Row& r) { return r.input[0] > 0 ? 1 : 0; };
  double dots = 0, attention = 0, cue = 0;
  play("random_dots", 64, with({{"coherences", std::vector<double>{.1, .5}}}), sign, &dots);
  play("sustained_attention", 64, {}, sign, &attention);
  play("posner", 64, with({{"length", 10.0}}), sign, &cue);
  EXPECT_EQ(dots, 1);
  // Phi(0) = 1/2 of blanks, Phi(d') of signals.
  double expected = .25;
  for (const double d : {25, 50, 100, 200, 500}) expected += .25 * std::erfc(-d_of(d) / std::sqrt(2)) / 5;
  EXPECT_NEAR(attention, expected, 4 * std::sqrt(.25 / (64 * 300)));
  // One trial in three this cue is the one that counts, with the mean validity .796: 64 x 100 blocks.
  EXPECT_NEAR(cue, .5 + (.796 - .5) / 3, 4 * std::sqrt(.25 / (64 * 1000)) + 4 * .15 / std::sqrt(6400));
}

TEST(PerceptionTasks, HaveTheseTraces) {
  const auto trace = [](const char* name, Settings settings) {
    std::string text;
    const auto rows = play(name, 4, std::move(settings), [](const Row&) { return 0; });
    for (const auto& r : rows[0]) {
      for (std::size_t k = 0; k < r.input.size(); ++k)
        text += fmt::format("{}{:.3g}", k ? " " : "", r.input[k]);
      text += fmt::format(" > {}; ", r.right);
    }
    return text;
  };
  // Coherence > right side.
  EXPECT_EQ(trace("random_dots", with({{"repeats", 2.0}, {"coherences", std::vector<double>{0, .1, .5}}})),
            "-0.1 > 0; 0.1 > 1; 0 > 1; -0.5 > 0; 0.5 > 1; 0 > 0; ");
  // Cues 0, 1, 2 and the target > the side that was right.
  EXPECT_EQ(trace("posner", with({{"trials", 8.0}, {"length", 4.0}})),
            "0 0 0 0 > 0; 1 1 1 1 > 1; 1 1 1 1 > 1; 0 0 1 1 > 1; "
            "0 1 0 0 > 0; 0 1 0 1 > 1; 0 1 1 0 > 0; 0 0 1 0 > 0; ");
  // Evidence, duration, oddball > signal.
  EXPECT_EQ(
      trace("sustained_attention", with({{"trials", 6.0}, {"oddball", .3}})),
      "1.31 100 0 > 1; 0.684 200 0 > 0; 0.893 50 0 > 1; 3.35 500 0 > 1; -0.814 25 1 > 1; 0.741 25 0 > 0; ");
}

/// A metric over all subjects of a run.
double value(const Trials& t, const char* metric, Settings settings = {}, const char* blocks = "") {
  const MetricRequest r = request_metric(metric, settings, blocks);
  return pooled_value(evaluate(t, std::span(&r, 1))[0]);
}
Trials run(const char* task, const char* learner, int n, Settings settings = {}, Settings agent = {}) {
  Simulation s;
  s.make_task = find_task(task).make;
  s.task_settings = std::move(settings);
  s.make_agent = find_learner(learner).make;
  s.agent_settings = std::move(agent);
  s.seed = 3;
  return simulate(s, 0, n);
}

TEST(PerceptionMetrics, OfADiffusionAreItsClosedForms) {
  const auto t = run("random_dots", "ddm", 128, with({{"deadline", 60000.0}}));
  // Log odds of option 1 are 2 b v C = 1.6 * 8 C; a fit of 900 trials is off by little, and by 1/n on
  // average.
  EXPECT_NEAR(value(t, "psychometric_slope"), 12.8, .25);
  for (const double c : {0., .064, .256}) {
    const double p = 1 / (1 + std::exp(-12.8 * c)), n = 128 * 150;
    EXPECT_NEAR(value(t, "accuracy_at",
                      with({{"column", std::string("coherence")}, {"value", c}, {"either_sign", true}})),
                p, 4 * std::sqrt(p * (1 - p) / n))
        << c;
  }
}
TEST(PerceptionMetrics, OfAnObserverWithACriterionAreThoseOfTheory) {
  const auto agent = with({{"alpha", 0.0}, {"criterion", 1.0}, {"beta", 100.0}, {"d_prime", 20.0}});
  const auto t = run("sustained_attention", "signal_detection", 400, {}, agent);
  const double fa = .5 * std::erfc(1 / std::sqrt(2)), n = 400 * 30;
  for (const double d : {25., 100., 500.}) {
    const auto only = with({{"duration", d}});
    const double hits = .5 * std::erfc(-(d_of(d) - 1) / std::sqrt(2));
    EXPECT_NEAR(value(t, "hit_rate", only), hits, 4 * std::sqrt(hits * (1 - hits) / n)) << d;
    EXPECT_NEAR(value(t, "false_alarm_rate", only), fa, 4 * std::sqrt(fa * (1 - fa) / n)) << d;
  }
  EXPECT_NEAR(value(t, "false_alarm_rate"), fa, 4 * std::sqrt(fa * (1 - fa) / (5 * n)));
}
TEST(PerceptionMetrics, DPrimeIsTheDistanceOfSignalAndNoise) {
  // One duration, many trials: the correction of rates is small.
  const auto agent = with({{"alpha", 0.0}, {"criterion", 1.2}, {"beta", 100.0}, {"d_prime", 20.0}});
  const auto t = run("sustained_attention", "signal_detection", 100,
                     with({{"durations", std::vector<double>{100}}, {"trials", 2000.0}}), agent);
  const double d = d_of(100);
  // Variance of a quantile: p (1 - p) / (n phi^2), at both rates; 1000 trials each, 100 subjects.
  const auto variance = [](double z) {
    const double p = normal_cdf(z), phi = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
    return p * (1 - p) / (1000 * phi * phi);
  };
  EXPECT_NEAR(value(t, "d_prime"), d, 4 * std::sqrt((variance(d - 1.2) + variance(-1.2)) / 100) + .004);
}
TEST(PerceptionMetrics, TheValidityEffectOfYuDayanIsThatOfItsEquations) {
  // Belief and validity as they settle: gain (1 + A) - gain (1 - A) = 2 gain A with A = lambda gamma.
  const auto t =
      run("posner", "yu_dayan", 64,
          with({{"validities", std::vector<double>{.98}}, {"hazard", 0.0}, {"trials", 600.0}, {"cues", 2.0}}),
          with({{"cues", 2.0}}));
  const auto& gamma = t.signals.at("gamma");
  const auto& lambda = t.signals.at("lambda");
  double weight = 0, n = 0;
  for (std::size_t k = 1; k < t.rows(); ++k) {
    if (t.trial[k] < 300 || t.best[k] == t.right[k]) continue;
    weight += gamma[k] * .995 * lambda[k - 1];
    n += 1;
  }
  const double predicted = 2 * .150 * weight / n;
  EXPECT_NEAR(value(t, "validity_effect", with({{"skip", 300.0}})), predicted, .01);
  EXPECT_GT(predicted, .2);
}
TEST(PerceptionMetrics, SwitchLatencyCountsTheTrialsToTheNewCue) {
  const auto t =
      run("posner", "yu_dayan", 64, with({{"length", 100.0}, {"validities", std::vector<double>{.98}}}));
  const double latency = value(t, "switch_latency");
  EXPECT_GT(latency, 1);
  EXPECT_LT(latency, 40);
}

}  // namespace
}  // namespace labile
