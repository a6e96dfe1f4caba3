/// Parameters that every rule file declares alike: bounds of the weight and the clock.
#pragma once

#include "plasticity/rule.hpp"

namespace labile {

struct CommonRuleKeys {
  double w_min = 0, w_max = 1, sweep_ms = 100;
  std::string bounds = "hard", clock = "event", A_plus_gate, A_minus_gate;
};

/// Rows of the parameter table for a struct P that derives from CommonRuleKeys.
template <class P>
void add_common_keys(std::vector<Field<P>>& t) {
  const auto text = [](std::string P::*m) { return typename Field<P>::Member(m); };
  t.push_back(
      {"w_min", "port", static_cast<double P::*>(&P::w_min), {-1e9, 1e9}, "lower bound of the weight"});
  t.push_back(
      {"w_max", "port", static_cast<double P::*>(&P::w_max), {-1e9, 1e9}, "upper bound of the weight"});
  t.push_back({"bounds",
               "1",
               text(static_cast<std::string P::*>(&P::bounds)),
               {},
               "hard: clipped at arrivals; soft: changes shrink towards a bound",
               {},
               {"hard", "soft"}});
  t.push_back({"clock",
               "1",
               text(static_cast<std::string P::*>(&P::clock)),
               {},
               "when synapses are visited",
               {},
               {"event", "step", "sweep"}});
  t.push_back({"sweep",
               "ms",
               static_cast<double P::*>(&P::sweep_ms),
               {0.1, 1e6},
               "interval of sweeps, for clock = sweep"});
  t.push_back({"A_plus_gate",
               "1",
               text(static_cast<std::string P::*>(&P::A_plus_gate)),
               {},
               "gate that multiplies the amplitude of potentiation"});
  t.push_back({"A_minus_gate",
               "1",
               text(static_cast<std::string P::*>(&P::A_minus_gate)),
               {},
               "gate that multiplies the amplitude of depression"});
}

/// Fills what is common; throws Error unless w_min < w_max.
inline void fill_common(const CommonRuleKeys& p, const Settings& given, RuleForm& form) {
  form.w_min = p.w_min;
  form.w_max = p.w_max;
  if (!(p.w_min < p.w_max)) {
    const auto at = given.find("w_max") != given.end() ? given.find("w_max") : given.find("w_min");
    throw Error(
        at != given.end() ? at->second.where : Where{},
        "w_min must be below w_max, here " + to_text(Value(p.w_min)) + " and " + to_text(Value(p.w_max)));
  }
  form.soft = p.bounds == "soft";
  form.clock = p.clock == "step" ? RuleClock::step : p.clock == "sweep" ? RuleClock::sweep : RuleClock::event;
  form.sweep_ms = p.sweep_ms;
  form.A_plus_gate = p.A_plus_gate;
  form.A_minus_gate = p.A_minus_gate;
}

}  // namespace labile
