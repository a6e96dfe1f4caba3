/// A stable and a volatile half of one bandit (T4): how fast do agents learn where the world moves?
///
/// Of two options always exactly one pays. In the stable phase one of them is right with p_stable for
/// `stable` trials; in the volatile phase the right one changes after every block, with p_volatile. The order
/// of the phases is a parameter; "counterbalanced" gives odd subjects the volatile phase first. With
/// magnitudes each trial shows what either option would be worth (`magnitude_0`, `magnitude_1`: whole numbers
/// that add to 100, uniform on 1 to 99); outcomes stay 0 or 1, so beliefs learn from events, and the best
/// option stays the likelier one.
///
/// With a schedule (best and block; and payoff_0, payoff_1 or p_0, p_1) blocks are what it says, and payoffs
/// or probabilities too.
///
/// Source: Behrens et al. (2007), doi:10.1038/nn1954 (120 trials at .75; then .80 reversing after 30 or 40).
/// Differs from it: outcomes are events, points are left to who weighs them; block lengths are parameters.
#include <fmt/format.h>

#include "tasks/catalogue.hpp"
#include "tasks/reversal.hpp"

namespace labile {
namespace {

class VolatileBandit final : public ReversalTask {
 public:
  static constexpr Info entry_info{"volatile_bandit",
                                   "a stable phase and one in which the better option keeps changing",
                                   "doi:10.1038/nn1954"};
  struct Params {
    int stable = 120;
    std::vector<int> volatile_blocks{40, 40, 30, 30, 40};
    double p_stable = 0.75, p_volatile = 0.8;
    std::string order = "stable first";
    bool magnitudes = false;
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"stable", "trials", &P::stable, {1, 1e6}, "length of the stable phase"},
        {"volatile", "trials", &P::volatile_blocks, {1, 1e6}, "length of each block of the volatile phase"},
        {"p_stable", "1", &P::p_stable, {0.5, 1}, "chance of the better option in the stable phase"},
        {"p_volatile", "1", &P::p_volatile, {0.5, 1}, "chance of the better option in the volatile phase"},
        {"order",
         "1",
         &P::order,
         {},
         "which phase comes first",
         {},
         {"stable first", "volatile first", "counterbalanced"}},
        {"magnitudes", "1", &P::magnitudes, {}, "show what each option is worth"}};
    add_timing(t);
    return t;
  }

  VolatileBandit(Params p, const Schedule* schedule) : p_(std::move(p)) {
    info_.layout = Layout::bandit(2);
    info_.max_trials = p_.stable;
    for (const int n : p_.volatile_blocks) info_.max_trials += n;
    if (schedule) read_schedule(*schedule);
    info_.events = {"reversal", "volatile", "stable"};
    if (p_.magnitudes) info_.inputs = {"magnitude_0", "magnitude_1"};
    exclusive_ = true;
    timing_ = timing_of(p_);
  }

 private:
  void read_schedule(const Schedule& s) {
    need_of_schedule(s, !s.best.empty(), entry_info.name, "a column best: the better option of every trial");
    need_of_schedule(s, !s.payoff.empty() || !s.probability.empty(), entry_info.name,
                     "columns payoff_0 and payoff_1, or p_0 and p_1");
    if (s.options > 2)
      throw Error(fmt::format("{}: task '{}' has two options, this schedule {}", s.source, entry_info.name,
                              s.options));
    need_options_of_schedule(s, 2, entry_info.name);
    schedule_ = &s;
    info_.max_trials = longest(s.block);
    for (const auto& block : s.block) {
      auto& first = first_.emplace_back();
      for (std::size_t t = 0; t < block.size(); ++t)
        if (t == 0 || block[t] != block[t - 1]) first.push_back(t);
      first.push_back(block.size());
    }
  }
  bool plan_by_schedule(std::size_t lane, int block, BlockPlan& plan) {
    const std::size_t who = subject_of(lane), b = static_cast<std::size_t>(block);
    if (b + 1 >= first_[who].size()) return false;
    const std::size_t t = first_[who][b];
    old_best_[lane] = best_[lane];
    best_[lane] = relevant_[lane] = schedule_->best[who][t];
    const double p = schedule_->probability.empty()
                         ? p_.p_stable
                         : schedule_->probability[who][2 * t + static_cast<std::size_t>(best_[lane])];
    plan = {static_cast<int>(first_[who][b + 1] - t), {p, 1 - p}};
    return true;
  }
  [[nodiscard]] bool volatile_first(int lane) const {
    return p_.order == "volatile first" || (p_.order == "counterbalanced" && entity_[lane] % 2 == 1);
  }
  bool plan(int lane, int block, BlockPlan& plan) override {
    if (schedule_) return plan_by_schedule(static_cast<std::size_t>(lane), block, plan);
    const int volatile_count = static_cast<int>(p_.volatile_blocks.size());
    if (block > volatile_count) return false;
    const bool first = volatile_first(lane), stable = block == (first ? volatile_count : 0);
    old_best_[lane] = best_[lane];
    best_[lane] = block == 0 ? static_cast<int>(draw(Purpose::schedule, lane).below(2, 0)) : 1 - best_[lane];
    relevant_[lane] = best_[lane];
    const double p = stable ? p_.p_stable : p_.p_volatile;
    plan = {stable ? p_.stable : p_.volatile_blocks[block - (first ? 0 : 1)], {p, 1 - p}};
    return true;
  }
  void present() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n && !schedule_; ++lane) {
      const bool changed = event_[lane] & 1;
      const bool first = volatile_first(static_cast<int>(lane));
      if (changed && block_[lane] == (first ? static_cast<int>(p_.volatile_blocks.size()) : 1))
        event_[lane] |= first ? 4 : 2;
    }
    if (!p_.magnitudes) return;
    for (std::size_t lane = 0; lane < n; ++lane) {
      const double worth = 1 + draw(Purpose::stimulus, lane).below(99, static_cast<std::uint32_t>(trial_));
      input_[lane] = worth;
      input_[n + lane] = 100 - worth;
    }
  }

  Params p_;
  std::vector<std::vector<std::size_t>> first_;  // [subject][block] first trial, of a schedule; then the end
};

}  // namespace

TaskEntry volatile_bandit() {
  return task_entry<VolatileBandit>();
}
}  // namespace labile
