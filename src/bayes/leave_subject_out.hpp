/// How well a fit of the others predicts a whole subject whom it has not seen: leave-one-subject-out with the subject's own parameters
/// integrated out.
///
///   ln p(y_s | y_others) = -ln E[1 / L_s(phi)],   L_s(phi) = integral of p(y_s | theta) p(theta | phi) dtheta
///
/// over draws of the group's parameters phi (mu, b, sigma) from the fit of all, the weights 1 / L_s smoothed (PSIS). Each integral is a sum
/// over points theta, weighted by the density of a mixture of normals that they follow. Points are the same for all draws, so that a
/// subject costs `points` likelihoods, not some a draw: most lie where the subject would be at 32 of the draws (the product of the group
/// there and a normal approximation of its likelihood), others where the group is, or wider. Where these leave fewer than `enough` at
/// some draw, or rows of a subject differ in covariates, that draw has points of its own, with likelihoods of their own.
///
/// Source: Merkle, Furr & Rabe-Hesketh (2019), doi:10.1007/s11336-019-09679-0 (why the parameters are integrated out); Vehtari, Gelman &
/// Gabry (2017), doi:10.1007/s11222-016-9696-4; weights of a mixture: Owen & Zhou (2000), doi:10.1080/01621459.2000.10473909.
/// Differs from them: points are a folded and shifted lattice (golden ratio's generalization), eight shifts of which tell the error.
#pragma once

#include "bayes/group_fit.hpp"

namespace labile {

struct SubjectOutOptions {
  int points = 4096;        // a subject, shared by draws; rounded to a multiple of 32, as the next
  int enough = 400;         // effective ones of them, else a draw has its own
  int points_a_draw = 256;  // its own
  int draws_at_most = 500;  // that are used where covariates differ within a subject
  std::uint64_t seed = 1;
  int threads = 1;
};

struct SubjectsOut {
  /// By subject; its mcse is that of the draws. Sums are over `scored` subjects, who have an observation.
  Loo loo;
  int scored = 0;
  std::vector<double>
      integration_mcse;  // [subject] of elpd, from the integrals: a jackknife over eight sets of points
  std::vector<double> points_left;  // [subject] effective points of the worst integral
  double mcse = 0;                  // of the sum, of draws and integrals
};

/// Of every subject of the fit. Throws Interrupted. Memory: 80 bytes a draw and thread, whatever the number of subjects.
[[nodiscard]] SubjectsOut leave_subjects_out(const GroupFit& fit, const SubjectOutOptions& options);

/// ln L_s at every draw [chain][iteration] of the fit, in nats.
[[nodiscard]] std::vector<double> integrated_loglik(const GroupFit& fit, int subject,
                                                    const SubjectOutOptions& options);
/// What to do about subjects whose k is above the threshold; empty when there are none.
[[nodiscard]] std::string subjects_out_warning(const SubjectsOut& out);

}  // namespace labile
