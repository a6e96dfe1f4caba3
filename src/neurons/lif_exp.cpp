/// Leaky integrate-and-fire neuron with exponentially decaying synaptic currents.
///
///   dV/dt = -(V - E_L)/tau_m + (gain (I_ex + I_in) + I_e + I_mod + I)/C_m
///   dI_x/dt = -I_x/tau_syn_x,   I_x += weight at an arrival
///   V >= V_th: spike, V = V_reset, held there for t_ref
///
/// Solved exactly on the grid (neurons/propagators.hpp), in float, with V stored relative to E_L. t_ref is
/// rounded to whole steps. Threshold crossings between grid points are seen at the next one.
///
/// Source: Rotter & Diesmann (1999) Biol Cybern 81:381, doi:10.1007/s004220050570; defaults and order of a
/// step as NEST's iaf_psc_exp.
/// Differs from it: single precision; tau_syn = tau_m is allowed; the sign of a weight does not choose the
/// current, the port does.
#include "neurons/neuron_block.hpp"
#include "neurons/propagators.hpp"

namespace labile {
namespace {
struct LifExp {
  static constexpr Info info{"lif_exp", "leaky integrate-and-fire with exponential synaptic currents",
                             "doi:10.1007/s004220050570"};
  using Real = float;
  static constexpr int kPorts = 2, kOrder = 0;

  struct Params {
    double C_m = 250, tau_m = 10, E_L = -70, V_th = -55, V_reset = -70, t_ref = 2, tau_syn_ex = 2,
           tau_syn_in = 2, I_e = 0;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"C_m", "pF", &P::C_m, {1e-3, 1e9}, "membrane capacitance"},
            {"tau_m", "ms", &P::tau_m, {1e-3, 1e6}, "membrane time constant"},
            {"E_L", "mV", &P::E_L, {-1e3, 1e3}, "resting potential"},
            {"V_th", "mV", &P::V_th, {-1e3, 1e3}, "spike threshold"},
            {"V_reset", "mV", &P::V_reset, {-1e3, 1e3}, "potential after a spike"},
            {"t_ref", "ms", &P::t_ref, {0, 1e4}, "refractory time, rounded to whole steps"},
            {"tau_syn_ex", "ms", &P::tau_syn_ex, {1e-3, 1e6}, "decay of the AMPA current"},
            {"tau_syn_in", "ms", &P::tau_syn_in, {1e-3, 1e6}, "decay of the GABA_A current"},
            {"I_e", "pA", &P::I_e, {-1e9, 1e9}, "constant current"}};
  }
  static std::vector<StateInfo> state() {
    return {{"V", "mV", 0}, {"I_ex", "pA", 0}, {"I_in", "pA", 0}, {"refractory", "steps", 0}};
  }
  static std::vector<PortInfo> ports() { return {{"AMPA", "pA"}, {"GABA_A", "pA"}}; }
  static std::vector<DrivenInfo> driven() {
    return {{"I_mod", "pA", "added current", 0}, {"gain", "1", "factor on both synaptic currents", 1}};
  }
  static void check(const Params& p, const Settings& given) {
    require_below(given, "V_reset", p.V_reset, "V_th", p.V_th);
  }

  template <class T>
  struct Constants {
    T leak, leak_ex, leak_in, from_ex, from_in, from_current, drift, v_th, v_reset, t_ref;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    const Membrane m{p.C_m, p.tau_m};
    const double I_mod = driven[0], gain = driven[1];
    return {.leak = expm1(-dt / p.tau_m),
            .leak_ex = expm1(-dt / p.tau_syn_ex),
            .leak_in = expm1(-dt / p.tau_syn_in),
            .from_ex = gain * m.exponential(dt, p.tau_syn_ex),
            .from_in = gain * m.exponential(dt, p.tau_syn_in),
            .from_current = m.constant(dt),
            .drift = m.constant(dt) * (p.I_e + I_mod),
            .v_th = p.V_th - p.E_L,
            .v_reset = p.V_reset - p.E_L,
            .t_ref = steps_in(p.t_ref, dt)};
  }

  template <class V>
  struct State {
    V v, i_ex, i_in, refractory;  // v relative to E_L
  };
  static State<double> start(const Params& p) { return {p.E_L, 0, 0, 0}; }
  static double origin(const Params& p, int variable) { return variable == 0 ? p.E_L : 0.0; }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    // Changes are computed apart and added last: time constants keep their precision however short the step.
    const V change = fma(c.from_ex, s.i_ex,
                         fma(c.from_in, s.i_in, fma(c.leak, s.v, fma(c.from_current, in.current, c.drift))));
    const V free = s.v + change;
    s.i_ex = fma(c.leak_ex, s.i_ex, s.i_ex + in.port[0]);
    s.i_in = fma(c.leak_in, s.i_in, s.i_in + in.port[1]);
    const V v = select(s.refractory > V(0), c.v_reset, free);
    const Mask<V> fired = v >= c.v_th;
    s.v = select(fired, c.v_reset, v);
    s.refractory = select(fired, c.t_ref, max(s.refractory - V(1), V(0)));
    return fired;
  }
};
}  // namespace
NeuronEntry lif_exp() {
  return neuron_entry<LifExp>();
}
}  // namespace labile
