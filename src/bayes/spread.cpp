#include "bayes/spread.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"
#include "core/normal.hpp"

namespace labile {
namespace {
constexpr double kPi = 3.14159265358979323846;

double below(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}
double density(double x) {
  return exp(-0.5 * x * x - kLogSqrt2Pi);
}
}  // namespace

Spread spread_at(const Group& group, double x) {
  if (group.cauchy) {
    // tan(pi / 2 Phi(x)) = cot(pi / 2 Phi(-x)): the smaller angle keeps digits on either side.
    const double t = x < 0 ? std::tan(0.5 * kPi * below(x)) : 1 / std::tan(0.5 * kPi * below(-x));
    return {group.sigma * t, 0.5 * kPi * density(x) * (1 / t + t), -0.5 * x * x - kLogSqrt2Pi, -x};
  }
  const double p = below(x), d = density(x), g = x * p + d;
  return {group.sigma * g, p / g, log(2 * p) - kLogSqrt2Pi - 0.5 * g * g, d / p - g * p};
}

double spread_coordinate(const Group& group, double sigma) {
  const double t = sigma / group.sigma;
  if (group.cauchy) {
    const double p = 2 / kPi * std::atan(t);
    return p < 0.5 ? normal_quantile(std::max(p, 1e-300)) : -normal_quantile(2 / kPi * std::atan(1 / t));
  }
  double x = t > 0.4 ? t : -1;  // Newton on ln sigma, which is concave in x
  for (int i = 0; i < 100; ++i) {
    const auto s = spread_at(group, x);
    const double step = std::clamp((log(t) - log(s.sigma / group.sigma)) / s.log_slope, -1.0, 1.0);
    x += step;
    if (std::abs(step) < 1e-13 * (1 + std::abs(x))) break;
  }
  return x;
}

}  // namespace labile
