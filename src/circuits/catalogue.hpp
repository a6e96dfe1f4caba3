/// Every circuit there is, by name: networks of spiking neurons that play a task as agents.
#pragma once

#include <span>

#include "contract/agent.hpp"

namespace labile {

[[nodiscard]] std::span<const LearnerEntry> all_circuits();

}  // namespace labile
