/// Three-factor STDP: spike pairs write an eligibility; a gate turns it into weight.
///
///   post spike: e += A_plus x      pre arrival: e -= A_minus y      de/dt = -e/tau_e      dw/dt = eta g(t) e
///
/// Exact between events for any gate that is linear within steps (modulators/gate_integral.hpp).
/// Source: Izhikevich (2007) Cereb Cortex 17:2443, doi:10.1093/cercor/bhl152.
/// Differs from it: w follows continuously and is bounded when a spike arrives; the paper's code updates and
/// bounds it every 10 ms.
#include "plasticity/catalogue.hpp"
#include "plasticity/rule_keys.hpp"

namespace labile {
namespace {
struct Params : CommonRuleKeys {
  double tau_plus = 20, tau_minus = 20, tau_e = 1000, A_plus = 0.1, A_minus = 0.15, eta = 1;
};
std::vector<Field<Params>> table() {
  using P = Params;
  std::vector<Field<P>> t{
      {"tau_plus", "ms", &P::tau_plus, {0.1, 1e4}, "decay of the presynaptic trace"},
      {"tau_minus", "ms", &P::tau_minus, {0.1, 1e4}, "decay of the postsynaptic trace"},
      {"tau_e", "ms", &P::tau_e, {1, 1e6}, "decay of the eligibility"},
      {"A_plus", "1", &P::A_plus, {-1e6, 1e6}, "eligibility of a pair pre before post"},
      {"A_minus", "1", &P::A_minus, {-1e6, 1e6}, "eligibility lost by a pair post before pre"},
      {"eta", "port/ms", &P::eta, {-1e9, 1e9}, "weight change per ms, gate and eligibility"}};
  add_common_keys(t);
  return t;
}
RuleForm form_of(const Settings& s) {
  const Params p = read_params(table(), s, "three_factor_stdp");
  RuleForm f;
  f.gated = true;
  f.eta = p.eta;
  f.tau_plus_ms = p.tau_plus;
  f.tau_minus_ms = p.tau_minus;
  f.tau_e_ms = p.tau_e;
  f.A2_plus = p.A_plus;
  f.A2_minus = p.A_minus;
  fill_common(p, s, f);
  return f;
}
}  // namespace
RuleEntry three_factor_stdp() {
  return {
      {"three_factor_stdp", "STDP eligibility, turned into weight by a gate", "doi:10.1093/cercor/bhl152"},
      describe_params(table()),
      true,
      form_of};
}
}  // namespace labile
