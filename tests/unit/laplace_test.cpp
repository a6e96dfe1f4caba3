/// Where chains start: every subject on the best of its tops, against a grid; the group far from its prior, where choices say so.
#include "bayes/laplace.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bayes/subject_posterior.hpp"
#include "learners/catalogue.hpp"
#include "run/play_rows.hpp"

namespace labile {
namespace {

/// People who try all three options and then take one 66 times in a row, whatever it pays: best told by values that hardly move and weigh
/// much, spreads of the group away. A worse top, by tens of nats, is near.
struct Habit {
  std::vector<std::int32_t> choice;
  std::vector<double> outcome;
  std::vector<std::uint8_t> fresh = std::vector<std::uint8_t>(90, 0);
  explicit Habit(int who) {
    const char* tried = "120122022012211222211222";
    for (int t = 0; t < 90; ++t) {
      choice.push_back(t < 24 ? tried[(t + 5 * who) % 24] - '0' : who % 3);
      const int best = (t / 15 * 2) % 3;
      outcome.push_back((t * 7 + t / 5 + who) % 5 == 0 ? choice.back() != best : choice.back() == best);
    }
  }
  [[nodiscard]] SubjectTrials trials() const { return {Layout::bandit(3), choice, outcome, fresh, {}}; }
};

TEST(Laplace, FindsTheBestTopOfPeopleWhoseChoicesAreAHabit) {
  const auto& e = find_learner("dual_learning_rate");
  std::vector<std::vector<double>> rows;
  for (const double up : {.4, .7, .9})
    for (const double down : {.5, .8, .95, .99})
      for (const double beta : {3., 5., 8.}) rows.push_back({up, down, beta, .5});
  Settings task;
  task["options"] = {Value(3.0), {}};
  task["blocks"] = {Value(std::vector<double>{15, 15, 15, 15, 15, 15}), {}};
  const auto played = play_rows(e, "bandit_reversal", task, rows, 6, 1);
  for (int who = 0; who < 8; ++who) {
    const Habit habit(who);
    auto units = played.subjects;
    units.push_back(habit.trials());
    std::vector<int> subject_of;
    for (int s = 0; s < static_cast<int>(units.size()); ++s) subject_of.push_back(s);
    const Posterior p(e, group_model(e), units, subject_of);
    const Laplace l = laplace(p, 30, 1);
    const int last = p.subjects() - 1;
    SubjectPosterior subject(p, last, {last});
    std::vector<double> center, best_at;
    for (int k = 0; k < 3; ++k) center.push_back(l.center[static_cast<std::size_t>(k * p.subjects() + last)]);
    double best = -INFINITY;
    for (double a = -3.6; a <= 3.6; a += .4)
      for (double b = -3.6; b <= 3.6; b += .4)
        for (double c = -1.2; c <= 4.2; c += .4) {
          const std::vector<double> at{a, b, c};
          if (const double v = subject.value(at, l); v > best) best = v, best_at = at;
        }
    EXPECT_GT(subject.value(center, l), best - .1)
        << who << " at " << center[0] << ", " << center[1] << ", " << center[2] << "; the grid's best at "
        << best_at[0] << ", " << best_at[1] << ", " << best_at[2];
    EXPECT_LT(best_at[1], l.mu[1] - 2 * l.sigma[1]) << who;  // or this says nothing
  }
}

/// The same choices for a thousand times the outcome are told by a thousandth of the inverse temperature, seven of its prior's standard
/// deviations away; nearer to the prior it is best to learn next to nothing, hundreds of nats worse.
TEST(Laplace, FindsTemperaturesOfOutcomesInPoints) {
  const auto& e = find_learner("rescorla_wagner");
  std::vector<std::vector<double>> rows;
  for (int i = 0; i < 12; ++i) rows.push_back({.3 + .02 * i, 2.5 + .15 * i, 0});
  Settings task;
  task["blocks"] = {Value(std::vector<double>{25, 25, 25, 25}), {}};
  const auto played = play_rows(e, "bandit_reversal", task, rows, 11, 1);
  ASSERT_EQ(played.subjects.size(), rows.size());
  const auto group_at = [&](double scale) {
    std::vector<std::vector<double>> outcomes;
    std::vector<int> subject_of;
    for (std::size_t s = 0; s < rows.size(); ++s) {
      outcomes.emplace_back(played.subjects[s].outcome.begin(), played.subjects[s].outcome.end());
      for (double& x : outcomes.back()) x *= scale;
      subject_of.push_back(static_cast<int>(s));
    }
    auto units = played.subjects;
    for (std::size_t s = 0; s < rows.size(); ++s) units[s].outcome = outcomes[s];
    const Posterior p(e, group_model(e), units, subject_of);
    return laplace(p);
  };
  const Laplace usual = group_at(1);
  EXPECT_NEAR(usual.mu[1], std::log(3.2), .25);
  for (const double scale : {50., 500., 1e4}) {
    const Laplace l = group_at(scale);
    EXPECT_NEAR(l.mu[1] + std::log(scale), usual.mu[1], .15) << scale;  // the prior pulls
    EXPECT_NEAR(l.mu[0], usual.mu[0], .15) << scale;
  }
}

}  // namespace
}  // namespace labile
