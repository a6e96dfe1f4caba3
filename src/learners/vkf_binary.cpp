/// Volatile Kalman filter of a binary input: a belief m about option 1 whose noise v is itself learned.
///
/// The input o of a trial is the option that was right (as hgf_binary.cpp tells it). With s = logistic(m):
///   k = (w + v) / (w + v + omega),  dm = sqrt(w + v) (o - s),  w' = (1 - k) (w + v),  cov = (1 - k) w
///   m += dm,  v += lambda (dm^2 + w + w' - 2 cov - v),  w = w'
/// m starts at 0, w at omega, v at v0. P(1) = logistic(beta m). Surprise of an input: -ln logistic(+-m).
///
/// Source: Piray & Daw (2020), doi:10.1371/journal.pcbi.1007963, eqs. 9 to 14 with the step for binary
/// inputs. Differs from it: nothing.
#include <fmt/format.h>

#include "contract/learner_entry.hpp"
#include "learners/binary_input.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct VkfBinary {
  static constexpr Info info{"vkf_binary", "Kalman filter that learns how volatile its world is",
                             "doi:10.1371/journal.pcbi.1007963"};
  static constexpr const char* own_task = "volatile_bandit";
  static constexpr bool learns_when_told = true;
  static void check(const Layout& l) { check_binary(l, info.name); }
  template <class T>
  struct Params {
    T lambda = T(0.1), v0 = T(0.1), omega = T(0.1), beta = T(1.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"lambda", "1", &P::lambda, {0, 1}, "learning rate of the volatility", beta_prior(1.1, 1.1)},
            {"v0", "1", &P::v0, {1e-6, 1e3}, "volatility at the start", gamma_prior(1.2, 1)},
            {"omega", "1", &P::omega, {1e-6, 1e3}, "noise of observations", gamma_prior(1.2, 1)},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)}};
  }
  template <class T>
  struct State {
    T m, w, v;
  };
  static std::vector<SignalInfo> signals() {
    return {{"m", "belief in option 1, log odds", "1"},
            {"w", "its posterior variance", "1"},
            {"v", "volatility", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.m)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    return {T(0.0), p.omega, p.v0};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>&, T* u) {
    u[0] = T(0.0);
    u[1] = p.beta * s.m;
  }
  template <class T>
  static T surprise(const Params<T>&, const State<T>& s, const Trial<T>& x) {
    return -log_logistic(select(binary_input(x) > T(0.5), s.m, -s.m));
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const T spread = s.w + s.v, gain = spread / (spread + p.omega);
    const T step = sqrt(spread) * (binary_input(x) - logistic(s.m));
    const T now = (T(1.0) - gain) * spread, shared = (T(1.0) - gain) * s.w;
    s.v += p.lambda * (step * step + s.w + now - T(2.0) * shared - s.v);
    s.m += step;
    s.w = now;
  }
  template <class T>
  static void missed(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    learn_if_known(x, s, [&](State<T>& then) { learn(p, then, x); });
  }
};
}  // namespace

LearnerEntry vkf_binary() {
  return learner_entry<VkfBinary>();
}
}  // namespace labile
