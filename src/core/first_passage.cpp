#include "core/first_passage.hpp"

#include <algorithm>

namespace labile {
namespace {
/// Phi(-x) over the normal density at x, x >= 0.
double mills_ratio(double x) {
  if (x < 2) {
    double term = x, sum = x;
    for (int n = 1; n < 60; ++n) {
      term *= x * x / (2 * n + 1);
      sum += term;
    }
    return 1.2533141373155002512 * exp(0.5 * x * x) - sum;  // sqrt(pi / 2)
  }
  double r = x;
  const double terms = std::min(80.0, 8 + 400 / (x * x));  // 80 of NaN
  for (int n = static_cast<int>(terms); n > 0; --n) r = x + n / r;
  return 1 / r;
}
constexpr double kDensity0 = 0.39894228040143267794;  // 1 / sqrt(2 pi)
}  // namespace

double normal_cdf(double x) {
  const double tail = kDensity0 * exp(-0.5 * x * x) * mills_ratio(abs(x));
  return x < 0 ? tail : 1 - tail;
}

double log_normal_cdf(double x) {
  if (x < 0) return -0.5 * x * x - 0.5 * kLog2Pi + log(mills_ratio(-x));
  if (x > 9) return 0;  // to 1e-19
  return log1p(-kDensity0 * exp(-0.5 * x * x) * mills_ratio(x));
}

double positive_normal(double mean, double sd, double u) {
  constexpr double kFar = -37;  // the distribution function is a normal number down to here
  if (mean < kFar * sd) return -log(u) * sd * (sd / -mean);
  // The share of (0, 1) that lies above 0, from its upper end.
  return std::max(mean - sd * normal_quantile(u * normal_cdf(mean / sd)), 0.0);
}

namespace detail {
double late_share(double m) {
  // Masses of both proposals times exp(m), which cancels.
  constexpr double t = kCut, pi = 3.14159265358979323846;
  const double rate = 0.125 * pi * pi + 0.5 * m * m;
  const double late = pi / (2 * rate) * exp(m - rate * t);
  const double over = (t * m + 1) / sqrt(t);
  const double early = 2 * (normal_cdf((t * m - 1) / sqrt(t)) +
                            kDensity0 * exp(m - 0.5 * (t * m * m + 1 / t)) * mills_ratio(over));
  return late / (late + early);
}
}  // namespace detail

}  // namespace labile
