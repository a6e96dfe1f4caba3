/// Bayesian belief over which feature is the good one, under a constant hazard of change.
///
///   b' proportional to ((1 - h) b + h (1 - b) / (n - 1)) L   over the n features (on a bandit: the options)
///   L = p_better where the chosen option has the feature, else p_worse, for a reward (outcome > 0);
///       1 - p_better and 1 - p_worse for none
///   P(option) = softmax(beta sum_d b[f_d])
///
/// Source: Hampton, Bossaerts & O'Doherty (2006), doi:10.1523/JNEUROSCI.1010-06.2006.
/// Differs from it: any number of features and options, and a softmax on the belief itself. The belief
/// carried to the next trial, (1 - h) b + h (1 - b) / (n - 1), gives the same choices with beta divided by 1
/// - h n / (n - 1), so the transition is left to the update. p_worse is fixed by default: people's data say
/// how far one outcome moves the belief, which p_better and p_worse share, and little about which did it.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct HmmReversal {
  static constexpr Info info{"hmm_reversal",
                             "Bayesian belief over which feature pays, with a hazard of reversal",
                             "doi:10.1523/JNEUROSCI.1010-06.2006"};
  static constexpr auto usually_held = positions({2});
  template <class T>
  struct Params {
    T hazard = T(0.05), p_better = T(0.8), p_worse = T(0.2), beta = T(3.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"hazard",
             "1",
             &P::hazard,
             {0, 1},
             "believed probability of a change per trial",
             beta_prior(1.1, 5.0)},
            // Open at 0 and 1, so that no outcome is impossible under every hypothesis.
            {"p_better",
             "1",
             &P::p_better,
             {0.001, 0.999},
             "believed P(reward) of an option with the good feature",
             beta_prior(4.0, 2.0)},
            {"p_worse",
             "1",
             &P::p_worse,
             {0.001, 0.999},
             "believed P(reward) of an option without it",
             fixed_prior()},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)}};
  }
  template <class T>
  struct State {
    T b[kMaxFeatures];
    T belief;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout& layout) {
    const T even(1.0 / layout.features());
    State<T> s;
    for (auto& b : s.b) b = even;
    s.belief = even;
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    for (int o = 0; o < x.options(); ++o) u[o] = p.beta * summed(x, s.b, o);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const int n = x.layout->features();
    const T one(1.0), others(1.0 / (n - 1));
    const Mask<T> reward = x.outcome > T(0.0);
    const T with = select(reward, p.p_better, one - p.p_better);
    const T without = select(reward, p.p_worse, one - p.p_worse);
    T sum(0.0);
    for_each_feature(x, s.b, [&](T& b, Mask<T> chosen) {
      b = ((one - p.hazard) * b + p.hazard * (one - b) * others) * select(chosen, with, without);
      sum += b;
    });
    const T scale = one / sum;
    s.belief = T(0.0);
    for (int f = 0; f < n; ++f) {
      s.b[f] *= scale;
      s.belief = max(s.belief, s.b[f]);
    }
  }
};
}  // namespace
LearnerEntry hmm_reversal() {
  return learner_entry<HmmReversal>();
}
}  // namespace labile
