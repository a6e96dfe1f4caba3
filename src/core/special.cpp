#include "core/special.hpp"

#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kEnough = 1e-16;    // relative change of a sum that counts as none
constexpr int kMostTerms = 100'000;  // a fraction needs some multiples of sqrt(a + b)
constexpr double kTiny = 1e-300;     // keeps Lentz's denominators off zero

double off_zero(double x) {
  return abs(x) < kTiny ? kTiny : x;
}

/// x^a exp(-x) / Gamma(a).
double gamma_front(double a, double x) {
  return exp(a * log(x) - x - log_gamma(a));
}

double gamma_series(double a, double x) {
  double term = 1 / a, sum = term;
  for (int n = 1; n < kMostTerms && term > sum * kEnough; ++n) sum += term *= x / (a + n);
  return sum * gamma_front(a, x);
}

/// The share above x, for x > a + 1.
double gamma_fraction(double a, double x) {
  double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, h = d;
  for (int n = 1; n < kMostTerms; ++n) {
    const double top = -n * (n - a);
    b += 2;
    d = 1 / off_zero(top * d + b);
    c = off_zero(b + top / c);
    const double step = d * c;
    h *= step;
    if (abs(step - 1) < kEnough) break;
  }
  return h * gamma_front(a, x);
}

/// The fraction of beta_share, which converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 / off_zero(1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / off_zero(1 + even * d);
    c = off_zero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / off_zero(1 + odd * d);
    c = off_zero(1 + odd / c);
    const double step = d * c;
    h *= step;
    if (abs(step - 1) < kEnough) break;
  }
  return h;
}
}  // namespace

// Stirling's series after shifting x above 10.
double log_gamma(double x) {
  double shift = 1;
  for (; x < 10; x += 1) shift *= x;
  const double z = 1 / (x * x);
  const double series = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / x;
  return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - log(shift);
}

double digamma(double x) {
  double shift = 0;
  for (; x < 10; x += 1) shift += 1 / x;
  const double z = 1 / (x * x);
  const double series =
      z *
      (1.0 / 12 -
       z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  return log(x) - 0.5 / x - series - shift;
}

double gamma_share(double a, double x) {
  if (!(x > 0)) return x == 0 ? 0 : kNaN;
  if (x == kInf) return 1;
  return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double beta_share(double a, double b, double x) {
  if (!(x > 0 && x < 1)) return x == 0 || x == 1 ? x : kNaN;
  const double front = exp(a * log(x) + b * log1p(-x) + log_gamma(a + b) - log_gamma(a) - log_gamma(b));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                   : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

// Newton's steps where they stay inside a bracket that shrinks, halving where they do not.
double beta_quantile(double a, double b, double p) {
  if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) return kNaN;
  if (p == 0 || p == 1) return p;
  const double scale = log_gamma(a + b) - log_gamma(a) - log_gamma(b);
  double low = 0, high = 1, x = a / (a + b);
  for (int i = 0; i < 200; ++i) {
    const double off = beta_share(a, b, x) - p;
    (off > 0 ? high : low) = x;
    const double slope = exp((a - 1) * log(x) + (b - 1) * log1p(-x) + scale);
    const double newton = x - off / slope;
    const double next = newton > low && newton < high ? newton : 0.5 * (low + high);
    if (abs(next - x) <= 1e-15 * x) return next;
    x = next;
  }
  return x;
}

}  // namespace labile
