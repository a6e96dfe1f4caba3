/// The seam of plasticity rules: what the engine needs to know of a rule that acts on spike pairs.
///
/// Traces (all-to-all, +1 a spike): presynaptic x (tau_plus) and r2 (tau_x), postsynaptic y (tau_minus) and
/// o2 (tau_y); each is read before its own increment.
///   at a postsynaptic spike   u += a_plus(t)  (A2_plus  + A3_plus  o2) x
///   at a presynaptic arrival  u -= a_minus(t) (A2_minus + A3_minus r2) y
/// u is the weight itself (times eta), or the eligibility e of a gated rule:
///   de/dt = -e/tau_e,   dw/dt = eta g(t) e
/// When an arrival and a spike of the target fall on the same step the arrival comes first: the pair counts
/// as pre before post. Weights are bounded at arrivals, at refreshes of silent sources (docs/plasticity.md)
/// and nowhere else; `soft` bounds multiply a change by w_max - w or w - w_min as of the last arrival.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/task.hpp"
#include "core/params.hpp"

namespace labile {

enum class RuleClock {
  event,  // synapses are visited when their source's spike arrives
  step,   // all synapses every step: slow, the reference
  sweep,  // as event, and all synapses every sweep_ms (bounds apply there too)
};

/// A rule with its parameters filled in. Times in ms.
struct RuleForm {
  bool gated = false;
  bool soft = false;
  double eta = 1;
  double tau_plus_ms = 20, tau_minus_ms = 20, tau_e_ms = 1000;
  double A2_plus = 0, A2_minus = 0, A3_plus = 0, A3_minus = 0;
  double tau_x_ms = 100, tau_y_ms = 100;
  double w_min = 0, w_max = 1;
  std::string A_plus_gate, A_minus_gate;  // gates that multiply the amplitudes; "" = none
  RuleClock clock = RuleClock::event;
  double sweep_ms = 100;
};

/// One line of src/plasticity/catalogue.def.
struct RuleEntry {
  Info info;
  std::vector<ParamInfo> params;
  bool gated;
  RuleForm (*make)(const Settings&);  // throws Error when settings are wrong
};

}  // namespace labile
