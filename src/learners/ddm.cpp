/// Drift diffusion: evidence for option 1 against option 0 adds up to one of two bounds; choices come with
/// response times.
///
///   dx = v C dt + dW,  x(0) = z a;  at a: option 1, at 0: option 0;  rt = t0 + time of the passage
/// C is the number `coherence` where it is shown (random_dots), else 1. The noise is 1, so v and a are in its
/// units. With bounds -b and b (a = 2 b) and z = 1/2: P(1) = 1 / (1 + exp(-2 b v C)), mean decision time
/// b / (v C) tanh(b v C).
///
/// Likelihood: the density of choice and response time, exact (core/first_passage.hpp); where the time is not
/// known, the probability of the choice alone. A response at t0 or before is impossible: its log density is
/// very low, finite, and falls as a straight line (see there); searches start from a t0 that is possible.
///
/// Source: Ratcliff & McKoon (2008), doi:10.1162/neco.2008.12-06-420; Navarro & Fuss (2009),
/// doi:10.1016/j.jmp.2009.02.003; drift in proportion to coherence after Palmer, Huk & Shadlen (2005),
/// doi:10.1167/5.5.1. Differs from them: drift, start and t0 do not vary between trials.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/diffusion.hpp"

namespace labile {
namespace {
struct Ddm {
  static constexpr Info info{"ddm", "drift diffusion between two bounds, with response times",
                             "doi:10.1162/neco.2008.12-06-420"};
  static constexpr const char* own_task = "random_dots";
  static constexpr std::array optional_inputs{"coherence"};
  static constexpr double not_shown = 1;
  static void check(const Layout& l) { check_two_bounds(l, info.name); }
  template <class T>
  struct Params {
    T v = T(8.0), a = T(1.6), z = T(0.5), t0 = T(0.3);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"v", "1/s^.5", &P::v, {-100, 100}, "drift at full coherence", normal_prior(0, 8)},
            {"a", "s^.5", &P::a, {0.05, 20}, "distance of the bounds", gamma_prior(4, 0.5)},
            {"z", "1", &P::z, {0.01, 0.99}, "start between the bounds", beta_prior(4, 4)},
            {"t0", "s", &P::t0, {0, 5}, "time that is not decision", gamma_prior(3, 0.12)}};
  }
  static void feasible(Params<double>& p, const SubjectTrials& s) { begin_before_quickest(p, s); }
  template <class T>
  struct State {
    T none;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    return {T(0.0)};
  }
  template <class T>
  static T log_density(const Params<T>& p, const State<T>&, const Trial<T>& x) {
    return log_diffusion(p, p.v * x.input[0], x);
  }
  template <class T>
  static T log_choice(const Params<T>& p, const State<T>&, const Trial<T>& x) {
    return log_bound(p, p.v * x.input[0], x);
  }
  static Answer respond(const Params<double>& p, const State<double>&, const Trial<double>& x,
                        const Draws& draws) {
    return diffuse(p, p.v * x.input[0], draws);
  }
  template <class T>
  static void learn(const Params<T>&, State<T>&, const Trial<T>&) {}
};
}  // namespace

LearnerEntry ddm() {
  return learner_entry<Ddm>();
}
}  // namespace labile
