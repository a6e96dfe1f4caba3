/// Parts of a record.
#pragma once

#include <span>

#include "record/trials.hpp"

namespace labile {

/// These rows in this order, all conditions' names with them; whose they are (`subjects`, `first`) is left to the caller.
[[nodiscard]] Trials only_rows(const Trials& trials, std::span<const std::size_t> rows);

/// Subjects of several records of one layout, one record after the other; signals that all have. Conditions are left out.
[[nodiscard]] Trials joined(std::span<const Trials> parts);

/// The rows of one condition (an index into `conditions`); subjects without any are left out.
[[nodiscard]] Trials only_condition(const Trials& trials, int condition);

/// Does any subject have rows in more than one condition?
[[nodiscard]] bool conditions_within_subjects(const Trials& trials);

}  // namespace labile
