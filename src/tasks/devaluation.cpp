/// Outcome devaluation (T10): is an action done for what it brings, or out of habit?
///
/// Time goes in steps of one second: press (option 1) or not (option 0). In training (block 0) a press pays 1
/// by a random ratio (with probability 1 / ratio) or a random interval (a reward becomes ready with
/// probability 1 / interval a second and waits for the next press). Training lasts until `rewards` have been
/// earned, or `max_steps`. Then (block 1, event "test") comes a test in extinction: pressing pays nothing.
/// Shown throughout is what the outcome is worth, number `outcome_value`: 1, and in the test 0 where the
/// outcome was devalued. A press costs `cost` at all times.
///
/// Source: Adams & Dickinson (1981), doi:10.1080/14640748108400816; overtraining Adams (1982),
/// doi:10.1080/14640748208400878; schedules Dickinson (1985), doi:10.1098/rstb.1985.0010. Differs from
/// them: steps instead of free time, no magazine, and devaluation is told instead of conditioned.
#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class Devaluation final : public TrialTask {
 public:
  static constexpr Info entry_info{"devaluation", "press for an outcome that then loses its value",
                                   "doi:10.1080/14640748108400816"};
  struct Params {
    std::string contingency = "ratio";
    double ratio = 10, interval_s = 30, cost = 0;
    int rewards = 60, max_steps = 20000, test_steps = 60;
    bool devalued = true;
    double cue_ms = 0, deadline_ms = 1000, outcome_ms = 0, iti_ms = 0;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"contingency", "1", &P::contingency, {}, "what makes a press pay", {}, {"ratio", "interval"}},
        {"ratio", "1", &P::ratio, {1, 1e6}, "mean number of presses a reward"},
        {"interval", "s", &P::interval_s, {1, 1e6}, "mean time until a reward is ready"},
        {"rewards", "1", &P::rewards, {1, 1e6}, "rewards that end the training"},
        {"max_steps", "trials", &P::max_steps, {1, 1e7}, "longest training"},
        {"test_steps", "trials", &P::test_steps, {1, 1e6}, "length of the test"},
        {"devalued", "1", &P::devalued, {}, "whether the outcome has lost its value in the test"},
        {"cost", "1", &P::cost, {0, 1e3}, "what a press costs"}};
    add_timing(t);
    return t;
  }

  Devaluation(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    info_.layout = Layout::bandit(2);
    info_.max_trials = p_.max_steps + p_.test_steps;
    info_.inputs = {"outcome_value"};
    info_.events = {"test"};
    by_ratio_ = p_.contingency == "ratio";
    chance_ = 1 / (by_ratio_ ? p_.ratio : p_.interval_s);
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    for (auto* v : {&earned_, &test_from_}) v->assign(size(), 0);
    std::fill(test_from_.begin(), test_from_.end(), p_.max_steps);
    ready_.assign(size(), 0);
    std::fill(input_.begin(), input_.end(), 1.0);
  }
  void show() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      const bool test = block_[lane] == 1;
      const bool luck = draw(Purpose::luck, lane).uniform(static_cast<std::uint32_t>(trial_)) < chance_;
      ready_[lane] = !test && (luck || (ready_[lane] && !by_ratio_));
      // Pressing is right while it brings more than it costs.
      best_[lane] = relevant_[lane] = !test && chance_ > p_.cost ? 1 : 0;
      would_pay_[lane] = 0;
      would_pay_[n + lane] = (ready_[lane] ? 1 : 0) - p_.cost;
    }
  }
  void draw_interval() override { std::fill(interval_.begin(), interval_.end(), timing_.iti_ms); }
  void advance() override {
    for (std::size_t lane = 0; lane < size(); ++lane) {
      if (!alive_[lane]) continue;
      if (ready_[lane] && choice_[lane] == 1) {
        ready_[lane] = 0;
        if (++earned_[lane] == p_.rewards) test_from_[lane] = std::min(trial_, p_.max_steps);
      }
      if (trial_ == test_from_[lane]) {
        block_[lane] = 1;
        event_[lane] = 1;
        input_[lane] = p_.devalued ? 0 : 1;
      }
      if (trial_ == test_from_[lane] + p_.test_steps) alive_[lane] = 0;
    }
  }

  Params p_;
  bool by_ratio_ = true;
  double chance_ = 0.1;                           // of a reward a press, or of one becoming ready a second
  std::vector<std::int32_t> earned_, test_from_;  // [lanes] rewards; first step of the test
  std::vector<std::uint8_t> ready_;               // [lanes] a press pays now
};

}  // namespace

TaskEntry devaluation() {
  return task_entry<Devaluation>();
}
}  // namespace labile
