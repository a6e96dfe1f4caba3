/// Learning rates of their own for rewards and punishments: the rate follows the outcome, not the error.
///
///   V starts at 0;  P(o) = softmax(beta V)[o];  V[c] += (r > 0 ? Arew : Apun) (r - V[c])
///
/// Source: den Ouden et al. (2013), doi:10.1016/j.neuron.2013.08.030, by the names of fitting packages, which
/// feed it outcomes of -1 and 1. Differs from it: nothing.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/delta_rule.hpp"

namespace labile {
namespace {
struct PrlRp {
  static constexpr Info info{"prl_rp", "delta rule with rates for rewards and for punishments",
                             "doi:10.1016/j.neuron.2013.08.030"};
  template <class T>
  struct Params {
    T Apun = T(0.3), Arew = T(0.3), beta = T(2.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"Apun", "1", &P::Apun, {0, 1}, "learning rate after outcomes of 0 or less", beta_prior(1.1, 1.1)},
        {"Arew", "1", &P::Arew, {0, 1}, "learning rate after outcomes above 0", beta_prior(1.1, 1.1)},
        {"beta",
         "1",
         &P::beta,
         {0, 100},
         "inverse temperature of the choice",
         gamma_prior(1.2, 5.0),
         {},
         phi_group(0, 10)}};
  }
  template <class T>
  struct State {
    T v[kMaxFeatures];
    T delta, learning_rate;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = T(0.0);
    s.delta = s.learning_rate = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    scaled_values(x, p.beta, s.v, u);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = prediction_error(x, s.v);
    s.learning_rate = select(x.outcome > T(0.0), p.Arew, p.Apun);
    move_chosen(x, s.v, s.learning_rate * s.delta);
  }
};
}  // namespace

LearnerEntry prl_rp() {
  return learner_entry<PrlRp>();
}
}  // namespace labile
