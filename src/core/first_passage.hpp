/// First passage of a diffusion with drift v and noise 1 through one bound, or through one of two.
///
/// Log densities are written for double and Dual; they are exact far into their tails, because the leading
/// exponential of a series is taken out before its logarithm is. Samples are exact: no time step, no grid.
#pragma once

#include <cstdint>

#include "core/normal.hpp"

namespace labile {

/// sin(pi x) for |x| <= 1/2, by its Taylor series; the first omitted term is below 2e-18.
template <class T>
T sin_pi_reduced(const T& x) {
  const T y = T(3.14159265358979323846) * x, q = y * y;
  T p(1.0 / 51090942171709440000.0);
  p = p * q - T(1.0 / 121645100408832000.0);
  p = p * q + T(1.0 / 355687428096000.0);
  p = p * q - T(1.0 / 1307674368000.0);
  p = p * q + T(1.0 / 6227020800.0);
  p = p * q - T(1.0 / 39916800.0);
  p = p * q + T(1.0 / 362880.0);
  p = p * q - T(1.0 / 5040.0);
  p = p * q + T(1.0 / 120.0);
  p = p * q - T(1.0 / 6.0);
  return y + y * q * p;
}

inline constexpr double kLogPi = 1.1447298858494001741;

/// Log density at time t > 0 of first passage through a bound at distance a > 0: Wald's distribution.
/// Source: Wald (1947), Sequential Analysis; Heathcote (2004), doi:10.3758/BF03206550.
template <class T>
T wald_log_density(const T& t, const T& v, const T& a) {
  const T off = a - v * t;
  return log(a) - T(0.5 * kLog2Pi) - T(1.5) * log(t) - off * off / (T(2.0) * t);
}

/// Log of sinh(y) / y.
template <class T>
T log_sinh_ratio(const T& y) {
  const T m = abs(y), q = y * y;
  if (value_of(m) < 0.02)
    return q * (T(1.0 / 6) - q * (T(1.0 / 180) - q * (T(1.0 / 2835) - q * T(1.0 / 37800))));
  return m + log(-expm1(T(-2.0) * m) / (T(2.0) * m));
}

/// Log probability of leaving (0, a) at a, from z a with 0 < z < 1.
template <class T>
T log_upper_probability(const T& v, const T& a, const T& z) {
  const T va = v * a;
  return log(z) + va * (T(1.0) - z) + log_sinh_ratio(va * z) - log_sinh_ratio(va);
}

/// The early time at which the exponent of the density at a bound, -(d - m t)^2 / (2 t) with distance d and
/// the drift's size m, has come up to -kDeepest.
inline constexpr double kDeepest = 300;
template <class T>
T earliest(const T& d, const T& m) {
  const T half = d * m + T(kDeepest);
  return d * d / (half + sqrt(half * half - d * d * m * m));
}
/// Slope of the log density there: positive.
template <class T>
T earliest_slope(const T& t, const T& d, const T& m) {
  return T(0.5) * (d * d / (t * t) - m * m) - T(1.5) / t;
}

/// Log density at time t of leaving (0, a) at 0, from z a with 0 < z < 1: the small-time series where
/// t < 0.3 a^2, else the large-time series, each to rounding.
///
/// As t falls to 0 so does the density, to nothing. Before the time at which its exponent passes -300 the
/// logarithm goes on as a straight line, through t = 0 and below: impossible times get a finite value that
/// keeps falling, and a slope that leads back. The probability that this adds is below 1e-100.
///
/// Source: Feller (1968), ch. XIV; Navarro & Fuss (2009), doi:10.1016/j.jmp.2009.02.003. Differs from them:
/// a fixed number of terms that is enough for every t, and a relative error instead of an absolute one.
template <class T>
T log_lower_density(const T& t, const T& v, const T& a, const T& z) {
  const T distance = z * a;
  if (!(value_of(t) > value_of(distance) * value_of(distance) / (2 * kDeepest))) {
    const T size = abs(v), edge = earliest(distance, size);
    if (!(value_of(t) > value_of(edge))) {
      const T off = distance + v * edge;
      return log(distance) - T(0.5 * kLog2Pi) - T(1.5) * log(edge) - off * off / (T(2.0) * edge) +
             earliest_slope(edge, distance, size) * (t - edge);
    }
  }
  const T lead = -v * distance - T(0.5) * v * v * t - T(2.0) * log(a), tt = t / (a * a);
  if (value_of(tt) < 0.3) {
    // Images k = 1, 2, 3 over the first term: (1 +- 2k/z) exp(-2k (k +- z) / tt), by powers of two factors.
    const T inv = T(-2.0) / tt, near = exp(inv * (T(1.0) - z)), far = exp(inv * (T(1.0) + z));
    const T both = near * far, back = T(2.0) / z;  // both = exp(-4 / tt)
    T sum = T(1.0) + (T(1.0) + back) * far + (T(1.0) - back) * near;
    if (value_of(tt) > 0.05) {
      const T near2 = near * near * both, far2 = far * far * both, cube = both * both;
      sum += (T(1.0) + T(2.0) * back) * far2 + (T(1.0) - T(2.0) * back) * near2;
      sum += (T(1.0) + T(3.0) * back) * far2 * far * cube + (T(1.0) - T(3.0) * back) * near2 * near * cube;
    }
    return lead + log(z) - T(0.5 * kLog2Pi) - T(1.5) * log(tt) - z * z / (T(2.0) * tt) + log(sum);
  }
  // Terms k = 2 .. 7 over the first: k U_{k-1}(cos(pi z)) q^(k^2 - 1), q = exp(-pi^2 tt / 2).
  const T rate = T(0.5 * 9.8696044010893586188) * tt, q = exp(-rate),
          twice = T(2.0) * sin_pi_reduced(T(0.5) - z);
  const T sine = sin_pi_reduced(T(0.5) - abs(z - T(0.5)));
  const T q2 = q * q;
  T sum(1.0), power = q2 * q, odd = power * q2, before(1.0), now = twice;  // q^3, then times q^5, q^7, ...
  for (int k = 2; k <= 7; ++k) {
    sum += T(static_cast<double>(k)) * now * power;
    power *= odd;
    odd *= q2;
    const T next = twice * now - before;
    before = now;
    now = next;
    if (value_of(power) < 1e-18) break;
  }
  return lead + T(kLogPi) + log(sine) - rate + log(sum);
}

/// Log density at time t of leaving (0, a) at a (upper) or at 0, from z a.
template <class T>
T log_passage_density(const T& t, const T& v, const T& a, const T& z, bool upper) {
  return upper ? log_lower_density(t, -v, a, T(1.0) - z) : log_lower_density(t, v, a, z);
}

struct Passage {
  bool upper;
  double time;
};
/// A first passage out of (0, a) from z a. `uniform(k)` gives the draws k = 0, 1, ... on (0, 1).
///
/// The largest interval around the present place that fits between the bounds is left at either end at a time
/// that does not depend on the end; this is repeated until the end is a bound: once from the middle, two or
/// three times on average elsewhere. Times by rejection, without approximation.
/// Source: Devroye (2009), doi:10.1016/j.spl.2009.07.028; Polson, Scott & Windle (2013),
/// doi:10.1080/01621459.2013.829001 (J*(1, z)). Differs from them: nothing.
template <class Uniform>
Passage sample_passage(double v, double a, double z, Uniform&& uniform);

namespace detail {
/// Share of proposals of the exit time from (-1, 1) with drift m >= 0 that come from beyond the cut.
[[nodiscard]] double late_share(double m);
inline constexpr double kCut = 0.64;

/// Term n of the alternating series of the driftless exit density of (-1, 1) at x.
inline double exit_term(int n, double x) {
  const double k = n + 0.5, pi = 3.14159265358979323846;
  if (x > kCut) return pi * k * exp(-0.5 * k * k * pi * pi * x);
  const double r = 2 / (pi * x);
  return pi * k * r * sqrt(r) * exp(-2 * k * k / x);
}

/// Exit time of (-1, 1) from 0 with drift m >= 0. `next()` gives draws.
template <class Next>
double exit_time(double m, double late, Next&& next) {
  const double rate = 0.125 * 9.8696044010893586188 + 0.5 * m * m;
  for (;;) {
    double x;
    if (next() < late) {
      x = kCut - log(next()) / rate;
    } else if (m < 1 / kCut) {
      do {
        double e, f;
        do {
          e = -log(next());
          f = -log(next());
        } while (e * e > 2 * f / kCut);
        const double s = 1 + kCut * e;
        x = kCut / (s * s);
      } while (next() > exp(-0.5 * m * m * x));
    } else {
      const double mean = 1 / m;
      do {
        const double n = normal_quantile(next()), y = n * n;
        x = mean + 0.5 * mean * (mean * y - sqrt(4 * mean * y + mean * mean * y * y));
        if (next() > mean / (mean + x)) x = mean * mean / x;
      } while (!(x < kCut));
    }
    double sum = exit_term(0, x);
    const double y = next() * sum;
    for (int n = 1;; ++n) {
      sum += n % 2 ? -exit_term(n, x) : exit_term(n, x);
      if (n % 2 && y <= sum) return x;
      if (n % 2 == 0 && y > sum) break;
    }
  }
}
}  // namespace detail

template <class Uniform>
Passage sample_passage(double v, double a, double z, Uniform&& uniform) {
  std::uint32_t k = 0;
  const auto next = [&] { return uniform(k++); };
  double x = z * a, time = 0;
  for (;;) {
    const double d = min(x, a - x), m = abs(v) * d;
    time += d * d * detail::exit_time(m, detail::late_share(m), next);
    const bool up = next() < logistic(2 * v * d);
    if (up ? d >= a - x : d >= x) return {up, time};
    x += up ? d : -d;
  }
}

}  // namespace labile
