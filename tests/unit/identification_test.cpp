/// Overlap of priors with posteriors against closed forms.
#include "bayes/identification.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/normal.hpp"
#include "core/random.hpp"

namespace labile {
namespace {

/// Draws of N(mean, sd) that stand at its quantiles.
std::vector<double> normal_draws(double mean, double sd, int n = 4000) {
  std::vector<double> r;
  for (int i = 0; i < n; ++i) r.push_back(mean + sd * normal_quantile((i + 0.5) / n));
  return r;
}

TEST(PriorOverlap, IsTheAreaUnderBothDensities) {
  EXPECT_NEAR(prior_overlap(normal_draws(0, 1), normal_cdf), 1, 1e-3);
  // Of equal spread, apart by d: 2 Phi(-d / 2). Bins hide what differs within them: up to .01 too much.
  for (const double d : {0.5, 1.0, 2.0})
    EXPECT_NEAR(prior_overlap(normal_draws(d, 1), normal_cdf), 2 * normal_cdf(-d / 2), 0.007) << d;
  // In the middle, of half the variance: densities cross at the root of ln 2.
  const double x = std::sqrt(std::log(2.0));
  const double half = 1 - 2 * (normal_cdf(x * std::sqrt(2.0)) - normal_cdf(x));
  EXPECT_NEAR(half, kOverlapOfHalf, 5e-4);
  EXPECT_NEAR(prior_overlap(normal_draws(0, std::sqrt(0.5)), normal_cdf), half, 0.007);
}
TEST(PriorOverlap, IsNoneWhereDrawsAreBeyondThePrior) {
  EXPECT_NEAR(prior_overlap(normal_draws(12, 0.1), normal_cdf), 0.1, 1e-12);  // one bin: all its prior holds
  EXPECT_NEAR(prior_overlap(normal_draws(0, 1e-3), normal_cdf), 0.2, 1e-3);   // the two beside the middle
  EXPECT_TRUE(std::isnan(prior_overlap({}, normal_cdf)));
}

}  // namespace
}  // namespace labile
