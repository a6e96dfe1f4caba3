/// Empirical Bayes by expectation-maximization: each subject's most probable parameters and their curvature under a group distribution,
/// and the group distribution under them. Where the sampler starts, and how it is scaled.
///
/// Source: Huys et al. (2011), doi:10.1371/journal.pcbi.1002028, S1. Differs from it: the group's mean and spread have the priors
/// of the hierarchical model; each subject is climbed from several places in three of the rounds, and
/// the whole once more from far outside the priors where that is called for; with effects of covariates, mu and
/// b go by Newton's method on the log density with every subject at its most probable values, which for normal choices is
/// weighted least squares.
#pragma once

#include "bayes/density.hpp"
#include "core/random.hpp"

namespace labile {

/// All numbers are before T. Coefficients are numbered as a Posterior does.
struct Laplace {
  std::vector<double> mu, sigma;       // [parameter]
  std::vector<std::vector<double>> b;  // [parameter][coefficient]
  // [coefficient][coefficient] of mu and b, where there is any b; else empty
  std::vector<double> group_covariance;
  // [parameter][subject] most probable values, of a subject's units together; refined: their means
  std::vector<double> center;
  std::vector<double> covariance;  // [subject][parameter][parameter]
  std::vector<std::vector<Posterior::Top>>
      tops;  // [subject] all that were found when they were last looked for
};

/// Goes on until the group's means, effects and spreads move by less than 1e-3, or for `most` rounds. Where people who are all alike
/// would do better far outside the priors (outcomes in hundreds of points), it goes on from there too, and the denser group is kept. Results do not
/// depend on threads. It and refine() throw Interrupted.
[[nodiscard]] Laplace laplace(const Posterior& posterior, int most = 30, int threads = 1);

/// Replaces modes and curvatures by means and mean curvatures around them; likelihoods that are skewed, or flat to one side, then count
/// with both of their sides. The group stays.
/// Source: Gaussian variational inference, Opper & Archambeau (2009), doi:10.1162/neco.2008.08-07-592, with their expectations by a
/// cubature rule of degree 3.
void refine(const Posterior& posterior, Laplace& laplace, int threads = 1);

/// Standardizes every subject's parameters by what its choices say, maps the group's coefficients to where they are expected, and gives a
/// start for the sampler with variances around it.
struct Start {
  std::vector<double> q, var;  // [dim]
};
[[nodiscard]] Start prepare(Posterior& posterior, const Laplace& laplace);
/// All three.
[[nodiscard]] Start start_of(Posterior& posterior, int threads = 1);

/// Where a chain starts: scattered by what the estimate leaves open, less and less where the density does not reach.
[[nodiscard]] std::vector<double> scattered(LogDensityOver& density, const Start& start, const Draw& draw);

}  // namespace labile
