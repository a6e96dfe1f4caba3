/// Opponent actors: dopamine teaches a Go weight and a NoGo weight of each feature in opposite directions.
///
///   delta = r - V,   D = max(delta, floor)   (dips of dopamine end at a rate of zero)
///   V += alpha_c delta;   G[f] += alpha_g G[f] D,   N[f] -= alpha_n N[f] D   for the chosen option's
///   features, clipped to [0.05, 5] P(option) = softmax(sum_d beta (1 + rho) G[f_d] - beta (1 - rho) N[f_d]);
///   rho: tonic dopamine
///
/// Source: Collins & Frank (2014), doi:10.1037/a0037015. Differs from it: the floor and the bounds, and
/// options made of features sum their actors' weights. V starts at v0 = 0.5, the mean of a 0/1 outcome.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct Opal {
  static constexpr Info info{"opal", "opponent Go and NoGo actors taught by one dopamine error",
                             "doi:10.1037/a0037015"};
  static constexpr auto usually_held = positions({4, 5, 6});
  template <class T>
  struct Params {
    T alpha_c = T(0.1), alpha_g = T(0.1), alpha_n = T(0.1), beta = T(3.0), rho = T(0.0), v0 = T(0.5),
      floor = T(-0.7);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"alpha_c", "1", &P::alpha_c, {0, 1}, "learning rate of the critic", beta_prior(1.1, 1.1)},
            {"alpha_g", "1", &P::alpha_g, {0, 1}, "learning rate of the Go actor", beta_prior(1.1, 1.1)},
            {"alpha_n", "1", &P::alpha_n, {0, 1}, "learning rate of the NoGo actor", beta_prior(1.1, 1.1)},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)},
            {"rho", "1", &P::rho, {-1, 1}, "tonic dopamine: weight of Go over NoGo", fixed_prior()},
            {"v0", "outcome", &P::v0, {-1e6, 1e6}, "the critic's value at the start", fixed_prior()},
            {"floor", "outcome", &P::floor, {-1e6, 0}, "lowest dopamine error", fixed_prior()}};
  }
  template <class T>
  struct State {
    T go[kMaxFeatures], nogo[kMaxFeatures];
    T v, delta;
  };
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (auto& g : s.go) g = T(1.0);
    for (auto& n : s.nogo) n = T(1.0);
    s.v = p.v0;
    s.delta = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    const T go = p.beta * (T(1.0) + p.rho), nogo = p.beta * (T(1.0) - p.rho);
    for (int o = 0; o < x.options(); ++o) u[o] = go * summed(x, s.go, o) - nogo * summed(x, s.nogo, o);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = x.outcome - s.v;
    s.v += p.alpha_c * s.delta;
    const T dopamine = max(s.delta, p.floor);
    const T go = T(1.0) + p.alpha_g * dopamine, nogo = T(1.0) - p.alpha_n * dopamine;
    for_each_feature(x, s.go, [&](T& g, Mask<T> chosen) {
      T& n = s.nogo[&g - s.go];
      g = select(chosen, clamp(g * go, T(0.05), T(5.0)), g);
      n = select(chosen, clamp(n * nogo, T(0.05), T(5.0)), n);
    });
  }
};
}  // namespace
LearnerEntry opal() {
  return learner_entry<Opal>();
}
}  // namespace labile
