/// Izhikevich's two-variable neuron, stepped as its author's published code does.
///
///   dv/dt = 0.04 v² + 5 v + 140 - u + I,   du/dt = a (b v - u)
///   v >= V_peak: spike, v = c, u = u + d
///
/// I is the sum of what arrives in a step (both ports, times gain) and the current of that step; it lasts one
/// step and leaves no trace. A step: v in two Euler half steps with this I, then u from the new v, then the
/// test v >= V_peak and the reset. Because the test stands at the end of a step and the integration of the
/// next one takes that step's arrivals, a spike with a delay of one step acts on the very next integration,
/// as in the published code (which tests at the start of the next step: the same trajectory, one label
/// later). Order 1 in dt; published with dt = 1 ms. In float.
///
/// Source: Izhikevich (2003) IEEE Trans Neural Netw 14:1569, doi:10.1109/TNN.2003.820440; order of a step:
/// code of Izhikevich (2007) Cereb Cortex 17:2443, doi:10.1093/cercor/bhl152.
/// Differs from it: single precision; steps other than 1 ms are allowed (an arrival's effect is then
/// proportional to dt); arrivals act during the step at whose end they arrive, unlike in the other models.
#include "neurons/neuron_block.hpp"

namespace labile {
namespace {
struct Izhikevich {
  static constexpr Info info{"izhikevich", "Izhikevich's quadratic two-variable neuron",
                             "doi:10.1109/TNN.2003.820440"};
  using Real = float;
  static constexpr int kPorts = 2, kOrder = 1;
  static constexpr double kMaxDt = 1;

  struct Params {
    double a = 0.02, b = 0.2, c = -65, d = 8, V_peak = 30, I_e = 0;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    return {{"a", "1/ms", &P::a, {0, 10}, "rate of the recovery variable"},
            {"b", "1", &P::b, {-100, 100}, "sensitivity of the recovery variable to v"},
            {"c", "mV", &P::c, {-1e3, 1e3}, "potential after a spike"},
            {"d", "mV", &P::d, {-1e4, 1e4}, "jump of the recovery variable at a spike"},
            {"V_peak", "mV", &P::V_peak, {-1e3, 1e3}, "potential that ends a spike"},
            {"I_e", "1", &P::I_e, {-1e6, 1e6}, "constant input"}};
  }
  static std::vector<StateInfo> state() { return {{"V", "mV", 0}, {"u", "mV", 0}}; }
  static std::vector<PortInfo> ports() { return {{"AMPA", "1"}, {"GABA_A", "1"}}; }
  static std::vector<DrivenInfo> driven() {
    return {{"I_mod", "1", "added input", 0}, {"gain", "1", "factor on what arrives at the ports", 1}};
  }
  static void check(const Params& p, const Settings& given) {
    require_below(given, "c", p.c, "V_peak", p.V_peak);
  }

  template <class T>
  struct Constants {
    T half_dt, a_dt, b, c, d, v_peak, i, gain;
  };
  static Constants<double> derive(const Params& p, double dt, const double* driven) {
    return {.half_dt = 0.5 * dt,
            .a_dt = p.a * dt,
            .b = p.b,
            .c = p.c,
            .d = p.d,
            .v_peak = p.V_peak,
            .i = p.I_e + driven[0],
            .gain = driven[1]};
  }

  template <class V>
  struct State {
    V v, u;
  };
  static State<double> start(const Params& p) { return {-65, p.b * -65}; }

  template <class V>
  static Mask<V> step(State<V>& s, const Constants<V>& c, const Input<V, kPorts>& in) {
    const V i = fma(c.gain, in.port[0] + in.port[1], in.current + c.i);
    V v = s.v;
    for (int half = 0; half < 2; ++half)
      v = fma(c.half_dt, fma(fma(V(0.04f), v, V(5)), v, V(140)) - s.u + i, v);
    const V u = fma(c.a_dt, fma(c.b, v, -s.u), s.u);
    const Mask<V> fired = v >= c.v_peak;
    s.v = select(fired, c.c, v);
    s.u = select(fired, u + c.d, u);
    return fired;
  }
};
}  // namespace
NeuronEntry izhikevich() {
  return neuron_entry<Izhikevich>();
}
}  // namespace labile
