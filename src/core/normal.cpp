#include "core/normal.hpp"

#include <algorithm>

#include "core/random.hpp"

namespace labile {
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

double normal_cdf(double x) {
  const double tail = kNormalPeak * exp(-0.5 * x * x) * mills_ratio(abs(x));
  return x < 0 ? tail : 1 - tail;
}

double log_normal_cdf(double x) {
  if (x < 0) return -0.5 * x * x - 0.5 * kLog2Pi + log(mills_ratio(-x));
  if (x > 9) return 0;  // to 1e-19
  return log1p(-kNormalPeak * exp(-0.5 * x * x) * mills_ratio(x));
}

double normal_hazard(double x) {
  return x < 0 ? 1 / mills_ratio(-x) : kNormalPeak * exp(-0.5 * x * x) / normal_cdf(x);
}

double positive_normal(double mean, double sd, double u) {
  constexpr double kFar = -37;  // the distribution function is a normal number down to here
  if (mean < kFar * sd) return -log(u) * sd * (sd / -mean);
  // The share of (0, 1) that lies above 0, from its upper end.
  return std::max(mean - sd * normal_quantile(u * normal_cdf(mean / sd)), 0.0);
}

}  // namespace labile
