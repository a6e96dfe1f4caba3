/// Every task there is, by name.
#pragma once

#include <span>
#include <string_view>

#include "contract/task.hpp"

namespace labile {

[[nodiscard]] std::span<const TaskEntry> all_tasks();
/// Throws Error with the nearest known name.
[[nodiscard]] const TaskEntry& find_task(std::string_view name, const Where& where = {});

}  // namespace labile
