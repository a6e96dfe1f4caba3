/// Parts of a record.
#pragma once

#include "record/trials.hpp"

namespace labile {

/// The rows of one condition (an index into `conditions`); subjects without any are left out.
[[nodiscard]] Trials only_condition(const Trials& trials, int condition);

/// Does any subject have rows in more than one condition?
[[nodiscard]] bool conditions_within_subjects(const Trials& trials);

}  // namespace labile
