/// The closed loop: a task drives a block of agents, manipulations act at their time, the record is taken.
#pragma once

#include <memory>

#include "contract/agent.hpp"
#include "contract/manipulation.hpp"
#include "record/trials.hpp"

namespace labile {

/// What to simulate; built once, run for any block of subjects.
struct Simulation {
  std::unique_ptr<Task> (*make_task)(const Settings&, const Schedule*) = nullptr;
  Settings task_settings;
  const Schedule* schedule = nullptr;
  std::unique_ptr<Agent> (*make_agent)(const Settings&) = nullptr;
  Settings agent_settings;
  std::unique_ptr<Agent> (*make_each)(const std::vector<std::vector<double>>&) = nullptr;
  const std::vector<std::vector<double>>* rows = nullptr;  // parameters of each subject, for make_each
  std::vector<Manipulation> manipulations;
  std::uint64_t seed = 0;
  bool record = true;  // false: nothing is kept (benchmarks)
};

/// Runs subjects first .. first + count - 1 (count <= kBlock) and returns their record, subject by subject.
/// A pure function of its arguments; throws Error when a manipulation's handle does not exist.
[[nodiscard]] Trials simulate(const Simulation& s, int first, int count);

/// Decisions that the last call of simulate() on this thread made; for benchmarks.
[[nodiscard]] std::size_t simulated_decisions() noexcept;

/// What became of each manipulation in the last call of simulate() on this thread: in how many subjects it
/// came into force, and how often its event came at most.
struct Onset {
  int subjects = 0, most_events = 0;
};
[[nodiscard]] const std::vector<Onset>& simulated_onsets() noexcept;

}  // namespace labile
