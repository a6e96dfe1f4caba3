#include "contract/agent.hpp"

#include <algorithm>

namespace labile {

void Agent::pulse(int, std::span<const double>) {
  throw Bug("pulse() on an agent without pulsed handles");
}

bool can_play(const LearnerEntry& learner, const TaskInfo& task) {
  try {
    if (learner.check) learner.check(task.layout);
  } catch (const Error&) {
    return false;
  }
  return learner.reports == task.reports &&
         std::all_of(learner.inputs.begin(), learner.inputs.end(), [&](const std::string& name) {
           return std::find(task.inputs.begin(), task.inputs.end(), name) != task.inputs.end();
         });
}

void refuse_reports(const char* agent, const TaskInfo& task) {
  if (task.reports)
    throw Error(std::string("'") + agent + "' chooses among options; this task asks for a number");
}

}  // namespace labile
