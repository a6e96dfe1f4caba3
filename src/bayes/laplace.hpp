/// Empirical Bayes by expectation-maximization: each subject's most probable parameters and their curvature under a group distribution,
/// and the group distribution under them. Where the sampler starts, and how it is scaled.
///
/// Source: Huys et al. (2011), doi:10.1371/journal.pcbi.1002028, S1. Differs from it: the group's mean and spread have the priors
/// of the hierarchical model.
#pragma once

#include "bayes/density.hpp"
#include "core/random.hpp"

namespace labile {

/// All numbers are before T. Effects of covariates are left at 0.
struct Laplace {
  std::vector<double> mu, sigma;   // [parameter]
  std::vector<double> mode, var;   // [parameter][subject]
  std::vector<double> covariance;  // [subject][parameter][parameter]
  int rounds = 0;
};

/// Goes on until the group's means and spreads move by less than 1e-3, or for `most` rounds.
[[nodiscard]] Laplace laplace(const Posterior& posterior, int most = 30);

/// Standardizes every subject's parameters by what its choices say, and gives a start for the sampler with variances around it.
struct Start {
  std::vector<double> q, var;  // [dim]
};
[[nodiscard]] Start prepare(Posterior& posterior, const Laplace& laplace);

/// Where a chain starts: scattered by what the estimate leaves open, less and less where the density does not reach.
[[nodiscard]] std::vector<double> scattered(LogDensityOver& density, const Start& start, const Draw& draw);

}  // namespace labile
