/// What all reversal tasks share: blocks of trials under one rule, luck drawn before the choice, four phases
/// a trial. A task adds what is shown and which option is good.
///
/// A block ends after its length, or earlier when `criterion` correct choices came in a row.
#pragma once

#include <vector>

#include "contract/task.hpp"

namespace labile {

struct ReversalTiming {
  double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
};

class ReversalTask : public Task {
 public:
  [[nodiscard]] const TaskInfo& info() const final { return info_; }
  void begin(const Subjects& subjects) final;
  bool next(Phase& phase) final;
  void take(const Actions& actions) final;
  [[nodiscard]] Position position() const final;

 protected:
  struct Probabilities {
    double better, worse;
  };
  /// Sets up a lane for its block: length and payoff probabilities; false when the lane has no such block.
  struct BlockPlan {
    int length;
    Probabilities p;
  };
  virtual bool plan(int lane, int block, BlockPlan& plan) = 0;
  /// Fills best_, old_best_, relevant_ and feature_ for the coming trial.
  virtual void show(int trial) = 0;

  TaskInfo info_;
  ReversalTiming timing_;
  int criterion_ = 0;  // 0 = fixed lengths
  Subjects subjects_;
  std::vector<std::uint32_t> entity_;  // [lanes]
  // [lanes] each:
  std::vector<std::int32_t> block_, trial_in_block_, run_, length_;
  std::vector<std::int32_t> best_, old_best_, relevant_;
  std::vector<double> p_better_, p_worse_;
  std::vector<std::uint8_t> live_, event_, fresh_;
  std::vector<double> outcome_, duration_, interval_;
  std::vector<double> would_pay_;      // [option][lanes]
  std::vector<std::int64_t> feature_;  // [option][dim][lanes], empty for a bandit

  [[nodiscard]] int lanes() const { return subjects_.lanes(); }

 private:
  void draw_luck();
  void advance();
  void start_block(int lane, int block);
  enum class Step { cue, choice, outcome, iti } step_ = Step::cue;
  int trial_ = 0;
  bool stop_ = false;
};

}  // namespace labile
