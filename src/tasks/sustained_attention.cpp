/// Sustained attention (T14): was there a brief signal or not, trial after trial?
///
/// A signal comes on a share `p_signal` of trials. Each trial, with or without one, has a duration (number
/// `duration`, ms), so that the duration says nothing of the signal; durations come equally often, as far as
/// they divide the trials. What reaches the agent is one number:
///   evidence = d'(duration) [signal] + noise,  d'(D) = d_max (1 - exp(-D / tau_d)),  noise ~ N(0, 1)
/// On a share `oddball` of trials something salient and irrelevant happens too (number `oddball`, 0 or 1):
/// the noise then has the standard deviation sqrt(1 + oddball_noise^2). Option 0 is no, option 1 yes; pays 1
/// where right, else 0; what was right is told.
///
/// Source: McGaughy & Sarter (1995), doi:10.1007/BF02246109 (task; 25, 50 and 500 ms); signal detection after
/// Green & Swets (1966). Differs from them: d'(D), its constants and the oddballs are of our design;
/// omissions are late answers; all trials have a duration.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class SustainedAttention final : public TrialTask {
 public:
  static constexpr Info entry_info{"sustained_attention", "was there a brief signal or not",
                                   "doi:10.1007/BF02246109"};
  struct Params {
    int trials = 300;
    std::vector<double> durations{25, 50, 100, 200, 500};
    double p_signal = 0.5, d_max = 3, tau_d = 100, oddball = 0, oddball_noise = 2;
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"trials", "trials", &P::trials, {1, 1e6}, "number of trials"},
        {"durations", "ms", &P::durations, {0, 1e6}, "durations, equally often"},
        {"p_signal", "1", &P::p_signal, {0, 1}, "share of trials with a signal"},
        {"d_max", "1", &P::d_max, {0, 100}, "d' of a long signal"},
        {"tau_d", "ms", &P::tau_d, {1e-3, 1e6}, "duration at which d' is at 63% of d_max"},
        {"oddball", "1", &P::oddball, {0, 1}, "share of trials with something salient and irrelevant"},
        {"oddball_noise", "1", &P::oddball_noise, {0, 100}, "standard deviation of the noise it adds"}};
    add_timing(t);
    return t;
  }

  SustainedAttention(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.durations.empty()) throw Error("durations is empty; write one or more, such as [25, 100, 500]");
    info_.layout = Layout::bandit(2);
    info_.max_trials = p_.trials;
    info_.inputs = {"evidence", "duration", "oddball"};
    tells_right_ = true;
    timing_ = timing_of(p_);
    for (const double d : p_.durations) d_prime_.push_back(p_.d_max * (1 - exp(-d / p_.tau_d)));
  }

 private:
  void start() override {
    order_.resize(size());
    for (std::size_t lane = 0; lane < size(); ++lane) {
      auto& list = order_[lane];
      list.clear();
      for (int t = 0; t < p_.trials; ++t) list.push_back(static_cast<std::size_t>(t) % p_.durations.size());
      shuffle(list, draw(Purpose::stimulus, lane));
    }
  }
  void show() override {
    const auto t = static_cast<std::uint32_t>(trial_);
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      const Draw luck = draw(Purpose::luck, lane), world = draw(Purpose::schedule, lane);
      const std::size_t k = order_[lane][t];
      const bool signal = world.uniform(t, 0) < p_.p_signal;
      const bool odd = p_.oddball > 0 && world.uniform(t, 1) < p_.oddball;
      double evidence = (signal ? d_prime_[k] : 0.0) + luck.normal(t, 0);
      if (odd) evidence += p_.oddball_noise * luck.normal(t, 1);
      input_[lane] = evidence;
      input_[n + lane] = p_.durations[k];
      input_[2 * n + lane] = odd;
      best_[lane] = relevant_[lane] = told_[lane] = signal;
      would_pay_[lane] = !signal;
      would_pay_[n + lane] = signal;
    }
  }
  void advance() override { end_at_max(); }

  Params p_;
  std::vector<double> d_prime_;                  // [duration]
  std::vector<std::vector<std::size_t>> order_;  // [lanes][trial] place of its duration in the list
};

}  // namespace

TaskEntry sustained_attention() {
  return task_entry<SustainedAttention>();
}
}  // namespace labile
