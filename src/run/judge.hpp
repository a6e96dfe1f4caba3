/// Predictions against measured effects.
#pragma once

#include "run/run.hpp"

namespace labile {

/// "supported" when the whole interval satisfies the relation, "refuted" when the whole interval violates it,
/// else "undecided"; "not run" when there is no effect.
[[nodiscard]] std::string verdict(const Prediction& p, const Interval& effect);

}  // namespace labile
