/// Values as averages of outcomes weighted by experience, which fades.
///
///   for the chosen option's features, n = experience so far:
///   n' = rho n + 1,   V[f] = (phi n V[f] + r / dims) / n',   n = n'
///   P(option) = softmax(beta sum_d V[f_d])
///
/// Source: Camerer & Ho (1999), doi:10.1111/1468-0262.00054, as reduced to reversal learning by den Ouden et
/// al. (2013), doi:10.1016/j.neuron.2013.08.030; at one dimension it is the model that fitting packages
/// call prl_ewa (with outcomes -1 and 1). Differs from it: options made of features share an outcome evenly.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct ExperienceWeighted {
  static constexpr Info info{"experience_weighted", "average of outcomes weighted by fading experience",
                             "doi:10.1016/j.neuron.2013.08.030"};
  template <class T>
  struct Params {
    T phi = T(0.7), rho = T(0.5), beta = T(3.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"phi", "1", &P::phi, {0, 1}, "what is kept of a value", beta_prior(1.1, 1.1)},
            {"rho", "1", &P::rho, {0, 1}, "what is kept of experience", beta_prior(1.1, 1.1)},
            {"beta",
             "1",
             &P::beta,
             {0, 100},
             "inverse temperature of the choice",
             gamma_prior(1.2, 5.0),
             {},
             phi_group(0, 10)}};
  }
  template <class T>
  struct State {
    T v[kMaxFeatures], n[kMaxFeatures];
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = T(0.0);
    for (auto& n : s.n) n = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    for (int o = 0; o < x.options(); ++o) u[o] = p.beta * summed(x, s.v, o);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const T share = x.outcome * T(1.0 / x.layout->dims());
    for_each_feature(x, s.v, [&](T& v, Mask<T> chosen) {
      T& n = s.n[&v - s.v];
      const T more = p.rho * n + T(1.0);
      v = select(chosen, (p.phi * n * v + share) / more, v);
      n = select(chosen, more, n);
    });
  }
};
}  // namespace
LearnerEntry experience_weighted() {
  return learner_entry<ExperienceWeighted>();
}
}  // namespace labile
