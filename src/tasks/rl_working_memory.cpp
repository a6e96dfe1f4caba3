/// Stimulus-action associations in blocks of different set sizes: learning that working memory helps with.
///
/// A block has as many new stimuli as its set size, each shown `repeats` times in random order; each has one
/// right action. The right action pays 1 with p_right, a wrong one with p_wrong. Values start afresh with
/// each block; the set size is shown (`set_size`).
///
/// With a schedule (state, best, block and, where it has it, set_size) stimuli, right actions and blocks are
/// what it says.
///
/// Source: Collins & Frank (2012), doi:10.1111/j.1460-9568.2011.07980.x; block order after a subject of
/// Collins et al. (2014), doi:10.1523/JNEUROSCI.0989-14.2014. Differs from them: orders are drawn freely,
/// without bounds on the delay between repetitions, and blocks end after their repetitions only.
#include <fmt/format.h>

#include <algorithm>
#include <set>

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
    if (schedule) {
      read_schedule(*schedule);
      return;
    }
    if (p_.set_sizes.empty())
      throw Error("set_sizes is empty; write the stimuli of each block, such as [3, 6]");
    check_probabilities();
    // Two states at least, so that a state is always shown.
    info_.layout =
        Layout::bandit(p_.actions, std::max(2, *std::max_element(p_.set_sizes.begin(), p_.set_sizes.end())));
    for (const int s : p_.set_sizes) info_.max_trials += s * p_.repeats;
    describe();
  }

 private:
  void check_probabilities() const {
    if (p_.p_right < p_.p_wrong)
      throw Error(fmt::format("p_right ({}) is below p_wrong ({})", p_.p_right, p_.p_wrong));
  }
  void describe() {
    info_.inputs = {"set_size"};
    info_.events = {"block"};
    info_.reset_on = "block";
    timing_ = timing_of(p_);
  }
  void read_schedule(const Schedule& s) {
    check_probabilities();
    need_of_schedule(s, !s.best.empty(), entry_info.name, "a column best: the right action of every trial");
    need_of_schedule(s, !s.state.empty(), entry_info.name, "a column state: the stimulus shown");
    schedule_ = &s;
    p_.actions = std::max(p_.actions, s.options);
    need_options_of_schedule(s, p_.actions, entry_info.name);
    info_.layout = Layout::bandit(p_.actions, std::max(2, s.states));
    info_.max_trials = longest(s.block);
    describe();
    for (std::size_t i = 0; i < s.block.size(); ++i) count_stimuli(s.state[i], s.block[i]);
  }
  /// Set sizes where the schedule does not tell them: different stimuli of each block.
  void count_stimuli(const std::vector<std::int32_t>& state, const std::vector<std::int32_t>& block) {
    auto& sizes = set_size_.emplace_back(state.size(), 0);
    for (std::size_t from = 0, to = 0; from < state.size(); from = to) {
      std::set<std::int32_t> shown;
      for (to = from; to < state.size() && block[to] == block[from]; ++to) shown.insert(state[to]);
      std::fill(sizes.begin() + static_cast<std::ptrdiff_t>(from),
                sizes.begin() + static_cast<std::ptrdiff_t>(to), static_cast<int>(shown.size()));
    }
  }
  void start() override {
    if (schedule_) return;
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
    if (schedule_) follow_blocks();
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      if (!alive_[lane]) continue;
      if (schedule_) {
        const auto t = static_cast<std::size_t>(trial_);
        const std::size_t who = subject_of(lane);
        state_[lane] = schedule_->state[who][t];
        best_[lane] = schedule_->best[who][t];
        input_[lane] = set_size_[who][t];
        fresh_[lane] = t == 0 || event_[lane];
      } else {
        state_[lane] = order_[lane][static_cast<std::size_t>(trial_ - first_)];
        best_[lane] = right_[lane][static_cast<std::size_t>(state_[lane])];
      }
      relevant_[lane] = best_[lane];
      const Draw luck = draw(Purpose::luck, lane);
      for (int o = 0; o < p_.actions; ++o)
        would_pay_[static_cast<std::size_t>(o) * n + lane] =
            luck.uniform(static_cast<std::uint32_t>(trial_), static_cast<std::uint32_t>(o)) <
            (o == best_[lane] ? p_.p_right : p_.p_wrong);
    }
  }
  void advance() override {
    end_at_max();
    if (!schedule_ && alive_.front() && trial_ - first_ == static_cast<int>(order_.front().size()))
      start_block(block_.front() + 1);
  }

  Params p_;
  int first_ = 0;                           // first trial of the block
  std::vector<std::vector<int>> order_;     // [lanes][trial of the block] stimulus
  std::vector<std::vector<int>> right_;     // [lanes][stimulus] action
  std::vector<std::vector<int>> set_size_;  // [subject][trial] of a schedule
};

}  // namespace

TaskEntry rl_working_memory() {
  return task_entry<RlWorkingMemoryTask>();
}
}  // namespace labile
