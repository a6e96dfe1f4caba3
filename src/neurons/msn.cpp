/// Medium spiny neuron of the striatum whose excitability and inputs dopamine changes through D1 or D2.
///
///   C dv/dt = k (v - v_r)(v - v_t) - u + I_AMPA + I_NMDA + I_GABA_A + I_e + I_mod + I
///   du/dt = a (b (v - v_r) - u);   v >= V_peak: spike, v = c, u = u + d
///   I_x = -gain g_x (v - E_x), NMDA times B(v) = 1 / (1 + [Mg]/3.57 exp(-0.062 v)); g_x decays with tau_x
///   receptor D1, active to phi_D1: d (1 - L phi_D1), v_r (1 + K phi_D1), g_NMDA (1 + beta1 phi_D1)
///   receptor D2, active to phi_D2: k (1 - alpha phi_D2), g_AMPA (1 - beta2 phi_D2)
///
/// The phi are driven parameters in [0, 1]; a neuron heeds that of its own receptor. Heun's method, order 2
/// between spikes; conductances exact at both ends of the step; on the right-hand side v is cut at V_peak.
/// Explicit, with a membrane of 0.3 ms at rest: steps above 0.25 ms are refused.
///
/// Source: Humphries, Lepora, Wood & Gurney (2009) Front Comput Neurosci 3:26,
/// doi:10.3389/neuro.10.026.2009.
/// Differs from it: Heun's method; conductances in nS jump by the weight, the published code by weight/tau;
/// one published copy has L = 0.221 instead of 0.331, with which D1 neurons miss the currents and rates the
/// model was tuned to (tests/unit/neuron_test.cpp).
#include "neurons/conductances.hpp"
#include "neurons/neuron_block.hpp"

namespace labile {
namespace {
struct Msn {
  static constexpr Info info{"msn", "medium spiny neuron of the striatum with D1 or D2 receptors",
                             "doi:10.3389/neuro.10.026.2009"};
  using Real = double;
  static constexpr int kPorts = 3, kOrder = 2;
  static constexpr double kMaxDt = 0.25;

  struct Params {
    std::string receptor = "D1";
    double C = 15.2, k = 1, v_r = -80, v_t = -29.7, V_peak = 40, a = 0.01, b = -20, c = -55, d = 91;
    double K = 0.0289, L = 0.331, alpha = 0.032, beta1 = 0.5, beta2 = 0.3;
    double tau_AMPA = 6, tau_NMDA = 160, tau_GABA_A = 4, E_AMPA = 0, E_NMDA = 0, E_GABA_A = -60, Mg = 1,
           I_e = 0;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"receptor", "1", &P::receptor, {}, "dopamine receptor the neuron has", {}, {"D1", "D2"}},
            {"C", "pF", &P::C, {1, 1e6}, "membrane capacitance"},
            {"k", "nS/mV", &P::k, {1e-3, 10}, "gain of the quadratic current"},
            {"v_r", "mV", &P::v_r, {-1e3, 1e3}, "resting potential"},
            {"v_t", "mV", &P::v_t, {-1e3, 1e3}, "instantaneous threshold"},
            {"V_peak", "mV", &P::V_peak, {-1e3, 1e3}, "potential that ends a spike"},
            {"a", "1/ms", &P::a, {0, 10}, "rate of the recovery current"},
            {"b", "nS", &P::b, {-1e3, 1e3}, "sensitivity of the recovery current to v"},
            {"c", "mV", &P::c, {-1e3, 1e3}, "potential after a spike"},
            {"d", "pA", &P::d, {-1e4, 1e4}, "jump of the recovery current at a spike"},
            {"K", "1", &P::K, {-1, 1}, "D1: change of v_r"},
            {"L", "1", &P::L, {-1, 1}, "D1: reduction of d"},
            {"alpha", "1", &P::alpha, {-1, 1}, "D2: reduction of k"},
            {"beta1", "1", &P::beta1, {-1, 10}, "D1: growth of NMDA"},
            {"beta2", "1", &P::beta2, {-10, 1}, "D2: reduction of AMPA"},
            {"tau_AMPA", "ms", &P::tau_AMPA, {1e-3, 1e6}, "decay of AMPA"},
            {"tau_NMDA", "ms", &P::tau_NMDA, {1e-3, 1e6}, "decay of NMDA"},
            {"tau_GABA_A", "ms", &P::tau_GABA_A, {1e-3, 1e6}, "decay of GABA_A"},
            {"E_AMPA", "mV", &P::E_AMPA, {-1e3, 1e3}, "reversal potential of AMPA"},
            {"E_NMDA", "mV", &P::E_NMDA, {-1e3, 1e3}, "reversal potential of NMDA"},
            {"E_GABA_A", "mV", &P::E_GABA_A, {-1e3, 1e3}, "reversal potential of GABA_A"},
            {"Mg", "mM", &P::Mg, {0, 100}, "extracellular magnesium"},
            {"I_e", "pA", &P::I_e, {-1e9, 1e9}, "constant current"}};
  }
  static std::vector<StateInfo> state() {
    return {{"V", "mV", 0}, {"u", "pA", 0}, {"g_AMPA", "nS", 0}, {"g_NMDA", "nS", 0}, {"g_GABA_A", "nS", 0}};
  }
  static std::vector<PortInfo> ports() { return {{"AMPA", "nS"}, {"NMDA", "nS"}, {"GABA_A", "nS"}}; }
  static std::vector<DrivenInfo> driven() {
    return {{"I_mod", "pA", "added current", 0},
            {"gain", "1", "factor on all synaptic conductances", 1},
            {"phi_D1", "1", "activation of D1, 0 to 1", 0, "receptor", "D1"},
            {"phi_D2", "1", "activation of D2, 0 to 1", 0, "receptor", "D2"}};
  }
  static void check(const Params& p, const Settings& given) {
    require_below(given, "c", p.c, "V_peak", p.V_peak);
    require_below(given, "v_r", p.v_r, "v_t", p.v_t);
  }

