/// Model-free values by SARSA(lambda) beside planning over the known transitions, for the two-step task.
///
/// Decision 0 between two actions leads to room a + 1 commonly (p_common), else to the other; decision 1 is
/// between two actions there. Q1[a], Q2[room][a] start at 0.
///   Q_MB(a) = p_common max Q2[a's room] + (1 - p_common) max Q2[the other]
///   decision 0: u_a = beta1 (w Q_MB(a) + (1 - w) Q1[a] + perseveration [a = last choice of decision 0])
///   decision 1: u_a = beta2 Q2[room][a]
///   after outcome r, from the values before: d1 = Q2[room][c2] - Q1[c1], d2 = r - Q2[room][c2]
///     Q1[c1] += alpha1 (d1 + lambda d2),  Q2[room][c2] += alpha2 d2
///
/// Source: Daw et al. (2011), doi:10.1016/j.neuron.2011.02.027, methods. Differs from it: the transition
/// probability is a parameter, held at 0.7.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/two_step_values.hpp"

namespace labile {
namespace {
struct TwoStepHybrid {
  static constexpr Info info{"two_step_hybrid", "model-free and model-based values for the two-step task",
                             "doi:10.1016/j.neuron.2011.02.027"};
  static constexpr const char* own_task = "two_step";
  static void check(const Layout& l) { check_two_step(l, info.name); }
  static constexpr auto usually_held = positions({7});
  template <class T>
  struct Params {
    T alpha1 = T(0.5), alpha2 = T(0.5), beta1 = T(4.0), beta2 = T(3.0), lambda = T(0.6), w = T(0.5),
      perseveration = T(0.1), p_common = T(0.7);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"alpha1", "1", &P::alpha1, {0, 1}, "learning rate of decision 0", beta_prior(1.1, 1.1)},
            {"alpha2", "1", &P::alpha2, {0, 1}, "learning rate of decision 1", beta_prior(1.1, 1.1)},
            {"beta1", "1", &P::beta1, {0, 100}, "inverse temperature of decision 0", gamma_prior(1.2, 5)},
            {"beta2", "1", &P::beta2, {0, 100}, "inverse temperature of decision 1", gamma_prior(1.2, 5)},
            {"lambda",
             "1",
             &P::lambda,
             {0, 1},
             "share of the outcome's error that reaches decision 0",
             beta_prior(1.1, 1.1)},
            {"w", "1", &P::w, {0, 1}, "weight of planning", beta_prior(1.1, 1.1)},
            {"perseveration",
             "1",
             &P::perseveration,
             {-5, 5},
             "added to the value of the last choice",
             normal_prior(0, 1)},
            {"p_common",
             "1",
             &P::p_common,
             {0.5, 1},
             "believed probability of the common transition",
             fixed_prior()}};
  }
  template <class T>
  struct State : TwoStepValues<T> {};
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    return {};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    if (x.stage == 1) {
      for (int a = 0; a < 2; ++a) u[a] = p.beta2 * shown(x, s.room_value, 2, a);
      return;
    }
    for (int a = 0; a < 2; ++a) {
      const T value = p.w * s.planned(a, p.p_common) + (T(1.0) - p.w) * s.first_value[a];
      u[a] = p.beta1 * (value + p.perseveration * s.last[a]);
    }
  }
  template <class T>
  static void after(const Params<T>&, State<T>& s, const Trial<T>& x) {
    s.chose(x);
  }
  template <class T>
  static void missed(const Params<T>&, State<T>& s, const Trial<T>& x) {
    s.missed(x);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    if (x.stage == 0) return;
    const T there[2] = {shown(x, s.room_value, 2, 0), shown(x, s.room_value, 2, 1)};
    const T value = chosen_of(x, there), d2 = x.outcome - value;
    for (int a = 0; a < 2; ++a) {
      s.first_value[a] += s.now[a] * p.alpha1 * (value - s.first_value[a] + p.lambda * d2);
      const Mask<T> chosen = x.choice == constant<T>(a);
      for_each_state(x, s.room_value, 2, a,
                     [&](T& q, Mask<T> here) { q = select(here & chosen, q + p.alpha2 * d2, q); });
    }
    s.delta = d2;
  }
};
}  // namespace

LearnerEntry two_step_hybrid() {
  return learner_entry<TwoStepHybrid>();
}
}  // namespace labile
