/// What is left of a task's parameters where a schedule says what happens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "contract/task.hpp"

namespace labile {

/// Parameters of the task that this schedule stands in for: they change nothing. Empty for tasks that take none.
[[nodiscard]] std::vector<std::string> ignored_beside(std::string_view task, const Schedule& schedule);

}  // namespace labile
