/// Latent causes: a learner that asks, on every trial, which of several causes it is dealing with, and opens
/// a new one when none fits. What one cause has taught is then not unlearned under another.
///
/// Causes k = 1, 2, ... each have a mean m_k of the cues shown under them and weights w_k; at most `causes`.
///   prior      of a cause in use: sum over its trials t' of 1 / (t - t')  (kernel = 1), or their number (0)
///              of a new one: alpha_crp, with m = x_new and w = 0
///   p_k        ~ prior_k prod_i N(x_i; m_ki, sd_x^2), over the cues that were shown at least once
///   V          = sum_k p_k w_k x
/// Once it is known whether the outcome came (r), three times:
///   q_k ~ p_k N(r; w_k x, sd_r^2),  w_k += lr q_k (r - w_k x + dopamine) x   for every k, the new one too
/// and then the trial goes to the cause of the largest q_k (the earliest of equal ones): m takes it in. A new
/// cause that is not chosen is forgotten. Time t counts trials; a day (number `days`) is `day` trials long.
///
/// How it is solved: 1 / x is a sum of 20 exponentials, so that a cause needs 20 numbers for its whole past:
/// within 4e-7 of it for x from 1 to 10,000, from there on falling faster.
///
/// Source: Gershman et al. (2010), doi:10.1037/a0017808; Gershman et al. (2017), doi:10.7554/eLife.23763.
/// Differs from them: one assignment a trial instead of particles or averages; spreads are the same for all
/// causes and not learned; an empty cause expects every cue at x_new = 0.5, between shown and not shown (at 0
/// it never fits a cue better than a cause in use); the answer is a logistic function of V. A trial whose
/// outcome is not known changes nothing.
#include "learners/catalogue.hpp"
#include "learners/cue_inputs.hpp"
#include "learners/in_use.hpp"

namespace labile {
namespace {
struct LatentCause : CueLearner<LatentCause> {
  static constexpr Info info{"latent_cause", "tells causes apart, and learns about each on its own",
                             "doi:10.1037/a0017808"};
  static constexpr const char* own_task = "extinction";
  static constexpr std::array optional_inputs{"cue_1", "cue_2", "cue_3", "cue_4",
                                              "cue_5", "cue_6", "cue_7", "days"};
  static constexpr int kCauses = 10, kSweeps = 3, kTraces = 20;

