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
    T a, c, t_half, z;      // what the table was made for
    T level[2];             // [lower, upper] what log_lead leaves out
    T ratio[2][kGrid + 1];  // [lower, upper][time] ln of g over the lead, without drift
  };

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
    return W::scaled(exp(W::scaled(off, Vec(-0.5) * inv) * off), factor) * (slope - W::scaled(off, inv));
  }
  /// Four times after one another: all earlier times count for each of them side by side, then each for those
  /// after it. Once both densities are in their tails nothing more is needed.
  template <class T>
  static State<T> solve(const Params<T>& p) {
    using W = WideOf<T>;
    const Grid& at = grid();
    const Bound<T> bound{p.c, p.t_half / (p.a * p.a)};
    const T x0 = p.z - T(0.5);
    State<T> s{p.a, p.c, p.t_half, p.z, {}, {}};
    T b[kGrid + 1], g[2][kGrid + 1];
    Progress<T> now;
    for (int j = 0; j <= kGrid; ++j) b[j] = bound.at(T(at.t[j]));
    for (int i = 0; i < 2; ++i) {
      const T distance = i == 1 ? T(1.0) - p.z : p.z;
      s.level[i] = log(distance) - T(0.5 * kLog2Pi);
      now.inverse[i] = T(1.0) / distance;
      s.ratio[i][0] = g[i][0] = T(0.0);
    }
    for (int q = 0; q < kGrid / kWidth && now.in_tail < 2; ++q) {
      const int m0 = q * kWidth + 1;
      Wide<T> here(0.0), slope(0.0), same[2] = {0.0, 0.0}, other[2] = {0.0, 0.0};
      for (int l = 0; l < kWidth; ++l) {
        W::set(here, l, b[m0 + l]);
        W::set(slope, l, bound.slope(T(at.t[m0 + l])));
      }
      const auto count = [&](int j) {
        // The lower bound is the upper one mirrored, so both share their kernels.
        const Wide<T> there = W::spread(b[j]);
        const Vec weight(at.weight[j]), inv = at.inv[q][j], factor = at.factor[q][j];
        const Vec own = j < m0 - 2 ? weight : at.edge[q][j - m0 + 2];
        const Wide<T> near = W::scaled(kernel<T>(here - there, slope, inv, factor), own);
        const Wide<T> far = W::scaled(kernel<T>(here + there, slope, inv, factor), weight);
        for (int i = 0; i < 2; ++i) {
          const Wide<T> past = W::spread(g[i][j]);
          same[i] += near * past;
          other[i] += far * past;
        }
      };
      for (int j = now.begin; j < m0; ++j) count(j);
      for (int m = m0; m < m0 + kWidth; ++m) {
        if (m - 1 >= std::max(now.begin, m0)) count(m - 1);
        // The kernel at the own bound starts like a square root at the diagonal.
        const double root = kEdge[0] * at.weight[m] * sqrt(at.weight[m]) / (2 * 2.5066282746310005);
        const Here<T> at_m{m, b[m], W::get(slope, m - m0),
                           T(1.0) / (T(1.0) - T(root) * bound.curvature(at.t[m]))};
        for (int i = 0; i < 2; ++i)
          finish(s, g, now, at_m, x0, i, W::get(same[i], m - m0) + W::get(other[1 - i], m - m0));
      }
    }
    for (int i = 0; i < 2; ++i) {
      const int last = now.last[i];
      const T fall = tail_slope(s, i, last);
      for (int m = last + 1; m <= kGrid; ++m)
        s.ratio[i][m] = s.ratio[i][last] + fall * T(at.t[m] - at.t[last]);
    }
    return s;
  }
  /// How far the solution has come.
  template <class T>
  struct Progress {
    T inverse[2];                  // of each bound's distance at the start
    int begin = kGrid;             // the first time at which a density is not nothing
    double peak[2] = {0, 0};       // largest t g(t) of each bound so far
    int last[2] = {kGrid, kGrid};  // where the tail takes over
    int in_tail = 0;               // bounds in their tails
  };
  /// Time m of the grid; own: 1 / (1 - the share of a density at m in its own integral).
  template <class T>
  struct Here {
    int m;
    T bound, slope, own;
  };
  /// The density of bound i at a time, given the integral over those before.
  template <class T>
  static void finish(State<T>& s, T (*g)[kGrid + 1], Progress<T>& now, const Here<T>& here, const T& x0,
                     int i, const T& integral) {
    const int m = here.m;
    const double t = grid().t[m], log_t = grid().log_t[m];
    const T off = i == 1 ? here.bound - x0 : here.bound + x0;
    // The first term over the lead: negative where the line that touches the bound now began beyond the start.
    const T first = (off - here.slope * T(t)) * now.inverse[i];
    g[i][m] = T(0.0);
    if (value_of(s.level[i]) - 1.5 * log_t - value_of(off) * value_of(off) / (2 * t) < kNothing) {
      s.ratio[i][m] = value_of(first) > kShare ? log(first) : T(log(kShare));
      return;
    }
    now.begin = std::min(now.begin, m);
    const T lead = s.level[i] - T(1.5 * log_t) - off * off * T(0.5 / t), scale = exp(lead);
    const T density = (first * scale + T(2.0) * integral) * here.own;
    const bool enough = value_of(density) > kShare * value_of(scale);
    if (enough) g[i][m] = density;
    const double height = t * value_of(g[i][m]);
    now.peak[i] = std::max(now.peak[i], height);
    if (now.last[i] == kGrid && height < 1e-4 * now.peak[i]) {
      now.last[i] = m - 1;
      ++now.in_tail;
    }
    s.ratio[i][m] = enough ? log(density) - lead : T(log(kShare));
  }
  /// Never up.
  template <class T>
  static T tail_slope(const State<T>& s, int i, int m) {
    const T slope = (s.ratio[i][m] - s.ratio[i][m - 1]) / T(grid().t[m] - grid().t[m - 1]);
    return value_of(slope) < 0 ? slope : T(0.0);
  }

  /// Ln of g over the lead at t (units of a^2), by a cubic through neighbors on the grid.
  template <class T>
  static T log_ratio(const State<T>& s, int i, const T& t, const T& log_t) {
    if (value_of(t) >= kEnd) return s.ratio[i][kGrid] + tail_slope(s, i, kGrid) * (t - T(kEnd));
    const T place = grid().place(sqrt(t), log_t);
    if (!(value_of(place) > 0)) return T(0.0);
    const int j = std::min(static_cast<int>(value_of(place)), kGrid - 1);
    const T u = place - T(static_cast<double>(j));
    const T &y1 = s.ratio[i][j], &y2 = s.ratio[i][j + 1];
    const T d1 = j > 0 ? T(0.5) * (y2 - s.ratio[i][j - 1]) : T(0.0);
    const T d2 = j + 2 <= kGrid ? T(0.5) * (s.ratio[i][j + 2] - y1) : y2 - y1;
    const T c2 = T(3.0) * (y2 - y1) - T(2.0) * d1 - d2, c3 = d1 + d2 - T(2.0) * (y2 - y1);
    return y1 + u * (d1 + u * (c2 + u * c3));
  }
  /// Log density of bound i at time t > 0 s, with drift k.
  template <class T>
  static T log_passage(const Params<T>& p, const State<T>& s, int i, const T& t, const T& k) {
    const T unit = p.a * p.a, tt = t / unit, log_tt = log(tt), x0 = p.z - T(0.5);
    const double sign = i == 1 ? 1 : -1;
    const T end = Bound<T>{p.c, p.t_half / unit}.at(tt), off = end - T(sign) * x0;
    return log_lead(off, tt, log_tt) + s.level[i] + log_ratio(s, i, tt, log_tt) - log(unit) +
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
          W::set(ratio, l, s.level[i] + s.ratio[i][m + l] - T(1.5 * grid().log_t[m + l]));
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
