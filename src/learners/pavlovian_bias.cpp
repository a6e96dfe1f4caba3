/// Go/no-go learning under a Pavlovian bias: a cue's own value pushes to act or to withhold.
///
/// Option 1 is go, option 0 no-go. For each cue s: Q[s][option] and V[s] start at 0.
///   z = Q[s][go] + b + pi V[s] - Q[s][nogo],  P(go) = (1 - xi) logistic(z) + xi / 2
///   after outcome o: m = rhoRew o where o >= 0, rhoPun o else
///     V[s] += ep (m - V[s]),  Q[s][choice] += ep (m - Q[s][choice])
///
/// Source: Guitart-Masip et al. (2012), doi:10.1016/j.neuroimage.2012.04.024; the form with two sensitivities
/// is that of Cavanagh et al. (2013), doi:10.1523/JNEUROSCI.5754-12.2013. Parameter names are those of the
/// packages that fit it (gng_m4). Differs from them: nothing.
#include <fmt/format.h>

#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct PavlovianBias {
  static constexpr Info info{"pavlovian_bias", "instrumental learning under a Pavlovian bias",
                             "doi:10.1016/j.neuroimage.2012.04.024"};
  static constexpr bool states_apart = true;
  static constexpr const char* own_task = "go_nogo";
  static void check(const Layout& l) {
    if (l.options != 2)
      throw Error(fmt::format("learner 'pavlovian_bias' has two options, no-go (0) and go (1); here are {}",
                              l.options));
  }
  template <class T>
  struct Params {
    T xi = T(0.1), ep = T(0.2), b = T(0.0), pi = T(0.2), rhoRew = T(5.0), rhoPun = T(5.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"xi", "1", &P::xi, {0, 1}, "share of choices made at random", beta_prior(1.1, 8)},
        {"ep", "1", &P::ep, {0, 1}, "learning rate", beta_prior(1.1, 1.1)},
        {"b", "1", &P::b, {-20, 20}, "bias to go", normal_prior(0, 2), {}, wide_group()},
        {"pi",
         "1",
         &P::pi,
         {-20, 20},
         "Pavlovian bias: weight of the cue's value in going",
         normal_prior(0, 2),
         {},
         wide_group()},
        {"rhoRew", "1", &P::rhoRew, {0, 100}, "sensitivity to rewards", gamma_prior(2, 4), {}, exp_group()},
        {"rhoPun",
         "1",
         &P::rhoPun,
         {0, 100},
         "sensitivity to punishments",
         gamma_prior(2, 4),
         {},
         exp_group()}};
  }
  template <class T>
  struct State {
    T q[kMaxStates * 2], v[kMaxStates];
    T delta;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    State<T> s;
    for (auto& q : s.q) q = T(0.0);
    for (auto& v : s.v) v = T(0.0);
    s.delta = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    u[0] = T(0.0);
    u[1] = shown(x, s.q, 2, 1) + p.b + p.pi * shown(x, s.v, 1, 0) - shown(x, s.q, 2, 0);
    mix_with_chance(u, 2, p.xi);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const T felt = x.outcome * select(x.outcome >= T(0.0), p.rhoRew, p.rhoPun);
    for_each_state(x, s.v, 1, 0, [&](T& v, Mask<T> here) { v = select(here, v + p.ep * (felt - v), v); });
    for (int o = 0; o < 2; ++o) {
      const Mask<T> chosen = x.choice == constant<T>(o);
      for_each_state(x, s.q, 2, o, [&](T& q, Mask<T> here) {
        s.delta = select(here & chosen, felt - q, s.delta);
        q = select(here & chosen, q + p.ep * (felt - q), q);
      });
    }
  }
};
}  // namespace

LearnerEntry pavlovian_bias() {
  return learner_entry<PavlovianBias>();
}
}  // namespace labile
