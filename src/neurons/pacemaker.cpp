/// Pacemaker of a modulatory nucleus: a leaky integrator that a tonic current fires and adaptation slows.
///
///   dV/dt = -(V - E_L)/tau_m + (gain (I_ex + I_in) - w + I_e + I_mod + I)/C_m
///   dw/dt = -w/tau_w, w += b at a spike;   dI_x/dt = -I_x/tau_syn_x, I_x += weight at an arrival
///   V >= V_th: spike, V = V_reset, held there for t_ref
///
/// All linear between spikes, so solved exactly on the grid (neurons/propagators.hpp). I_e sets the rate;
/// without adaptation the interval is t_ref + tau_m ln((V_inf - V_reset)/(V_inf - V_th)), V_inf = E_L +
/// I_e tau_m/C_m. Defaults fire at about 4 Hz, the tonic rate of dopamine cells.
///
/// Source: design; spike-triggered adaptation as in Brette & Gerstner (2005), doi:10.1152/jn.00686.2005, with
/// a = 0; exact steps: Rotter & Diesmann (1999), doi:10.1007/s004220050570.
/// Differs from it: no oscillating conductances as real pacemakers have; the rhythm is that of the leak.
#include "neurons/neuron_block.hpp"
#include "neurons/propagators.hpp"

namespace labile {
namespace {
struct Pacemaker {
  static constexpr Info info{"pacemaker",
                             "leaky integrator with tonic current and spike-triggered adaptation", "design"};
  using Real = double;
  static constexpr int kPorts = 2, kOrder = 0;

  struct Params {
    double C_m = 250, tau_m = 30, E_L = -60, V_th = -45, V_reset = -60, t_ref = 2, tau_w = 200, b = 40,
           tau_syn_ex = 5, tau_syn_in = 10, I_e = 144;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"C_m", "pF", &P::C_m, {1e-3, 1e9}, "membrane capacitance"},
            {"tau_m", "ms", &P::tau_m, {1e-3, 1e6}, "membrane time constant"},
            {"E_L", "mV", &P::E_L, {-1e3, 1e3}, "resting potential of the leak"},
            {"V_th", "mV", &P::V_th, {-1e3, 1e3}, "spike threshold"},
            {"V_reset", "mV", &P::V_reset, {-1e3, 1e3}, "potential after a spike"},
            {"t_ref", "ms", &P::t_ref, {0, 1e4}, "refractory time, rounded to whole steps"},
            {"tau_w", "ms", &P::tau_w, {1e-3, 1e6}, "decay of adaptation"},
            {"b", "pA", &P::b, {-1e6, 1e6}, "jump of adaptation at a spike"},
            {"tau_syn_ex", "ms", &P::tau_syn_ex, {1e-3, 1e6}, "decay of the AMPA current"},
            {"tau_syn_in", "ms", &P::tau_syn_in, {1e-3, 1e6}, "decay of the GABA_A current"},
            {"I_e", "pA", &P::I_e, {-1e9, 1e9}, "tonic current: sets the rate"}};
  }
  static std::vector<StateInfo> state() {
    return {{"V", "mV", 0}, {"I_ex", "pA", 0}, {"I_in", "pA", 0}, {"w", "pA", 0}, {"refractory", "steps", 0}};
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
    T decay_v, decay_ex, decay_in, decay_w, from_ex, from_in, from_w, from_current, drift, e_l, b, v_th,
        v_reset, t_ref;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    const Membrane m{p.C_m, p.tau_m};
    const double I_mod = driven[0], gain = driven[1];
    return {.decay_v = m.decay(dt),
            .decay_ex = exp(-dt / p.tau_syn_ex),
            .decay_in = exp(-dt / p.tau_syn_in),
            .decay_w = exp(-dt / p.tau_w),
            .from_ex = gain * m.exponential(dt, p.tau_syn_ex),
            .from_in = gain * m.exponential(dt, p.tau_syn_in),
            .from_w = -m.exponential(dt, p.tau_w),
            .from_current = m.constant(dt),
            .drift = m.constant(dt) * (p.I_e + I_mod),
            .e_l = p.E_L,
            .b = p.b,
            .v_th = p.V_th,
            .v_reset = p.V_reset,
            .t_ref = steps_in(p.t_ref, dt)};
  }

  template <class V>
  struct State {
    V v, i_ex, i_in, w, refractory;
  };
  static State<double> start(const Params& p) { return {p.E_L, 0, 0, 0, 0}; }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    V above = fma(c.decay_v, s.v - c.e_l, fma(c.from_current, in.current, c.drift));
    above = fma(c.from_ex, s.i_ex, fma(c.from_in, s.i_in, fma(c.from_w, s.w, above)));
    s.i_ex = fma(c.decay_ex, s.i_ex, in.port[0]);
    s.i_in = fma(c.decay_in, s.i_in, in.port[1]);
    const V w = c.decay_w * s.w;
    const V v = select(s.refractory > V(0), c.v_reset, c.e_l + above);
    const Mask<V> fired = v >= c.v_th;
    s.v = select(fired, c.v_reset, v);
    s.w = select(fired, w + c.b, w);
    s.refractory = select(fired, c.t_ref, max(s.refractory - V(1), V(0)));
    return fired;
  }
};
}  // namespace
NeuronEntry pacemaker() {
  return neuron_entry<Pacemaker>();
}
}  // namespace labile
