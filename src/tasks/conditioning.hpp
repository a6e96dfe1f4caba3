/// What tasks of cues and outcomes share: every trial shows numbers (cues, contexts, days) and asks whether
/// the outcome will come; then it comes or does not, whatever was answered.
///
/// Option 1 is "it will come", option 0 "it will not"; the right answer pays 1. Agents are told what came
/// (column input of the record). All subjects meet the same trials in the same order; luck decides only where
/// the outcome comes with a probability between 0 and 1. Blocks are phases. `best` is what comes in at least
/// half of such trials.
#pragma once

#include <array>

#include "tasks/trial_task.hpp"

namespace labile {

class ConditioningTask : public TrialTask {
 protected:
  static constexpr std::size_t kShown = 8;
  struct Step {
    std::array<double, kShown> shown{};  // in the order of TaskInfo::inputs
    double p_outcome = 0;
    int block = 0;
    std::uint8_t events = 0;    // bits of TaskInfo::events
    std::uint8_t surprise = 0;  // the bit of the event that an outcome left out is
  };

  /// A phase of equal trials; the first has the events given.
  void add_phase(int trials, std::array<double, kShown> shown, double p_outcome, std::uint8_t events = 0);
  /// After the last phase: fills info_.
  void plan_done();

  std::vector<Step> plan_;  // [trial]

 private:
  void start() override {}
  void show() override;
  void advance() override { end_at_max(); }
};

}  // namespace labile
