/// The two-step model in the seven parameters of fitting packages.
///
/// As two_step_hybrid, but pi stands outside beta1 and gains or loses by the last choice, and the trace uses
/// the error that is left after the room's value was updated:
///   v_mb[a] = .7 max Q[a's room] + .3 max Q[the other],  v = w v_mb + (1 - w) v_mf
///   P(1) of decision 0 = logistic(beta1 (v[1] - v[0]) + pi (2 last - 1)), without pi on the first trial
///   P(1) of decision 1 = logistic(beta2 (Q[room][1] - Q[room][0]))
///   v_mf[c1] += a1 (Q[room][c2] - v_mf[c1]),  Q[room][c2] += a2 (r - Q[room][c2]),
///   v_mf[c1] += lambda a1 (r - Q[room][c2])
///
/// Source: Daw et al. (2011), doi:10.1016/j.neuron.2011.02.027, as packages fit it (ts_par7). Differs from
/// it: nothing.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/two_step_values.hpp"

namespace labile {
namespace {
struct TsPar7 {
  static constexpr Info info{"ts_par7", "two-step model in the seven parameters of fitting packages",
                             "doi:10.1016/j.neuron.2011.02.027"};
  static constexpr const char* own_task = "two_step";
  static void check(const Layout& l) { check_two_step(l, info.name); }
  template <class T>
  struct Params {
    T a1 = T(0.5), beta1 = T(3.0), a2 = T(0.5), beta2 = T(3.0), pi = T(0.3), w = T(0.5), lambda = T(0.6);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"a1", "1", &P::a1, {0, 1}, "learning rate of decision 0", beta_prior(1.1, 1.1)},
        {"beta1",
         "1",
         &P::beta1,
         {0, 100},
         "inverse temperature of decision 0",
         gamma_prior(1.2, 5),
         {},
         exp_group()},
        {"a2", "1", &P::a2, {0, 1}, "learning rate of decision 1", beta_prior(1.1, 1.1)},
        {"beta2",
         "1",
         &P::beta2,
         {0, 100},
         "inverse temperature of decision 1",
         gamma_prior(1.2, 5),
         {},
         exp_group()},
        {"pi", "1", &P::pi, {-5, 5}, "perseveration of decision 0", normal_prior(0, 1), {}, phi_group(0, 5)},
        {"w", "1", &P::w, {0, 1}, "weight of planning", beta_prior(1.1, 1.1)},
        {"lambda", "1", &P::lambda, {0, 1}, "eligibility of decision 0", beta_prior(1.1, 1.1)}};
  }
  template <class T>
  struct State : TwoStepValues<T> {};
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    return {};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    u[0] = T(0.0);
    if (x.stage == 1) {
      u[1] = p.beta2 * (shown(x, s.room_value, 2, 1) - shown(x, s.room_value, 2, 0));
      return;
    }
    // Planned values differ by (0.7 - 0.3) times the difference of the rooms' better actions.
    const T planned = (max(s.room_value[4], s.room_value[5]) - max(s.room_value[2], s.room_value[3])) * 0.4;
    const T learned = s.first_value[1] - s.first_value[0];
    u[1] = p.beta1 * (learned + p.w * (planned - learned)) + p.pi * value_of(s.last[1] - s.last[0]);
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
    const T before = chosen_of(x, there);
    s.delta = x.outcome - before;
    const T now = before + p.a2 * s.delta;
    // Nothing moves where decision 0 was missed: now is 0 for both actions.
    const Mask<T> second = s.now[1] > T(0.5);
    const T first = select(second, s.first_value[1], s.first_value[0]);
    const T moved = first + p.a1 * (before - first + p.lambda * (x.outcome - now));
    for (int a = 0; a < 2; ++a) {
      s.first_value[a] = select(s.now[a] > T(0.5), moved, s.first_value[a]);
      const Mask<T> chosen = x.choice == constant<T>(a);
      for_each_state(x, s.room_value, 2, a, [&](T& q, Mask<T> here) { q = select(here & chosen, now, q); });
    }
  }
};
}  // namespace

LearnerEntry ts_par7() {
  return learner_entry<TsPar7>();
}
}  // namespace labile
