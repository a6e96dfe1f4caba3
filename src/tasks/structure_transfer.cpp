/// Structure transfer (T15): sets of stimuli come one after another, and old rules come back with new sets.
///
/// A rule gives every stimulus of a set its action; no two rules agree on any stimulus. Each set is one block
/// of `trials`, its stimuli equally often in random order. Sets 0 to rules - 1 (blocks of the record) bring
/// the rules one by one; every later set is under one of them, drawn among those that the set before did not
/// have. Shown are the stimulus (state, 0 to stimuli - 1) and the set (number `set`). The right action pays 1
/// with p_right, the others with 1 - p_right over the rest. Who knows the rules needs two trials at most to
/// know which one holds; who treats each set as a new one starts over; who ignores sets meets reversals.
///
/// Source: after Collins & Frank (2013), doi:10.1037/a0030852: sets are their contexts, rules their task
/// sets. Differs from it: contexts are met one at a time; four actions and no two rules alike on any
/// stimulus.
#include <fmt/format.h>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class StructureTransfer final : public TrialTask {
 public:
  static constexpr Info entry_info{"structure_transfer", "old rules come back with new sets of stimuli",
                                   "after doi:10.1037/a0030852"};
  struct Params {
    int rules = 3, sets = 9, stimuli = 4, actions = 4, trials = 60;
    double p_right = 1;
    double cue_ms = 500, deadline_ms = 1500, outcome_ms = 500, iti_ms = 500;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"rules", "1", &P::rules, {2, kMaxOptions}, "number of latent rules"},
        {"sets", "1", &P::sets, {1, 1e5}, "sets of stimuli, one after another"},
        {"stimuli", "1", &P::stimuli, {2, kMaxStates}, "stimuli of a set"},
        {"actions", "1", &P::actions, {2, kMaxOptions}, "number of actions"},
        {"trials", "trials", &P::trials, {1, 1e6}, "trials with each set"},
        {"p_right", "1", &P::p_right, {0.5, 1}, "payoff probability of the right action"}};
    add_timing(t);
    return t;
  }

  StructureTransfer(Params p, const Schedule* schedule) : p_(p) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.rules > p_.actions)
      throw Error(fmt::format("{} rules need as many actions to differ on every stimulus; there are {}",
                              p_.rules, p_.actions));
    if (p_.trials % p_.stimuli != 0)
      throw Error(fmt::format("trials ({}) must be a multiple of stimuli ({}), each shown equally often",
                              p_.trials, p_.stimuli));
    info_.layout = Layout::bandit(p_.actions, p_.stimuli);
    info_.max_trials = p_.sets * p_.trials;
    info_.inputs = {"set"};
    info_.events = {"set", "old rule"};
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    rule_.assign(size(), 0);
    order_.assign(size(), {});
    action_.assign(size(), {});
    for (std::size_t lane = 0; lane < size(); ++lane) draw_rules(lane);
    start_set(0);
  }
  /// Of each stimulus a shuffled list of actions; rule k takes the k-th.
  void draw_rules(std::size_t lane) {
    for (int s = 0; s < p_.stimuli; ++s) {
      std::vector<int> actions;
      for (int a = 0; a < p_.actions; ++a) actions.push_back(a);
      shuffle(actions, draw(Purpose::schedule, lane), static_cast<std::uint32_t>(s));
      action_[lane].insert(action_[lane].end(), actions.begin(), actions.begin() + p_.rules);
    }
  }
  void start_set(int set) {
    first_ = trial_;
    const auto k = static_cast<std::uint32_t>(set);
    for (std::size_t lane = 0; lane < size(); ++lane) {
      const auto others = static_cast<std::uint32_t>(p_.rules - 1);
      const int step = set < p_.rules
                           ? 0
                           : 1 + static_cast<int>(draw(Purpose::schedule, lane).below(others, k, kMaxStates));
      rule_[lane] = set < p_.rules ? set : (rule_[lane] + step) % p_.rules;
      auto& order = order_[lane];
      order.clear();
      for (int t = 0; t < p_.trials; ++t) order.push_back(t % p_.stimuli);
      shuffle(order, draw(Purpose::stimulus, lane), k);
      block_[lane] = set;
      input_[lane] = set;
      event_[lane] = static_cast<std::uint8_t>((set > 0 ? 1 : 0) | (set >= p_.rules ? 2 : 0));
    }
  }
  void show() override {
    const std::size_t n = size();
    const double elsewhere = (1 - p_.p_right) / (p_.actions - 1);
    for (std::size_t lane = 0; lane < n; ++lane) {
      const int s = order_[lane][static_cast<std::size_t>(trial_ - first_)];
      const auto right = static_cast<std::size_t>(s * p_.rules + rule_[lane]);
      state_[lane] = s;
      best_[lane] = relevant_[lane] = action_[lane][right];
      const Draw luck = draw(Purpose::luck, lane);
      for (int o = 0; o < p_.actions; ++o)
        would_pay_[static_cast<std::size_t>(o) * n + lane] =
            luck.uniform(static_cast<std::uint32_t>(trial_), static_cast<std::uint32_t>(o)) <
            (o == best_[lane] ? p_.p_right : elsewhere);
    }
  }
  void advance() override {
    end_at_max();
    if (alive_.front() && trial_ - first_ == p_.trials) start_set(block_.front() + 1);
  }

  Params p_;
  int first_ = 0;                         // first trial of the set
  std::vector<std::int32_t> rule_;        // [lanes]
  std::vector<std::vector<int>> order_;   // [lanes][trial of the set] stimulus
  std::vector<std::vector<int>> action_;  // [lanes][stimulus][rule]
};

}  // namespace

TaskEntry structure_transfer() {
  return task_entry<StructureTransfer>();
}
}  // namespace labile
