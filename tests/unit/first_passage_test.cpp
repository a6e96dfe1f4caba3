/// First passages against series summed far past convergence, closed forms and published values.
#include "core/first_passage.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/random.hpp"

namespace labile {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// Lower-bound density by whichever direct series converges, in long double, by the C library.
long double direct(long double t, long double v, long double a, long double z, bool small) {
  const long double tt = t / (a * a), lead = std::exp(-v * a * z - v * v * t / 2) / (a * a);
  long double sum = 0;
  const long double pi = std::acos(-1.0L);
  if (small) {
    for (int k = -60; k <= 60; ++k) sum += (z + 2 * k) * std::exp(-(z + 2 * k) * (z + 2 * k) / (2 * tt));
    return lead * sum / std::sqrt(2 * pi * tt * tt * tt);
  }
  for (int k = 1; k <= 400; ++k) sum += k * std::exp(-k * k * pi * pi * tt / 2) * std::sin(k * pi * z);
  return lead * pi * sum;
}

TEST(DiffusionDensity, HasThePublishedValuesL18) {
  const auto f = [](double t, double v, double a, double z, bool upper) {
    return std::exp(log_passage_density(t, v, a, z, upper));
  };
  EXPECT_NEAR(f(.5, 1, 1, .5, false), .125849, 5e-7);
  EXPECT_NEAR(f(.5, 1, 1, .5, true), .342093, 5e-7);
  EXPECT_NEAR(f(.3, 1.5, 2, .4, false), .143662, 5e-7);
  EXPECT_NEAR(f(.3, 1.5, 2, .4, true), 1.140866, 5e-7);
}

TEST(DiffusionDensity, EqualsBothDirectSeriesIntoTheTails) {
  int compared = 0;
  for (const double a : {.4, 1., 1.7, 3.})
    for (const double z : {.03, .3, .5, .72, .98})
      for (const double v : {-6., -.7, 0., 1.3, 9.})
        for (const double tt : {.004, .02, .05, .0501, .11, .29, .31, .6, 1.5, 4., 9.}) {
          const double t = tt * a * a;
          // The images cancel for long times, the sines for short ones.
          const long double f = direct(t, v, a, z, tt < .5);
          if (!(f > 1e-200L)) continue;
          const double l = log_lower_density(t, v, a, z);
          EXPECT_NEAR(l, static_cast<double>(std::log(f)), 1e-10 * std::max(1.0, std::abs(l)))
              << a << " " << z << " " << v << " " << tt;
          ++compared;
        }
  EXPECT_GT(compared, 900);
}

TEST(DiffusionDensity, IntegratesToTheProbabilityOfItsBound) {
  for (const double v : {-2., 0., 1., 4.})
    for (const double z : {.2, .5, .8})
      for (const bool upper : {false, true}) {
        const double a = 1.4, h = 1e-4;
        double sum = 0, time = 0;
        for (double t = h / 2; t < 12; t += h) {
          const double f = std::exp(log_passage_density(t, v, a, z, upper));
          sum += f * h;
          time += t * f * h;
        }
        const double p = upper ? log_upper_probability(v, a, z) : log_upper_probability(-v, a, 1 - z);
        EXPECT_NEAR(sum, std::exp(p), 1e-7) << v << " " << z << " " << upper;
        if (z != .5 || v == 0) continue;
        // From the middle both bounds take the mean decision time of Bogacz et al. (2006).
        EXPECT_NEAR(time / sum, .7 / v * std::tanh(.7 * v), 1e-6);
      }
}

TEST(DiffusionProbability, IsTheClosedFormL17) {
  // Bounds at -.5 and .5: a = 1, start in the middle.
  EXPECT_NEAR(std::exp(log_upper_probability(1., 1., .5)), .731059, 5e-7);
  EXPECT_NEAR(std::exp(log_upper_probability(2., 1., .5)), .880797, 5e-7);
  for (const double v : {-40., -3., -1e-3, 1e-9, 0., .02, .7, 12.})
    for (const double z : {.1, .5, .9}) {
      const double a = 1.7, up = log_upper_probability(v, a, z), down = log_upper_probability(-v, a, 1 - z);
      EXPECT_NEAR(std::exp(up) + std::exp(down), 1, 1e-13);
      const double exact = v == 0 ? z : std::expm1(-2 * v * a * z) / std::expm1(-2 * v * a);
      EXPECT_NEAR(up, std::log(exact), 1e-11 * std::max(1.0, std::abs(up))) << v << " " << z;
    }
}

TEST(WaldDensity, IsTheInverseGaussian) {
  // Mean a / v and variance a / v^3; the plain formula at one point.
  const double v = 1.7, a = 1.2, h = 2e-4;
  double sum = 0, mean = 0, square = 0;
  for (double t = h / 2; t < 40; t += h) {
    const double f = std::exp(wald_log_density(t, v, a));
    sum += h * f;
    mean += h * t * f;
    square += h * t * t * f;
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_NEAR(mean, a / v, 1e-9);
  EXPECT_NEAR(square - mean * mean, a / (v * v * v), 1e-8);
  EXPECT_NEAR(std::exp(wald_log_density(.4, v, a)),
              a / std::sqrt(2 * kPi * .064) * std::exp(-std::pow(a - v * .4, 2) / .8), 1e-14);
  // A far second bound changes nothing.
  EXPECT_NEAR(log_passage_density(.4, v, 60., 1 - a / 60, true), wald_log_density(.4, v, a), 1e-10);
}

TEST(DiffusionDensity, DerivativesMatchDifferences) {
  using D = Dual<double, 4>;
  using H = Dual<D, 4>;
  for (const double t : {.02, .2, .45, 1.2, 4.}) {
    const double at[4] = {t, 1.3, 1.1, .37};
    const auto value = [](const double* x) { return log_lower_density(x[0], x[1], x[2], x[3]); };
    const auto second = [](int i, double x) { return H::variable(D::variable(x, i), i); };
    const H l = log_lower_density(second(0, at[0]), second(1, at[1]), second(2, at[2]), second(3, at[3]));
    EXPECT_EQ(l.v.v, value(at));
    for (int i = 0; i < 4; ++i) {
      const double h = 1e-5 * at[i];
      double up[4], down[4];
      std::copy(at, at + 4, up);
      std::copy(at, at + 4, down);
      up[i] += h;
      down[i] -= h;
      EXPECT_NEAR(l.v.d[static_cast<std::size_t>(i)], (value(up) - value(down)) / (2 * h),
                  1e-6 * (1 + std::abs(l.v.d[static_cast<std::size_t>(i)])))
          << t << " " << i;
      for (int j = 0; j < 4; ++j) {
        const auto slope = [&](const double* x) {
          return log_lower_density(D::variable(x[0], 0), D::variable(x[1], 1), D::variable(x[2], 2),
                                   D::variable(x[3], 3))
              .d[static_cast<std::size_t>(j)];
        };
        const double is = l.d[static_cast<std::size_t>(i)].d[static_cast<std::size_t>(j)];
        EXPECT_NEAR(is, (slope(up) - slope(down)) / (2 * h), 1e-5 * (1 + std::abs(is))) << t << i << j;
      }
    }
  }
}

TEST(DiffusionDensity, ImpossibleTimesAreFiniteAndLeadBack) {
  using D = Dual<double, 4>;
  double before = -200;
  for (const double t : {1e-3, 1e-4, 1e-9, 0., -1e-3, -.2, -5.}) {
    const D l =
        log_lower_density(D::variable(t, 0), D::variable(1.2, 1), D::variable(1.5, 2), D::variable(.5, 3));
    EXPECT_TRUE(std::isfinite(l.v)) << t;
    EXPECT_LT(l.v, before) << t;
    EXPECT_GT(l.d[0], 1000) << "longer times are likelier";
    for (const double d : l.d) EXPECT_TRUE(std::isfinite(d)) << t;
    before = l.v;
  }
  // The line meets the density with its slope, and keeps falling whatever the drift.
  for (const double v : {1.2, 0., -1.2, 40., -40., 100., -100.})
    for (const double a : {.1, 1.5, 20.}) {
      const double z = .5, edge = earliest(z * a, std::abs(v));
      const auto slope = [&](double t) {
        return log_lower_density(D::variable(t, 0), D(v), D(a), D(z)).d[0];
      };
      const double below = log_lower_density(edge * (1 - 1e-9), v, a, z),
                   above = log_lower_density(edge * (1 + 1e-9), v, a, z);
      EXPECT_NEAR(below, above, 1e-5) << v << " " << a;
      EXPECT_NEAR(slope(edge * (1 - 1e-9)) / slope(edge * (1 + 1e-9)), 1, 1e-4) << v << " " << a;
      EXPECT_LT(below, -250);
      double last = below;
      for (const double t : {edge / 2, 0., -.1, -1., -5.}) {
        const double l = log_lower_density(t, v, a, z);
        EXPECT_LT(l, last) << v << " " << a << " " << t;
        last = l;
      }
    }
}

/// 1e5 samples a case against the density: share of the upper bound and 20 equally likely bins of time given
/// the bound. Chi-square of 19 degrees above 52.8 once in 20,000.
TEST(DiffusionSamples, FollowTheDensity) {
  const struct {
    double v, a, z;
  } cases[] = {{0, 1, .5}, {1.3, 1.6, .5}, {-2, 1.2, .3}, {.8, 2, .85}, {9, 1.6, .5}, {-14, 2, .2}};
  std::uint32_t entity = 0;
  for (const auto& c : cases) {
    const int n = 100000;
    std::vector<double> times[2];
    ++entity;
    for (int i = 0; i < n; ++i) {
      const Draw draw{9, Purpose::choice, entity};
      const auto p = sample_passage(
          c.v, c.a, c.z, [&](std::uint32_t k) { return draw.uniform(static_cast<std::uint32_t>(i), k); });
      times[p.upper].push_back(p.time);
    }
    const double up = std::exp(log_upper_probability(c.v, c.a, c.z));
    EXPECT_NEAR(static_cast<double>(times[1].size()) / n, up, 4 * std::sqrt(up * (1 - up) / n) + 1e-12);
    for (const bool upper : {false, true}) {
      const auto& t = times[upper];
      if (t.size() < 2000) continue;
      const double share = upper ? up : 1 - up, h = c.a * c.a / 20000;
      double bins[20] = {}, cumulative = 0;
      std::vector<double> edges;
      for (double x = h / 2; edges.size() < 19; x += h) {
        cumulative += h * std::exp(log_passage_density(x, c.v, c.a, c.z, upper)) / share;
        if (cumulative >= (static_cast<double>(edges.size()) + 1) / 20) edges.push_back(x + h / 2);
        ASSERT_LT(x, 100);
      }
      // Bin probabilities between the edges that were found, by the same sums.
      double p[20] = {};
      std::size_t k = 0;
      for (double x = h / 2; k < 19; x += h) {
        p[k] += h * std::exp(log_passage_density(x, c.v, c.a, c.z, upper)) / share;
        if (x + h / 2 >= edges[k]) ++k;
      }
      p[19] = 1;
      for (int b = 0; b < 19; ++b) p[19] -= p[b];
      for (const double x : t) bins[std::upper_bound(edges.begin(), edges.end(), x) - edges.begin()] += 1;
      double chi = 0;
      const double m = static_cast<double>(t.size());
      for (int b = 0; b < 20; ++b) chi += (bins[b] - m * p[b]) * (bins[b] - m * p[b]) / (m * p[b]);
      EXPECT_LT(chi, 52.8) << c.v << " " << c.a << " " << c.z << " " << upper;
    }
  }
}

}  // namespace
}  // namespace labile
