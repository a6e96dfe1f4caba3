/// Random dots (T16): say which way most of them move, as soon as it is clear.
///
/// Each level of coherence is shown `repeats` times, in random order: to the left and to the right in
/// turn, so as often where `repeats` is even.
/// What is shown is the signed share of dots that move together (number `coherence`, -1 to 1: right is
/// positive); option 0 is left, option 1 right. The right option pays 1, the other 0, and both are told apart
/// after the response. At coherence 0 a fair coin decides which is right.
///
/// Source: Roitman & Shadlen (2002), doi:10.1523/JNEUROSCI.22-21-09475.2002 (response-time version, levels).
/// Differs from it: agents are shown the coherence, not dots, and must bring their own noise; late responses
/// count as none and are not repeated.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class RandomDots final : public TrialTask {
 public:
  static constexpr Info entry_info{"random_dots", "which way do most dots move, with response times",
                                   "doi:10.1523/JNEUROSCI.22-21-09475.2002"};
  struct Params {
    std::vector<double> coherences{0, 0.032, 0.064, 0.128, 0.256, 0.512};
    int repeats = 150;
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{{"coherences", "1", &P::coherences, {0, 1}, "shares of dots that move together"},
                            {"repeats", "trials", &P::repeats, {1, 1e5}, "trials of each coherence"}};
    add_timing(t);
    return t;
  }

  RandomDots(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.coherences.empty()) throw Error("coherences is empty; write levels, such as [0, 0.1, 0.5]");
    info_.layout = Layout::bandit(2);
    info_.max_trials = static_cast<int>(p_.coherences.size()) * p_.repeats;
    info_.inputs = {"coherence"};
    tells_right_ = true;
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    signed_.resize(size());
    for (std::size_t lane = 0; lane < size(); ++lane) {
      auto& list = signed_[lane];
      list.clear();
      for (const double c : p_.coherences)
        for (int k = 0; k < p_.repeats; ++k) list.push_back(k % 2 || c == 0 ? c : -c);
      shuffle(list, draw(Purpose::stimulus, lane));
    }
  }
  void show() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      const double c = input_[lane] = signed_[lane][static_cast<std::size_t>(trial_)];
      const bool coin = draw(Purpose::luck, lane).uniform(static_cast<std::uint32_t>(trial_)) < 0.5;
      const bool right = c > 0 || (c == 0 && coin);
      best_[lane] = relevant_[lane] = told_[lane] = right;
      would_pay_[lane] = !right;
      would_pay_[n + lane] = right;
    }
  }
  void advance() override { end_at_max(); }

  Params p_;
  std::vector<std::vector<double>> signed_;  // [lanes][trial] signed coherence
};

}  // namespace

TaskEntry random_dots() {
  return task_entry<RandomDots>();
}
}  // namespace labile
