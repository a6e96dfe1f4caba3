/// Leaky integrate-and-fire neuron with alpha-shaped synaptic currents.
///
///   dV/dt = -(V - E_L)/tau_m + (gain (I_ex + I_in) + I_e + I_mod + I)/C_m
///   I_x(t) = weight (e t/tau_syn_x) exp(-t/tau_syn_x) after an arrival: its peak is the weight, at tau_syn_x
///   V >= V_th: spike, V = V_reset, held there for t_ref
///
/// Each current is two variables, dD/dt = -D/tau, dI/dt = D - I/tau, and an arrival adds weight e/tau to D.
/// Solved exactly on the grid (neurons/propagators.hpp). t_ref is rounded to whole steps.
///
/// Source: Rotter & Diesmann (1999) Biol Cybern 81:381, doi:10.1007/s004220050570; defaults and order of a
/// step as NEST's iaf_psc_alpha.
/// Differs from it: tau_syn = tau_m is allowed; the port, not the sign of a weight, chooses the current.
#include "neurons/neuron_block.hpp"
#include "neurons/propagators.hpp"

namespace labile {
namespace {
struct LifAlpha {
  static constexpr Info info{"lif_alpha", "leaky integrate-and-fire with alpha-shaped synaptic currents",
                             "doi:10.1007/s004220050570"};
  using Real = double;
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
            {"tau_syn_ex", "ms", &P::tau_syn_ex, {1e-3, 1e6}, "time to the peak of the AMPA current"},
            {"tau_syn_in", "ms", &P::tau_syn_in, {1e-3, 1e6}, "time to the peak of the GABA_A current"},
            {"I_e", "pA", &P::I_e, {-1e9, 1e9}, "constant current"}};
  }
  static std::vector<StateInfo> state() {
    return {{"V", "mV", 0},       {"D_ex", "pA/ms", 0}, {"I_ex", "pA", 0},
            {"D_in", "pA/ms", 0}, {"I_in", "pA", 0},    {"refractory", "steps", 0}};
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
    T decay_v, decay_ex, decay_in, dt, jump_ex, jump_in, v_from_d_ex, v_from_i_ex, v_from_d_in, v_from_i_in,
        from_current, drift, e_l, v_th, v_reset, t_ref;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    const Membrane m{p.C_m, p.tau_m};
    const double I_mod = driven[0], gain = driven[1], e = exp(1.0);
    return {.decay_v = m.decay(dt),
            .decay_ex = exp(-dt / p.tau_syn_ex),
            .decay_in = exp(-dt / p.tau_syn_in),
            .dt = dt,
            .jump_ex = e / p.tau_syn_ex,
            .jump_in = e / p.tau_syn_in,
            .v_from_d_ex = gain * m.alpha(dt, p.tau_syn_ex),
            .v_from_i_ex = gain * m.exponential(dt, p.tau_syn_ex),
            .v_from_d_in = gain * m.alpha(dt, p.tau_syn_in),
            .v_from_i_in = gain * m.exponential(dt, p.tau_syn_in),
            .from_current = m.constant(dt),
            .drift = m.constant(dt) * (p.I_e + I_mod),
            .e_l = p.E_L,
            .v_th = p.V_th,
            .v_reset = p.V_reset,
            .t_ref = steps_in(p.t_ref, dt)};
  }

  template <class V>
  struct State {
    V v, d_ex, i_ex, d_in, i_in, refractory;
  };
  static State<double> start(const Params& p) { return {p.E_L, 0, 0, 0, 0, 0}; }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    V above = fma(c.decay_v, s.v - c.e_l, fma(c.from_current, in.current, c.drift));
    above = fma(c.v_from_i_ex, s.i_ex, fma(c.v_from_d_ex, s.d_ex, above));
    above = fma(c.v_from_i_in, s.i_in, fma(c.v_from_d_in, s.d_in, above));
    s.i_ex = c.decay_ex * fma(c.dt, s.d_ex, s.i_ex);
    s.i_in = c.decay_in * fma(c.dt, s.d_in, s.i_in);
    s.d_ex = fma(c.jump_ex, in.port[0], c.decay_ex * s.d_ex);
    s.d_in = fma(c.jump_in, in.port[1], c.decay_in * s.d_in);
    const V v = select(s.refractory > V(0), c.v_reset, c.e_l + above);
    const Mask<V> fired = v >= c.v_th;
    s.v = select(fired, c.v_reset, v);
    s.refractory = select(fired, c.t_ref, max(s.refractory - V(1), V(0)));
    return fired;
  }
};
}  // namespace
NeuronEntry lif_alpha() {
  return neuron_entry<LifAlpha>();
}
}  // namespace labile
