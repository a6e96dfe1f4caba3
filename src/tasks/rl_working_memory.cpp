/// Stimulus-action associations in blocks of different set sizes: learning that working memory helps with.
///
/// A block has as many new stimuli as its set size, each shown `repeats` times in random order; each has one
/// right action. The right action pays 1 with p_right, a wrong one with p_wrong. Values start afresh with
/// each block; the set size is shown (`set_size`).
///
/// Source: Collins & Frank (2012), doi:10.1111/j.1460-9568.2011.07980.x; block order after a subject of
/// Collins et al. (2014), doi:10.1523/JNEUROSCI.0989-14.2014. Differs from them: orders are drawn freely,
/// without bounds on the delay between repetitions, and blocks end after their repetitions only.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class RlWorkingMemoryTask final : public TrialTask {
 public:
  static constexpr Info entry_info{"rl_working_memory",
                                   "associations of stimuli with actions, few or many at a time",
                                   "doi:10.1111/j.1460-9568.2011.07980.x"};
  struct Params {
    std::vector<int> set_sizes{6, 5, 2, 4, 2, 3, 2, 5, 6, 5, 2, 4, 3};
    int actions = 3, repeats = 12;
    double p_right = 1, p_wrong = 0;
    double cue_ms = 500, deadline_ms = 1500, outcome_ms = 500, iti_ms = 500;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{{"set_sizes", "stimuli", &P::set_sizes, {1, kMaxStates}, "stimuli of each block"},
                            {"actions", "1", &P::actions, {2, kMaxOptions}, "number of actions"},
                            {"repeats", "trials", &P::repeats, {1, 1e4}, "how often each stimulus is shown"},
                            {"p_right", "1", &P::p_right, {0, 1}, "payoff probability of the right action"},
                            {"p_wrong", "1", &P::p_wrong, {0, 1}, "payoff probability of the others"}};
    add_timing(t);
    return t;
  }

  RlWorkingMemoryTask(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.set_sizes.empty())
      throw Error("set_sizes is empty; write the stimuli of each block, such as [3, 6]");
    if (p_.p_right < p_.p_wrong)
      throw Error(fmt::format("p_right ({}) is below p_wrong ({})", p_.p_right, p_.p_wrong));
    // Two states at least, so that a state is always shown.
    info_.layout =
        Layout::bandit(p_.actions, std::max(2, *std::max_element(p_.set_sizes.begin(), p_.set_sizes.end())));
    for (const int s : p_.set_sizes) info_.max_trials += s * p_.repeats;
    info_.inputs = {"set_size"};
    info_.events = {"block"};
    info_.reset_on = "block";
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    order_.assign(size(), {});
    right_.assign(size(), {});
    start_block(0);
  }
  /// The same length for all lanes, so blocks begin together.
  void start_block(int block) {
    const int stimuli = p_.set_sizes[static_cast<std::size_t>(block)];
    first_ = trial_;
    for (std::size_t lane = 0; lane < size(); ++lane) {
      const Draw rule = draw(Purpose::schedule, lane);
      const auto b = static_cast<std::uint32_t>(block);
      auto& right = right_[lane];
      auto& order = order_[lane];
      right.clear();
      order.clear();
      for (int s = 0; s < stimuli; ++s) {
        right.push_back(static_cast<int>(
            rule.below(static_cast<std::uint32_t>(p_.actions), b, static_cast<std::uint32_t>(s))));
        order.insert(order.end(), static_cast<std::size_t>(p_.repeats), s);
      }
      shuffle(order, draw(Purpose::stimulus, lane), b);
      block_[lane] = block;
      fresh_[lane] = 1;
      event_[lane] = block > 0;
      input_[lane] = stimuli;
    }
  }
  void show() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      state_[lane] = order_[lane][static_cast<std::size_t>(trial_ - first_)];
      best_[lane] = relevant_[lane] = right_[lane][static_cast<std::size_t>(state_[lane])];
      const Draw luck = draw(Purpose::luck, lane);
      for (int o = 0; o < p_.actions; ++o)
        would_pay_[static_cast<std::size_t>(o) * n + lane] =
            luck.uniform(static_cast<std::uint32_t>(trial_), static_cast<std::uint32_t>(o)) <
            (o == best_[lane] ? p_.p_right : p_.p_wrong);
    }
  }
  void advance() override {
    end_at_max();
    if (alive_.front() && trial_ - first_ == static_cast<int>(order_.front().size()))
      start_block(block_.front() + 1);
  }

  Params p_;
  int first_ = 0;                        // first trial of the block
  std::vector<std::vector<int>> order_;  // [lanes][trial of the block] stimulus
  std::vector<std::vector<int>> right_;  // [lanes][stimulus] action
};

}  // namespace

TaskEntry rl_working_memory() {
  return task_entry<RlWorkingMemoryTask>();
}
}  // namespace labile
