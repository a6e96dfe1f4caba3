/// Hierarchical Gaussian filter of a continuous input: a prediction whose learning rate follows its own
/// uncertainty and how much the world has been moving.
///
/// Levels i = 1 .. n (2 or 3): level 1 is where outcomes come from, each level above the log-volatility of
/// the one below. Before an outcome  v_i = exp(kappa_i mu_{i+1} + omega_i), v_n = exp(omega_n),
///   pihat_i = 1 / (1 / pi_i + v_i)
/// With outcome u, whose noise has the believed variance alpha:
///   pi1' = pihat1 + 1 / alpha,   mu1' = mu1 + (u - mu1) / (alpha pi1')
///   and upwards, i = 2 .. n:
///   w = v_{i-1} pihat_{i-1},  d = (1 / pi_{i-1}' + (mu_{i-1}' - mu_{i-1})^2) pihat_{i-1} - 1
///   pi_i' = pihat_i + kappa_{i-1}^2 w (w + (2 w - 1) d) / 2
///   mu_i' = mu_i + kappa_{i-1} w d / (2 pi_i')
/// Reports are N(mu1, variance zeta). Surprise of an outcome: -ln N(u; mu1, 1 / pihat1 + alpha). Where a
/// pi_i' would not be positive the parameters are invalid: NaN from there on.
///
/// Source: Mathys et al. (2014), doi:10.3389/fnhum.2014.00825, equations 9 to 14. Differs from it: no drift;
/// alpha and zeta are variances instead of their logarithms. The defaults suit predictive_inference and are
/// ours.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {

template <class T>
struct Two {
  T mu1 = T(150.0), pi1 = T(0.01), mu2 = T(0.0), pi2 = T(1.0), omega1 = T(6.0), omega2 = T(-6.0),
    kappa1 = T(1.0), alpha = T(100.0), zeta = T(25.0);
};
template <class T>
struct Three : Two<T> {
  T mu3 = T(0.0), pi3 = T(10.0), omega3 = T(-6.0), kappa2 = T(1.0);
};

