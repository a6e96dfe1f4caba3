/// Reinforcement learning with diffusion choices: learned values set the drift, so that response times tell
/// of learning too.
///
///   delta = r - Q[c],  Q[c] += alpha_pos delta  (alpha_neg where delta < 0)
///   dx = v (Q[1] - Q[0]) dt + dW from z a to 0 or a;  rt = t0 + time of the passage
/// Q sums over an option's features. Likelihood and impossible times as in ddm.
///
/// Source: Pedersen, Frank & Biele (2017), doi:10.3758/s13423-016-1199-y. Differs from it: the bounds do not
/// change with the trial number; the start z can be off the middle (held there unless asked for).
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/delta_rule.hpp"
#include "learners/diffusion.hpp"

namespace labile {
namespace {
struct RlDdm {
  static constexpr Info info{"rl_ddm", "learned values drive a diffusion to choice and response time",
                             "doi:10.3758/s13423-016-1199-y"};
  static void check(const Layout& l) { check_two_bounds(l, info.name); }
  static constexpr auto usually_held = positions({4, 6});
  template <class T>
  struct Params {
    T alpha_pos = T(0.3), alpha_neg = T(0.15), v = T(3.0), a = T(1.6), z = T(0.5), t0 = T(0.3), q0 = T(0.5);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"alpha_pos",
             "1",
             &P::alpha_pos,
             {0, 1},
             "learning rate of what is better than expected",
             beta_prior(1.1, 1.1)},
            {"alpha_neg", "1", &P::alpha_neg, {0, 1}, "learning rate of what is worse", beta_prior(1.1, 1.1)},
            {"v",
             "1/(outcome s^.5)",
             &P::v,
             {-100, 100},
             "drift per unit of value difference",
             normal_prior(0, 5)},
            {"a", "s^.5", &P::a, {0.05, 20}, "distance of the bounds", gamma_prior(4, 0.5)},
            {"z", "1", &P::z, {0.01, 0.99}, "start between the bounds", fixed_prior()},
            {"t0", "s", &P::t0, {0, 5}, "time that is not decision", gamma_prior(3, 0.12)},
            {"q0", "outcome", &P::q0, {-1e6, 1e6}, "value of every feature at the start", fixed_prior()}};
  }
  static void feasible(Params<double>& p, const SubjectTrials& s) { begin_before_quickest(p, s); }
  template <class T>
  struct State {
    T v[kMaxFeatures];
    T delta, learning_rate;
  };
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (auto& v : s.v) v = p.q0;
    s.delta = s.learning_rate = T(0.0);
    return s;
  }
  template <class T>
  static T drift(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    return p.v * (summed(x, s.v, 1) - summed(x, s.v, 0));
  }
  template <class T>
  static T log_density(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    return log_diffusion(p, drift(p, s, x), x);
  }
  template <class T>
  static T log_choice(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    return log_bound(p, drift(p, s, x), x);
  }
  static Answer respond(const Params<double>& p, const State<double>& s, const Trial<double>& x,
                        const Draws& draws) {
    return diffuse(p, drift(p, s, x), draws);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = prediction_error(x, s.v);
    s.learning_rate = select(s.delta < T(0.0), p.alpha_neg, p.alpha_pos);
    move_chosen(x, s.v, s.learning_rate * s.delta);
  }
};
}  // namespace

LearnerEntry rl_ddm() {
  return learner_entry<RlDdm>();
}
}  // namespace labile
