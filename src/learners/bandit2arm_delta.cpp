/// The delta rule under the name and parameters by which fitting packages know it.
///
///   V starts at 0;  P(o) = softmax(tau V)[o];  V[c] += A (r - V[c])
///
/// Source: the delta rule as in Erev et al. (2010), doi:10.1002/bdm.683; packages feed it outcomes of -1
/// and 1. Differs from it: nothing; the same as rescorla_wagner with v0 = 0 on a bandit.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/delta_rule.hpp"

namespace labile {
namespace {
struct Bandit2armDelta {
  static constexpr Info info{"bandit2arm_delta", "delta rule by the names of fitting packages",
                             "doi:10.1002/bdm.683"};
  template <class T>
  struct Params {
    T A = T(0.3), tau = T(1.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"A", "1", &P::A, {0, 1}, "learning rate", beta_prior(1.1, 1.1)},
            {"tau",
             "1",
             &P::tau,
             {0, 100},
             "inverse temperature of the choice",
             gamma_prior(1.2, 5.0),
             {},
             phi_group(0, 5)}};
  }
  template <class T>
  struct State {
    T v[kMaxFeatures];
    T delta;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = T(0.0);
    s.delta = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    scaled_values(x, p.tau, s.v, u);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = prediction_error(x, s.v);
    move_chosen(x, s.v, p.A * s.delta);
  }
};
}  // namespace

LearnerEntry bandit2arm_delta() {
  return learner_entry<Bandit2armDelta>();
}
}  // namespace labile
