/// Bayesian tracking of drifting payoffs: mean and variance of each feature, by a Kalman filter.
///
/// Believed world: m drifts to theta, m' = lambda m + (1 - lambda) theta + N(0, sigma_d^2), and a feature's
/// payoff has noise sigma_o. With prior mean m and variance P at the chosen option's features:
///   delta = r - sum_d m[f_d],   K[f] = P[f] / (sum_d P[f_d] + sigma_o^2)
///   m[f] += K[f] delta,   P[f] *= 1 - K[f];   then for every feature
///   m = lambda m + (1 - lambda) theta,   P = lambda^2 P + sigma_d^2
///   P(option) = softmax(beta sum_d m[f_d])
///
/// Source: Daw et al. (2006), doi:10.1038/nature04766, supplement. Differs from it: features that appear
/// together are updated with their own variances only (as in Dayan & Kakade 2001, without covariances); on a
/// bandit it is the model as published. sigma_o is fixed by default: gains depend on sigma_d / sigma_o and
/// sigma_0 / sigma_o alone.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct Kalman {
  static constexpr Info info{"kalman", "Kalman filter of drifting payoffs, choice by softmax",
                             "doi:10.1038/nature04766"};
  static constexpr const char* own_task = "restless_bandit";
  static constexpr auto usually_held = positions({0, 1, 3, 4, 5});
  template <class T>
  struct Params {
    T lambda = T(0.9836), theta = T(50.0), sigma_d = T(2.8), sigma_o = T(4.0), m0 = T(50.0), sigma_0 = T(4.0),
      beta = T(0.2);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"lambda", "1", &P::lambda, {0, 1}, "believed decay to theta per trial, 1 = none", fixed_prior()},
        {"theta", "outcome", &P::theta, {-1e6, 1e6}, "believed level that payoffs drift to", fixed_prior()},
        {"sigma_d", "outcome", &P::sigma_d, {0, 1e6}, "believed drift per trial, sd", gamma_prior(1.5, 2.0)},
        {"sigma_o", "outcome", &P::sigma_o, {1e-6, 1e6}, "believed noise of a payoff, sd", fixed_prior()},
        {"m0", "outcome", &P::m0, {-1e6, 1e6}, "expected payoff at the start", fixed_prior()},
        {"sigma_0", "outcome", &P::sigma_0, {0, 1e6}, "uncertainty at the start, sd", fixed_prior()},
        {"beta",
         "1/outcome",
         &P::beta,
         {0, 100},
         "inverse temperature of the choice",
         gamma_prior(1.2, 5.0)}};
  }
  template <class T>
  struct State {
    T m[kMaxFeatures], variance[kMaxFeatures];
    T delta, learning_rate;  // learning_rate: gain of the chosen option's first feature
    T uncertainty;           // of the chosen option's payoff before its outcome, noise apart, sd
  };
  static std::vector<SignalInfo> signals() {
    return {{.name = "uncertainty",
             .label = "sd of the chosen option's expected payoff, before its outcome",
             .unit = "outcome units",
             .of_learning = true}};
  }
  template <class T>
  static const T& read(const State<T>& s, int) {
    return s.uncertainty;
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (auto& m : s.m) m = p.m0;
    for (auto& v : s.variance) v = p.sigma_0 * p.sigma_0;
    s.delta = s.learning_rate = s.uncertainty = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    for (int o = 0; o < x.options(); ++o) u[o] = p.beta * summed(x, s.m, o);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    T mean[kMaxOptions], variance[kMaxOptions];
    for (int o = 0; o < x.options(); ++o) {
      mean[o] = summed(x, s.m, o);
      variance[o] = summed(x, s.variance, o);
    }
    s.delta = x.outcome - chosen_of(x, mean);
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, Vec>)  // derivatives do not read it
      s.uncertainty = sqrt(chosen_of(x, variance));
    const T per_variance = T(1.0) / (chosen_of(x, variance) + p.sigma_o * p.sigma_o);
    const int first = x.layout->arity[0];
    for_each_feature(x, s.m, [&](T& m, Mask<T> chosen) {
      const auto f = &m - s.m;
      const T gain = s.variance[f] * per_variance;
      m = select(chosen, m + gain * s.delta, m);
      s.variance[f] = select(chosen, (T(1.0) - gain) * s.variance[f], s.variance[f]);
      if (f < first) s.learning_rate = select(chosen, gain, s.learning_rate);
    });
    const T drift = p.sigma_d * p.sigma_d, pull = (T(1.0) - p.lambda) * p.theta, kept = p.lambda * p.lambda;
    for (int f = 0; f < x.layout->features(); ++f) {
      s.m[f] = p.lambda * s.m[f] + pull;
      s.variance[f] = kept * s.variance[f] + drift;
    }
  }
};
}  // namespace
LearnerEntry kalman() {
  return learner_entry<Kalman>();
}
}  // namespace labile
