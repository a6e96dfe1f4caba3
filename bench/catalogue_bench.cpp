/// Every task under a scripted agent (phases a second, of one agent each) and every learner's likelihood and
/// gradient (trials a second), on one core. Targets: 1 million phases, 2 million trials.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>

#include "learners/catalogue.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace {
using namespace labile;

void phases(benchmark::State& state, const TaskEntry& entry) {
  const auto task = entry.make({}, nullptr);
  std::vector<std::uint32_t> entity(kBlock);
  std::iota(entity.begin(), entity.end(), 0u);
  std::vector<std::int32_t> choice(kBlock, 0);
  std::vector<double> rt(kBlock, kNaN), report(kBlock, 0.0);
  double n = 0;
  for (auto _ : state) {
    task->begin({1, entity, kBlock});
    Phase ph;
    while (task->next(ph)) {
      if (ph.awaits_action) task->take({choice, rt, report});
      n += kBlock;
    }
  }
  state.counters["phases"] = benchmark::Counter(n, benchmark::Counter::kIsRate);
}

/// The first task that the learner can play, or null.
const TaskEntry* playable(const LearnerEntry& e) {
  for (const auto& task : all_tasks()) {
    const auto made = task.make({}, nullptr);
    // A bandit where any task will do: features cost what they cost.
    if (made->info().layout.feature_is_option && can_play(e, made->info())) return &task;
  }
  return nullptr;
}

void likelihood(benchmark::State& state, const LearnerEntry& e, bool gradient) {
  Simulation s;
  s.make_task = playable(e)->make;
  s.make_agent = e.make;
  s.seed = 1;
  const Trials t = simulate(s, 0, 8);
  const auto fresh = fresh_flags(t, "none");
  std::vector<SubjectTrials> subjects;
  for (int i = 0; i < 8; ++i) subjects.push_back(subject_trials(t, i, fresh));
  std::vector<double> row, grad(e.params.size());
  for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
  double n = 0;
  for (auto _ : state)
    for (const auto& one : subjects) {
      benchmark::DoNotOptimize(gradient ? e.likelihood->gradient(row, one, grad)
                                        : e.likelihood->value(row, one, {}));
      n += static_cast<double>(one.size());
    }
  state.counters["trials"] = benchmark::Counter(n, benchmark::Counter::kIsRate);
}

const int registered = [] {
  for (const auto& task : all_tasks())
    benchmark::RegisterBenchmark((std::string("task/") + task.info.name).c_str(),
                                 [&task](benchmark::State& state) { phases(state, task); });
  for (const auto& e : all_learners()) {
    if (!e.likelihood || !playable(e)) continue;
    for (const bool gradient : {false, true})
      benchmark::RegisterBenchmark(
          (std::string(gradient ? "gradient/" : "likelihood/") + e.info.name).c_str(),
          [&e, gradient](benchmark::State& state) { likelihood(state, e, gradient); });
  }
  return 0;
}();

}  // namespace
