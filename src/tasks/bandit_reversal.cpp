/// Probabilistic and serial reversal with two or more options (T2).
///
/// One option pays with p_better, the others with p_worse. After a block, or when the criterion is met, the
/// better option changes without warning: to one of the others, drawn at random. Schedules can be read from a
/// data set, so that agents meet the very blocks that a person met.
///
/// Source: probabilistic reversal after Cools, Clark, Owen & Robbins (2002) J Neurosci 22:4563.
/// Differs from it: number of options, probabilities and block lengths are parameters; the first better
/// option is drawn at random.
#include <fmt/format.h>

#include <algorithm>

#include "core/random.hpp"
#include "tasks/catalogue.hpp"
#include "tasks/reversal.hpp"

namespace labile {
namespace {

class BanditReversal final : public ReversalTask {
 public:
  static constexpr Info entry_info{"bandit_reversal",
                                   "one option pays more; which one changes without warning",
                                   "after Cools et al. (2002) J Neurosci 22:4563"};
  struct Params {
    int options = 2, criterion = 0;
    std::vector<int> blocks{60, 60};
    double p_better = 0.8, p_worse = -1;
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"options", "1", &P::options, {2, kMaxOptions}, "number of options"},
        {"blocks", "trials", &P::blocks, {1, 1e8}, "length of each block, or its longest with a criterion"},
        {"p_better", "1", &P::p_better, {0, 1}, "payoff probability of the better option"},
        {"p_worse",
         "1",
         &P::p_worse,
         {0, 1},
         "payoff probability of the others; 1 - p_better when not given"},
        {"criterion", "1", &P::criterion, {0, 1000}, "correct choices in a row that end a block; 0 = none"},
    };
    add_timing(t);
    return t;
  }

  BanditReversal(Params p, const Schedule* schedule) : p_(std::move(p)) {
    if (p_.p_worse < 0) p_.p_worse = 1 - p_.p_better;
    if (p_.p_better < p_.p_worse)
      throw Error(
          fmt::format("p_better ({}) is below p_worse ({}); the better option must pay at least as often",
                      p_.p_better, p_.p_worse));
    if (schedule) read_schedule(*schedule);
    info_.layout = Layout::bandit(p_.options);
    if (!schedule)
      for (const int length : p_.blocks) info_.max_trials += length;
    info_.events = {"reversal"};
    criterion_ = schedule ? 0 : p_.criterion;
    timing_ = timing_of(p_);
  }

 private:
  struct Run {
    int best, length;
  };
  void read_schedule(const Schedule& s) {
    need_of_schedule(s, !s.best.empty(), entry_info.name, "a column best: the best option of every trial");
    schedule_ = &s;
    p_.options = std::max(2, s.options);
    need_options_of_schedule(s, p_.options, entry_info.name);
    for (std::size_t i = 0; i < s.best.size(); ++i) {
      auto& runs = runs_.emplace_back();
      for (std::size_t t = 0; t < s.best[i].size(); ++t) {
        if (t == 0 || s.block[i][t] != s.block[i][t - 1]) runs.push_back({s.best[i][t], 0});
        ++runs.back().length;
      }
      info_.max_trials = std::max(info_.max_trials, static_cast<int>(s.best[i].size()));
    }
  }

  /// The better option of a block, given the one before (-1 = none).
  [[nodiscard]] int better(int lane, int block, int before) const {
    if (!runs_.empty()) return runs_[entity_[lane] % runs_.size()][block].best;
    const Draw draw{subjects_.seed, Purpose::schedule, entity_[lane]};
    const auto b = static_cast<std::uint32_t>(block);
    if (before < 0) return static_cast<int>(draw.below(p_.options, b));
    const int k = static_cast<int>(draw.below(p_.options - 1, b));
    return k < before ? k : k + 1;
  }

  bool plan(int lane, int block, BlockPlan& plan) override {
    const std::size_t count = runs_.empty() ? p_.blocks.size() : runs_[entity_[lane] % runs_.size()].size();
    if (block >= static_cast<int>(count)) return false;
    old_best_[lane] = best_[lane];
    best_[lane] = better(lane, block, best_[lane]);
    relevant_[lane] = best_[lane];
    const int length = runs_.empty() ? p_.blocks[block] : runs_[entity_[lane] % runs_.size()][block].length;
    plan = {length, {p_.p_better, p_.p_worse}};
    return true;
  }
  Params p_;
  std::vector<std::vector<Run>> runs_;  // [subject][block], when read from data
};

}  // namespace

TaskEntry bandit_reversal() {
  return task_entry<BanditReversal>();
}
}  // namespace labile
