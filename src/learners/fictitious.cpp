/// Fictitious updating: what was not chosen learns from the opposite of what was paid.
///
///   V of both options starts at 0;  P(0) = logistic(beta (V[0] - V[1] - alpha));
///   V[c] += eta+- (r - V[c]),  V[other] += eta+- (-r - V[other]), eta_pos or eta_neg by the sign of each
///   error
///
/// Source: Gläscher, Hampton & O'Doherty (2009), doi:10.1093/cercor/bhn098; two rates as in the packages that
/// fit it (prl_fictitious_rp); with eta_neg = eta_pos it is the one-rate form. Outcomes are -1 and 1. Differs
/// from it: nothing.
#include <fmt/format.h>

#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct Fictitious {
  static constexpr Info info{"fictitious", "both options learn from each outcome, with opposite signs",
                             "doi:10.1093/cercor/bhn098"};
  static void check(const Layout& l) {
    if (l.options != 2 || !l.feature_is_option)
      throw Error(fmt::format(
          "learner 'fictitious' chooses between two options without features; here are {}", l.options));
  }
  template <class T>
  struct Params {
    T eta_pos = T(0.3), eta_neg = T(0.3), alpha = T(0.0), beta = T(2.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"eta_pos",
             "1",
             &P::eta_pos,
             {0, 1},
             "learning rate where the chosen option's error is 0 or more",
             beta_prior(1.1, 1.1)},
            {"eta_neg", "1", &P::eta_neg, {0, 1}, "learning rate where it is below 0", beta_prior(1.1, 1.1)},
            {"alpha",
             "outcome",
             &P::alpha,
             {-10, 10},
             "difference at which the choice is even",
             normal_prior(0, 1)},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)}};
  }
  template <class T>
  struct State {
    T v[2];
    T delta;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    return {{T(0.0), T(0.0)}, T(0.0)};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>&, T* u) {
    u[0] = p.beta * (s.v[0] - s.v[1] - p.alpha);
    u[1] = T(0.0);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = x.outcome - chosen_of(x, s.v);
    const T rate = select(s.delta >= T(0.0), p.eta_pos, p.eta_neg);
    for (int o = 0; o < 2; ++o)
      s.v[o] += rate * (select(x.choice == constant<T>(o), x.outcome, -x.outcome) - s.v[o]);
  }
};
}  // namespace

LearnerEntry fictitious() {
  return learner_entry<Fictitious>();
}
}  // namespace labile
