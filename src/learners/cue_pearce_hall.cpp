/// Pearce-Hall learning of cues in compound: each cue has an associability that follows how surprising its
/// last outcomes were.
///
///   V = sum_i v_i x_i,  delta = r - V + dopamine
///   of the cues shown (x_i not 0):  v_i += kappa a_i x_i delta with the old a_i,  a_i += eta (|delta| - a_i)
///
/// v starts at 0, a at alpha0. Of one cue alone this is pearce_hall.
///
/// Source: Pearce & Hall (1980), doi:10.1037/0033-295X.87.6.532, with the signed error of Li et al. (2011),
/// doi:10.1038/nn.2904. Differs from them: excitation and inhibition are one signed value; the cues of a
/// compound share the surprise of the whole; the answer is a logistic function of V.
#include "learners/catalogue.hpp"
#include "learners/cue_inputs.hpp"

namespace labile {
namespace {
struct CuePearceHall : CueValuesAndRates<CuePearceHall> {
  static constexpr Info info{"cue_pearce_hall", "cues in compound learn as fast as they were surprising",
                             "doi:10.1037/0033-295X.87.6.532"};
  static constexpr auto usually_held = positions({2});
  template <class T>
  struct Params : CueResponse<T> {
    T kappa = T(0.3), eta = T(0.3), alpha0 = T(0.5);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    std::vector<Field<P>> t{
        {"kappa", "1", &P::kappa, {0, 1}, "scale of the learning rate", beta_prior(1.1, 1.1)},
        {"eta", "1", &P::eta, {0, 1}, "rate at which associability follows surprise", beta_prior(1.1, 1.1)},
        {"alpha0", "1", &P::alpha0, {0, 1}, "associability at the start", fixed_prior()}};
    add_response(t);
    return t;
  }
  static std::vector<SignalInfo> signals() { return signals_of("associability"); }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.expectation = summed_cues(x, s.v);
    s.delta = binary_input(x) - s.expectation + p.dopamine;
    const T surprise = abs(s.delta);
    for (int i = 0; i < kCues; ++i) {
      const T shown = cue(x, i);
      s.v[i] += p.kappa * s.a[i] * shown * s.delta;
      s.a[i] = select(shown != T(0.0), s.a[i] + p.eta * (surprise - s.a[i]), s.a[i]);
    }
  }
};
}  // namespace

LearnerEntry cue_pearce_hall() {
  return learner_entry<CuePearceHall>();
}
}  // namespace labile
