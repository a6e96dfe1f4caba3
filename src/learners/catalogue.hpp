/// Every learner and agent there is, by name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contract/agent.hpp"

namespace labile {

[[nodiscard]] std::span<const LearnerEntry> all_learners();
/// The learner or agent of that name, of the name by which fitting packages know it, or with parts
/// ("rescorla_wagner+lapse"); null when there is none. Throws Error for parts that it does not take.
[[nodiscard]] const LearnerEntry* learner_named(std::string_view name, const Where& where = {});
[[nodiscard]] std::vector<std::string> learner_names();
/// Throws Error with the nearest known name.
[[nodiscard]] const LearnerEntry& find_learner(std::string_view name, const Where& where = {});

}  // namespace labile