template <int kLevels>
struct HgfContinuous {
  static constexpr Info info =
      kLevels == 2
          ? Info{"hgf_continuous_2level", "prediction that learns as fast as its world is volatile",
                 "doi:10.3389/fnhum.2014.00825"}
          : Info{"hgf_continuous_3level",
                 "prediction that learns as fast as its world is volatile, at a volatility that moves",
                 "doi:10.3389/fnhum.2014.00825"};
  static constexpr const char* own_task = "predictive_inference";
  static constexpr bool jumps = true;  // to nothing, where a precision would be negative
  static constexpr auto usually_held =
      kLevels == 2 ? positions({0, 1, 2, 3, 6, 7}) : positions({0, 1, 2, 3, 6, 7, 9, 10, 12});
  template <class T>
  struct Params : std::conditional_t<kLevels == 2, Two<T>, Three<T>> {};
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    const auto own = [](double P::*m) { return m; };
    const Bounds precision{1e-9, 1e12}, log{-30, 30};
    std::vector<Field<P>> t{
        {"mu1", "points", own(&P::mu1), {-1e6, 1e6}, "prediction at the start", fixed_prior()},
        {"pi1", "1/points^2", own(&P::pi1), precision, "precision of the prediction at the start",
         fixed_prior()},
        {"mu2", "1", own(&P::mu2), log, "log-volatility of outcomes at the start", fixed_prior()},
        {"pi2", "1", own(&P::pi2), precision, "precision of the log-volatility at the start", fixed_prior()},
        {"omega1", "1", own(&P::omega1), log, "log-volatility of outcomes where level 2 is 0",
         normal_prior(6, 2)},
        {"omega2", "1", own(&P::omega2), log, "log of the log-volatility's own variance a trial",
         normal_prior(-6, 2)},
        {"kappa1", "1", own(&P::kappa1), {0, 10}, "coupling of levels 1 and 2", fixed_prior()},
        {"alpha",
         "points^2",
         own(&P::alpha),
         {1e-9, 1e9},
         "believed variance of outcomes around their mean",
         fixed_prior()},
        {"zeta", "points^2", own(&P::zeta), {1e-9, 1e9}, "variance of reports", gamma_prior(1.5, 50)}};
    if constexpr (kLevels == 3) {
      t.push_back({"mu3", "1", own(&P::mu3), log, "level 3 at the start", fixed_prior()});
      t.push_back({"pi3", "1", own(&P::pi3), precision, "precision of level 3 at the start", fixed_prior()});
      t.push_back(
          {"omega3", "1", own(&P::omega3), log, "log of level 3's variance a trial", normal_prior(-6, 2)});
      t.push_back({"kappa2", "1", own(&P::kappa2), {0, 10}, "coupling of levels 2 and 3", fixed_prior()});
    }
    return t;
  }
  template <class T>
  struct State {
    T mu[3], pi[3];
    T delta, learning_rate;
  };
  static std::vector<SignalInfo> signals() {
    std::vector<SignalInfo> r{
        {"mu1", "predicted outcome", "points"},          {"mu2", "log-volatility of outcomes", "1"},
        {"mu3", "log-volatility of level 2", "1"},       {"pi1", "precision of the prediction", "1/points^2"},
        {"pi2", "precision of the log-volatility", "1"}, {"pi3", "precision of level 3", "1"}};
    if (kLevels == 2) r = {r[0], r[1], r[3], r[4]};
    return r;
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return signal < kLevels ? s.mu[signal] : s.pi[signal - kLevels];
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s{{p.mu1, p.mu2, T(0.0)}, {p.pi1, p.pi2, T(1.0)}, T(0.0), T(0.0)};
    if constexpr (kLevels == 3) {
      s.mu[2] = p.mu3;
      s.pi[2] = p.pi3;
    }
    return s;
  }
  template <class T>
  static T log_normal(const T& x, const T& mean, const T& variance) {
    const T off = x - mean;
    return T(-0.5 * 1.8378770664093454836) - T(0.5) * (log(variance) + off * off / variance);
  }
  template <class T>
  static T log_density(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    return log_normal(x.report, s.mu[0], p.zeta);
  }
  static Vec respond(const Params<Vec>& p, const State<Vec>& s, const Vec& z) {
    return s.mu[0] + sqrt(p.zeta) * z;
  }
  /// Variance that each level gains before an outcome.
  template <class T>
  static std::array<T, 3> movement(const Params<T>& p, const State<T>& s) {
    std::array<T, 3> v{exp(p.kappa1 * s.mu[1] + p.omega1), T(0.0), T(0.0)};
    if constexpr (kLevels == 3) {
      v[1] = exp(p.kappa2 * s.mu[2] + p.omega2);
      v[2] = exp(p.omega3);
    } else {
      v[1] = exp(p.omega2);
    }
    return v;
  }
  template <class T>
  static T surprise(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    return -log_normal(x.outcome, s.mu[0], T(1.0) / s.pi[0] + movement(p, s)[0] + p.alpha);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const std::array<T, 3> v = movement(p, s);
    T predicted = T(1.0) / (T(1.0) / s.pi[0] + v[0]);
    s.delta = x.outcome - s.mu[0];
    s.pi[0] = predicted + T(1.0) / p.alpha;
    s.learning_rate = T(1.0) / (p.alpha * s.pi[0]);
    T step = s.learning_rate * s.delta;
    s.mu[0] += step;
    for (int i = 1; i < kLevels; ++i) {
      T kappa = p.kappa1;
      if constexpr (kLevels == 3)
        if (i == 2) kappa = p.kappa2;
      const T w = v[i - 1] * predicted;
      const T d = (T(1.0) / s.pi[i - 1] + step * step) * predicted - T(1.0);
      predicted = T(1.0) / (T(1.0) / s.pi[i] + v[i]);
      const T top = predicted + T(0.5) * kappa * kappa * w * (w + (T(2.0) * w - T(1.0)) * d);
      s.pi[i] = select(top > T(0.0), top, T(kNaN));
      step = T(0.5) * kappa * w * d / s.pi[i];
      s.mu[i] += step;
    }
  }
};
}  // namespace

LearnerEntry hgf_continuous_2level() {
  return learner_entry<HgfContinuous<2>>();
}
LearnerEntry hgf_continuous_3level() {
  return learner_entry<HgfContinuous<3>>();
}
}  // namespace labile
