/// Reduced Bayesian change-point model: a prediction whose learning rate follows surprise and uncertainty.
///
/// The prediction B and its relative uncertainty tau start at B0 and tau0. With an outcome X:
///   delta = X - B,  Omega = U H / (U H + N(delta; 0, sigma^2 / (1 - tau)) (1 - H))
///   alpha = Omega + (1 - Omega) tau,  B += alpha delta
///   n = Omega sigma^2 + (1 - Omega) tau sigma^2 + Omega (1 - Omega) (delta (1 - tau))^2,  tau = n / (n +
///   sigma^2)
/// Reports are N(B, sigma_report). U is the density of a jump, one over the range. With anchor = 1 the
/// subject's own report stands for B when it learns.
///
/// Source: Nassar et al. (2010), doi:10.1523/JNEUROSCI.0822-10.2010; Nassar et al. (2012),
/// doi:10.1038/nn.3130. Differs from them: nothing.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct ReducedBayes {
  static constexpr Info info{"reduced_bayes", "prediction that learns fast after surprise",
                             "doi:10.1038/nn.3130"};
  static constexpr const char* own_task = "predictive_inference";
  static constexpr auto usually_held = positions({1, 3, 4, 5, 6});
  template <class T>
  struct Params {
    T H = T(0.1), sigma = T(10.0), sigma_report = T(5.0), U = T(1.0 / 300), tau0 = T(0.5), B0 = T(150.0),
      anchor = T(0.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"H", "1", &P::H, {0, 1}, "believed probability of a jump", beta_prior(1.1, 5)},
        {"sigma", "points", &P::sigma, {1e-6, 1e6}, "believed spread of outcomes", fixed_prior()},
        {"sigma_report", "points", &P::sigma_report, {1e-6, 1e6}, "spread of reports", gamma_prior(1.5, 10)},
        {"U", "1", &P::U, {0, 1e6}, "density of outcomes after a jump", fixed_prior()},
        {"tau0", "1", &P::tau0, {0, 0.999999}, "relative uncertainty at the start", fixed_prior()},
        {"B0", "points", &P::B0, {-1e6, 1e6}, "prediction at the start", fixed_prior()},
        {"anchor",
         "1",
         &P::anchor,
         {0, 1},
         "1: learns from the report it gave, 0: from its own prediction",
         fixed_prior()}};
  }
  template <class T>
  struct State {
    T B, tau;
    T delta, learning_rate;
  };
  static std::vector<SignalInfo> signals() {
    return {{"prediction", "predicted outcome", "points"}, {"tau", "relative uncertainty", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.B)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    return {p.B0, p.tau0, T(0.0), T(0.0)};
  }
  template <class T>
  static T log_density(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    const T z = (x.report - s.B) / p.sigma_report;
    return T(-0.5 * 1.8378770664093454836) - log(p.sigma_report) - T(0.5) * z * z;
  }
  static Vec respond(const Params<Vec>& p, const State<Vec>& s, const Vec& z) {
    return s.B + p.sigma_report * z;
  }
  template <class T>
  static void after(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.B = select(p.anchor > T(0.5), x.report, s.B);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = x.outcome - s.B;
    const T variance = p.sigma * p.sigma / (T(1.0) - s.tau);
    // Over the density without a jump, which far from the prediction is too small for a number.
    const T rarity = T(0.5) * (s.delta * s.delta / variance + log(T(6.283185307179586) * variance));
    const T jumped = p.U * p.H * exp(min(rarity, T(600.0)));
    const T omega = jumped / max(jumped + (T(1.0) - p.H), T(1e-300)), stayed = T(1.0) - omega;
    s.learning_rate = omega + stayed * s.tau;
    s.B += s.learning_rate * s.delta;
    const T s2 = p.sigma * p.sigma, off = s.delta * (T(1.0) - s.tau);
    const T n = omega * s2 + stayed * s.tau * s2 + omega * stayed * off * off;
    s.tau = n / (n + s2);
  }
};
}  // namespace

LearnerEntry reduced_bayes() {
  return learner_entry<ReducedBayes>();
}
}  // namespace labile
