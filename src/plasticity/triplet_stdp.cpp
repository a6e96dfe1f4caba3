/// Triplet STDP: the change by a pair grows with the spikes that came before it.
///
///   post spike: w += eta x (A2_plus + A3_plus o2)      pre arrival: w -= eta y (A2_minus + A3_minus r2)
///
/// r2 (tau_x) and o2 (tau_y) are slow traces of the same spikes as x and y, read before their own increment.
/// Exact. Source: Pfister & Gerstner (2006) J Neurosci 26:9673, doi:10.1523/JNEUROSCI.1425-06.2006, visual
/// cortex, all-to-all.
/// Differs from it: nothing in the equations; bounds are ours (the paper has none).
#include "plasticity/catalogue.hpp"
#include "plasticity/rule_keys.hpp"

namespace labile {
namespace {
struct Params : CommonRuleKeys {
  double tau_plus = 16.8, tau_minus = 33.7, tau_x = 101, tau_y = 125;
  double A2_plus = 5e-10, A3_plus = 6.2e-3, A2_minus = 7e-3, A3_minus = 2.3e-4, eta = 1;
};
std::vector<Field<Params>> table() {
  using P = Params;
  std::vector<Field<P>> t{
      {"tau_plus", "ms", &P::tau_plus, {0.1, 1e4}, "decay of the fast presynaptic trace"},
      {"tau_minus", "ms", &P::tau_minus, {0.1, 1e4}, "decay of the fast postsynaptic trace"},
      {"tau_x", "ms", &P::tau_x, {0.1, 1e5}, "decay of the slow presynaptic trace"},
      {"tau_y", "ms", &P::tau_y, {0.1, 1e5}, "decay of the slow postsynaptic trace"},
      {"A2_plus", "1", &P::A2_plus, {-1e6, 1e6}, "change by a pair pre before post"},
      {"A3_plus", "1", &P::A3_plus, {-1e6, 1e6}, "change by a triplet post, pre, post"},
      {"A2_minus", "1", &P::A2_minus, {-1e6, 1e6}, "change by a pair post before pre"},
      {"A3_minus", "1", &P::A3_minus, {-1e6, 1e6}, "change by a triplet pre, post, pre"},
      {"eta", "port", &P::eta, {-1e9, 1e9}, "learning rate: multiplies all amplitudes"}};
  add_common_keys(t);
  return t;
}
RuleForm form_of(const Settings& s) {
  const Params p = read_params(table(), s, "triplet_stdp");
  RuleForm f;
  f.eta = p.eta;
  f.tau_plus_ms = p.tau_plus;
  f.tau_minus_ms = p.tau_minus;
  f.tau_x_ms = p.tau_x;
  f.tau_y_ms = p.tau_y;
  f.A2_plus = p.A2_plus;
  f.A3_plus = p.A3_plus;
  f.A2_minus = p.A2_minus;
  f.A3_minus = p.A3_minus;
  fill_common(p, s, f);
  return f;
}
}  // namespace
RuleEntry triplet_stdp() {
  return {
      {"triplet_stdp", "pairs of spikes, weighed by those before them", "doi:10.1523/JNEUROSCI.1425-06.2006"},
      describe_params(table()),
      false,
      form_of};
}
}  // namespace labile
