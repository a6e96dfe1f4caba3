/// The two-step task (T11): does a choice follow what was paid, or what leads where?
///
/// Decision 0 is between two actions; action a leads to room a with p_common, else to the other. Decision 1
/// is between two actions in that room, each of which pays with its own probability. These wander: steps of
/// N(0, drift_sd), reflected at `low` and `high`. State 0 is decision 0, states 1 and 2 are the rooms; the
/// outcome comes after decision 1. A decision 0 that was missed has no decision 1.
///
/// With a schedule (p_0 to p_3: room 1's actions, then room 2's) the probabilities are what it says.
///
/// Source: Daw et al. (2011), doi:10.1016/j.neuron.2011.02.027. Differs from it: probabilities start uniform
/// between the bounds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class TwoStep final : public TrialTask {
 public:
  static constexpr Info entry_info{"two_step", "two choices in a row; the first leads to one of two rooms",
                                   "doi:10.1016/j.neuron.2011.02.027"};
  struct Params {
    int trials = 201;
    double p_common = 0.7, drift_sd = 0.025, low = 0.25, high = 0.75;
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"trials", "trials", &P::trials, {1, 1e6}, "number of trials, of two decisions each"},
        {"p_common", "1", &P::p_common, {0, 1}, "probability that an action leads to its own room"},
        {"drift_sd", "1", &P::drift_sd, {0, 1}, "step of the payoff probabilities a trial"},
        {"low", "1", &P::low, {0, 1}, "least payoff probability"},
        {"high", "1", &P::high, {0, 1}, "largest payoff probability"}};
    add_timing(t);
    return t;
  }

  TwoStep(Params p, const Schedule* schedule) : p_(p) {
    if (schedule) {
      need_of_schedule(
          *schedule,
          !schedule->probability.empty() && schedule->probability[0].size() == 4 * schedule->block[0].size(),
          entry_info.name, "columns p_0, p_1, p_2, p_3: with which probability each room's actions pay");
      schedule_ = schedule;
      p_.trials = longest(schedule->block);
    }
    if (!(p_.low < p_.high)) throw Error(fmt::format("low ({}) must be below high ({})", p_.low, p_.high));
    info_.layout = Layout::bandit(2, 3);
    info_.stages = 2;
    info_.max_trials = 2 * p_.trials;
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    p_pay_.assign(4 * size(), 0.0);
    first_.assign(size(), -1);
  }
  void show() override {
    const std::size_t n = size();
    const auto t = static_cast<std::uint32_t>(trial_ / 2);
    for (std::size_t lane = 0; lane < n; ++lane) {
      if (stage() == 0)
        begin_trial(lane, t);
      else
        enter_room(lane, t);
    }
  }
  void begin_trial(std::size_t lane, std::uint32_t t) {
    const std::size_t n = size();
    const Draw walk = draw(Purpose::schedule, lane);
    for (std::uint32_t k = 0; k < 4; ++k) {
      double& p = p_pay_[k * n + lane];
      if (schedule_) {
        if (alive_[lane]) p = schedule_->probability[subject_of(lane)][4 * t + k];
        continue;
      }
      p = t == 0 ? p_.low + (p_.high - p_.low) * walk.uniform(0, k)
                 : reflected(p + p_.drift_sd * walk.normal(t, k));
    }
    state_[lane] = 0;
    for (std::size_t o = 0; o < 2; ++o) would_pay_[o * n + lane] = kNaN;
    const double room[2] = {best_of(0, lane), best_of(1, lane)};
    const double worth = (2 * p_.p_common - 1) * (room[0] - room[1]);
    best_[lane] = worth >= 0 ? 0 : 1;
  }
  void enter_room(std::size_t lane, std::uint32_t t) {
    const std::size_t n = size();
    live_[lane] = alive_[lane] && first_[lane] >= 0;
    const auto w = draw(Purpose::luck, lane).bits(t);
    const bool common = Draw::uniform32(w[0]) < p_.p_common;
    const int room = (first_[lane] == 1) == common ? 1 : 0;
    state_[lane] = 1 + room;
    for (std::size_t o = 0; o < 2; ++o)
      would_pay_[o * n + lane] =
          Draw::uniform32(w[1 + o]) < p_pay_[(2 * static_cast<std::size_t>(room) + o) * n + lane];
    best_[lane] = pay(room, 1, lane) > pay(room, 0, lane) ? 1 : 0;
  }
  void advance() override {
    if (stage() == 1) {
      first_ = choice_;
    } else {
      end_at_max();
    }
  }
  [[nodiscard]] double pay(int room, int action, std::size_t lane) const {
    return p_pay_[static_cast<std::size_t>(2 * room + action) * size() + lane];
  }
  [[nodiscard]] double best_of(int room, std::size_t lane) const {
    return std::max(pay(room, 0, lane), pay(room, 1, lane));
  }
  /// Back into the bounds, as often as it takes.
  [[nodiscard]] double reflected(double p) const {
    const double wide = p_.high - p_.low;
    double x = std::fmod(std::abs(p - p_.low), 2 * wide);
    if (x > wide) x = 2 * wide - x;
    return p_.low + x;
  }

  Params p_;
  std::vector<double> p_pay_;        // [room][action][lanes]
  std::vector<std::int32_t> first_;  // [lanes] choice of decision 0
};

}  // namespace

TaskEntry two_step() {
  return task_entry<TwoStep>();
}
}  // namespace labile
