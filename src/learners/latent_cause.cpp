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
/// within 4e-7 of it for x from 1 to 10,000, from there on falling faster. Likelihoods work on four causes side
/// by side, play on four subjects; rows of causes that are not in use and cues never shown cost nothing.
///
/// Source: Gershman et al. (2010), doi:10.1037/a0017808; Gershman et al. (2017), doi:10.7554/eLife.23763.
/// Differs from them: one assignment a trial instead of particles or averages; spreads are the same for all
/// causes and not learned; an empty cause expects every cue at x_new = 0.5, between shown and not shown (at 0
/// it never fits a cue better than a cause in use); the answer is a logistic function of V. A trial whose
/// outcome is not known changes nothing.
#include "core/wide.hpp"
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
  static constexpr int kRows = (kCauses + kSide<T> - 1) / kSide<T>;  // causes side by side make a row

  static constexpr bool jumps = true;  // where a trial goes to another cause

  static constexpr auto usually_held = positions({2, 3, 4, 5, 6, 7});
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
    using W = Wide<T>;
    T expectation, cause, used;  // cause: of the last trial, from 0; used: causes in use
    T seen[kCues];               // 1 where the cue was shown at least once
    T days;                      // of the last trial
    T delta;
    W w[kRows<T>][kCues], mean[kRows<T>][kCues];  // mean: of the cues of its trials
    W total[kRows<T>][kCues], count[kRows<T>];    // over its trials
    W trace[kRows<T>][kTraces],
        recent[kRows<T>];  // decayed numbers of trials, one trial after the last; their
                           // sum, the prior where no time passes between
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
    using W = Wide<T>;
    int rows = 0;                                       // with causes in use in any lane, or a new one
    int met[kCues], met_count = 0;                      // cues shown now or before, in any lane
    int shown[kCues], cues = 0;                         // those of them that are shown now
    W x[kCues];                                         // of cues shown now or before, in every lane
    W prior[kRows<T>], fit[kRows<T>], value[kRows<T>];  // fit: log of the cues' density
    T gap;                                              // trials that passed beside this one
  };
  /// Numbers of the causes of a row.
  template <class T>
  static Wide<T> numbers(int row) {
    Vec r(row * kSide<T>);
    if constexpr (kSide<T> > 1) r += Vec(RawDoubles{0, 1, 2, 3});
    return WideOf<T>::scaled(Wide<T>(1.0), r);
  }
  /// Sum over causes, in their order.
  template <class T>
  static T sum(const Wide<T>* x, int rows) {
    T r(0.0);
    for (int k = 0; k < rows * kSide<T>; ++k) r += WideOf<T>::get(x[k / kSide<T>], k % kSide<T>);
    return r;
  }

  /// Which of eight numbers, one a cue, are not 0 in some lane: bit i for cue i.
  template <class T>
  static unsigned nonzero(const T* x) {
    unsigned r = 0;
    if constexpr (std::is_same_v<T, double>) {
      for (int i = 0; i < kCues; i += kWidth) {
        const Vec four(RawDoubles(_mm256_loadu_pd(x + i)));
        r |= bits_of((four < Vec(0.0)) | (four > Vec(0.0))) << i;
      }
    } else {
      for (int i = 0; i < kCues; ++i)
        if (any((x[i] < T(0.0)) | (x[i] > T(0.0)))) r |= 1u << i;
    }
    return r;
  }
  template <class T>
  static View<T> look(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    using W = Wide<T>;
    const auto spread = [](const T& one) { return WideOf<T>::spread(one); };
    View<T> r;
    r.gap = p.day * max(cue(x, kCues) - s.days, T(0.0)) * select(s.used > T(0.0), T(1.0), T(0.0));
    r.rows = (std::min(kCauses, most_in_use(value_of(s.used)) + 1) + kSide<T> - 1) / kSide<T>;
    const unsigned shown = nonzero(x.input.data()), met = shown | nonzero(s.seen);
    for (unsigned left = met; left != 0; left &= left - 1) {
      const int i = std::countr_zero(left);
      r.met[r.met_count++] = i;
      r.x[i] = spread(cue(x, i));
      if ((shown >> i & 1) != 0) r.shown[r.cues++] = i;
    }
    const W used = spread(s.used), causes = spread(p.causes), alpha = spread(p.alpha_crp),
            x_new = spread(p.x_new), fades = spread(p.kernel), sharp = spread(T(-0.5) / (p.sd_x * p.sd_x));
    const bool jump = any(r.gap > T(0.0));
    for (int row = 0; row < r.rows; ++row) {
      const W index = numbers<T>(row), recent = jump ? faded(s, row, r.gap) : s.recent[row];
      const Mask<W> old = index < used, fresh = (index == used) & (index < causes);
      r.prior[row] = select(old, select(fades > W(0.5), max(recent, W(1e-300)), s.count[row]),
                            select(fresh, alpha, W(0.0)));
      W off(0.0), value(0.0);
      for (int k = 0; k < r.met_count; ++k) {
        const int i = r.met[k];
        const W gone = r.x[i] - select(old, s.mean[row][i], x_new);
        if constexpr (kSide<T> == 1)
          off += select((s.seen[i] > T(0.0)) | (r.x[i] != T(0.0)), gone * gone, T(0.0));
        else
          off += gone * gone;
      }
      for (int k = 0; k < r.cues; ++k) value += s.w[row][r.shown[k]] * r.x[r.shown[k]];
      r.fit[row] = sharp * off;
      r.value[row] = value;
    }
    return r;
  }
  /// The prior's sum after a gap.
  template <class T>
  static Wide<T> faded(const State<T>& s, int row, const T& gap) {
    Wide<T> r(0.0);
    for (int j = 0; j < kTraces; ++j)
      r += WideOf<T>::spread(T(kShare[j]) * exp(gap * T(-kRate[j]))) * s.trace[row][j];
    return r;
  }

  /// Posterior of the causes: prior times exp(fit), in sum 1.
  template <class T>
  static void normalize(int rows, const Wide<T>* prior, const Wide<T>* fit, Wide<T>* post) {
    using W = Wide<T>;
    const W top = best_fit<T>(rows, prior, fit);
    for (int row = 0; row < rows; ++row)
      post[row] = select(prior[row] > W(0.0), prior[row] * exp(min(fit[row] - top, W(0.0))), W(0.0));
    const W one = WideOf<T>::spread(T(1.0) / sum<T>(post, rows));
    for (int row = 0; row < rows; ++row) post[row] *= one;
  }
  /// Largest fit of a cause with a prior, of the earliest of equal ones.
  template <class T>
  static Wide<T> best_fit(int rows, const Wide<T>* prior, const Wide<T>* fit) {
    using W = Wide<T>;
    W able[kRows<T>];
    for (int row = 0; row < rows; ++row) able[row] = select(prior[row] > W(0.0), fit[row], W(-kInf));
    return largest<T>(able, rows).x;
  }
  template <class T>
  struct Largest {
    Wide<T> x;  // in every lane
    decltype(value_of(T())) at;
  };
  /// The largest of a number of each cause and where it is, the earliest of equal ones.
  template <class T>
  static Largest<T> largest(const Wide<T>* x, int rows) {
    if constexpr (kSide<T> == 1) {
      Largest<T> r{x[0], 0.0};
      for (int k = 1; k < rows; ++k) {
        r.at = select(x[k] > r.x, Vec(k), r.at);
        r.x = max(r.x, x[k]);
      }
      return r;
    } else {
      Vec top = value_of(x[0]);
      for (int row = 1; row < rows; ++row) top = max(top, value_of(x[row]));
      top = top_of(top);
      int row = 0;
      while (row < rows - 1 && !any(value_of(x[row]) == top)) ++row;
      const int lane = first_of(value_of(x[row]) == top);
      const double at = row * kWidth + lane;
      if constexpr (std::is_same_v<T, double>)
        return {top, at};
      else
        return {WideOf<T>::spread(WideOf<T>::get(x[row], lane)), at};
    }
  }
  template <class T>
  static T expected(const View<T>& v) {
    Wide<T> post[kRows<T>];
    normalize<T>(v.rows, v.prior, v.fit, post);
    for (int row = 0; row < v.rows; ++row) post[row] *= v.value[row];
    return sum<T>(post, v.rows);
  }
  /// Posterior given what came as well. sharp: -1 / (2 sd_r^2).
  template <class T>
  static void judge(const View<T>& v, const Wide<T>& r, const Wide<T>& sharp, Wide<T>* post) {
    Wide<T> fit[kRows<T>];
    for (int row = 0; row < v.rows; ++row) {
      const Wide<T> gone = r - v.value[row];
      fit[row] = v.fit[row] + sharp * gone * gone;
    }
    normalize<T>(v.rows, v.prior, fit, post);
  }

  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    prediction_utilities(p.beta, p.theta, expected(look(p, s, x)), u);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    using W = Wide<T>;
    View<T> v = look(p, s, x);
    const T came = binary_input(x);
    if constexpr (kSide<T> == 1 || std::is_same_v<T, double>) {  // signals are for play and replay
      s.expectation = expected(v);
      s.delta = came - s.expectation + p.dopamine;
    }
    const W r = WideOf<T>::spread(came), lr = WideOf<T>::spread(p.lr),
            dopamine = WideOf<T>::spread(p.dopamine), sharp = WideOf<T>::spread(T(-0.5) / (p.sd_r * p.sd_r));
    W post[kRows<T>];
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      judge<T>(v, r, sharp, post);
      for (int row = 0; row < v.rows; ++row) {
        const W step = lr * post[row] * (r - v.value[row] + dopamine);
        W value(0.0);
        for (int k = 0; k < v.cues; ++k) {
          const int i = v.shown[k];
          s.w[row][i] += step * v.x[i];
          value += s.w[row][i] * v.x[i];
        }
        v.value[row] = value;
      }
    }
    judge<T>(v, r, sharp, post);
    s.cause = T(largest<T>(post, v.rows).at);
    remember(s, x, v);
  }
  /// Counts the trial to its cause and lets time pass.
  template <class T>
  static void remember(State<T>& s, const Trial<T>& x, const View<T>& v) {
    using W = Wide<T>;
    const bool jump = any(v.gap > T(0.0));
    for (int k = 0; k < v.cues; ++k)
      s.seen[v.shown[k]] = select(cue(x, v.shown[k]) != T(0.0), T(1.0), s.seen[v.shown[k]]);
    const W cause = WideOf<T>::spread(s.cause), used = WideOf<T>::spread(s.used);
    const double* keep = kept();
    W left[kTraces];
    if (jump)
      for (int j = 0; j < kTraces; ++j) left[j] = WideOf<T>::spread(T(keep[j]) * exp(v.gap * T(-kRate[j])));
    for (int row = 0; row < v.rows; ++row) {
      const W index = numbers<T>(row);
      const Mask<W> here = index == cause, unused = (index >= used) & !here;
      const W one = select(here, W(1.0), W(0.0));
      s.count[row] += one;
      const W share = W(1.0) / max(s.count[row], W(1.0));
      for (int k = 0; k < v.met_count; ++k) {
        const int i = v.met[k];
        s.total[row][i] += one * v.x[i];
        s.mean[row][i] = s.total[row][i] * share;
        s.w[row][i] = select(unused, W(0.0), s.w[row][i]);
      }
      const auto* trace = s.trace[row];
      if (jump)
        for (int j = 0; j < kTraces; ++j) s.trace[row][j] = trace[j] * left[j];
      else
        for (int j = 0; j < kTraces; ++j) s.trace[row][j] = WideOf<T>::scaled(trace[j], Vec(keep[j]));
      W recent(0.0);
      for (int j = 0; j < kTraces; ++j) {
        s.trace[row][j] += WideOf<T>::scaled(one, Vec(keep[j]));
        recent += WideOf<T>::scaled(trace[j], Vec(kShare[j]));
      }
      s.recent[row] = recent;
    }
    s.used = max(s.used, s.cause + T(1.0));
    s.days = max(s.days, cue(x, kCues));
  }
};
}  // namespace

LearnerEntry latent_cause() {
  return learner_entry<LatentCause>();
}
}  // namespace labile
