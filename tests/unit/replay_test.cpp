/// A learner led through choices: against the likelihood, and against the record of the agent that made them.
#include "contract/replay.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "learners/catalogue.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

const ReplayColumn* find(const std::vector<ReplayColumn>& columns, const std::string& name) {
  for (const auto& c : columns)
    if (c.name == name) return &c;
  return nullptr;
}

TEST(Replay, SaysWhatTheLikelihoodAndTheAgentThatPlayedSaid) {
  int tried = 0, signals = 0, probabilities = 0;
  for (const LearnerEntry& e : all_learners()) {
    if (!e.likelihood) continue;
    const auto& task = find_task(e.own_task);
    Simulation play;
    play.make_task = task.make;
    play.make_agent = e.make;
    play.seed = 8;
    const Trials record = simulate(play, 0, 2);
    const auto fresh = fresh_flags(record, task.make({}, nullptr)->info().reset_on);
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
    const auto agent = e.make_each({row});
    const auto* follows = dynamic_cast<const Replays*>(agent.get());
    ASSERT_NE(follows, nullptr) << e.info.name;
    for (int s = 0; s < 2; ++s) {
      const auto subject = subject_trials(record, s, fresh);
      const auto columns = follows->replay(row, subject);
      std::vector<double> each(subject.size());
      (void)e.likelihood->value(row, subject, each);
      const auto* loglik = find(columns, "loglik");
      ASSERT_NE(loglik, nullptr) << e.info.name;
      for (std::size_t t = 0; t < subject.size(); ++t) {
        const bool answered = e.reports ? subject.report[t] == subject.report[t] : subject.choice[t] >= 0;
        if (!answered) {
          EXPECT_TRUE(std::isnan(loglik->values[t])) << e.info.name;
          continue;
        }
        EXPECT_EQ(loglik->values[t], each[t]) << e.info.name << ", trial " << t;
        if (e.reports || e.timed) continue;
        double sum = 0;
        for (int o = 0; o < subject.layout.options; ++o)
          sum += find(columns, "prob_" + std::to_string(o))->values[t];
        EXPECT_NEAR(sum, 1, 1e-12) << e.info.name;
        const double p = find(columns, "prob_" + std::to_string(subject.choice[t]))->values[t];
        EXPECT_NEAR(std::log(p), each[t], 1e-9 * std::max(1.0, std::abs(each[t]))) << e.info.name;
        ++probabilities;
      }
      for (const auto& [name, recorded] : record.signals) {
        const auto* c = find(columns, name);
        if (!c) continue;  // a number that was shown
        for (std::size_t t = 0; t < subject.size(); ++t) {
          const double now = c->values[t], then = recorded[record.first[static_cast<std::size_t>(s)] + t];
          if (std::isnan(now)) continue;  // nothing was learned
          EXPECT_EQ(now, then) << e.info.name << ": " << name << ", trial " << t;
          ++signals;
        }
      }
    }
    ++tried;
  }
  EXPECT_GE(tried, 30);
  EXPECT_GT(signals, 10000);
  EXPECT_GT(probabilities, 10000);
}

/// The steady gain of a random walk (science.md L1): the sd before an outcome of an option that is always chosen.
TEST(Replay, TellsTheUncertaintyOfAKalmanFilterBeforeAnOutcome) {
  const auto& e = find_learner("kalman");
  std::vector<double> row;
  for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
  row[0] = 1;  // lambda: no decay
  const std::size_t n = 500;
  const std::vector<std::int32_t> choice(n, 0);
  std::vector<double> outcome(n, 50.0);
  outcome[7] = kNaN;
  const std::vector<std::uint8_t> fresh(n, 0);
  const SubjectTrials trials{Layout::bandit(2), choice, outcome, fresh, {}};
  const auto agent = e.make_each({row});
  const auto columns = dynamic_cast<const Replays&>(*agent).replay(row, trials);
  const auto* sd = find(columns, "uncertainty");
  ASSERT_NE(sd, nullptr);
  EXPECT_EQ(sd->values[0], row[5]);        // sigma_0
  EXPECT_TRUE(std::isnan(sd->values[7]));  // nothing was learned
  EXPECT_NEAR(sd->values[n - 1] * sd->values[n - 1], 15.786187, 1e-6);
}

}  // namespace
}  // namespace labile
