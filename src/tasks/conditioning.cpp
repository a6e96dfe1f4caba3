#include "tasks/conditioning.hpp"

namespace labile {

void ConditioningTask::add_phase(int trials, std::array<double, kShown> shown, double p_outcome,
                                 std::uint8_t events) {
  const int block = plan_.empty() ? 0 : plan_.back().block + 1;
  for (int t = 0; t < trials; ++t)
    plan_.push_back({shown, p_outcome, block, t == 0 ? events : std::uint8_t{0}});
}

void ConditioningTask::plan_done() {
  info_.layout = Layout::bandit(2);
  info_.max_trials = static_cast<int>(plan_.size());
  tells_right_ = true;
}

void ConditioningTask::show() {
  const std::size_t n = size(), inputs = info_.inputs.size();
  const Step& step = plan_[static_cast<std::size_t>(trial_)];
  const int likely = step.p_outcome >= 0.5 ? 1 : 0;
  for (std::size_t lane = 0; lane < n; ++lane) {
    for (std::size_t k = 0; k < inputs; ++k) input_[k * n + lane] = step.shown[k];
    const bool comes = draw(Purpose::luck, lane).uniform(static_cast<std::uint32_t>(trial_)) < step.p_outcome;
    if (step.block != block_[lane]) old_best_[lane] = best_[lane];
    block_[lane] = step.block;
    best_[lane] = relevant_[lane] = likely;
    told_[lane] = comes;
    would_pay_[lane] = !comes;
    would_pay_[n + lane] = comes;
    event_[lane] = static_cast<std::uint8_t>(step.events | (comes ? 0 : step.surprise));
  }
}

}  // namespace labile
