/// Delta rule whose learning rate follows surprise: associability, one a feature.
///
///   delta = r - sum_d V[f_d];   for the chosen option's features, with the associability before the outcome:
///   V[f] += kappa alpha[f] delta,   alpha[f] = eta |delta| + (1 - eta) alpha[f]
///   P(option) = softmax(beta sum_d V[f_d])
///
/// Source: Pearce & Hall (1980), doi:10.1037/0033-295X.87.6.532; the hybrid with a signed error is that of
/// Li et al. (2011), doi:10.1038/nn.2904. Differs from them: choices by softmax, features of an option share
/// one prediction error, and kappa bounds nothing but itself.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/delta_rule.hpp"

namespace labile {
namespace {
struct PearceHall {
  static constexpr Info info{"pearce_hall", "delta rule whose learning rate follows recent surprise",
                             "doi:10.1037/0033-295X.87.6.532"};
  static constexpr auto usually_held = positions({2, 4});
  template <class T>
  struct Params {
    T kappa = T(0.3), eta = T(0.3), alpha0 = T(0.5), beta = T(3.0), v0 = T(0.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"kappa", "1", &P::kappa, {0, 1}, "scale of the learning rate", beta_prior(1.1, 1.1)},
        {"eta", "1", &P::eta, {0, 1}, "rate at which associability follows surprise", beta_prior(1.1, 1.1)},
        {"alpha0", "1", &P::alpha0, {0, 1}, "associability at the start", fixed_prior()},
        {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)},
        {"v0", "outcome", &P::v0, {-1e6, 1e6}, "value of every feature at the start", fixed_prior()}};
  }
  template <class T>
  struct State {
    T v[kMaxFeatures], alpha[kMaxFeatures];
    T delta, learning_rate;  // learning_rate: of the chosen option's first feature
  };
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = p.v0;
    for (auto& a : s.alpha) a = p.alpha0;
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
    const T surprise = p.eta * abs(s.delta), kept = T(1.0) - p.eta;
    const int first = x.layout->arity[0];
    for_each_feature(x, s.v, [&](T& v, Mask<T> chosen) {
      const auto f = &v - s.v;
      const T rate = p.kappa * s.alpha[f];
      v = select(chosen, v + rate * s.delta, v);
      s.alpha[f] = select(chosen, surprise + kept * s.alpha[f], s.alpha[f]);
      if (f < first) s.learning_rate = select(chosen, rate, s.learning_rate);
    });
  }
};
}  // namespace
LearnerEntry pearce_hall() {
  return learner_entry<PearceHall>();
}
}  // namespace labile
