/// How many trials a second the closed loop runs on one core, without a record: task, luck, choice, learning.
/// Targets: Flex 1 million, Rescorla-Wagner 30 million trials a second.
#include <benchmark/benchmark.h>

#include "learners/catalogue.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace {

void trials(benchmark::State& state, const char* task, const char* learner) {
  labile::Simulation s;
  s.make_task = labile::find_task(task).make;
  s.task_settings["blocks"] = {std::vector<double>{1000, 1000}, {}};
  s.make_agent = labile::find_learner(learner).make;
  s.seed = 1;
  s.record = false;
  std::size_t decisions = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(labile::simulate(s, 0, labile::kBlock));
    decisions += labile::simulated_decisions();
  }
  state.counters["trials"] = benchmark::Counter(static_cast<double>(decisions), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(trials, flex_features, "feature_reversal", "flex");
BENCHMARK_CAPTURE(trials, flex_bandit, "bandit_reversal", "flex");
BENCHMARK_CAPTURE(trials, rescorla_wagner_bandit, "bandit_reversal", "rescorla_wagner");
BENCHMARK_CAPTURE(trials, dual_learning_rate_bandit, "bandit_reversal", "dual_learning_rate");
BENCHMARK_CAPTURE(trials, hmm_reversal_bandit, "bandit_reversal", "hmm_reversal");
BENCHMARK_CAPTURE(trials, leaky_competing_accumulator_bandit, "bandit_reversal",
                  "leaky_competing_accumulator");

}  // namespace