  template <class T>
  struct Params : CueResponse<T> {
    T alpha_crp = T(0.5), lr = T(0.2), sd_x = T(0.4), sd_r = T(0.4), x_new = T(0.5), causes = T(10.0),
      kernel = T(1.0), day = T(200.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    std::vector<Field<P>> t{
        {"alpha_crp", "1", &P::alpha_crp, {1e-6, 1e6}, "readiness for a new cause", gamma_prior(1.5, 0.5)},
        {"lr", "1", &P::lr, {0, 1}, "learning rate of weights, three times a trial", beta_prior(1.1, 1.1)},
        {"sd_x", "1", &P::sd_x, {0.01, 100}, "believed spread of cues under a cause", fixed_prior()},
        {"sd_r",
         "outcome",
         &P::sd_r,
         {0.01, 100},
         "believed spread of outcomes under a cause",
         fixed_prior()},
        {"x_new", "1", &P::x_new, {-10, 10}, "what a new cause expects of every cue", fixed_prior()},
        {"causes", "1", &P::causes, {1, kCauses}, "most causes there can be", fixed_prior()},
        {"kernel", "1", &P::kernel, {0, 1}, "1: causes fade with time, 0: they do not", fixed_prior()},
        {"day", "trials", &P::day, {0, 1e6}, "trials that a day without any counts for", fixed_prior()}};
    add_response(t);
    return t;
  }
  template <class T>
  struct State {
    T expectation, cause, used;  // cause: of the last trial, from 0; used: causes in use
    T w[kCauses][kCues], total[kCauses][kCues], count[kCauses];
    T trace[kCauses][kTraces];  // decayed numbers of trials, one trial after the last
    T seen[kCues];              // 1 where the cue was shown at least once
    T days;                     // of the last trial
    T delta;
  };
  static std::vector<SignalInfo> signals() {
    return {{"expectation", "outcome expected before it came", "outcome"},
            {"cause", "cause that the trial was taken for", "1"},
            {"causes", "causes in use", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.expectation)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    State<T> s;
    auto* all = reinterpret_cast<T*>(&s);
    for (std::size_t k = 0; k < sizeof(s) / sizeof(T); ++k) all[k] = T(0.0);
    return s;
  }

  // 1 / x = sum of kShare exp(-kRate x): least squares of the relative error for x from 1 to 10,000.
  static constexpr double kRate[kTraces] = {
      4.654770338e-05, 2.527220628e-04, 6.578506233e-04, 1.337387640e-03, 2.442144834e-03,
      4.251386909e-03, 7.253053141e-03, 1.227499147e-02, 2.071041913e-02, 3.490276728e-02,
      5.879610758e-02, 9.903118452e-02, 1.667921278e-01, 2.809212333e-01, 4.731887765e-01,
      7.972897604e-01, 1.344616050e+00, 2.274064978e+00, 3.880473273e+00, 6.839661369e+00};
  static constexpr double kShare[kTraces] = {
      1.202757399e-04, 2.973893693e-04, 5.248972668e-04, 8.584358152e-04, 1.396343398e-03,
      2.301380195e-03, 3.836315790e-03, 6.433590017e-03, 1.081740627e-02, 1.820706192e-02,
      3.065680520e-02, 5.162745952e-02, 8.695047331e-02, 1.464593405e-01, 2.467762061e-01,
      4.162021680e-01, 7.039697747e-01, 1.201271219e+00, 2.109432326e+00, 4.143571007e+00};
  /// exp(-kRate): what a trial leaves of a trace.
  static const double* kept() {
    static const auto table = [] {
      std::array<double, kTraces> r{};
      for (std::size_t j = 0; j < kTraces; ++j) r[j] = exp(-kRate[j]);
      return r;
    }();
    return table.data();
  }

  /// What a trial looks like before its outcome.
  template <class T>
  struct View {
    int n = 0;  // causes to look at: those in use in any lane, and a new one
    T x[kCues], prior[kCauses], fit[kCauses], value[kCauses];  // fit: log of the cues' density
    T gap;                                                     // trials that passed beside this one
  };
  template <class T>
  static View<T> look(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    View<T> r;
    for (int i = 0; i < kCues; ++i) r.x[i] = cue(x, i);
    const T days = cue(x, kCues);
    r.gap = p.day * max(days - s.days, T(0.0)) * select(s.used > T(0.0), T(1.0), T(0.0));
    r.n = std::min(kCauses, most_in_use(value_of(s.used)) + 1);
    T weight[kTraces];
    const bool jump = any(r.gap > T(0.0));
    for (int j = 0; j < kTraces; ++j) {
      weight[j] = T(kShare[j]);
      if (jump) weight[j] *= exp(r.gap * T(-kRate[j]));
    }
    const T sharp = T(-0.5) / (p.sd_x * p.sd_x);
    for (int k = 0; k < r.n; ++k) {
      const T index(static_cast<double>(k));
      const Mask<T> old = index < s.used, fresh = (index == s.used) & (index < p.causes);
      T recent(0.0), off(0.0);
      for (int j = 0; j < kTraces; ++j) recent += weight[j] * s.trace[k][j];
      r.prior[k] = select(old, select(p.kernel > T(0.5), max(recent, T(1e-300)), s.count[k]),
                          select(fresh, p.alpha_crp, T(0.0)));
      const T share = T(1.0) / max(s.count[k], T(1.0));
      r.value[k] = T(0.0);
      for (int i = 0; i < kCues; ++i) {
        const T gone = r.x[i] - select(old, s.total[k][i] * share, p.x_new);
        off += select((s.seen[i] > T(0.0)) | (r.x[i] != T(0.0)), gone * gone, T(0.0));
        r.value[k] += s.w[k][i] * r.x[i];
      }
      r.fit[k] = sharp * off;
    }
    return r;
  }

  /// Posterior of the causes: prior times exp(fit), in sum 1.
  template <class T>
  static void normalize(int n, const T* prior, const T* fit, T* post) {
    T top(-kInf), sum(0.0);
    for (int k = 0; k < n; ++k) top = max(top, select(prior[k] > T(0.0), fit[k], T(-kInf)));
    for (int k = 0; k < n; ++k) {
      post[k] = select(prior[k] > T(0.0), prior[k] * exp(min(fit[k] - top, T(0.0))), T(0.0));
      sum += post[k];
    }
    const T one = T(1.0) / sum;
    for (int k = 0; k < n; ++k) post[k] *= one;
  }
  template <class T>
  static T expected(const View<T>& v) {
    T post[kCauses], sum(0.0);
    normalize(v.n, v.prior, v.fit, post);
    for (int k = 0; k < v.n; ++k) sum += post[k] * v.value[k];
    return sum;
  }
  /// Posterior given what came as well.
  template <class T>
  static void judge(const Params<T>& p, const View<T>& v, const T& r, T* post) {
    const T sharp = T(-0.5) / (p.sd_r * p.sd_r);
    T fit[kCauses];
    for (int k = 0; k < v.n; ++k) {
      const T gone = r - v.value[k];
      fit[k] = v.fit[k] + sharp * gone * gone;
    }
    normalize(v.n, v.prior, fit, post);
  }

  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    prediction_utilities(p.beta, p.theta, expected(look(p, s, x)), u);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    View<T> v = look(p, s, x);
    const T r = binary_input(x);
    s.expectation = expected(v);
    s.delta = r - s.expectation + p.dopamine;
    T post[kCauses];
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      judge(p, v, r, post);
      for (int k = 0; k < v.n; ++k) {
        const T step = p.lr * post[k] * (r - v.value[k] + p.dopamine);
        v.value[k] = T(0.0);
        for (int i = 0; i < kCues; ++i) {
          s.w[k][i] += step * v.x[i];
          v.value[k] += s.w[k][i] * v.x[i];
        }
      }
    }
    judge(p, v, r, post);
    T best = post[0];
    s.cause = T(0.0);
    for (int k = 1; k < v.n; ++k) {
      s.cause = select(post[k] > best, T(static_cast<double>(k)), s.cause);
      best = max(best, post[k]);
    }
    remember(s, x, v);
  }
  /// Counts the trial to its cause and lets time pass.
  template <class T>
  static void remember(State<T>& s, const Trial<T>& x, const View<T>& v) {
    const bool jump = any(v.gap > T(0.0));
    T left[kTraces];
    for (int j = 0; j < kTraces; ++j) {
      left[j] = T(kept()[j]);
      if (jump) left[j] *= exp(v.gap * T(-kRate[j]));
    }
    for (int k = 0; k < v.n; ++k) {
      const T index(static_cast<double>(k));
      const Mask<T> here = index == s.cause, unused = (index >= s.used) & !here;
      const T one = select(here, T(1.0), T(0.0));
      s.count[k] += one;
      for (int i = 0; i < kCues; ++i) {
        s.total[k][i] += one * v.x[i];
        s.w[k][i] = select(unused, T(0.0), s.w[k][i]);
      }
      for (int j = 0; j < kTraces; ++j) s.trace[k][j] = s.trace[k][j] * left[j] + one * T(kept()[j]);
    }
    for (int i = 0; i < kCues; ++i) s.seen[i] = select(v.x[i] != T(0.0), T(1.0), s.seen[i]);
    s.used = max(s.used, s.cause + T(1.0));
    s.days = max(s.days, cue(x, kCues));
  }
};
}  // namespace

LearnerEntry latent_cause() {
  return learner_entry<LatentCause>();
}
}  // namespace labile
