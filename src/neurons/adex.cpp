/// Adaptive exponential integrate-and-fire neuron with exponential synaptic currents.
///
///   C_m dV/dt = -g_L (V - E_L) + g_L Delta_T exp((V - V_T)/Delta_T) - w
///               + gain (I_ex + I_in) + I_e + I_mod + I
///   tau_w dw/dt = a (V - E_L) - w,   dI_x/dt = -I_x/tau_syn_x, I_x += weight at an arrival
///   V >= V_peak: spike, V = V_reset, w += b b_factor, V held for t_ref (w goes on)
///
/// Heun's method, order 2 between spikes; synaptic currents exact at both ends of the step. On the
/// right-hand side V is cut at V_peak, so the upstroke cannot overflow nor throw w off in its last step.
/// Steps above 1 ms are refused.
///
/// Source: Brette & Gerstner (2005) J Neurophysiol 94:3637, doi:10.1152/jn.00686.2005, for equations and
/// defaults.
/// Differs from it: synaptic currents instead of conductances; V_peak is 0 mV, as is common (the upstroke is
/// then over within microseconds).
#include "core/math.hpp"
#include "neurons/neuron_block.hpp"

namespace labile {
namespace {
struct Adex {
  static constexpr Info info{"adex", "adaptive exponential integrate-and-fire", "doi:10.1152/jn.00686.2005"};
  using Real = double;
  static constexpr int kPorts = 2, kOrder = 2;
  static constexpr double kMaxDt = 1;

  struct Params {
    double C_m = 281, g_L = 30, E_L = -70.6, V_T = -50.4, Delta_T = 2, a = 4, tau_w = 144, b = 80.5,
           V_reset = -70.6, V_peak = 0, t_ref = 0, tau_syn_ex = 2, tau_syn_in = 2, I_e = 0;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"C_m", "pF", &P::C_m, {1, 1e9}, "membrane capacitance"},
            {"g_L", "nS", &P::g_L, {0, 1e6}, "leak conductance"},
            {"E_L", "mV", &P::E_L, {-1e3, 1e3}, "resting potential of the leak"},
            {"V_T", "mV", &P::V_T, {-1e3, 1e3}, "potential at which the upstroke begins"},
            {"Delta_T", "mV", &P::Delta_T, {0.1, 100}, "sharpness of the upstroke"},
            {"a", "nS", &P::a, {-1e3, 1e3}, "adaptation to the potential"},
            {"tau_w", "ms", &P::tau_w, {1, 1e6}, "time constant of adaptation"},
            {"b", "pA", &P::b, {-1e6, 1e6}, "jump of adaptation at a spike"},
            {"V_reset", "mV", &P::V_reset, {-1e3, 1e3}, "potential after a spike"},
            {"V_peak", "mV", &P::V_peak, {-1e3, 1e3}, "potential that ends a spike"},
            {"t_ref", "ms", &P::t_ref, {0, 1e4}, "refractory time, rounded to whole steps"},
            {"tau_syn_ex", "ms", &P::tau_syn_ex, {1e-3, 1e6}, "decay of the AMPA current"},
            {"tau_syn_in", "ms", &P::tau_syn_in, {1e-3, 1e6}, "decay of the GABA_A current"},
            {"I_e", "pA", &P::I_e, {-1e9, 1e9}, "constant current"}};
  }
  static std::vector<StateInfo> state() {
    return {{"V", "mV", 0}, {"w", "pA", 0}, {"I_ex", "pA", 0}, {"I_in", "pA", 0}, {"refractory", "steps", 0}};
  }
  static std::vector<PortInfo> ports() { return {{"AMPA", "pA"}, {"GABA_A", "pA"}}; }
  static std::vector<DrivenInfo> driven() {
    return {{"I_mod", "pA", "added current", 0},
            {"gain", "1", "factor on both synaptic currents", 1},
            {"b_factor", "1", "factor on b, the jump of adaptation at a spike", 1}};
  }
  static void check(const Params& p, const Settings& given) {
    require_below(given, "V_reset", p.V_reset, "V_peak", p.V_peak);
    require_below(given, "V_T", p.V_T, "V_peak", p.V_peak);
  }

  template <class T>
  struct Constants {
    T dt, half_dt, per_c, g_l, e_l, v_t, per_delta, g_l_delta, a, per_tau_w, b, i, gain, decay_ex, decay_in,
        v_reset, v_peak, t_ref;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    return {.dt = dt,
            .half_dt = 0.5 * dt,
            .per_c = 1 / p.C_m,
            .g_l = p.g_L,
            .e_l = p.E_L,
            .v_t = p.V_T,
            .per_delta = 1 / p.Delta_T,
            .g_l_delta = p.g_L * p.Delta_T,
            .a = p.a,
            .per_tau_w = 1 / p.tau_w,
            .b = p.b * driven[2],
            .i = p.I_e + driven[0],
            .gain = driven[1],
            .decay_ex = exp(-dt / p.tau_syn_ex),
            .decay_in = exp(-dt / p.tau_syn_in),
            .v_reset = p.V_reset,
            .v_peak = p.V_peak,
            .t_ref = steps_in(p.t_ref, dt)};
  }

  template <class V>
  struct State {
    V v, w, i_ex, i_in, refractory;
  };
  static State<double> start(const Params& p) { return {p.E_L, 0, 0, 0, 0}; }

  template <class V>
  static V slope_v(V v, V w, V i, const Constants<V>& c) {
    const V upstroke = c.g_l_delta * exp((v - c.v_t) * c.per_delta);
    return c.per_c * (fma(-c.g_l, v - c.e_l, upstroke) - w + i);
  }
  template <class V>
  static V slope_w(V v, V w, const Constants<V>& c) {
    return c.per_tau_w * fma(c.a, v - c.e_l, -w);
  }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    const V outside = c.i + in.current;
    const V i0 = fma(c.gain, s.i_ex + s.i_in, outside);
    s.i_ex = c.decay_ex * s.i_ex;
    s.i_in = c.decay_in * s.i_in;
    const V i1 = fma(c.gain, s.i_ex + s.i_in, outside);
    s.i_ex += in.port[0];
    s.i_in += in.port[1];
    const Mask<V> held = s.refractory > V(0);
    const V v0 = select(held, c.v_reset, min(s.v, c.v_peak));
    const V dv0 = slope_v(v0, s.w, i0, c), dw0 = slope_w(v0, s.w, c);
    const V v1 = select(held, c.v_reset, min(fma(c.dt, dv0, v0), c.v_peak));
    const V w1 = fma(c.dt, dw0, s.w);
    const V dv1 = slope_v(v1, w1, i1, c), dw1 = slope_w(v1, w1, c);
    const V v = select(held, c.v_reset, fma(c.half_dt, dv0 + dv1, v0));
    const V w = fma(c.half_dt, dw0 + dw1, s.w);
    const Mask<V> fired = v >= c.v_peak;
    s.v = select(fired, c.v_reset, v);
    s.w = select(fired, w + c.b, w);
    s.refractory = select(fired, c.t_ref, max(s.refractory - V(1), V(0)));
    return fired;
  }
};
}  // namespace
NeuronEntry adex() {
  return neuron_entry<Adex>();
}
}  // namespace labile
