/// Model time in whole steps.
#pragma once

#include <cmath>
#include <cstdint>

namespace labile {

/// Steps since the start; step n ends at n dt.
using Step = std::int64_t;

[[nodiscard]] inline Step steps_of(double ms, double dt_ms) {
  return static_cast<Step>(std::llround(ms / dt_ms));
}

}  // namespace labile
