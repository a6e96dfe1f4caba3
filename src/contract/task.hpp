/// The seam of tasks: a list of phases that drives an algorithm in trials and a circuit in milliseconds.
///
/// Luck is a function of (seed, subject, trial, option), drawn before the choice: agents on one seed meet
/// the same luck, and the record holds what every option would have paid.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "contract/phase.hpp"
#include "core/params.hpp"

namespace labile {

/// Facts that can be asked before running.
struct TaskInfo {
  Layout layout;
  int max_trials = 0;               // decisions of one subject at most
  bool best_known = true;           // is there a known best option?
  std::vector<std::string> events;  // names manipulations may be timed by; at most 8
  int stages = 1;                   // decisions of a trial
  bool reports = false;  // asks for a number (Actions::report); choice 0 then says that there is one
  std::vector<std::string> inputs = {};  // numbers shown at each decision, by name; columns of the record
  const char* reset_on = "none";         // column of the record at whose changes values start afresh
};

/// Where the lanes stand, for the record and for manipulations; never shown to agents. [lanes] each.
struct Position {
  std::span<const std::int32_t> block;     // 0, 1, ...: rule changes so far
  std::span<const std::int32_t> best;      // best option now, -1 = none known
  std::span<const std::int32_t> old_best;  // option that the last block's rule calls best, -1 = first block
  std::span<const std::int32_t> relevant;  // feature number that makes an option good, -1 = none
  std::span<const std::uint8_t> events;    // bit i: event i of TaskInfo::events happens at this trial
  std::span<const double> would_pay;       // [option][lanes] what each option pays on this trial
};

class Task {
 public:
  virtual ~Task() = default;
  [[nodiscard]] virtual const TaskInfo& info() const = 0;
  /// Starts the task for these subjects; forgets all before.
  virtual void begin(const Subjects& subjects) = 0;
  /// The next phase, or false when every lane has finished.
  virtual bool next(Phase& phase) = 0;
  /// The actions of the phase just given, when it awaited one.
  virtual void take(const Actions& actions) = 0;
  [[nodiscard]] virtual Position position() const = 0;
};

/// What a task may need beside its parameters: what subjects met, read from a data set or a file. Every list
/// is [subject][trial], or [subject][trial * options + option]; one that is not known is empty. Agents beyond
/// the last subject begin again with the first.
struct Schedule {
  std::vector<std::vector<std::int32_t>> best;   // best option
  std::vector<std::vector<std::int32_t>> block;  // counts within the subject
  int options = 0;
  std::string source;                                 // for messages
  std::vector<std::vector<std::int32_t>> state = {};  // what was shown, from 0
  std::vector<std::vector<std::uint8_t>> fresh = {};  // 1 = values start afresh before this trial
  std::vector<std::vector<double>> payoff = {};       // what each option paid, NaN = unknown
  std::vector<std::vector<double>> probability = {};  // with which probability each option paid
  std::vector<std::vector<double>> outcome = {};      // what came, whatever was answered
  struct Numbers {
    std::string name;
    std::vector<std::vector<double>> values;
  };
  std::vector<Numbers> inputs = {};  // numbers shown, by name
  int states = 1;

  [[nodiscard]] std::size_t subjects() const {
    return std::max({best.size(), payoff.size(), probability.size(), outcome.size()});
  }
};

struct Info {
  const char* name;
  const char* about;   // one sentence
  const char* source;  // DOI or "design"
};

/// One line of src/tasks/catalogue.def.
struct TaskEntry {
  Info info;
  std::vector<ParamInfo> params;
  /// `schedule` may be null; throws Error when the settings are wrong or ask for one that is missing.
  std::unique_ptr<Task> (*make)(const Settings&, const Schedule* schedule);
};

/// Builds the entry from a task class with `info_entry`, `Params`, `table()` and a matching constructor.
template <class T>
TaskEntry task_entry() {
  return {T::entry_info, describe_params(T::table()),
          [](const Settings& given, const Schedule* schedule) -> std::unique_ptr<Task> {
            return std::make_unique<T>(
                read_params(T::table(), given, std::string("task '") + T::entry_info.name + "'"), schedule);
          }};
}

}  // namespace labile
