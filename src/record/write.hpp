/// trials.csv: the record as a file that read_trials() reads back exactly.
#pragma once

#include "core/output_file.hpp"
#include "record/trials.hpp"

namespace labile {

/// A text field of CSV, quoted where it has to be.
[[nodiscard]] std::string csv_field(const std::string& text);

/// Appends every row of `trials`, after a header line where `header` says so. Columns: subject, session,
/// block, trial, stage, state, stimulus, choice, outcome, correct, rt_s, best, old_best, condition, da, ach,
/// ne, ser, delta, belief, learning_rate, report and input where there are any, then other signals by name.
/// Missing values are empty, numbers the shortest that read back the same. To append a second record it must
/// have the same signals besides the seven.
void write_trials(OutputFile& file, const Trials& trials, bool header = true);

}  // namespace labile
