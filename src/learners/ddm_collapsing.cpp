/// Drift diffusion with bounds that come closer: as time passes, less evidence is enough.
///
///   dx = v C dt + dW,  x(0) = (z - 1/2) a;  option 1 at b(t), option 0 at -b(t)
///   b(t) = a/2 (1 - c t / (t + t_half));  rt = t0 + time of the passage
/// C is `coherence` where it is shown, else 1. c = 0 is ddm.
///
/// Solved once for a set of parameters: without drift the densities g1 and g2 of reaching the bounds obey two
/// linked Volterra equations of the second kind, whose kernels vanish on the diagonal (g and B of bound i,
/// the upper sign for i = 1):
///   g_i(t) = -+2 Psi_i(t | x(0), 0) +- 2 int_0^t [g1(s) Psi_i(t | b(s), s) + g2(s) Psi_i(t | -b(s), s)] ds
///   Psi_i(t | y, s) = N(B_i(t); y, t - s) [B_i'(t) - (B_i(t) - y) / (t - s)] / 2
/// by the trapezoid rule at 176 times up to 3 a^2, spaced like a logarithm where times are short, so that a start
/// close to a bound finds its scale, and like a square root later; with three terms of correction for the square
/// root at the diagonal. Between them, the logarithm of g over d_i / t N(B_i(t); x(0), t), d_i the distance at the
/// start, by cubics. (The first term itself, -+2 Psi_i, turns negative where the line that touches the bound at t
/// began beyond the start.) Drift k multiplies a density by exp(k (B_i(t) - x(0)) - k^2 t / 2), exactly. The density
/// is within 2e-3 (relative) of a Fokker-Planck solution and within 2e-4 of ddm's at c = 0 (tests/oracles/times.py; both
/// bounds were set once the first comparison was seen, and kept for starts at any place). Where t g(t) has fallen to
/// 1e-4 of its peak the logarithm goes on as a line. Without a time, the choice counts alone. Impossible times as in
/// ddm.
///
/// What is solved depends on c, t_half / a^2 and z alone, its kernels on the first two: a gradient carries derivatives in
/// these (Form, Path) and translates them to the parameters a trial at a time.
///
/// Source: Smith (2000), doi:10.1006/jmps.1999.1260; Buonocore, Giorno, Nobile & Ricciardi (1990),
/// doi:10.2307/3214598; the bound: Churchland, Kiani & Shadlen (2008), doi:10.1038/nn.2123 (urgency as a
/// hyperbola). Differs from them: drift by a change of measure; the correction at the diagonal.
#include <algorithm>

#include "contract/learner_entry.hpp"
#include "core/wide.hpp"
#include "learners/catalogue.hpp"
#include "learners/diffusion.hpp"

