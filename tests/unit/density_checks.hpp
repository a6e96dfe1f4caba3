/// Checks of a posterior's density: on ln sigma instead of its own coordinate of a spread, which is what independent densities are
/// written on; and its gradient against differences.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bayes/density.hpp"
#include "core/random.hpp"

namespace labile {

/// `q` as the posterior has it, but with ln sigma in the places of x; value and gradient, constants included, are in that space.
inline double density_on_log_sigma(const Posterior& p, PosteriorDensity& density, std::vector<double> q,
                                   std::vector<double>& grad) {
  struct Coordinate {
    std::size_t at;
    const Group* group;
    Spread spread;
  };
  std::vector<Coordinate> spreads;
  for (int k = 0; k < p.params(); ++k) {
    const auto& g = p.model().params[static_cast<std::size_t>(k)].group;
    spreads.push_back({static_cast<std::size_t>(p.x(k)), &g, {}});
    for (int j = 0; j < p.slopes(k); ++j)
      spreads.push_back({static_cast<std::size_t>(p.slope(k, j)), &g, {}});
  }
  for (auto& [at, group, spread] : spreads) {
    q[at] = spread_coordinate(*group, std::exp(q[at]));
    spread = spread_at(*group, q[at]);
  }
  double value = density.gradient(q, grad);
  for (const auto& [at, group, spread] : spreads) {
    const double z = spread.sigma / group->sigma, pi = std::acos(-1.0);
    // ln of the prior's density of ln sigma, and its slope
    const double prior = std::log(spread.sigma) +
                         (group->cauchy ? std::log(2 / (pi * group->sigma)) - std::log1p(z * z)
                                        : std::log(2 / group->sigma) - 0.5 * std::log(2 * pi) - 0.5 * z * z),
                 slope = 1 - (group->cauchy ? 2 * z * z / (1 + z * z) : z * z);
    value += prior - spread.log_prior;
    grad[at] = (grad[at] - spread.prior_slope) / spread.log_slope + slope;
  }
  return value;
}

/// At a point drawn with this spread.
inline void expect_gradient_equals_differences(const Posterior& p, const Draw& draw, double spread) {
  PosteriorDensity density(p);
  std::vector<double> q, grad(static_cast<std::size_t>(p.dim())), other(grad.size());
  for (int i = 0; i < p.dim(); ++i) q.push_back(spread * draw.normal(static_cast<std::uint32_t>(i)));
  (void)density.gradient(q, grad);
  for (std::size_t i = 0; i < q.size(); ++i) {
    auto up = q, down = q;
    constexpr double h = 1e-5;
    up[i] += h;
    down[i] -= h;
    const double slope = (density.gradient(up, other) - density.gradient(down, other)) / (2 * h);
    EXPECT_NEAR(grad[i], slope, 1e-6 * std::max(1.0, std::abs(slope))) << p.names()[i];
  }
}

}  // namespace labile
