/// Every learner and agent there is, by name.
#pragma once

#include <span>
#include <string_view>

#include "contract/agent.hpp"

namespace labile {

[[nodiscard]] std::span<const LearnerEntry> all_learners();
/// Throws Error with the nearest known name.
[[nodiscard]] const LearnerEntry& find_learner(std::string_view name, const Where& where = {});

}  // namespace labile
