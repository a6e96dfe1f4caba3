/// Leaky integrate-and-fire neuron with AMPA, NMDA, GABA_A and GABA_B conductances.
///
///   C_m dV/dt = -g_L (V - E_L) - gain [g_AMPA (V - E_AMPA) + g_NMDA B(V) (V - E_NMDA)
///               + g_GABA_A (V - E_GABA_A) + g_GABA_B (V - E_GABA_B)] + I_e + I_mod + I
///   B(V) = 1 / (1 + [Mg]/3.57 exp(-0.062 V))
///   g_AMPA, g_GABA_A: jump by the weight at an arrival, decay exponentially
///   g_NMDA, g_GABA_B: differences of exponentials (rise, decay) whose peak is the weight
///   V >= V_th: spike, V = V_reset, held there for t_ref
///
/// Conductances are exact on the grid. V: exponential midpoint, order 2 and stable at any conductance. Half a
/// step with conductances and B taken at its start gives V at the middle; the step is then the exact solution
/// with conductances and B taken at the middle. Weights are conductances and must not be negative.
///
/// Source: Destexhe, Mainen & Sejnowski (1994) J Comput Neurosci 1:195, doi:10.1007/BF00961734, for the
/// kinds of conductance; Jahr & Stevens (1990) J Neurosci 10:3178, doi:10.1523/JNEUROSCI.10-09-03178.1990,
/// for B(V); defaults of the membrane as NEST's iaf_cond_exp.
/// Differs from it: conductances are sums of exponentials, not kinetic schemes, so they do not saturate;
/// time constants and reversal potentials are round numbers in the usual range.
#include "neurons/conductances.hpp"
#include "neurons/neuron_block.hpp"

namespace labile {
namespace {
struct LifCond {
  static constexpr Info info{"lif_cond", "leaky integrate-and-fire with four kinds of conductance",
                             "doi:10.1007/BF00961734"};
  using Real = double;
  static constexpr int kPorts = 4, kOrder = 2;

  struct Params {
    double C_m = 250, g_L = 16.6667, E_L = -70, V_th = -55, V_reset = -60, t_ref = 2, I_e = 0;
    double tau_AMPA = 2, tau_rise_NMDA = 2, tau_NMDA = 100, tau_GABA_A = 8, tau_rise_GABA_B = 50,
           tau_GABA_B = 200;
    double E_AMPA = 0, E_NMDA = 0, E_GABA_A = -75, E_GABA_B = -95, Mg = 1;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"C_m", "pF", &P::C_m, {1e-3, 1e9}, "membrane capacitance"},
            {"g_L", "nS", &P::g_L, {1e-6, 1e9}, "leak conductance"},
            {"E_L", "mV", &P::E_L, {-1e3, 1e3}, "reversal potential of the leak"},
            {"V_th", "mV", &P::V_th, {-1e3, 1e3}, "spike threshold"},
            {"V_reset", "mV", &P::V_reset, {-1e3, 1e3}, "potential after a spike"},
            {"t_ref", "ms", &P::t_ref, {0, 1e4}, "refractory time, rounded to whole steps"},
            {"I_e", "pA", &P::I_e, {-1e9, 1e9}, "constant current"},
            {"tau_AMPA", "ms", &P::tau_AMPA, {1e-3, 1e6}, "decay of AMPA"},
            {"tau_rise_NMDA", "ms", &P::tau_rise_NMDA, {1e-3, 1e6}, "rise of NMDA"},
            {"tau_NMDA", "ms", &P::tau_NMDA, {1e-3, 1e6}, "decay of NMDA"},
            {"tau_GABA_A", "ms", &P::tau_GABA_A, {1e-3, 1e6}, "decay of GABA_A"},
            {"tau_rise_GABA_B", "ms", &P::tau_rise_GABA_B, {1e-3, 1e6}, "rise of GABA_B"},
            {"tau_GABA_B", "ms", &P::tau_GABA_B, {1e-3, 1e6}, "decay of GABA_B"},
            {"E_AMPA", "mV", &P::E_AMPA, {-1e3, 1e3}, "reversal potential of AMPA"},
            {"E_NMDA", "mV", &P::E_NMDA, {-1e3, 1e3}, "reversal potential of NMDA"},
            {"E_GABA_A", "mV", &P::E_GABA_A, {-1e3, 1e3}, "reversal potential of GABA_A"},
            {"E_GABA_B", "mV", &P::E_GABA_B, {-1e3, 1e3}, "reversal potential of GABA_B"},
            {"Mg", "mM", &P::Mg, {0, 100}, "extracellular magnesium"}};
  }
  static std::vector<StateInfo> state() {
    return {{"V", "mV", 0},           {"g_AMPA", "nS", 0},       {"NMDA_decay", "nS", 0},
            {"NMDA_rise", "nS", 0},   {"g_GABA_A", "nS", 0},     {"GABA_B_decay", "nS", 0},
            {"GABA_B_rise", "nS", 0}, {"refractory", "steps", 0}};
  }
  static std::vector<PortInfo> ports() {
    return {{"AMPA", "nS"}, {"NMDA", "nS"}, {"GABA_A", "nS"}, {"GABA_B", "nS"}};
  }
  static std::vector<DrivenInfo> driven() {
    return {{"I_mod", "pA", "added current", 0}, {"gain", "1", "factor on all synaptic conductances", 1}};
  }
  static void check(const Params& p, const Settings& given) {
    require_below(given, "V_reset", p.V_reset, "V_th", p.V_th);
    require_below(given, "tau_rise_NMDA", p.tau_rise_NMDA, "tau_NMDA", p.tau_NMDA);
    require_below(given, "tau_rise_GABA_B", p.tau_rise_GABA_B, "tau_GABA_B", p.tau_GABA_B);
  }

