/// What tasks of discrete trials share: decisions of four phases (cue, choice, outcome, interval), arrays
/// with one entry a lane, luck drawn before the choice. A task says what is shown, what each option pays, and
/// what comes next; reversal.hpp adds blocks of trials under one rule.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "contract/task.hpp"
#include "core/random.hpp"

namespace labile {

struct TrialTiming {
  double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
};

/// The four rows of a parameter table that time a trial.
template <class P>
void add_timing(std::vector<Field<P>>& t) {
  const auto number = [](double P::*m) { return typename Field<P>::Member(m); };
  t.push_back({"cue", "ms", number(&P::cue_ms), {0, 1e6}, "time from the stimuli to the go signal"});
  t.push_back({"deadline", "ms", number(&P::deadline_ms), {1, 1e6}, "longest response time"});
  t.push_back({"outcome", "ms", number(&P::outcome_ms), {0, 1e6}, "time the outcome is shown"});
  t.push_back({"iti", "ms", number(&P::iti_ms), {0, 1e7}, "mean of the exponential interval between trials"});
}

template <class P>
TrialTiming timing_of(const P& p) {
  return {p.cue_ms, p.deadline_ms, p.outcome_ms, p.iti_ms};
}
/// Of tasks that draw their own schedule. Throws Error when one was given.
void refuse_schedule(const Schedule* schedule, const char* task);
/// Throws Error unless the schedule has what a task needs; `what` says what and how columns are called.
void need_of_schedule(const Schedule& schedule, bool there, const char* task, const char* what);
/// Throws Error unless payoffs and probabilities are those of `options` options on every trial.
void need_options_of_schedule(const Schedule& schedule, int options, const char* task);
/// Trials of the longest list.
template <class T>
int longest(const std::vector<std::vector<T>>& lists) {
  std::size_t n = 0;
  for (const auto& list : lists) n = std::max(n, list.size());
  return static_cast<int>(n);
}
/// Puts a list into random order, by draws (k, index) of `draw`.
template <class T>
void shuffle(std::vector<T>& list, const Draw& draw, std::uint32_t index = 0) {
  for (auto k = static_cast<std::uint32_t>(list.size()); k > 1; --k)
    std::swap(list[k - 1], list[draw.below(k, k - 1, index)]);
}

class TrialTask : public Task {
 public:
  [[nodiscard]] const TaskInfo& info() const final { return info_; }
  void begin(const Subjects& subjects) final;
  bool next(Phase& phase) final;
  void take(const Actions& actions) final;
  [[nodiscard]] Position position() const final;

 protected:
  /// Before the first trial: sets up each lane; alive_ says who has any trial.
  virtual void start() = 0;
  /// Before each decision: fills what is shown (best_, relevant_, feature_, state_, input_, event_) and
  /// would_pay_, the luck of all options.
  virtual void show() = 0;
  /// After each decision: who goes on (alive_), and with what. choice_ holds what was chosen.
  virtual void advance() = 0;
  /// Fills interval_ for the coming trial; exponential with mean iti_ms, drawn from Purpose::timing.
  virtual void draw_interval();
  /// Outcomes come whether or not something was answered.
  bool always_shown_ = false;
  /// After each decision agents are told which option was right (told_, filled by show()).
  bool tells_right_ = false;

  /// For advance(): all lanes end together, after info_.max_trials decisions, or each with its schedule.
  void end_at_max();
  /// What subjects meet instead of what the task would draw: set by the constructor of a task that takes one;
  /// must outlive the task. After show(), fresh_, input_ and would_pay_ are as far as it says; the rest the
  /// task reads itself. null = the task draws.
  const Schedule* schedule_ = nullptr;
  [[nodiscard]] std::size_t subject_of(std::size_t lane) const {
    return entity_[lane] % schedule_->subjects();
  }
  /// Of a schedule, for show(): block and whether it just changed, which sets event 0.
  void follow_blocks();

  [[nodiscard]] int lanes() const { return subjects_.lanes(); }
  [[nodiscard]] std::size_t size() const { return entity_.size(); }
  [[nodiscard]] Draw draw(Purpose purpose, std::size_t lane) const {
    return {subjects_.seed, purpose, entity_[lane]};
  }
  [[nodiscard]] int stage() const { return trial_ % info_.stages; }

  TaskInfo info_;
  TrialTiming timing_;
  Subjects subjects_;
  std::vector<std::uint32_t> entity_;  // [lanes]
  int trial_ = 0;                      // decisions so far, all stages
  // [lanes] each:
  std::vector<std::int32_t> block_, best_, old_best_, relevant_, choice_;
  std::vector<std::uint8_t> alive_;  // has trials left
  std::vector<std::uint8_t> live_;   // takes part in this decision; alive_ unless show() says otherwise
  std::vector<std::uint8_t> event_, fresh_;
  std::vector<double> outcome_, interval_;
  std::vector<double> would_pay_;      // [option][lanes]
  std::vector<std::int64_t> feature_;  // [option][dim][lanes], empty for a bandit
  std::vector<std::int32_t> state_;    // [lanes], empty with one state
  std::vector<double> input_;          // [input][lanes]
  std::vector<std::int32_t> told_;     // [lanes] with tells_right_: option that turned out right

 private:
  void follow_schedule();
  /// Draws what the options of trial t pay by their probabilities in the schedule.
  void draw_payoffs(std::size_t lane, std::size_t t, const double* p);
  /// The schedule's numbers of that name; null = it has none.
  [[nodiscard]] const std::vector<std::vector<double>>* numbers(const std::string& name) const;
  void set_duration(double ms);  // of the coming phase, the same for all lanes

  enum class Step { cue, choice, outcome, iti } step_ = Step::cue;
  std::vector<double> duration_;  // [lanes]
};

}  // namespace labile
