/// What agents meet, from a file: a CSV or TSV with one row a trial.
///
///   subject              whose trials these are; without it there is one list, which everybody meets
///   trial                counts up by 1 within the subject, from 0 or 1; may be left out
///   block                whole number; a change of it is a change of the rule
///   state                what is shown, from 0
///   best                 the best option, from 0
///   outcome              what comes, whatever is answered
///   payoff_0, payoff_1, ...   what each option pays
///   p_0, p_1, ...        with which probability each option pays (in two_step: room 1's actions, then room
///   2's) any other            a number that is shown, by name
#pragma once

#include <filesystem>

#include "contract/task.hpp"

namespace labile {

/// Throws Error (file, line, column) on what is no number or out of range, on a list with a gap, on rows with
/// too few or too many fields, and on a file without rows.
[[nodiscard]] Schedule read_schedule(const std::filesystem::path& path);

}  // namespace labile
