/// Random-effects Bayesian model selection: how frequent each model is among people who need not share one.
///
/// Each subject's model is drawn from a multinomial with unknown frequencies r ~ Dirichlet(alpha0). A variational
/// posterior Dirichlet(alpha) of r and attributions g of subjects are iterated until neither moves:
///
///   g_nk ~ exp(L_nk + psi(alpha_k) - psi(sum alpha)),    alpha_k = alpha0 + sum_n g_nk
///
/// Exceedance probabilities (each model's of being the most frequent) are integrals of gamma distributions, worked
/// out numerically and not by sampling. BOR is the probability that all models are equally frequent, and protects:
/// PXP = (1 - BOR) XP + BOR / K.
///
/// Source: Stephan, Penny, Daunizeau, Moran, Friston (2009), doi:10.1016/j.neuroimage.2009.03.025, equations 9 to 16;
/// Rigoux, Stephan, Friston, Daunizeau (2014), doi:10.1016/j.neuroimage.2013.08.065, equations 4 to 7 and appendix.
/// Differs from it: iterations stop at a change of 1e-12 subjects, and exceedance has no sampling error.
#pragma once

#include <span>
#include <vector>

namespace labile {

struct GroupModels {
  std::vector<double> alpha;         // [model] of the Dirichlet posterior; sums to K alpha0 + subjects
  std::vector<double> frequency;     // [model] its mean
  std::vector<double> frequency_sd;  // [model]
  std::vector<double> exceedance;    // [model] probability of being the most frequent
  std::vector<double> protected_exceedance;  // [model]
  double bor = 0;                            // probability that models are equally frequent
  double free_energy = 0;                    // nats; lower bound on the log evidence of unequal frequencies
  double null_free_energy = 0;               // nats; log evidence of equal ones
  std::vector<std::vector<double>> attribution;  // [subject][model] posterior probability
  int iterations = 0;
};

/// From log evidences in nats, [subject][model] flat (say -BIC / 2, a Laplace approximation, elpd_loo). Minus
/// infinity says that a model cannot be a subject's. `prior_count` is alpha0, the same for every model.
///
/// Throws Error, with subject and model counted from 1, at NaN, at plus infinity and where no model is possible, and
/// when prior_count is not positive. Cost: some subjects x models x 100, and about 10 ms a model for exceedance.
[[nodiscard]] GroupModels select_models(std::span<const double> log_evidence, int models,
                                        double prior_count = 1);

/// Probability for each entry of a Dirichlet(alpha) draw to be the largest, to 1e-10.
[[nodiscard]] std::vector<double> exceedance_probabilities(std::span<const double> alpha);

}  // namespace labile