  template <class T>
  struct Constants {
    // Decays over half a step.
    T half_ampa, half_nmda, half_nmda_rise, half_gaba_a, half_gaba_b, half_gaba_b_rise;
    T peak_nmda, peak_gaba_b, gain, mg_share;
    T g_l, leak, dt_over_c;  // leak: g_L E_L + I_e + I_mod
    T e_ampa, e_nmda, e_gaba_a, e_gaba_b, v_th, v_reset, t_ref;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    const double I_mod = driven[0], gain = driven[1], half = 0.5 * dt;
    return {.half_ampa = exp(-half / p.tau_AMPA),
            .half_nmda = exp(-half / p.tau_NMDA),
            .half_nmda_rise = exp(-half / p.tau_rise_NMDA),
            .half_gaba_a = exp(-half / p.tau_GABA_A),
            .half_gaba_b = exp(-half / p.tau_GABA_B),
            .half_gaba_b_rise = exp(-half / p.tau_rise_GABA_B),
            .peak_nmda = unit_peak(p.tau_rise_NMDA, p.tau_NMDA),
            .peak_gaba_b = unit_peak(p.tau_rise_GABA_B, p.tau_GABA_B),
            .gain = gain,
            .mg_share = p.Mg / kMgHalf,
            .g_l = p.g_L,
            .leak = p.g_L * p.E_L + p.I_e + I_mod,
            .dt_over_c = dt / p.C_m,
            .e_ampa = p.E_AMPA,
            .e_nmda = p.E_NMDA,
            .e_gaba_a = p.E_GABA_A,
            .e_gaba_b = p.E_GABA_B,
            .v_th = p.V_th,
            .v_reset = p.V_reset,
            .t_ref = steps_in(p.t_ref, dt)};
  }

  template <class V>
  struct State {
    V v, ampa, nmda, nmda_rise, gaba_a, gaba_b, gaba_b_rise, refractory;
  };
  static State<double> start(const Params& p) { return {p.E_L, 0, 0, 0, 0, 0, 0, 0}; }

  template <class V>
  static void decay_half(State<V>& s, const Constants<V>& c) {
    s.ampa *= c.half_ampa;
    s.nmda *= c.half_nmda;
    s.nmda_rise *= c.half_nmda_rise;
    s.gaba_a *= c.half_gaba_a;
    s.gaba_b *= c.half_gaba_b;
    s.gaba_b_rise *= c.half_gaba_b_rise;
  }
  /// `from` after `share` of a step, with the conductances of s and the magnesium block at `at` held
  /// constant.
  template <class V>
  static V flow(V from, V at, double share, const State<V>& s, const Constants<V>& c, V current) {
    const V ampa = c.gain * s.ampa, gaba_a = c.gain * s.gaba_a;
    const V nmda = c.gain * (s.nmda - s.nmda_rise) * open_fraction(at, c.mg_share);
    const V gaba_b = c.gain * (s.gaba_b - s.gaba_b_rise);
    const V total = c.g_l + ampa + nmda + gaba_a + gaba_b;
    const V pull =
        fma(ampa, c.e_ampa,
            fma(nmda, c.e_nmda, fma(gaba_a, c.e_gaba_a, fma(gaba_b, c.e_gaba_b, c.leak + current))));
    const V goal = pull / total;
    return fma(from - goal, exp(V(-share) * c.dt_over_c * total), goal);
  }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    const V middle = flow(s.v, s.v, 0.5, s, c, in.current);
    decay_half(s, c);
    const V free = flow(s.v, middle, 1.0, s, c, in.current);
    decay_half(s, c);
    s.ampa += in.port[0];
    s.nmda = fma(c.peak_nmda, in.port[1], s.nmda);
    s.nmda_rise = fma(c.peak_nmda, in.port[1], s.nmda_rise);
    s.gaba_a += in.port[2];
    s.gaba_b = fma(c.peak_gaba_b, in.port[3], s.gaba_b);
    s.gaba_b_rise = fma(c.peak_gaba_b, in.port[3], s.gaba_b_rise);
    const V v = select(s.refractory > V(0), c.v_reset, free);
    const Mask<V> fired = v >= c.v_th;
    s.v = select(fired, c.v_reset, v);
    s.refractory = select(fired, c.t_ref, max(s.refractory - V(1), V(0)));
    return fired;
  }
};
}  // namespace
NeuronEntry lif_cond() {
  return neuron_entry<LifCond>();
}
}  // namespace labile