namespace labile {
namespace {
constexpr int kGrid = 176;
constexpr double kEnd = 3;         // last time of the grid over a^2
constexpr double kBegin = 2.9e-6;  // the first: a start at .01 has reached its bound with probability 4e-9
constexpr double kLogSteps = 3;    // steps of the grid a factor e in time, where times are short
/// Trapezoid sums of sqrt(x) f(x) over x = 0, 1, .. lack these times f(0), f(1), f(2): exact where f is a square,
/// from Riemann's zeta at -1/2, -3/2 and -5/2.
constexpr double kEdge[3] = {0.16539994, 0.05948733, -0.01700107};
/// What is added to the first term before this logarithm is nothing; less than this share of it is rounding.
constexpr double kNothing = -45, kShare = 1e-9;

/// The grid, in units of a^2: time j is where place() is j. It starts like a logarithm, so that a start close to
/// a bound finds its scale there, and goes on like a square root.
struct Grid {
  double per_root, offset;
  double t[kGrid + 1], log_t[kGrid + 1], weight[kGrid + 1];
  /// What kernels from time j to the four times from 4 q + 1 on take of the grid alone: 1 / (t - s), and the
  /// factor before the exponential; 0 in lanes that are not later than j.
  Vec inv[kGrid / kWidth][kGrid], factor[kGrid / kWidth][kGrid];
  /// The weights of the last times before and among the four, j = 4 q - 1 + k, at the own bound.
  Vec edge[kGrid / kWidth][kWidth + 1];
  Grid() {
    const double first = sqrt(kBegin), last = sqrt(kEnd);
    per_root = (kGrid - kLogSteps * log(kEnd / kBegin)) / (last - first);
    offset = -per_root * first - kLogSteps * log(kBegin);
    double root = first;
    for (int j = 0; j <= kGrid; ++j) {
      root = root_at(j, root);
      t[j] = root * root;
      log_t[j] = log(t[j]);
      weight[j] = t[j] / (0.5 * per_root * root + kLogSteps);
    }
    for (int q = 0; q < kGrid / kWidth; ++q) {
      for (int j = 0; j < kGrid; ++j)
        for (int l = 0; l < kWidth; ++l) {
          const int m = q * kWidth + 1 + l;
          const double one = j < m ? 1 / (t[m] - t[j]) : 0;
          inv[q][j].set(l, one);
          factor[q][j].set(l, 0.5 * 0.39894228040143267794 * sqrt(one));
        }
      for (int k = 0; k <= kWidth; ++k)
        for (int l = 0; l < kWidth; ++l) {
          const int j = std::max(q * kWidth - 1 + k, 0), back = l + 2 - k;
          edge[q][k].set(l, weight[j] * (back == 1   ? 1 + kEdge[1]
                                         : back == 2 ? 1 + kEdge[2] / 1.4142135623730950488
                                                     : 1));
        }
    }
  }
  /// Where time t lies, from its square root and logarithm.
  template <class T>
  [[nodiscard]] T place(const T& root, const T& log_t) const {
    return T(per_root) * root + T(kLogSteps) * log_t + T(offset);
  }
  /// The square root of the time at a place, by Newton's method from one that is near.
  [[nodiscard]] double root_at(double where, double root) const {
    for (int k = 0; k < 6; ++k)
      root -= (place(root, 2 * log(root)) - where) / (per_root + 2 * kLogSteps / root);
    return root;
  }
};
const Grid& grid() {
  static const Grid g;
  return g;
}

/// The bound in units of a, at time t in units of a^2.
template <class T>
struct Bound {
  T c, t_half;
  [[nodiscard]] T at(const T& t) const { return T(0.5) * (T(1.0) - c * t / (t + t_half)); }
  [[nodiscard]] T slope(const T& t) const {
    const T sum = t + t_half;
    return T(-0.5) * c * t_half / (sum * sum);
  }
  [[nodiscard]] T curvature(double t) const {
    const T sum = T(t) + t_half;
    return c * t_half / (sum * sum * sum);
  }
};

/// What the logarithm of g is taken over: d / t times the free density at a bound `off` away, d the distance at the
/// start. For a bound that stays it is the density of that bound alone; unlike the first term of g, it is positive
/// also where the bound has passed the start. Without ln d - ln(2 pi) / 2.
template <class T>
T log_lead(const T& off, const T& t, const T& log_t) {
  return T(-1.5) * log_t - off * off / (T(2.0) * t);
}

/// What numbers of the solution are carried in, those that c, t_half / a^2 and z move and those that z does not. Second
/// derivatives are carried in the parameters themselves.
template <class T>
struct Carried {
  using Form = T;
  using Path = T;
};
template <int P>
struct Carried<Dual<double, P>> {
  using Form = Dual<double, 3>;
  using Path = Dual<double, 2>;
};
template <class T>
using Form = typename Carried<T>::Form;
template <class T>
using Path = typename Carried<T>::Path;

/// A number of the path among those of the form.
template <class F, class P>
F formed(const P& x) {
  if constexpr (std::is_same_v<F, P>) {
    return x;
  } else {
    F r(x.v);
    std::copy(x.d.begin(), x.d.end(), r.d.begin());
    return r;
  }
}
template <class F, class P>
void add_product(F& sum, const P& kernel, const F& past) {
  if constexpr (std::is_same_v<F, P>) {
    sum += kernel * past;
  } else {
    sum.v += kernel.v * past.v;
    for (std::size_t i = 0; i < kernel.d.size(); ++i) sum.d[i] += kernel.d[i] * past.v + kernel.v * past.d[i];
    for (std::size_t i = kernel.d.size(); i < sum.d.size(); ++i) sum.d[i] += kernel.v * past.d[i];
  }
}

struct DdmCollapsing {
  static constexpr Info info{"ddm_collapsing", "drift diffusion between bounds that come closer",
                             "doi:10.1006/jmps.1999.1260"};
  static constexpr const char* own_task = "random_dots";
  static constexpr std::array optional_inputs{"coherence"};
  static constexpr double not_shown = 1;
  static void check(const Layout& l) { check_two_bounds(l, info.name); }
  template <class T>
  struct Params {
    T v = T(8.0), a = T(2.4), z = T(0.5), t0 = T(0.3), c = T(0.8), t_half = T(0.6);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"v", "1/s^.5", &P::v, {-100, 100}, "drift at full coherence", normal_prior(0, 8)},
        {"a", "s^.5", &P::a, {0.05, 20}, "distance of the bounds at the start", gamma_prior(4, 0.7)},
        {"z", "1", &P::z, {0.01, 0.99}, "start between the bounds", beta_prior(4, 4)},
        {"t0", "s", &P::t0, {0, 5}, "time that is not decision", gamma_prior(3, 0.12)},
        {"c", "1", &P::c, {0, 1}, "share of the distance that is lost in the end", beta_prior(1.1, 1.1)},
        {"t_half", "s", &P::t_half, {0.02, 20}, "time at which half of that is lost", gamma_prior(3, 0.3)}};
  }
  static void feasible(Params<double>& p, const SubjectTrials& s) { begin_before_quickest(p, s); }
  template <class T>
  struct State {
    T a, c, t_half, z;            // what the table was made for
    T shortened;                  // t_half in units of a^2
    Form<T> level[2];             // [lower, upper] what log_lead leaves out
    Form<T> ratio[2][kGrid + 1];  // [lower, upper][time] ln of g over the lead, without drift
  };
  /// A number of the solution with its derivatives in the parameters.
  template <class T>
  static T translated(const Form<T>& x, const State<T>& s) {
    if constexpr (std::is_same_v<Path<T>, T>) {
      return x;
    } else {
      T r;
      r.v = x.v;
      for (std::size_t i = 0; i < r.d.size(); ++i)
        r.d[i] = x.d[0] * s.c.d[i] + x.d[1] * s.shortened.d[i] + x.d[2] * s.z.d[i];
      return r;
    }
  }

  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    if constexpr (std::is_same_v<T, Vec>) {
      // Lane by lane, since each looks at its own values.
      State<Vec> s;
      State<double> one{};
      for (int i = 0; i < kWidth; ++i) {
        const Params<double> q{p.v[i], p.a[i], p.z[i], p.t0[i], p.c[i], p.t_half[i]};
        if (i == 0 || !made_for(one, q)) one = solve(q);
        const auto* from = reinterpret_cast<const double*>(&one);
        auto* to = reinterpret_cast<Vec*>(&s);
        for (std::size_t k = 0; k < sizeof(one) / sizeof(double); ++k) to[k].set(i, from[k]);
      }
      return s;
    } else {
      return solve(p);
    }
  }
  static bool made_for(const State<double>& s, const Params<double>& p) {
    return s.a == p.a && s.c == p.c && s.t_half == p.t_half && s.z == p.z;
  }

  /// Psi at four times, given the distance from y to the bound in its direction.
  template <class T>
  static Wide<T> kernel(const Wide<T>& off, const Wide<T>& slope, const Vec& inv, const Vec& factor) {
    using W = WideOf<T>;
    const Wide<T> rate = slope - W::scaled(off, inv);
    if constexpr (requires { off.d; } && std::is_same_v<decltype(Wide<T>::v), Vec>) {
      const Vec chance = factor * exp(Vec(-0.5) * inv * off.v * off.v), value = chance * rate.v;
      const Vec pull = off.v * inv * value;
      Wide<T> r;
      r.v = value;
      for (std::size_t i = 0; i < r.d.size(); ++i) r.d[i] = chance * rate.d[i] - pull * off.d[i];
      return r;
    } else {
      return W::scaled(exp(W::scaled(off, Vec(-0.5) * inv) * off), factor) * rate;
    }
  }
  /// Four times after one another: all earlier times count for each of them side by side, then each for those
  /// after it. Once both densities are in their tails nothing more is needed.
  template <class T>
  static State<T> solve(const Params<T>& p) {
    using F = Form<T>;
    using W = WideOf<F>;
    using WP = WideOf<Path<T>>;
    const Grid& at = grid();
    State<T> s{p.a, p.c, p.t_half, p.z, p.t_half / (p.a * p.a), {}, {}};
    const auto [bound, z] = form_of(s);
    F g[2][kGrid + 1];
    Path<T> b[kGrid + 1];
    Progress<F> now;
    for (int j = 0; j <= kGrid; ++j) b[j] = bound.at(Path<T>(at.t[j]));
    for (int i = 0; i < 2; ++i) {
      const F distance = i == 1 ? F(1.0) - z : z;
      s.level[i] = log(distance) - F(0.5 * kLog2Pi);
      now.inverse[i] = F(1.0) / distance;
      s.ratio[i][0] = g[i][0] = F(0.0);
    }
    for (int q = 0; q < kGrid / kWidth && now.in_tail < 2; ++q) {
      const int m0 = q * kWidth + 1;
      Wide<Path<T>> here(0.0), slope(0.0);
      Wide<F> same[2] = {0.0, 0.0}, other[2] = {0.0, 0.0};
      for (int l = 0; l < kWidth; ++l) {
        WP::set(here, l, b[m0 + l]);
        WP::set(slope, l, bound.slope(Path<T>(at.t[m0 + l])));
      }
      const auto count = [&](int j) {
        // The lower bound is the upper one mirrored, so both share their kernels.
        const Wide<Path<T>> there = WP::spread(b[j]);
        const Vec weight(at.weight[j]), inv = at.inv[q][j], factor = at.factor[q][j];
        const Vec own = j < m0 - 2 ? weight : at.edge[q][j - m0 + 2];
        const Wide<Path<T>> near = WP::scaled(kernel<Path<T>>(here - there, slope, inv, factor), own);
        const Wide<Path<T>> far = WP::scaled(kernel<Path<T>>(here + there, slope, inv, factor), weight);
        for (int i = 0; i < 2; ++i) {
          const Wide<F> past = W::spread(g[i][j]);
          add_product(same[i], near, past);
          add_product(other[i], far, past);
        }
      };
      for (int j = now.begin; j < m0; ++j) count(j);
      for (int m = m0; m < m0 + kWidth; ++m) {
        if (m - 1 >= std::max(now.begin, m0)) count(m - 1);
        // The kernel at the own bound starts like a square root at the diagonal.
        const double root = kEdge[0] * at.weight[m] * sqrt(at.weight[m]) / (2 * 2.5066282746310005);
        const Path<T> one(1.0);
        const Here<F> at_m{m, formed<F>(b[m]), formed<F>(WP::get(slope, m - m0)),
                           formed<F>(one / (one - Path<T>(root) * bound.curvature(at.t[m])))};
        for (int i = 0; i < 2; ++i)
          finish(s, g, now, at_m, z - F(0.5), i, W::get(same[i], m - m0) + W::get(other[1 - i], m - m0));
      }
    }
    for (int i = 0; i < 2; ++i) {
      const int last = now.last[i];
      const F fall = tail_slope(s, i, last);
      for (int m = last + 1; m <= kGrid; ++m)
        s.ratio[i][m] = s.ratio[i][last] + fall * F(at.t[m] - at.t[last]);
    }
    return s;
  }
  /// The bound in units of a, and z, as the solution carries them.
  template <class T>
  static std::pair<Bound<Path<T>>, Form<T>> form_of(const State<T>& s) {
    if constexpr (std::is_same_v<Path<T>, T>)
      return {{s.c, s.shortened}, s.z};
    else
      return {{Path<T>::variable(s.c.v, 0), Path<T>::variable(s.shortened.v, 1)},
              Form<T>::variable(s.z.v, 2)};
  }
  /// How far the solution has come.
  template <class F>
  struct Progress {
    F inverse[2];                  // of each bound's distance at the start
    int begin = kGrid;             // the first time at which a density is not nothing
    double peak[2] = {0, 0};       // largest t g(t) of each bound so far
    int last[2] = {kGrid, kGrid};  // where the tail takes over
    int in_tail = 0;               // bounds in their tails
  };
  /// Time m of the grid; own: 1 / (1 - the share of a density at m in its own integral).
  template <class F>
  struct Here {
    int m;
    F bound, slope, own;
  };
  /// The density of bound i at a time, given the integral over those before.
  template <class T, class F = Form<T>>
  static void finish(State<T>& s, F (*g)[kGrid + 1], Progress<F>& now, const Here<F>& here, const F& x0,
                     int i, const F& integral) {
    const int m = here.m;
    const double t = grid().t[m], log_t = grid().log_t[m];
    const F off = i == 1 ? here.bound - x0 : here.bound + x0;
    // The first term over the lead: negative where the line that touches the bound now began beyond the start.
    const F first = (off - here.slope * F(t)) * now.inverse[i];
    g[i][m] = F(0.0);
    if (value_of(s.level[i]) - 1.5 * log_t - value_of(off) * value_of(off) / (2 * t) < kNothing) {
      s.ratio[i][m] = value_of(first) > kShare ? log(first) : F(log(kShare));
      return;
    }
    now.begin = std::min(now.begin, m);
    const F lead = s.level[i] - F(1.5 * log_t) - off * off * F(0.5 / t), scale = exp(lead);
    const F density = (first * scale + F(2.0) * integral) * here.own;
    const bool enough = value_of(density) > kShare * value_of(scale);
    if (enough) g[i][m] = density;
    const double height = t * value_of(g[i][m]);
    now.peak[i] = std::max(now.peak[i], height);
    if (now.last[i] == kGrid && height < 1e-4 * now.peak[i]) {
      now.last[i] = m - 1;
      ++now.in_tail;
    }
    s.ratio[i][m] = enough ? log(density) - lead : F(log(kShare));
  }
  /// Never up.
  template <class T>
  static Form<T> tail_slope(const State<T>& s, int i, int m) {
    const Form<T> slope = (s.ratio[i][m] - s.ratio[i][m - 1]) / Form<T>(grid().t[m] - grid().t[m - 1]);
    return value_of(slope) < 0 ? slope : Form<T>(0.0);
  }

  /// Ln of g over the lead at t (units of a^2), by a cubic through neighbors on the grid.
  template <class T>
  static T log_ratio(const State<T>& s, int i, const T& t, const T& log_t) {
    using F = Form<T>;
    if (value_of(t) >= kEnd)
      return cubic(s, t - T(kEnd), s.ratio[i][kGrid], tail_slope(s, i, kGrid), F(0.0), F(0.0));
    const T place = grid().place(sqrt(t), log_t);
    if (!(value_of(place) > 0)) return T(0.0);
    const int j = std::min(static_cast<int>(value_of(place)), kGrid - 1);
    const F &y1 = s.ratio[i][j], &y2 = s.ratio[i][j + 1];
    const F d1 = j > 0 ? F(0.5) * (y2 - s.ratio[i][j - 1]) : F(0.0);
    const F d2 = j + 2 <= kGrid ? F(0.5) * (s.ratio[i][j + 2] - y1) : y2 - y1;
    const F c2 = F(3.0) * (y2 - y1) - F(2.0) * d1 - d2, c3 = d1 + d2 - F(2.0) * (y2 - y1);
    return cubic(s, place - T(static_cast<double>(j)), y1, d1, c2, c3);
  }
  /// y + u (d1 + u (c2 + u c3))
  template <class T, class F = Form<T>>
  static T cubic(const State<T>& s, const T& u, const F& y, const F& d1, const F& c2, const F& c3) {
    if constexpr (std::is_same_v<F, T>) {
      return y + u * (d1 + u * (c2 + u * c3));
    } else {
      T r = translated(y + u.v * (d1 + u.v * (c2 + u.v * c3)), s);
      const double slope = d1.v + u.v * (2 * c2.v + u.v * 3 * c3.v);
      for (std::size_t k = 0; k < r.d.size(); ++k) r.d[k] += slope * u.d[k];
      return r;
    }
  }
  /// Log density of bound i at time t > 0 s, with drift k.
  template <class T>
  static T log_passage(const Params<T>& p, const State<T>& s, int i, const T& t, const T& k) {
    const T unit = p.a * p.a, tt = t / unit, log_tt = log(tt), x0 = p.z - T(0.5);
    const double sign = i == 1 ? 1 : -1;
    const T end = Bound<T>{p.c, p.t_half / unit}.at(tt), off = end - T(sign) * x0;
    return log_lead(off, tt, log_tt) + translated(s.level[i], s) + log_ratio(s, i, tt, log_tt) - log(unit) +
           k * p.a * (T(sign) * end - x0) - T(0.5) * k * k * t;
  }

  template <class T>
  static T log_density(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    const int i = x.choice == 1 ? 1 : 0;
    const T t = x.rt - p.t0, k = p.v * x.input[0], size = abs(k);
    const T distance = p.a * (i == 1 ? T(1.0) - p.z : p.z), edge = earliest(distance, size);
    if (value_of(t) > value_of(edge)) return log_passage(p, s, i, t, k);
    return log_passage(p, s, i, edge, k) + earliest_slope(edge, distance, size) * (t - edge);
  }
  /// Densities of both bounds, with drift k, at the times 1 to kGrid of the grid and per unit of a^2; four
  /// times side by side.
  template <class T>
  static void densities(const Params<T>& p, const State<T>& s, const T& k, T (*f)[kGrid + 1]) {
    using W = WideOf<T>;
    const T unit = p.a * p.a;
    const Wide<T> x0 = W::spread(p.z - T(0.5)), pull = W::spread(k * p.a),
                  cost = W::spread(T(0.5) * k * k * unit);
    const Bound<Wide<T>> bound{W::spread(p.c), W::spread(p.t_half / unit)};
    for (int i = 0; i < 2; ++i)
      for (int m = 1; m <= kGrid; m += kWidth) {
        const double sign = i == 1 ? 1 : -1;
        Wide<T> t(0.0), ratio(0.0);
        for (int l = 0; l < kWidth; ++l) {
          W::set(t, l, T(grid().t[m + l]));
          W::set(ratio, l, translated(s.level[i] + s.ratio[i][m + l], s) - T(1.5 * grid().log_t[m + l]));
        }
        const Wide<T> end = Wide<T>(sign) * bound.at(t), off = end - x0;
        const Wide<T> density = exp(ratio - off * off / (Wide<T>(2.0) * t) + pull * off - cost * t);
        for (int l = 0; l < kWidth; ++l) f[i][m + l] = W::get(density, l);
      }
  }
  template <class T>
  static T log_choice(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    T mass[2] = {T(0.0), T(0.0)}, f[2][kGrid + 1];
    densities(p, s, p.v * x.input[0], f);
    for (int i = 0; i < 2; ++i)
      for (int m = 1; m <= kGrid; ++m)
        mass[i] += T(m == kGrid ? 0.5 * grid().weight[m] : grid().weight[m]) * f[i][m];
    return log(mass[x.choice == 1 ? 1 : 0] / (mass[0] + mass[1]));
  }
  /// Side and interval by their probabilities, the place within by the density that rises or falls linearly
  /// along the grid.
  static Answer respond(const Params<double>& p, const State<double>& made, const Trial<double>& x,
                        const Draws& draws) {
    State<double> other;
    const bool as_made = made_for(made, p);
    if (!as_made) other = solve(p);  // a manipulation moved the bounds
    const State<double>& s = as_made ? made : other;
    const Grid& at = grid();
    double f[2][kGrid + 1], total = 0;
    densities(p, s, p.v * x.input[0], f);
    for (auto& side : f) {
      side[0] = 0;
      for (int m = 1; m <= kGrid; ++m) {
        side[m] *= at.weight[m];
        total += 0.5 * (side[m - 1] + side[m]);
      }
    }
    if (!(total > 0 && total < kInf)) throw Bug("the densities of ddm_collapsing are no numbers");
    double mark = draws.uniform(0) * total;
    for (int i = 0; i < 2; ++i)
      for (int m = 1; m <= kGrid; ++m) {
        const double low = f[i][m - 1], high = f[i][m], mass = 0.5 * (low + high);
        if (mark > mass && !(i == 1 && m == kGrid)) {
          mark -= mass;
          continue;
        }
        // low u + (high - low) u^2 / 2 = mark
        const double u =
            mass > 0 ? min(2 * mark / (low + sqrt(low * low + 2 * (high - low) * mark)), 1.0) : 1.0;
        const double root = at.root_at(m - 1 + u, sqrt(at.t[m]));
        return {i, p.t0 + p.a * p.a * root * root};
      }
    throw Bug("no response was drawn");
  }
  template <class T>
  static void learn(const Params<T>&, State<T>&, const Trial<T>&) {}
};
}  // namespace

LearnerEntry ddm_collapsing() {
  return learner_entry<DdmCollapsing>();
}
}  // namespace labile
