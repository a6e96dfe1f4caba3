/// Expected and unexpected uncertainty: acetylcholine reports how unreliable the cue is, noradrenaline that
/// it may no longer be the cue that counts; together they set how much the cue speeds or slows a response.
///
/// One cue is tracked, with the belief lambda that it is the predictive one and a count of its validity. On a
/// trial, with g = (4 + n_valid) / (5 + n) and l = (1 - tau) lambda:
///   A = (1 - xi_ach (1 - g)) (1 - xi_ne (1 - l))              weight of the cue: l g with xi = 1
///   rt ~ N(rt0 + gain (1 - A), sd) where the cue pointed at the target, N(rt0 + gain (1 + A), sd) else, each given rt > 0
///   lambda = f l / (f l + (1 - l) / 2),  f = g if valid else 1 - g
///   ACh = xi_ach (1 - g),  NE = xi_ne (1 - lambda)
///   after an invalid trial with NE > ACh / (1/2 + ACh): n = n_valid = 0, lambda = 1/2, and from then on the
///   cue most often valid over the last 10 trials is tracked (the first on ties); else n and n_valid count on
/// xi_ach and xi_ne are 1 intact; below 1 the modulator is depleted, and no longer heard in full where the
/// cue is weighed and where a change is judged.
///
/// The response is the target's side; only its time has a likelihood, per second. An answer without a time
/// counts nothing and teaches; so does a trial without an answer; one whose target is not known teaches
/// nothing. `cues` says how many of the cues are there.
///
/// Source: Yu & Dayan (2005), doi:10.1016/j.neuron.2005.04.026. Differs from it: a reduced form of their
/// approximation, with the counts, the window and the response times of our design; the threshold is theirs
/// as public code by others has it; a reset needs an invalid trial (else a valid one right after a reset would
/// reset again).
#include <fmt/format.h>

