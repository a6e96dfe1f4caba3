/// Trials from a file: CSV or TSV, ours or that of the field's fitting packages.
///
/// Column names are read without regard to case, underscores, dots, dashes and spaces:
///   subject    subject, subjID, subject_id, participant, participant_id, ID            required
///   choice     choice, keyPressed, key_pressed, response                               required
///   outcome    outcome, reward, feedback, or gain and loss (gain - |loss|)             required
///   session | block | stage    the same names, whole numbers
///   trial      trial, trialNum, trial_number
///   rt_s       rt, rt_s, choiceRT, response_time (seconds), rt_ms (milliseconds)
///   best       best, best_option, correct_option;   old_best;   correct;   condition
///   stimulus   digits of each option's features, "010/101", or a whole number, which then is the state
///   state      state, cue, deck: which stimulus, cue, context, room or deck was shown, a whole number
///   report     report, estimate, prediction: a number that was asked for; such a file needs no choice
///   input      input, u: the option that was right, 0 or 1, whatever was chosen. A file with it needs no
///   outcome
///              (1 where the choice was right) and, for surprises, no choice and no subject
/// Empty, NA, NaN, n/a and '.' are missing.
///
/// Two choices in one row, choice1 and choice2 with state2 (and rt1, rt2), as two-step data have them, become
/// two rows: the first in state 0 without an outcome, the second in state 1 or 2; one whose first choice is
/// missing has no second.
///
/// Memory: 49 bytes a row, 8 more for each signal and for each feature of each option, and one column twice
/// while rows of a subject that are apart are brought together. The text is never held whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "record/trials.hpp"

namespace labile {

struct ReadOptions {
  /// Our name of a column -> its name in the file, where the list above does not know it.
  std::map<std::string, std::string, std::less<>> columns;
  /// Options (and features) there are; what the file shows otherwise.
  std::optional<Layout> layout;
  /// "0/1 to -1/1": outcomes that occur and what each becomes. Empty = as they are.
  std::string outcome_map;
  /// Choices that took less are taken as missing, s.
  double min_rt_s = 0;
  /// Further number columns to keep as signals: what learners must be shown. In a trials.csv of ours all are
  /// kept anyway.
  std::vector<std::string> signals;
  /// The same, kept where the file has them.
  std::vector<std::string> optional_signals;
};

struct TrialsFile {
  Trials trials;
  std::vector<std::string> notes;  // what was derived or assumed, one sentence each
};

/// Reads the file. What is absent is derived: correct from best, old_best from the best option of the block
/// before where it was constant, block from changes of best, trial by counting from 0. Choices count from 1
/// when 1 occurs and 0 does not, in choice and best alike, states likewise; a trials.csv of ours counts from
/// 0 always. Errors name file, line, column and value: column missing, value not a number or out of range,
/// one trial twice (same subject, session, condition, block, trial and stage), too few or too many fields, no
/// rows. Throws Interrupted when the user asks to stop.
[[nodiscard]] TrialsFile read_trials(const std::filesystem::path& path, const ReadOptions& options = {});

/// [row] 1 where values start afresh: each subject's first row, and where a column named in `reset_on`
/// changes. `reset_on`: "none", "session", "block" (a new session is a new block), or several with commas.
[[nodiscard]] std::vector<std::uint8_t> fresh_flags(const Trials& trials, std::string_view reset_on,
                                                    const Where& where = {});

/// One subject's trials as a likelihood takes them; spans into `trials` and `fresh`, which must outlive it.
[[nodiscard]] SubjectTrials subject_trials(const Trials& trials, int subject,
                                           std::span<const std::uint8_t> fresh);

/// Where a data set lies: `name` when it is a file, $LABILE_DATA/name/name.csv, or shared/data/name/name.csv
/// in the current folder or one above it.
[[nodiscard]] std::optional<std::filesystem::path> find_data(const std::string& name);

}  // namespace labile
