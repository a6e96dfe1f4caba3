/// Parts that combine with any learner: choice stickiness, a choice kernel, lapses, forgetting of what was
/// not chosen. A model is asked for with them by name: "rescorla_wagner+stickiness+lapse".
///
/// With the learner's utilities u:
///   u[o] += stickiness [o = last choice] + kernel_weight K[o]
///   P(o)  = (1 - lapse) softmax(u)[o] + lapse / options
///   after a choice c:  V[f] += forgetting (v0 - V[f]) for features that c does not have,
///                      K[o] += kernel_rate ([o = c] - K[o])
/// K starts at 0; what was chosen last is forgotten where values start afresh. The first decision of a trial
/// and later ones each have a last choice and a kernel of their own. Forgetting needs a learner that keeps
/// one value a feature in State::v and starts them at Params::v0.
///
/// Source: Lau & Glimcher (2005), doi:10.1901/jeab.2005.110-04 (stickiness); Wilson & Collins (2019),
/// doi:10.7554/eLife.49547 (kernel); Nassar & Frank (2016), doi:10.1016/j.cobeha.2016.04.003 (lapse); Ito &
/// Doya (2009), doi:10.1523/JNEUROSCI.6157-08.2009 (forgetting). Differs from them: forgetting returns values
/// to where they started, not to 0.
#pragma once

#include <array>
#include <cmath>
#include <string>

#include "contract/learner.hpp"

namespace labile {

/// A part: the names by which models ask for it and the parameters it brings.
struct PartInfo {
  const char* name;
  std::vector<const char*> params;
};
inline const std::array<PartInfo, 4>& all_parts() {
  static const std::array<PartInfo, 4> parts{{{"stickiness", {"stickiness"}},
                                              {"kernel", {"kernel_rate", "kernel_weight"}},
                                              {"lapse", {"lapse"}},
                                              {"forgetting", {"forgetting"}}}};
  return parts;
}

template <class L>
struct WithParts : L {
  using Whole = L;                             // tells it from learners
  static constexpr bool states_apart = false;  // the last choice was in another state
  static constexpr Info info = L::info;

  template <class T>
  struct Params : L::template Params<T> {
    T stickiness = T(0.0), kernel_rate = T(0.0), kernel_weight = T(0.0), lapse = T(0.0), forgetting = T(0.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    const auto own = [](double P::*m) { return m; };
    std::vector<Field<P>> r;
    for (const auto& f : L::table())
      r.emplace_back(f.name, f.unit, static_cast<double P::*>(std::get<0>(f.member)), f.bounds, f.about,
                     f.prior, f.choices, f.group);
    r.emplace_back("stickiness", "1", own(&P::stickiness), Bounds{-20, 20},
                   "added to the last choice's utility", normal_prior(0, 1));
    r.emplace_back("kernel_rate", "1", own(&P::kernel_rate), Bounds{0, 1},
                   "rate at which the choice kernel follows", beta_prior(1.1, 1.1));
    r.emplace_back("kernel_weight", "1", own(&P::kernel_weight), Bounds{-20, 20},
                   "weight of the choice kernel", normal_prior(0, 2));
    r.emplace_back("lapse", "1", own(&P::lapse), Bounds{0, 1}, "share of choices made at random",
                   beta_prior(1.1, 8));
    r.emplace_back("forgetting", "1", own(&P::forgetting), Bounds{0, 1},
                   "rate at which values that were not chosen return to their start", beta_prior(1.1, 1.1));
    return r;
  }

  template <class T>
  struct State : L::template State<T> {
    T last[2 * kMaxOptions], kernel[2 * kMaxOptions];  // [stage][option]
  };
  template <class T>
  static State<T> start(const Params<T>& p, const Layout& layout) {
    State<T> s;
    static_cast<typename L::template State<T>&>(s) = L::start(p, layout);
    for (int o = 0; o < 2 * kMaxOptions; ++o) s.last[o] = s.kernel[o] = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    L::utility(p, s, x, u);
    const int n = x.options();
    const int at = (x.stage > 0) * kMaxOptions;
    for (int o = 0; o < n; ++o) u[o] += p.stickiness * s.last[at + o] + p.kernel_weight * s.kernel[at + o];
    mix_with_chance(u, n, p.lapse);
  }
  template <class T>
  static void after(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    if constexpr (requires { L::after(p, s, x); }) L::after(p, s, x);
    if constexpr (forgets)
      for_each_feature(x, s.v,
                       [&](T& v, Mask<T> chosen) { v = select(chosen, v, v + p.forgetting * (p.v0 - v)); });
    const int at = (x.stage > 0) * kMaxOptions;
    for (int o = 0; o < x.options(); ++o) {
      s.last[at + o] = select(x.choice == constant<T>(o), T(1.0), T(0.0));
      s.kernel[at + o] += p.kernel_rate * (s.last[at + o] - s.kernel[at + o]);
    }
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    L::learn(p, s, x);
  }
  static constexpr bool forgets =
      requires(typename L::template State<double>& s, typename L::template Params<double>& p) {
        s.v[0];
        p.v0;
      };
};

}  // namespace labile