  template <class T>
  struct Constants {
    T dt, half_dt, per_c, k, v_r, v_t, v_peak, a, b, c, d, i, gain, decay_ampa, decay_nmda, decay_gaba,
        ampa_factor, nmda_factor, e_ampa, e_nmda, e_gaba, mg_share;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    const double gain = driven[1], d1 = p.receptor == "D1" ? driven[2] : 0,
                 d2 = p.receptor == "D2" ? driven[3] : 0;
    return {.dt = dt,
            .half_dt = 0.5 * dt,
            .per_c = 1 / p.C,
            .k = p.k * (1 - p.alpha * d2),
            .v_r = p.v_r * (1 + p.K * d1),
            .v_t = p.v_t,
            .v_peak = p.V_peak,
            .a = p.a,
            .b = p.b,
            .c = p.c,
            .d = p.d * (1 - p.L * d1),
            .i = p.I_e + driven[0],
            .gain = gain,
            .decay_ampa = exp(-dt / p.tau_AMPA),
            .decay_nmda = exp(-dt / p.tau_NMDA),
            .decay_gaba = exp(-dt / p.tau_GABA_A),
            .ampa_factor = 1 - p.beta2 * d2,
            .nmda_factor = 1 + p.beta1 * d1,
            .e_ampa = p.E_AMPA,
            .e_nmda = p.E_NMDA,
            .e_gaba = p.E_GABA_A,
            .mg_share = p.Mg / kMgHalf};
  }

  template <class V>
  struct State {
    V v, u, ampa, nmda, gaba;
  };
  static State<double> start(const Params& p) { return {p.v_r, 0, 0, 0, 0}; }

  template <class V>
  static V slope_v(V v, V u, const State<V>& s, V i, const Constants<V>& c) {
    const V nmda = c.nmda_factor * s.nmda * open_fraction(v, c.mg_share);
    const V synapses =
        c.ampa_factor * s.ampa * (c.e_ampa - v) + nmda * (c.e_nmda - v) + s.gaba * (c.e_gaba - v);
    return c.per_c * (fma(c.k * (v - c.v_r), v - c.v_t, c.gain * synapses) - u + i);
  }
  template <class V>
  static V slope_u(V v, V u, const Constants<V>& c) {
    return c.a * fma(c.b, v - c.v_r, -u);
  }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    const V i = c.i + in.current;
    const V v0 = min(s.v, c.v_peak);
    const V dv0 = slope_v(v0, s.u, s, i, c), du0 = slope_u(v0, s.u, c);
    s.ampa *= c.decay_ampa;
    s.nmda *= c.decay_nmda;
    s.gaba *= c.decay_gaba;
    const V v1 = min(fma(c.dt, dv0, v0), c.v_peak), u1 = fma(c.dt, du0, s.u);
    const V dv1 = slope_v(v1, u1, s, i, c), du1 = slope_u(v1, u1, c);
    const V v = fma(c.half_dt, dv0 + dv1, v0), u = fma(c.half_dt, du0 + du1, s.u);
    s.ampa += in.port[0];
    s.nmda += in.port[1];
    s.gaba += in.port[2];
    const Mask<V> fired = v >= c.v_peak;
    s.v = select(fired, c.c, v);
    s.u = select(fired, u + c.d, u);
    return fired;
  }
};
}  // namespace
NeuronEntry msn() {
  return neuron_entry<Msn>();
}
}  // namespace labile
