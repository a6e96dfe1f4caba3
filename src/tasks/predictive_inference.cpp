/// Predictive inference (T17): say where the next outcome will fall, in a world that sometimes jumps.
///
/// Before each outcome the agent reports a prediction. Outcomes are N(mean, sigma), held within [low, high];
/// with probability `hazard` a trial the mean jumps to a new place, uniform on [low, high]. With `oddball`
/// above 0 that share of outcomes is uniform and says nothing of the mean. A change point is the event
/// "change"; the block counts them.
///
/// With a schedule (outcome, and block where changes are known) outcomes are what it says.
///
/// Source: Nassar et al. (2010), doi:10.1523/JNEUROSCI.0822-10.2010; oddballs after Nassar, Bruckner & Frank
/// (2019), doi:10.7554/eLife.46975. Differs from them: trials are independent of where the agent reports; no
/// bonus.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class PredictiveInference final : public TrialTask {
 public:
  static constexpr Info entry_info{"predictive_inference", "predict the next number in a world that jumps",
                                   "doi:10.1523/JNEUROSCI.0822-10.2010"};
  struct Params {
    int trials = 300;
    double hazard = 0.1, sigma = 10, low = 0, high = 300, oddball = 0;
    double cue_ms = 500, deadline_ms = 10000, outcome_ms = 1000, iti_ms = 500;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{{"trials", "trials", &P::trials, {1, 1e6}, "number of trials"},
                            {"hazard", "1", &P::hazard, {0, 1}, "probability of a jump a trial"},
                            {"sigma", "points", &P::sigma, {0, 1e6}, "spread of outcomes around their mean"},
                            {"low", "points", &P::low, {-1e6, 1e6}, "least outcome"},
                            {"high", "points", &P::high, {-1e6, 1e6}, "largest outcome"},
                            {"oddball", "1", &P::oddball, {0, 1}, "share of outcomes that fall anywhere"}};
    add_timing(t);
    return t;
  }

  PredictiveInference(Params p, const Schedule* schedule) : p_(p) {
    if (schedule) {
      need_of_schedule(*schedule, !schedule->outcome.empty(), entry_info.name,
                       "outcomes that came whatever was answered: a column outcome, in data beside reports");
      need_options_of_schedule(*schedule, 1, entry_info.name);
      schedule_ = schedule;
      p_.trials = longest(schedule->block);
    }
    if (!(p_.low < p_.high)) throw Error(fmt::format("low ({}) must be below high ({})", p_.low, p_.high));
    info_.layout = Layout::bandit(1);
    info_.max_trials = p_.trials;
    info_.reports = true;
    info_.best_known = false;
    info_.events = {"change"};
    always_shown_ = true;
    timing_ = timing_of(p_);
  }

 private:
  void start() override { mean_.assign(size(), 0.0); }
  void show() override {
    const auto t = static_cast<std::uint32_t>(trial_);
    if (schedule_) follow_blocks();
    for (std::size_t lane = 0; lane < size(); ++lane) {
      if (schedule_) {
        if (alive_[lane]) would_pay_[lane] = schedule_->outcome[subject_of(lane)][t];
        continue;
      }
      const Draw world = draw(Purpose::schedule, lane), luck = draw(Purpose::luck, lane);
      if (trial_ == 0 || world.uniform(t, 0) < p_.hazard) {
        mean_[lane] = p_.low + (p_.high - p_.low) * world.uniform(t, 1);
        block_[lane] += trial_ > 0;
        event_[lane] = trial_ > 0;
      }
      const double near = mean_[lane] + p_.sigma * luck.normal(t, 0);
      const bool odd = p_.oddball > 0 && luck.uniform(t, 1) < p_.oddball;
      would_pay_[lane] =
          odd ? p_.low + (p_.high - p_.low) * luck.uniform(t, 2) : std::clamp(near, p_.low, p_.high);
    }
  }
  void advance() override { end_at_max(); }

  Params p_;
  std::vector<double> mean_;  // [lanes]
};

}  // namespace

TaskEntry predictive_inference() {
  return task_entry<PredictiveInference>();
}
}  // namespace labile
