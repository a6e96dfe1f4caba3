/// Rescorla-Wagner learning of cues in compound: all cues shown share one prediction error.
///
///   V = sum_i v_i x_i,  delta = r - V + dopamine,  v_i += alpha x_i delta
///
/// v starts at 0. Whatever a cue predicts already, its companions cannot learn: blocking, overshadowing and,
/// from a cue that announces that nothing comes, inhibition. It is also the learner without causes or
/// contexts of its own beside latent_cause: a context is one more cue.
///
/// Source: Rescorla & Wagner (1972), in Black & Prokasy (eds.), Classical Conditioning II. Differs from it:
/// one rate for all cues, for outcomes and for their absence; salience is the number that is shown; the
/// answer is a logistic function of V; `dopamine` stands for a stimulation during the outcome (Steinberg et
/// al. 2013, doi:10.1038/nn.3413).
#include "learners/catalogue.hpp"
#include "learners/cue_inputs.hpp"

namespace labile {
namespace {
struct CueRescorlaWagner : CueValues<CueRescorlaWagner> {
  static constexpr Info info{"cue_rescorla_wagner", "cues in compound share one prediction error",
                             "Rescorla & Wagner (1972)"};
  template <class T>
  struct Params : CueResponse<T> {
    T alpha = T(0.3);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    std::vector<Field<P>> t{{"alpha", "1", &P::alpha, {0, 1}, "learning rate", beta_prior(1.1, 1.1)}};
    add_response(t);
    return t;
  }
  template <class T>
  struct State {
    T expectation, v[kCues];
    T delta;
  };
  static std::vector<SignalInfo> signals() {
    auto r = expectation_signal();
    add_cue_signals(r, "value", "value");
    return r;
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.expectation)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    return CueRescorlaWagner::at_zero<State<T>>();
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.expectation = summed_cues(x, s.v);
    s.delta = binary_input(x) - s.expectation + p.dopamine;
    for (int i = 0; i < kCues; ++i) s.v[i] += p.alpha * cue(x, i) * s.delta;
  }
};
}  // namespace

LearnerEntry cue_rescorla_wagner() {
  return learner_entry<CueRescorlaWagner>();
}
}  // namespace labile