#include "contract/learner_entry.hpp"
#include "core/normal.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct YuDayan {
  static constexpr Info info{"yu_dayan", "acetylcholine and noradrenaline as two kinds of uncertainty",
                             "doi:10.1016/j.neuron.2005.04.026"};
  static constexpr const char* own_task = "posner";
  static constexpr std::array inputs{"target", "cue_0", "cue_1"};
  static constexpr std::array optional_inputs{"cue_2", "cue_3", "cue_4"};
  static constexpr int kCues = 5, kWindow = 10;
  static constexpr bool jumps = true;  // with resets
  static void check(const Layout& l) {
    if (l.options != 2)
      throw Error(
          fmt::format("learner 'yu_dayan' responds to one of two sides; here are {} options", l.options));
  }
  static constexpr auto usually_held = positions({1, 2, 3, 4});
  template <class T>
  struct Params {
    T tau = T(0.005), xi_ach = T(1.0), xi_ne = T(1.0), lambda0 = T(0.5), cues = T(3.0), rt0 = T(400.0),
      gain = T(150.0), sd = T(30.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"tau", "1", &P::tau, {0, 0.5}, "believed probability of a change a trial", beta_prior(1.1, 20)},
            {"xi_ach", "1", &P::xi_ach, {0, 10}, "acetylcholine that is heard; 1: intact", fixed_prior()},
            {"xi_ne", "1", &P::xi_ne, {0, 10}, "noradrenaline that is heard; 1: intact", fixed_prior()},
            {"lambda0", "1", &P::lambda0, {0, 1}, "belief in the first cue at the start", fixed_prior()},
            {"cues", "1", &P::cues, {2, 5}, "cues that are shown", fixed_prior()},
            {"rt0",
             "ms",
             &P::rt0,
             {0, 1e5},
             "response time to a target that was fully expected",
             gamma_prior(16, 25)},
            {"gain",
             "ms",
             &P::gain,
             {0, 1e5},
             "half of what the weight of a cue can cost or save",
             gamma_prior(4, 40)},
            {"sd", "ms", &P::sd, {0.1, 1e5}, "spread of response times", gamma_prior(4, 10)}};
  }
  template <class T>
  struct State {
    T ach, ne, gamma, lambda, tracked, expected;
    T n, n_valid;
    T count[kCues];   // valid trials of each cue over the last kWindow trials
    T past[kWindow];  // which cues were valid: the sum of 2^cue
  };
  static std::vector<SignalInfo> signals() {
    return {{"ach", "acetylcholine: expected uncertainty", "1"},
            {"ne", "noradrenaline: unexpected uncertainty", "1"},
            {"gamma", "believed validity of the cue", "1"},
            {"lambda", "belief in the tracked cue", "1"},
            {"tracked", "cue that is tracked from now on", "1"},
            {"expected", "side that the tracked cue pointed to", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.ach)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    s.gamma = T(0.8);
    s.ach = p.xi_ach * T(0.2);
    s.ne = p.xi_ne * (T(1.0) - p.lambda0);
    s.lambda = p.lambda0;
    s.tracked = s.expected = s.n = s.n_valid = T(0.0);
    for (auto& x : s.count) x = T(0.0);
    for (auto& x : s.past) x = T(0.0);
    return s;
  }
  template <class T>
  static Mask<T> points_at_target(const Trial<T>& x, int cue) {
    return x.input[static_cast<std::size_t>(1 + cue)] == x.input[0];
  }
  template <class T>
  static Mask<T> known(const Trial<T>& x) {
    return x.input[0] == x.input[0];
  }
  /// Whether the tracked cue pointed at the target: 1 or 0.
  template <class T>
  static T valid(const State<T>& s, const Trial<T>& x) {
    T v(0.0);
    for (int k = 0; k < kCues; ++k)
      v += select(s.tracked == T(static_cast<double>(k)), select(points_at_target(x, k), T(1.0), T(0.0)),
                  T(0.0));
    return v;
  }
  template <class T>
  static T validity(const State<T>& s) {
    return (T(4.0) + s.n_valid) / (T(5.0) + s.n);
  }
  template <class T>
  static T mean_ms(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    const T before = (T(1.0) - p.tau) * s.lambda;
    const T weight = (T(1.0) - p.xi_ach * (T(1.0) - validity(s))) * (T(1.0) - p.xi_ne * (T(1.0) - before));
    return p.rt0 + p.gain * (T(1.0) + weight * (T(1.0) - T(2.0) * valid(s, x)));
  }
  template <class T>
  static T log_density(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    const T mean = mean_ms(p, s, x), z = (T(1000.0) * x.rt - mean) / p.sd;
    const T l = T(6.9077552789821370521 - 0.5 * kLog2Pi) - log(p.sd) - T(0.5) * z * z;  // ln 1000: per second
    return select(known(x), l - log_normal_cdf(mean / p.sd), T(0.0));
  }
  static Answer respond(const Params<double>& p, const State<double>& s, const Trial<double>& x,
                        const Draws& draws) {
    const double mean = mean_ms(p, s, x), drawn = mean + p.sd * draws.normal(0);
    // What lies below 0 is drawn again, from what lies above.
    const double rt_ms = drawn > 0 ? drawn : positive_normal(mean, p.sd, draws.uniform(1));
    return {x.input[0] > 0.5 ? 1 : 0, rt_ms / 1000};
  }
  template <class T>
  static void after(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const State<T> unseen = s;
    const T one(1.0), none(0.0), v = valid(s, x), before = (one - p.tau) * s.lambda;
    s.gamma = validity(s);
    s.expected = v * x.input[0] + (one - v) * (one - x.input[0]);
    const T fits = v * s.gamma + (one - v) * (one - s.gamma);
    s.lambda = fits * before / (fits * before + T(0.5) * (one - before));
    s.ach = p.xi_ach * (one - s.gamma);
    s.ne = p.xi_ne * (one - s.lambda);
    remember(p, s, x);
    const Mask<T> reset = (s.ne > s.ach / (T(0.5) + s.ach)) & (v == none);
    T best = none, most = s.count[0];
    for (int k = 1; k < kCues; ++k) {
      const Mask<T> better = s.count[k] > most;
      best = select(better, T(static_cast<double>(k)), best);
      most = select(better, s.count[k], most);
    }
    s.tracked = select(reset, best, s.tracked);
    s.lambda = select(reset, T(0.5), s.lambda);
    s.n = select(reset, none, s.n + one);
    s.n_valid = select(reset, none, s.n_valid + v);
    // Where the target is not known the world may have changed all the same, and nothing else is learned.
    const Mask<T> seen = known(x);
    auto* now = reinterpret_cast<T*>(&s);
    const auto* then = reinterpret_cast<const T*>(&unseen);
    for (std::size_t k = 0; k < sizeof(s) / sizeof(T); ++k) now[k] = select(seen, now[k], then[k]);
    s.lambda = select(seen, s.lambda, before);
  }
  /// Counts this trial in and the one that leaves the window out.
  template <class T>
  static void remember(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    T leaves = s.past[kWindow - 1], now(0.0);
    for (int k = kCues - 1; k >= 0; --k) {
      const T bit(static_cast<double>(1 << k));
      const Mask<T> was = leaves >= bit;
      leaves -= select(was, bit, T(0.0));
      const T is = select(points_at_target(x, k) & (p.cues > T(static_cast<double>(k))), T(1.0), T(0.0));
      now += is * bit;
      s.count[k] += is - select(was, T(1.0), T(0.0));
    }
    for (int j = kWindow - 1; j > 0; --j) s.past[j] = s.past[j - 1];
    s.past[0] = now;
  }
  template <class T>
  static void missed(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    after(p, s, x);
  }
  template <class T>
  static void learn(const Params<T>&, State<T>&, const Trial<T>&) {}
};
}  // namespace

LearnerEntry yu_dayan() {
  return learner_entry<YuDayan>();
}
}  // namespace labile
