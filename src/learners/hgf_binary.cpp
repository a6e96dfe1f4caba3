/// Hierarchical Gaussian filter of a binary input: a belief whose learning rate follows its own uncertainty
/// and, with a third level, how volatile the world has been.
///
/// The input of a trial is the option that was right: that given with the data, else the chosen one where it
/// paid and the other where it did not, so two options of which one is right. Level 2 is the tendency towards
/// option 1, level 3 its log-volatility; before the input muhat1 = logistic(kappa1 mu2). With input in:
///   v2 = exp(kappa2 mu3 + omega2), pihat2 = 1 / (1/pi2 + v2)              (2 levels: v2 = exp(omega2))
///   pi2' = pihat2 + kappa1^2 muhat1 (1 - muhat1),  mu2' = mu2 + kappa1 (in - muhat1) / pi2'
///   w2 = v2 pihat2,  d2 = (1/pi2' + (mu2' - mu2)^2) pihat2 - 1
///   pi3' = 1 / (1/pi3 + exp(omega3)) + kappa2^2 w2 (w2 + (2 w2 - 1) d2) / 2
///   mu3' = mu3 + kappa2 w2 d2 / (2 pi3')
/// Choice: P(1) = muhat1^zeta / (muhat1^zeta + (1 - muhat1)^zeta) = logistic(zeta kappa1 mu2). Surprise of an
/// input: -ln of its predicted probability. Where pi3' would not be positive the parameters are invalid: NaN.
///
/// Source: Mathys et al. (2011), doi:10.3389/fnhum.2011.00039; Mathys et al. (2014),
/// doi:10.3389/fnhum.2014.00825. Differs from them: nothing.
#include "contract/learner_entry.hpp"
#include "learners/binary_input.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {

template <class T>
struct Two {
  T mu2 = T(0.0), pi2 = T(1.0), omega2 = T(-3.0), kappa1 = T(1.0), zeta = T(1.0);
};
template <class T>
struct Three : Two<T> {
  T mu3 = T(1.0), pi3 = T(1.0), omega3 = T(-6.0), kappa2 = T(1.0);
};

template <int kLevels>
struct HgfBinary {
  static constexpr Info info =
      kLevels == 2
          ? Info{"hgf_binary_2level", "belief that learns as fast as it is uncertain",
                 "doi:10.3389/fnhum.2011.00039"}
          : Info{"hgf_binary_3level", "belief that learns as fast as it is uncertain and its world volatile",
                 "doi:10.3389/fnhum.2011.00039"};
  static constexpr const char* own_task = "volatile_bandit";
  static constexpr bool learns_when_told = true;
  static void check(const Layout& l) { check_binary(l, info.name); }
  static constexpr bool jumps = true;  // to nothing, where a precision would be negative
  static constexpr auto usually_held = kLevels == 2 ? positions({0, 1, 3}) : positions({0, 1, 3, 5, 6, 8});
  template <class T>
  struct Params : std::conditional_t<kLevels == 2, Two<T>, Three<T>> {};
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    const auto own = [](double P::*m) { return m; };
    std::vector<Field<P>> t{
        {"mu2", "1", own(&P::mu2), {-20, 20}, "tendency at the start", fixed_prior()},
        {"pi2", "1", own(&P::pi2), {1e-6, 1e12}, "precision of the tendency at the start", fixed_prior()},
        {"omega2",
         "1",
         own(&P::omega2),
         {-20, 5},
         "log of the tendency's own variance a trial",
         normal_prior(-3, 2)},
        {"kappa1", "1", own(&P::kappa1), {0, 10}, "coupling of input and tendency", fixed_prior()},
        {"zeta", "1", own(&P::zeta), {0, 100}, "inverse temperature of the choice", gamma_prior(1.5, 2)}};
    if constexpr (kLevels == 3) {
      t.push_back({"mu3", "1", own(&P::mu3), {-20, 20}, "log-volatility at the start", fixed_prior()});
      t.push_back({"pi3",
                   "1",
                   own(&P::pi3),
                   {1e-6, 1e12},
                   "precision of the log-volatility at the start",
                   fixed_prior()});
      t.push_back({"omega3",
                   "1",
                   own(&P::omega3),
                   {-20, 5},
                   "log of the log-volatility's variance a trial",
                   normal_prior(-6, 2)});
      t.push_back({"kappa2",
                   "1",
                   own(&P::kappa2),
                   {0, 10},
                   "coupling of tendency and log-volatility",
                   fixed_prior()});
    }
    return t;
  }
  template <class T>
  struct State {
    T muhat1, mu2, pi2, mu3, pi3;  // muhat1: before the last input
  };
  static std::vector<SignalInfo> signals() {
    std::vector<SignalInfo> r{{"muhat1", "predicted probability of option 1", "1"},
                              {"mu2", "tendency towards option 1", "1"},
                              {"pi2", "precision of the tendency", "1"}};
    if (kLevels == 3) {
      r.push_back({"mu3", "log-volatility", "1"});
      r.push_back({"pi3", "precision of the log-volatility", "1"});
    }
    return r;
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.muhat1)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s{logistic(p.kappa1 * p.mu2), p.mu2, p.pi2, T(0.0), T(1.0)};
    if constexpr (kLevels == 3) {
      s.mu3 = p.mu3;
      s.pi3 = p.pi3;
    }
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>&, T* u) {
    u[0] = T(0.0);
    u[1] = p.zeta * p.kappa1 * s.mu2;
  }
  template <class T>
  static T surprise(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    const T u[2] = {T(0.0), p.kappa1 * s.mu2};
    return log_sum_exp(u, 2) - select(binary_input(x) > T(0.5), u[1], u[0]);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const T u = binary_input(x);
    T volatility = p.omega2;
    if constexpr (kLevels == 3) volatility += p.kappa2 * s.mu3;
    s.muhat1 = logistic(p.kappa1 * s.mu2);
    const T v2 = exp(volatility), predicted = T(1.0) / (T(1.0) / s.pi2 + v2);
    const T precision = predicted + p.kappa1 * p.kappa1 * s.muhat1 * (T(1.0) - s.muhat1);
    const T step = p.kappa1 * (u - s.muhat1) / precision;
    if constexpr (kLevels == 3) {
      const T d2 = (T(1.0) / precision + step * step) * predicted - T(1.0), w2 = v2 * predicted;
      const T half = T(0.5) * p.kappa2;
      const T top = T(1.0) / (T(1.0) / s.pi3 + exp(p.omega3)) +
                    half * p.kappa2 * w2 * (w2 + (T(2.0) * w2 - T(1.0)) * d2);
      s.pi3 = select(top > T(0.0), top, T(kNaN));
      s.mu3 += half * w2 * d2 / s.pi3;
    }
    s.mu2 += step;
    s.pi2 = precision;
  }
  template <class T>
  static void missed(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    learn_if_known(x, s, [&](State<T>& then) { learn(p, then, x); });
  }
};
}  // namespace

LearnerEntry hgf_binary_2level() {
  return learner_entry<HgfBinary<2>>();
}
LearnerEntry hgf_binary_3level() {
  return learner_entry<HgfBinary<3>>();
}
}  // namespace labile
