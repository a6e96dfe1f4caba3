/// What choices say of a parameter and what only its prior says: named, so that nobody takes the one for the other.
#pragma once

#include <functional>
#include <span>

#include "bayes/density.hpp"
#include "bayes/group_fit.hpp"

namespace labile {

/// Overlap of a prior with the posterior that `draws` come from: the area under both densities, 0 to 1; 1 = nothing was learned. `cdf` is
/// the prior's distribution function. Ten bins of equal prior probability: never below .1, and too small by up to .06 with 400 independent
/// draws. NaN without draws. Source: Garrett & Zeger (2000), doi:10.1111/j.0006-341X.2000.01055.x.
[[nodiscard]] double prior_overlap(std::span<const double> draws, const std::function<double(double)>& cdf);

/// Where a normal posterior stands in the middle of its prior and choices say as much as the prior does (half its variance), the overlap is
/// this. Above it the prior says more.
inline constexpr double kOverlapOfHalf = 0.834;

/// Fills prior_overlap of the group's quantities that have a prior of their own (mu, sigma, b), and `weak`. Subjects who chose one option
/// alone go by `unit_names`.
void name_what_is_weak(const Posterior& p, std::span<const SubjectTrials> units,
                       const GroupFitOptions& options, GroupFit& fit);

}  // namespace labile
