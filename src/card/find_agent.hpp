/// Who may stand under an agent's `model`: every learner and every circuit.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contract/agent.hpp"

namespace labile {

/// Throws Error with the nearest known name.
[[nodiscard]] const LearnerEntry& find_agent(std::string_view name, const Where& where = {});
/// Columns of numbers that any of these models must be shown, and those that one takes where they are.
struct ModelInputs {
  std::vector<std::string> needed, optional;
};
[[nodiscard]] ModelInputs inputs_of(std::span<const std::string> models);

}  // namespace labile
