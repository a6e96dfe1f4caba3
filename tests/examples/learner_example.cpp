/// Win-stay, lose-shift with lapses: after a win the same option again, after a loss one of the others.
///
///   P(option) = (1 - epsilon) q(option) + epsilon / n,   q = what the last outcome asks for
///
/// Source: Nowak & Sigmund (1993) Nature 364:56, with lapses. Differs from it: any number of options.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct WinStayLoseShift {
  static constexpr Info info{"win_stay_lose_shift", "repeats what paid, leaves what did not",
                             "Nowak & Sigmund (1993) Nature 364:56"};
  template <class T>
  struct Params {
    T epsilon = T(0.1);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"epsilon", "1", &P::epsilon, {1e-6, 1}, "share of choices made at random", beta_prior(1.1, 1.1)}};
  }
  template <class T>
  struct State {
    T q[kMaxOptions];
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout& layout) {
    State<T> s;
    for (auto& q : s.q) q = T(1.0 / layout.options);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    for (int o = 0; o < x.options(); ++o)  // the softmax of log-probabilities is the probabilities
      u[o] = log((T(1.0) - p.epsilon) * s.q[o] + p.epsilon * T(1.0 / x.options()));
  }
  template <class T>
  static void learn(const Params<T>&, State<T>& s, const Trial<T>& x) {
    const Mask<T> won = x.outcome > T(0.0);
    for (int o = 0; o < x.options(); ++o) {
      const Mask<T> chosen = x.choice == constant<T>(o);
      const T stay = select(chosen, T(1.0), T(0.0));
      s.q[o] = select(won, stay, (T(1.0) - stay) * T(1.0 / (x.options() - 1)));
    }
  }
};
}  // namespace
LearnerEntry win_stay_lose_shift() {
  return learner_entry<WinStayLoseShift>();
}
}  // namespace labile
