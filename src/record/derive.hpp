/// From the rows of a file to a record: subjects brought together, options and states counted from 0, and
/// what is absent derived.
#pragma once

#include "record/rows.hpp"

namespace labile {

/// Finishes `rows`, whose header this is. Throws Error as read_trials() does.
[[nodiscard]] TrialsFile derive(const Header& header, const ReadOptions& options, Rows& rows,
                                std::vector<std::string> notes);

}  // namespace labile
