/// Go or no-go for rewards or against punishments (T19): a cue's promise gets in the way of what it asks for.
///
/// Cues (states): 0 go to win, 1 go to avoid, 2 no-go to win, 3 no-go to avoid, each `repeats` times in
/// random order. Option 1 is go, option 0 no-go. The right action brings the good outcome with p_good, the
/// wrong one with 1 - p_good: 1 instead of 0 where there is something to win, 0 instead of -1 where there is
/// something to avoid.
///
/// Source: Guitart-Masip et al. (2012), doi:10.1016/j.neuroimage.2012.04.024 (60 trials a cue, .8). Differs
/// from it: the cue and the target that asks for the action are one.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class GoNogoTask final : public TrialTask {
 public:
  static constexpr Info entry_info{"go_nogo", "act or withhold, to win or to avoid",
                                   "doi:10.1016/j.neuroimage.2012.04.024"};
  struct Params {
    int repeats = 60;
    double p_good = 0.8;
    double cue_ms = 1000, deadline_ms = 1000, outcome_ms = 1000, iti_ms = 1000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"repeats", "trials", &P::repeats, {1, 1e5}, "trials of each cue"},
        {"p_good", "1", &P::p_good, {0.5, 1}, "chance of the good outcome after the right action"}};
    add_timing(t);
    return t;
  }

  GoNogoTask(Params p, const Schedule* schedule) : p_(p) {
    refuse_schedule(schedule, entry_info.name);
    info_.layout = Layout::bandit(2, 4);
    info_.max_trials = 4 * p_.repeats;
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    const auto trials = static_cast<std::size_t>(info_.max_trials);
    cue_.resize(size());
    for (std::size_t lane = 0; lane < size(); ++lane) {
      cue_[lane].resize(trials);
      for (std::size_t t = 0; t < trials; ++t) cue_[lane][t] = static_cast<std::uint8_t>(t % 4);
      shuffle(cue_[lane], draw(Purpose::stimulus, lane));
    }
  }
  void show() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      const int cue = cue_[lane][static_cast<std::size_t>(trial_)];
      const bool go = cue < 2, win = cue % 2 == 0;
      state_[lane] = cue;
      best_[lane] = relevant_[lane] = go ? 1 : 0;
      const double u = draw(Purpose::luck, lane).uniform(static_cast<std::uint32_t>(trial_));
      const double good = win ? 1 : 0, bad = win ? 0 : -1;
      const auto right = static_cast<std::size_t>(best_[lane]);
      would_pay_[right * n + lane] = u < p_.p_good ? good : bad;
      would_pay_[(1 - right) * n + lane] = u < p_.p_good ? bad : good;
    }
  }
  void advance() override { end_at_max(); }

  Params p_;
  std::vector<std::vector<std::uint8_t>> cue_;  // [lanes][trial]
};

}  // namespace

TaskEntry go_nogo() {
  return task_entry<GoNogoTask>();
}
}  // namespace labile
