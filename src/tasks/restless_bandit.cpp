/// Options whose payoffs wander (T5): exploit the best known, or find out about the others?
///
/// Option i pays round(mean_i + N(0, payoff_sd)), clipped to [low, high]. Between trials
///   mean_i <- decay mean_i + (1 - decay) center + N(0, drift_sd)
/// and starts from N(center, start_sd), by default the walk's own spread, drift_sd / sqrt(1 - decay^2). The
/// best option is that of the largest mean.
///
/// With a schedule (payoff_0, payoff_1, ...) payoffs are what it says, whatever the parameters, and the best
/// option is its `best`, else that of the largest payoff.
///
/// Source: Daw et al. (2006), doi:10.1038/nature04766. Differs from it: the walk is drawn for each subject;
/// the number of options and the start are parameters.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class RestlessBandit final : public TrialTask {
 public:
  static constexpr Info entry_info{"restless_bandit", "options whose mean payoffs wander",
                                   "doi:10.1038/nature04766"};
  struct Params {
    int options = 4, trials = 300;
    double decay = 0.9836, center = 50, drift_sd = 2.8, payoff_sd = 4, start_sd = -1, low = 1, high = 100;
    double cue_ms = 500, deadline_ms = 1500, outcome_ms = 1000, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"options", "1", &P::options, {2, kMaxOptions}, "number of options"},
        {"trials", "trials", &P::trials, {1, 1e6}, "number of trials"},
        {"decay", "1", &P::decay, {0, 1}, "what a mean keeps of its distance from the center"},
        {"center", "points", &P::center, {-1e6, 1e6}, "where means return to"},
        {"drift_sd", "points", &P::drift_sd, {0, 1e6}, "step of the walk"},
        {"payoff_sd", "points", &P::payoff_sd, {0, 1e6}, "spread of payoffs around their mean"},
        {"start_sd",
         "points",
         &P::start_sd,
         {0, 1e6},
         "spread of the first means; that of the walk when not given"},
        {"low", "points", &P::low, {-1e6, 1e6}, "least payoff"},
        {"high", "points", &P::high, {-1e6, 1e6}, "largest payoff"}};
    add_timing(t);
    return t;
  }

  RestlessBandit(Params p, const Schedule* schedule) : p_(p) {
    if (schedule) read_schedule(*schedule);
    if (!(p_.low < p_.high)) throw Error(fmt::format("low ({}) must be below high ({})", p_.low, p_.high));
    if (p_.start_sd < 0) {
      if (p_.decay >= 1) throw Error("a walk with decay = 1 has no spread of its own; give start_sd");
      p_.start_sd = p_.drift_sd / std::sqrt(1 - p_.decay * p_.decay);
    }
    info_.layout = Layout::bandit(p_.options);
    info_.max_trials = p_.trials;
    timing_ = timing_of(p_);
  }

 private:
  void read_schedule(const Schedule& s) {
    need_of_schedule(s, !s.payoff.empty(), entry_info.name,
                     "columns payoff_0, payoff_1, ... of what options pay");
    schedule_ = &s;
    p_.options = std::max(2, s.options);
    need_options_of_schedule(s, p_.options, entry_info.name);
    p_.trials = longest(s.block);
  }
  void show_schedule() {
    follow_blocks();
    const auto t = static_cast<std::size_t>(trial_), options = static_cast<std::size_t>(p_.options);
    for (std::size_t lane = 0; lane < size(); ++lane) {
      if (!alive_[lane]) continue;
      const std::size_t who = subject_of(lane);
      const double* now = schedule_->payoff[who].data() + t * options;
      int best = -1;  // of the payoffs that are known
      for (std::size_t o = 0; o < options; ++o) {
        would_pay_[o * size() + lane] = kNaN;
        if (now[o] == now[o] && (best < 0 || now[o] > now[best])) best = static_cast<int>(o);
      }
      best_[lane] = schedule_->best.empty() ? best : schedule_->best[who][t];
    }
  }
  void start() override { mean_.assign(would_pay_.size(), 0.0); }
  void show() override {
    if (schedule_) return show_schedule();
    const std::size_t n = size();
    const auto t = static_cast<std::uint32_t>(trial_);
    for (std::size_t lane = 0; lane < n; ++lane) {
      const Draw walk = draw(Purpose::schedule, lane), luck = draw(Purpose::luck, lane);
      int best = 0;
      for (int o = 0; o < p_.options; ++o) {
        const auto k = static_cast<std::size_t>(o) * n + lane;
        const double step = walk.normal(t, static_cast<std::uint32_t>(o));
        mean_[k] = trial_ == 0 ? p_.center + p_.start_sd * step
                               : p_.decay * mean_[k] + (1 - p_.decay) * p_.center + p_.drift_sd * step;
        const double paid = mean_[k] + p_.payoff_sd * luck.normal(t, static_cast<std::uint32_t>(o));
        would_pay_[k] = std::clamp(std::round(paid), p_.low, p_.high);
        if (mean_[k] > mean_[static_cast<std::size_t>(best) * n + lane]) best = o;
      }
      best_[lane] = best;
    }
  }
  void advance() override { end_at_max(); }

  Params p_;
  std::vector<double> mean_;  // [option][lanes]
};

}  // namespace

TaskEntry restless_bandit() {
  return task_entry<RestlessBandit>();
}
}  // namespace labile
