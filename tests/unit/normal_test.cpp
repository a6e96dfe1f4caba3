/// The normal distribution against the C library, expansions far out, and moments in closed form.
#include "core/normal.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.hpp"

namespace labile {
namespace {
TEST(NormalCdf, EqualsTheLibraryInBothTails) {
  // The series up to 2 cancels two digits; rounding of x^2 / 2 in the exponent grows with it, here and there.
  for (double x = -37; x < 9; x += .0937)
    EXPECT_NEAR(normal_cdf(x) / (.5 * std::erfc(-x / std::sqrt(2.0))), 1, 2e-14 + 3e-16 * x * x) << x;
}

/// Abramowitz & Stegun 26.2.12; differences of logarithms would leave 9 digits at -1e4.
TEST(NormalHazard, KeepsItsDigitsFarOut) {
  for (const double x : {50., 1e3, 1e4, 1e6}) {
    const double q = 1 / (x * x);
    EXPECT_NEAR(normal_hazard(-x) / (x / (1 - q + 3 * q * q - 15 * q * q * q)), 1,
                1e-14 + 105 * q * q * q * q)
        << x;
    Dual<double, 1> at(-x);
    at.d[0] = 1;
    EXPECT_EQ(log_normal_cdf(at).d[0], normal_hazard(-x));
  }
  for (double x = -30; x < 9; x += .0937)
    EXPECT_NEAR(normal_hazard(x) /
                    (std::exp(-.5 * x * x) / std::sqrt(2 * M_PI) / (.5 * std::erfc(-x / std::sqrt(2.0)))),
                1, 2e-14 + 3e-16 * x * x)
        << x;
}

TEST(NormalCdf, ItsLogarithmGoesOnWhereItIsNoNumber) {
  for (double x = -37; x < 12; x += .0937) {
    const double expected = x > 0 ? std::log1p(-.5 * std::erfc(x / std::sqrt(2.0)))
                                  : std::log(.5 * std::erfc(-x / std::sqrt(2.0)));
    EXPECT_NEAR(log_normal_cdf(x), expected, 2e-14 * std::max(1.0, std::abs(expected))) << x;
  }
  // Abramowitz & Stegun 26.2.12.
  for (const double x : {50., 1e3, 1e6}) {
    const double q = 1 / (x * x), expected = -.5 * x * x - std::log(x) - .5 * std::log(2 * M_PI) +
                                             std::log1p(-q + 3 * q * q - 15 * q * q * q);
    EXPECT_NEAR(log_normal_cdf(-x) / expected, 1, 1e-14) << x;
  }
  EXPECT_TRUE(std::isnan(log_normal_cdf(std::nan(""))));
  EXPECT_EQ(log_normal_cdf(INFINITY), 0);
  using D = Dual<Dual<double, 1>, 1>;
  for (const double x : {-300., -8., -1., -1e-3, 0., .5, 3., 8.}) {
    D at(x);
    at.v.d[0] = at.d[0].v = 1;
    const auto l = log_normal_cdf(at);
    const double h = 1e-4, up = log_normal_cdf(x + h), down = log_normal_cdf(x - h), here = log_normal_cdf(x);
    EXPECT_EQ(l.v.v, here);
    EXPECT_NEAR(l.d[0].v, (up - down) / (2 * h), 1e-7 * (1 + std::abs(here))) << x;
    EXPECT_NEAR(l.d[0].d[0], (up - 2 * here + down) / (h * h), 1e-7 * (1 + std::abs(here))) << x;
  }
  for (const double x : {301., 1e3, 1e6, 1e9}) {  // -h (x + h) by the same series
    D at(-x);
    at.v.d[0] = at.d[0].v = 1;
    const double q = 1 / (x * x);
    EXPECT_NEAR(log_normal_cdf(at).d[0].d[0], -(1 - q + 6 * q * q), 1e-12) << x;
  }
}

/// Mean and variance of what is left above 0, by the closed form of Johnson, Kotz & Balakrishnan (1994), 13.10; 4.5 standard errors. Far
/// out the distribution is exponential: its mean is sd^2 / |mean| (1 - 2 sd^2 / mean^2).
TEST(PositiveNormal, HasTheMomentsOfATruncatedOne) {
  const int n = 100000;
  std::uint32_t entity = 700;
  for (const double mean : {250., 40., 0., -80., -900., -5000.}) {
    const double sd = 100, x = mean / sd;
    const double hazard = std::exp(-.5 * x * x - .5 * std::log(2 * M_PI) - log_normal_cdf(x));
    const bool far = x < -20;
    const double expected = far ? sd / -x * (1 - 2 / (x * x)) : mean + sd * hazard;
    const double variance =
        far ? sd * sd / (x * x) * (1 - 6 / (x * x)) : sd * sd * (1 - x * hazard - hazard * hazard);
    const Draw draw{5, Purpose::choice, entity++};
    double sum = 0, square = 0, fourth = 0;
    for (int i = 0; i < n; ++i) {
      const double t = positive_normal(mean, sd, draw.uniform(static_cast<std::uint32_t>(i)));
      EXPECT_GT(t, 0);
      sum += t;
      const double off = (t - expected) * (t - expected);
      square += off;
      fourth += off * off;
    }
    EXPECT_NEAR(sum / n, expected, 4.5 * std::sqrt(variance / n)) << mean;
    EXPECT_NEAR(square / n, variance, 4.5 * std::sqrt((fourth / n - variance * variance) / n)) << mean;
  }
}
}  // namespace
}  // namespace labile
