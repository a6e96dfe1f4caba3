/// Pair STDP: every pair of spikes changes the weight at once, all-to-all.
///
///   post spike: w += eta A_plus x      pre arrival: w -= eta A_minus y
///
/// Exact. Source: Song, Miller, Abbott (2000) Nat Neurosci 3:919, doi:10.1038/78829.
/// Differs from it: amplitudes are in the unit of the weight, not relative to its maximum.
#include "plasticity/catalogue.hpp"
#include "plasticity/rule_keys.hpp"

namespace labile {
namespace {
struct Params : CommonRuleKeys {
  double tau_plus = 20, tau_minus = 20, A_plus = 0.005, A_minus = 0.00525, eta = 1;
};
std::vector<Field<Params>> table() {
  using P = Params;
  std::vector<Field<P>> t{{"tau_plus", "ms", &P::tau_plus, {0.1, 1e4}, "decay of the presynaptic trace"},
                          {"tau_minus", "ms", &P::tau_minus, {0.1, 1e4}, "decay of the postsynaptic trace"},
                          {"A_plus", "1", &P::A_plus, {-1e6, 1e6}, "change by a pair pre before post"},
                          {"A_minus", "1", &P::A_minus, {-1e6, 1e6}, "change by a pair post before pre"},
                          {"eta", "port", &P::eta, {-1e9, 1e9}, "learning rate: multiplies both amplitudes"}};
  add_common_keys(t);
  return t;
}
RuleForm form_of(const Settings& s) {
  const Params p = read_params(table(), s, "pair_stdp");
  RuleForm f;
  f.eta = p.eta;
  f.tau_plus_ms = p.tau_plus;
  f.tau_minus_ms = p.tau_minus;
  f.A2_plus = p.A_plus;
  f.A2_minus = p.A_minus;
  fill_common(p, s, f);
  return f;
}
}  // namespace
RuleEntry pair_stdp() {
  return {{"pair_stdp", "pairs of spikes change the weight at once", "doi:10.1038/78829"},
          describe_params(table()),
          false,
          form_of};
}
}  // namespace labile
