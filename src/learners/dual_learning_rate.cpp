/// Delta rule with one learning rate for outcomes better than expected and one for worse.
///
///   delta = r - sum_d V[f_d],   V[f_d] += (delta >= 0 ? alpha_pos : alpha_neg) delta  for the chosen
///   option's features f_d;   P(option) = softmax(beta sum_d V[f_d])
///
/// Source: Frank et al. (2007), doi:10.1073/pnas.0706111104; Niv et al. (2012),
/// doi:10.1523/JNEUROSCI.5498-10.2012. Differs from them: features of an option share one prediction error,
/// as in Rescorla & Wagner (1972); on a bandit it is the model as published. Values start at 0.5, the mean of
/// a 0/1 outcome.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/delta_rule.hpp"

namespace labile {
namespace {
struct DualLearningRate {
  static constexpr Info info{"dual_learning_rate",
                             "delta rule with separate rates for better and worse than expected",
                             "doi:10.1073/pnas.0706111104"};
  static constexpr auto usually_held = positions({3});
  template <class T>
  struct Params {
    T alpha_pos = T(0.3), alpha_neg = T(0.15), beta = T(3.0), v0 = T(0.5);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"alpha_pos", "1", &P::alpha_pos, {0, 1}, "learning rate when delta >= 0", beta_prior(1.1, 1.1)},
            {"alpha_neg", "1", &P::alpha_neg, {0, 1}, "learning rate when delta < 0", beta_prior(1.1, 1.1)},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)},
            {"v0", "outcome", &P::v0, {-1e6, 1e6}, "value of every feature at the start", fixed_prior()}};
  }
  template <class T>
  struct State {
    T v[kMaxFeatures];
    T delta, learning_rate;
  };
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = p.v0;
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
    s.learning_rate = select(s.delta >= T(0.0), p.alpha_pos, p.alpha_neg);
    move_chosen(x, s.v, s.learning_rate * s.delta);
  }
};
}  // namespace
LearnerEntry dual_learning_rate() {
  return learner_entry<DualLearningRate>();
}
}  // namespace labile
