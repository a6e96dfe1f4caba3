/// The coordinate of a group's spread sigma: where its prior and what people say of it look about normal.
///
/// A spread near 0 leaves ln sigma a long tail to the left, which makes the sampler's trajectories long. On x
///   sigma = scale (x Phi(x) + phi(x))       half-normal priors: a normal tail to the left, a line to the right
///   sigma = scale tan(pi / 2 Phi(x))        half-Cauchy priors: x is standard normal under the prior
/// both tails are short. Phi and phi are the standard normal's distribution and density. The prior of sigma does not change by it.
#pragma once

#include "contract/agent.hpp"

namespace labile {

/// At one x.
struct Spread {
  double sigma;
  double log_slope;    // d ln sigma / dx
  double log_prior;    // ln of the density of x: that of sigma's prior times d sigma / dx
  double prior_slope;  // its derivative
};
[[nodiscard]] Spread spread_at(const Group& group, double x);
/// The x of a sigma > 0.
[[nodiscard]] double spread_coordinate(const Group& group, double sigma);

}  // namespace labile
