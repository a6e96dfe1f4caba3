/// Extended Posner task (T6): one of several cues tells where the target will come, until another does.
///
/// On every trial each of `cues` colored cues points left or right (numbers `cue_0`, `cue_1`, ...: 0 left, 1
/// right), each at random. The target comes at the side that the predictive cue points to with probability
/// gamma, the cue's validity; the other cues say nothing. Predictive cue and validity change together and
/// unannounced: with probability `hazard` a trial, or every `length` trials where that is above 0, another
/// cue takes over and another validity of `validities` holds. The event is "change"; blocks count them.
///
/// Options are the sides. By default the response comes after the target (number `target`, 0 or 1) and
/// reports its side; with `predict` it comes before and nothing of the target is shown. Pays 1 for the
/// target's side, else 0; the side is told afterwards (column right). Column best is the side that the
/// predictive cue points to: a trial is valid where best and right agree.
///
/// Source: Yu & Dayan (2005), doi:10.1016/j.neuron.2005.04.026. Differs from it: validities are drawn from a
/// list instead of a continuum; cues and target are numbers of one trial, shown together.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class Posner final : public TrialTask {
 public:
  static constexpr Info entry_info{"posner", "which of several cues tells where the target comes",
                                   "doi:10.1016/j.neuron.2005.04.026"};
  struct Params {
    int trials = 1000, cues = 3;
    std::vector<double> validities{0.98, 0.9, 0.8, 0.7, 0.6};
    double hazard = 0.005;
    int length = 0;
    bool predict = false;
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 1000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"trials", "trials", &P::trials, {1, 1e6}, "number of trials"},
        {"cues", "1", &P::cues, {2, 5}, "cues on every trial"},
        {"validities", "1", &P::validities, {0.5, 1}, "validities that a predictive cue may have"},
        {"hazard", "1", &P::hazard, {0, 1}, "probability of a change a trial"},
        {"length", "trials", &P::length, {0, 1e6}, "trials from change to change; 0: by the hazard"},
        {"predict", "1", &P::predict, {}, "the response comes before the target instead of after it"}};
    add_timing(t);
    return t;
  }

  Posner(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.validities.empty()) throw Error("validities is empty; write one or more, such as [0.9, 0.7]");
    info_.layout = Layout::bandit(2);
    info_.max_trials = p_.trials;
    for (int k = 0; k < p_.cues; ++k) info_.inputs.push_back(fmt::format("cue_{}", k));
    if (!p_.predict) info_.inputs.emplace_back("target");
    info_.events = {"change"};
    tells_right_ = true;
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    cue_.assign(size(), 0);
    before_.assign(size(), -1);
    validity_.assign(size(), 0);
  }
  [[nodiscard]] bool changes(const Draw& world, std::uint32_t t) const {
    if (t == 0) return true;
    return p_.length > 0 ? trial_ % p_.length == 0 : world.uniform(t, 0) < p_.hazard;
  }
  /// Another of n at random; any of them the first time.
  static std::size_t another(const Draw& world, std::size_t n, std::size_t now, std::uint32_t t,
                             std::uint32_t index) {
    if (t == 0) return world.below(static_cast<std::uint32_t>(n), t, index);
    if (n == 1) return 0;
    return (now + 1 + world.below(static_cast<std::uint32_t>(n - 1), t, index)) % n;
  }
  void show() override {
    const auto t = static_cast<std::uint32_t>(trial_);
    const std::size_t n = size(), cues = static_cast<std::size_t>(p_.cues);
    for (std::size_t lane = 0; lane < n; ++lane) {
      const Draw world = draw(Purpose::schedule, lane), luck = draw(Purpose::luck, lane);
      if (changes(world, t)) {
        before_[lane] = t == 0 ? -1 : static_cast<int>(cue_[lane]);
        cue_[lane] = another(world, cues, cue_[lane], t, 1);
        validity_[lane] = another(world, p_.validities.size(), validity_[lane], t, 2);
        block_[lane] += t > 0;
        event_[lane] = t > 0;
      }
      const auto bits = luck.bits(t, 1)[0];
      for (std::size_t k = 0; k < cues; ++k) input_[k * n + lane] = (bits >> (31 - k)) & 1u;
      const bool points = input_[cue_[lane] * n + lane] > 0;
      const bool valid = luck.uniform(t, 0) < p_.validities[validity_[lane]];
      const bool target = points == valid;
      if (!p_.predict) input_[cues * n + lane] = target;
      best_[lane] = points;
      relevant_[lane] = points;
      old_best_[lane] =
          before_[lane] < 0 ? -1 : input_[static_cast<std::size_t>(before_[lane]) * n + lane] > 0;
      told_[lane] = target;
      would_pay_[lane] = !target;
      would_pay_[n + lane] = target;
    }
  }
  void advance() override { end_at_max(); }

  Params p_;
  std::vector<std::size_t> cue_, validity_;  // [lanes] predictive cue; its validity's place in the list
  std::vector<int> before_;                  // [lanes] predictive cue of the block before, -1 = none
};

}  // namespace

TaskEntry posner() {
  return task_entry<Posner>();
}
}  // namespace labile
