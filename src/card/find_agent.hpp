/// Who may stand under an agent's `model`: every learner and every circuit.
#pragma once

#include <string_view>

#include "contract/agent.hpp"

namespace labile {

/// Throws Error with the nearest known name.
[[nodiscard]] const LearnerEntry& find_agent(std::string_view name, const Where& where = {});

}  // namespace labile
