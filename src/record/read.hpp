/// Trials from a file: CSV or TSV, ours or that of the field's fitting packages.
///
/// Column names are read without regard to case, underscores, dots, dashes and spaces:
///   subject    subject, subjID, subject_id, participant, participant_id, ID            required
///   choice     choice, keyPressed, key_pressed, response                               required
///   outcome    outcome, reward, feedback, or gain and loss (gain - |loss|)             required
///   session | block | stage    the same names, whole numbers; words in session and block are numbered
///   trial      trial, trialNum, trial_number
///   rt_s       rt, rt_s, choiceRT, response_time (seconds), rt_ms (milliseconds)
///   best       best, best_option, correct_option;   old_best;   correct;   condition
///   stimulus   digits of each option's features, "010/101", or a whole number, which then is the state
///   state      state, cue: which stimulus, cue, context or room was shown, a whole number or a word; words
///              are numbered in the order in which they appear
///   report     report, estimate, prediction: a number that was asked for; such a file needs no choice
///   input      input, u: the option that was right, 0 or 1, whatever was chosen. A file with it needs no
///   outcome
///              (1 where the choice was right) and, for surprises, no choice and no subject
///   change     change, change_point: 1 where the world changed before this trial; without a block column,
///              a block ends there
///   options    stim_left and stim_right (or those named): what each option shows, letters or words, then one
///              feature dimension; choice and best may then be such words too
/// Empty, NA, NaN, n/a and '.' are missing.
///
/// Two choices in one row, choice1 and choice2 (with state2, rt1, rt2), as two-step data have them, become
/// two rows: the first in state 0 without an outcome, the second in state 1 or 2; one whose first choice is
/// missing has no second. Without state2, choice2 counts through the rooms, 1 to 4. Room 1 is the one that
/// action 0 leads to commonly, by column common where there is one (subject by subject), else by what
/// happened.
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
  /// Our name of a column -> its name in the file, where the list above does not know it; "none" leaves a
  /// column that the list knows alone.
  std::map<std::string, std::string, std::less<>> columns;
  /// Columns that say what stands for option 0, 1, ...: any words, such as the letters of stimuli. Without
  /// any, stim_left and stim_right. One column alone says which options are shown, such as a pair: each of its
  /// values has options of its own, which choices count.
  std::vector<std::string> option_columns = {};
  /// Rows to read: (column, value). A row must hold one of a column's values, in every column named.
  std::vector<std::pair<std::string, std::string>> where = {};
  /// Options (and features) there are; what the file shows otherwise.
  std::optional<Layout> layout = {};
  /// "0/1 to -1/1": outcomes that occur and what each becomes. Empty = as they are.
  std::string outcome_map = {};
  /// Choices that took less are taken as missing, s.
  double min_rt_s = 0;
  /// Reports were given after the outcome of their row, so they predict the next one: models learn from a row
  /// before they answer for it, and metrics know (Trials::report_after).
  bool report_after = false;
  /// Further number columns to keep as signals: what learners must be shown. In a trials.csv of ours all are
  /// kept anyway.
  std::vector<std::string> signals = {};
  /// The same, under another name: (ours, the file's).
  std::vector<std::pair<std::string, std::string>> renamed_signals = {};
  /// Those of them that a model must be shown: a row with a choice or a report must have them.
  std::vector<std::string> needed = {};
  /// The same, kept where the file has them.
  std::vector<std::string> optional_signals = {};
  /// Columns at whose changes values start afresh: they must be there or derived.
  std::vector<std::string> reset_on = {};
  /// Columns whose values are kept as they are spelled, such as groups, drugs, scores of people: by the file's name or by
  /// ours.
  std::vector<std::string> kept = {};
};

/// A column that was kept as it is spelled.
struct KeptColumn {
  std::string name;    // as it was asked for
  bool names = false;  // sessions, blocks, stages, conditions: not quantities, even where they are numbers
  std::vector<std::string> values;  // what occurs, in the order in which it does; "" = missing
  std::vector<std::int32_t> row;    // [row] index into values
};

struct TrialsFile {
  Trials trials;
  std::vector<std::string> notes;  // what was derived or assumed, one sentence each
  std::vector<KeptColumn> kept;    // in the order of ReadOptions::kept
  std::string subject_column;      // its name in the file; empty = none
  bool has_blocks = false;         // the file has a column of sessions or of blocks
  /// States that the file shows, where they are more than models keep apart; the record then has none.
  int states_left_out = 0;
};

/// Reads the file. What is absent is derived: correct from best, old_best from the best option of the block
/// before where it was constant, block from column change or from changes of best, trial by counting from 0.
/// Choices count from 1 when 1 occurs and 0 does not, in choice and best alike, states likewise; a trials.csv
/// of ours counts from 0 always. Of two columns of one meaning the first name of the list above is read, and a
/// note says so. Errors name file, line, column and value: column missing, value not a number
/// or out of range, one trial twice (same subject, session, condition, block, trial and stage), too few or
/// too many fields, no rows, none of those asked for. Throws Interrupted when the user asks to stop.
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
