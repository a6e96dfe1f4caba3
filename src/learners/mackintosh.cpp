/// Mackintosh's attention: a cue that predicts better than its companions is attended to, and learned about,
/// more.
///
///   V = sum_i v_i x_i,  e_i = r - V (summed = 1) or r - v_i (summed = 0)
///   of the cues shown (x_i not 0), all with the old values:
///     v_i += lr a_i x_i (e_i + dopamine)
///     a_i += gamma (|r - sum over the other cues of v_j x_j| - |r - v_i|), then held within [a_min, 1]
///
/// v starts at 0, a at alpha0.
///
/// Source: Mackintosh (1975), doi:10.1037/h0076778; the summed error after Pearce & Mackintosh (2010), in
/// Mitchell & Le Pelley (eds.), Attention and Associative Learning. Differs from them: 1975 gives the
/// direction of the change of attention, not its size, which is linear here as in later implementations; the
/// answer is a logistic function of V.
#include "learners/catalogue.hpp"
#include "learners/cue_inputs.hpp"

namespace labile {
namespace {
struct Mackintosh : CueValuesAndRates<Mackintosh> {
  static constexpr Info info{"mackintosh", "attention goes to the cues that predict best",
                             "doi:10.1037/h0076778"};
  static constexpr auto usually_held = positions({2, 3, 4});
  template <class T>
  struct Params : CueResponse<T> {
    T lr = T(0.3), gamma = T(0.2), alpha0 = T(0.5), a_min = T(0.05), summed = T(1.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    std::vector<Field<P>> t{
        {"lr", "1", &P::lr, {0, 1}, "learning rate of a cue with full attention", beta_prior(1.1, 1.1)},
        {"gamma", "1", &P::gamma, {0, 1}, "rate at which attention moves", beta_prior(1.1, 1.1)},
        {"alpha0", "1", &P::alpha0, {0, 1}, "attention at the start", fixed_prior()},
        {"a_min", "1", &P::a_min, {0, 1}, "least attention", fixed_prior()},
        {"summed", "1", &P::summed, {0, 1}, "1: cues share one error, 0: each has its own", fixed_prior()}};
    add_response(t);
    return t;
  }
  static std::vector<SignalInfo> signals() { return signals_of("attention"); }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const T r = binary_input(x);
    s.expectation = summed_cues(x, s.v);
    s.delta = r - s.expectation + p.dopamine;
    for (int i = 0; i < kCues; ++i) {
      const T shown = cue(x, i), own = r - s.v[i], rest = r - (s.expectation - s.v[i] * shown);
      const T error = select(p.summed > T(0.5), s.delta, own + p.dopamine);
      s.v[i] += p.lr * s.a[i] * shown * error;
      const T moved = clamp(s.a[i] + p.gamma * (abs(rest) - abs(own)), p.a_min, T(1.0));
      s.a[i] = select(shown != T(0.0), moved, s.a[i]);
    }
  }
};
}  // namespace

LearnerEntry mackintosh() {
  return learner_entry<Mackintosh>();
}
}  // namespace labile
