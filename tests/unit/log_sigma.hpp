/// The density of a posterior on ln sigma instead of its own coordinate of a spread: what independent densities are written on.
#pragma once

#include <cmath>

#include "bayes/density.hpp"

namespace labile {

/// `q` as the posterior has it, but with ln sigma in the places of x; value and gradient, constants included, are in that space.
inline double density_on_log_sigma(const Posterior& p, PosteriorDensity& density, std::vector<double> q,
                                   std::vector<double>& grad) {
  std::vector<Spread> spread;
  for (int k = 0; k < p.params(); ++k) {
    const auto& g = p.model().params[static_cast<std::size_t>(k)].group;
    auto& x = q[static_cast<std::size_t>(p.x(k))];
    x = spread_coordinate(g, std::exp(x));
    spread.push_back(spread_at(g, x));
  }
  double value = density.gradient(q, grad);
  for (int k = 0; k < p.params(); ++k) {
    const auto& s = spread[static_cast<std::size_t>(k)];
    const auto& g = p.model().params[static_cast<std::size_t>(k)].group;
    const double z = s.sigma / g.sigma, pi = std::acos(-1.0);
    // ln of the prior's density of ln sigma, and its slope
    const double prior = std::log(s.sigma) +
                         (g.cauchy ? std::log(2 / (pi * g.sigma)) - std::log1p(z * z)
                                   : std::log(2 / g.sigma) - 0.5 * std::log(2 * pi) - 0.5 * z * z),
                 slope = 1 - (g.cauchy ? 2 * z * z / (1 + z * z) : z * z);
    value += prior - s.log_prior;
    auto& d = grad[static_cast<std::size_t>(p.x(k))];
    d = (d - s.prior_slope) / s.log_slope + slope;
  }
  return value;
}

}  // namespace labile
