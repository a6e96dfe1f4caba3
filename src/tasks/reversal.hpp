/// What reversal tasks share: blocks of trials under one rule, payoffs drawn from two probabilities. A task
/// adds what is shown and which option is good.
///
/// A block ends after its length, or earlier when `criterion` correct choices came in a row.
#pragma once

#include "tasks/trial_task.hpp"

namespace labile {

class ReversalTask : public TrialTask {
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
  virtual void present() {}

  int criterion_ = 0;       // 0 = fixed lengths
  bool exclusive_ = false;  // of two options always exactly one pays
  // [lanes] each:
  std::vector<std::int32_t> trial_in_block_, run_, length_;
  std::vector<double> p_better_, p_worse_;

 private:
  int due_ = 0;  // no block ends before this trial, where none ends by its criterion
  void start() final;
  void show() final;
  void advance() final;
  void draw_interval() final {}  // comes with the luck
  void draw_luck();
  void start_block(int lane, int block);
};

}  // namespace labile
