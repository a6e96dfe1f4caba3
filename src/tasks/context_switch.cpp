/// Rules that come and go (T9), with a sign that tells which one holds, or without.
///
/// One of `rules` rules holds; with probability `hazard` a trial another takes over. rules_by = "dimension":
/// two options made of as many binary features as there are rules, option 1 the complement of option 0; under
/// rule k the option with value 0 in dimension k is right. rules_by = "option": as many options as rules;
/// under rule k option k is right. The right option pays 1 with p_right, any other with 1 - p_right. Where
/// `signalled`, the state shown is the rule. A change is the event "switch"; blocks count them.
///
/// Source: design; task switching with and without cues as reviewed by Monsell (2003),
/// doi:10.1016/S1364-6613(03)00028-7. Differs from it: rules pay by chance, as in reversal learning.
#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class ContextSwitch final : public TrialTask {
 public:
  static constexpr Info entry_info{"context_switch", "rules that come and go, with or without a sign",
                                   "design, after doi:10.1016/S1364-6613(03)00028-7"};
  struct Params {
    int rules = 3, trials = 300;
    double p_right = 0.9, hazard = 0.05;
    bool signalled = false;
    std::string rules_by = "dimension";
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{{"rules", "1", &P::rules, {2, kMaxOptions}, "number of rules"},
                            {"trials", "trials", &P::trials, {1, 1e6}, "number of trials"},
                            {"p_right",
                             "1",
                             &P::p_right,
                             {0.5, 1},
                             "payoff probability of the right option; 1 - p_right of the others"},
                            {"hazard", "1", &P::hazard, {0, 1}, "probability of a change a trial"},
                            {"signalled", "1", &P::signalled, {}, "show which rule holds, as the state"},
                            {"rules_by",
                             "1",
                             &P::rules_by,
                             {},
                             "what tells the right option: a feature in the rule's dimension, or its place",
                             {},
                             {"dimension", "option"}}};
    add_timing(t);
    return t;
  }

  ContextSwitch(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    by_dimension_ = p_.rules_by == "dimension";
    info_.layout = by_dimension_
                       ? Layout::featured(2, std::vector<int>(static_cast<std::size_t>(p_.rules), 2))
                       : Layout::bandit(p_.rules);
    if (p_.signalled) info_.layout.states = p_.rules;
    info_.max_trials = p_.trials;
    info_.events = {"switch"};
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    rule_.assign(size(), 0);
    old_rule_.assign(size(), -1);
  }
  void show() override {
    const std::size_t n = size();
    const auto t = static_cast<std::uint32_t>(trial_);
    for (std::size_t lane = 0; lane < n; ++lane) {
      choose_rule(lane, t);
      if (p_.signalled) state_[lane] = rule_[lane];
      if (by_dimension_) {
        show_features(lane, t);
      } else {
        best_[lane] = relevant_[lane] = rule_[lane];
        old_best_[lane] = old_rule_[lane];
      }
      const Draw luck = draw(Purpose::luck, lane);
      std::array<std::uint32_t, 4> words{};
      for (int o = 0; o < info_.layout.options; ++o) {
        if (o % 4 == 0) words = luck.bits(t, static_cast<std::uint32_t>(o / 4));
        const double p = o == best_[lane] ? p_.p_right : 1 - p_.p_right;
        would_pay_[static_cast<std::size_t>(o) * n + lane] =
            Draw::uniform32(words[static_cast<std::size_t>(o % 4)]) < p;
      }
    }
  }
  void choose_rule(std::size_t lane, std::uint32_t t) {
    const Draw world = draw(Purpose::schedule, lane);
    const auto rules = static_cast<std::uint32_t>(p_.rules);
    if (t == 0) {
      rule_[lane] = static_cast<std::int32_t>(world.below(rules, 0));
      return;
    }
    if (world.uniform(t) >= p_.hazard) return;
    old_rule_[lane] = rule_[lane];
    const auto step = 1 + static_cast<int>(world.below(rules - 1, t, 1));
    rule_[lane] = (rule_[lane] + step) % p_.rules;
    ++block_[lane];
    event_[lane] = 1;
  }
  void show_features(std::size_t lane, std::uint32_t t) {
    const std::size_t n = size(), dims = static_cast<std::size_t>(p_.rules);
    const std::uint32_t values = draw(Purpose::stimulus, lane).bits(t)[0];
    const auto with_value_0 = [&](int rule) { return static_cast<std::int32_t>(values >> rule & 1); };
    for (std::size_t d = 0; d < dims; ++d)
      for (int o = 0; o < 2; ++o)
        feature_[(static_cast<std::size_t>(o) * dims + d) * n + lane] =
            info_.layout.offset[d] + (with_value_0(static_cast<int>(d)) == o ? 0 : 1);
    best_[lane] = with_value_0(rule_[lane]);
    old_best_[lane] = old_rule_[lane] < 0 ? -1 : with_value_0(old_rule_[lane]);
    relevant_[lane] = info_.layout.offset[static_cast<std::size_t>(rule_[lane])];
  }
  void advance() override { end_at_max(); }

  Params p_;
  bool by_dimension_ = true;
  std::vector<std::int32_t> rule_, old_rule_;  // [lanes] in force; before it, -1 = none
};

}  // namespace

TaskEntry context_switch() {
  return task_entry<ContextSwitch>();
}
}  // namespace labile
