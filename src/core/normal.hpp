/// The standard normal distribution: density, distribution function, its logarithm and hazard, and draws of its part above 0.
///
/// Written on labile::exp and labile::log, so that their bits depend on no C library. Its quantiles are in core/random.hpp.
#pragma once

#include "core/dual.hpp"

namespace labile {

inline constexpr double kNormalPeak = 0.39894228040143267794;  // density at 0: 1 / sqrt(2 pi)
inline constexpr double kLog2Pi = 1.8378770664093454836, kLogSqrt2Pi = kLog2Pi / 2;

/// Phi(-x) over the normal density at x >= 0.
[[nodiscard]] double mills_ratio(double x);
/// Phi(x), relative error below 2e-14 + 3e-16 x^2.
[[nodiscard]] double normal_cdf(double x);
/// ln Phi(x), exact in both tails.
[[nodiscard]] double log_normal_cdf(double x);
/// Its slope: the density over Phi(x).
[[nodiscard]] double normal_hazard(double x);
/// x + h, which is small far in the left tail, where the two cancel.
template <class B>
B hazard_less(const B& x, const B& h) {
  if (value_of(x) > -300) return x + h;
  const B y = B(1.0) / (x * x);
  return (B(1.0) - y * (B(2.0) - B(10.0) * y)) / -x;
}
template <class B, int P>
Dual<B, P> normal_hazard(const Dual<B, P>& x) {
  const B h = normal_hazard(x.v);
  return x.chain(h, -h * hazard_less(x.v, h));
}
template <class B, int P>
Dual<B, P> log_normal_cdf(const Dual<B, P>& x) {
  return x.chain(log_normal_cdf(x.v), normal_hazard(x.v));
}
/// A draw of N(mean, sd) given that it is above 0, by a uniform u on (0, 1); where that is next to impossible (mean below -37 sd), of the
/// exponential that it comes close to.
[[nodiscard]] double positive_normal(double mean, double sd, double u);

}  // namespace labile
