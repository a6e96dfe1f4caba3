/// Rescorla-Wagner learner: cues present on a trial share one prediction error.
///
///   delta = r - sum_d V[f_d],   V[f_d] += alpha delta  for the chosen option's features f_d
///   P(option) = softmax(beta sum_d V[f_d])
///
/// Source: Rescorla & Wagner (1972), in Classical Conditioning II; choice rule as in Sutton & Barto
/// (2018) 2.8. Differs from it: one learning rate for all cues (no salience); with one dimension whose
/// feature is the option it is the delta rule on a bandit.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/delta_rule.hpp"

namespace labile {
namespace {
struct RescorlaWagner {
  static constexpr Info info{"rescorla_wagner", "summed-error delta rule with softmax choice",
                             "Rescorla & Wagner (1972)"};
  static constexpr auto usually_held = positions({2});
  template <class T>
  struct Params {
    T alpha = T(0.3), beta = T(3.0), v0 = T(0.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"alpha", "1", &P::alpha, {0, 1}, "learning rate", beta_prior(1.1, 1.1)},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)},
            {"v0", "outcome", &P::v0, {-1e6, 1e6}, "value of every feature at the start", fixed_prior()}};
  }
  template <class T>
  struct State {
    T v[kMaxOptions > kMaxFeatures ? kMaxOptions : kMaxFeatures];
    T delta;
  };
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = p.v0;
    s.delta = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    scaled_values(x, p.beta, s.v, u);
  }
  template <class T>
  [[gnu::always_inline]] static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = prediction_error(x, s.v);
    move_chosen(x, s.v, p.alpha * s.delta);
  }
};
}  // namespace
LearnerEntry rescorla_wagner() {
  return learner_entry<RescorlaWagner>();
}
}  // namespace labile
