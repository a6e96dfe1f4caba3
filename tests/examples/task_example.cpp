/// Coin flip: one option pays more and never changes; which one is drawn for each subject.
///
/// Source: a made-up task, as an example of how one is written. Differs from it: nothing.
#include <fmt/format.h>

#include "core/random.hpp"
#include "tasks/catalogue.hpp"
#include "tasks/reversal.hpp"

namespace labile {
namespace {

class CoinFlip final : public ReversalTask {
 public:
  static constexpr Info entry_info{"coin_flip", "one option pays more, and it stays that one", "design"};
  struct Params {
    int options = 2, trials = 100;
    double p_better = 0.8, p_worse = 0.2;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"options", "1", &P::options, {2, kMaxOptions}, "number of options"},
            {"trials", "trials", &P::trials, {1, 1e8}, "length of the task"},
            {"p_better", "1", &P::p_better, {0, 1}, "payoff probability of the better option"},
            {"p_worse", "1", &P::p_worse, {0, 1}, "payoff probability of the others"}};
  }

  CoinFlip(Params p, const Schedule* schedule) : p_(p) {
    if (schedule) throw Error("task 'coin_flip' reads no schedule");
    if (p_.p_better < p_.p_worse)
      throw Error(fmt::format("p_better ({}) is below p_worse ({})", p_.p_better, p_.p_worse));
    info_.layout = Layout::bandit(p_.options);
    info_.max_trials = p_.trials;
  }

 private:
  bool plan(int lane, int block, BlockPlan& plan) override {
    if (block > 0) return false;
    const Draw draw{subjects_.seed, Purpose::schedule, entity_[lane]};
    best_[lane] = relevant_[lane] =
        static_cast<std::int32_t>(draw.below(static_cast<std::uint32_t>(p_.options), 0));
    plan = {p_.trials, {p_.p_better, p_.p_worse}};
    return true;
  }
  Params p_;
};

}  // namespace

TaskEntry coin_flip() {
  return task_entry<CoinFlip>();
}
}  // namespace labile
