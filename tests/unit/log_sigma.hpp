/// The density of a posterior on ln sigma instead of its own coordinate of a spread: what independent densities are written on.
#pragma once

#include <cmath>

#include "bayes/density.hpp"

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

}  // namespace labile
