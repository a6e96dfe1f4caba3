/// How well a model predicts what it has not seen, from draws of its posterior: leave-one-out by smoothed importance
/// sampling (PSIS-LOO), WAIC, and what several models make of the same observations.
///
/// Scores are log densities in nats, one an observation (a trial, or a subject whose own parameters were integrated
/// out). Observations come one at a time: all that is kept of one is a few numbers.
///
/// Source: Vehtari, Gelman, Gabry (2017), doi:10.1007/s11222-016-9696-4; Vehtari, Simpson, Gelman, Yao, Gabry (2024),
/// JMLR 25(72); generalized Pareto fit: Zhang & Stephens (2009), doi:10.1198/tech.2009.08017; Yao, Vehtari, Simpson,
/// Gelman (2018), doi:10.1214/17-BA1091.
/// Differs from R's loo 2.5.1: a log-likelihood that is the same at all draws (a first trial, at chance whatever the
/// parameters) needs no weights and has k = 0, where loo warns and gives infinity; densities too small for a double
/// keep their relative efficiency; stacking weights are optimal to 1e-10.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace labile {

/// Draws of equal weight that the sampler's are worth, a draw, for the likelihood of one observation: `loglik` is
/// [chain][iteration]. As loo::relative_eff. Throws Error at NaN.
[[nodiscard]] double relative_efficiency(std::span<const double> loglik, int chains);

struct SmoothedWeights {
  std::vector<double> log_weights;  // [draw] normalized: their exponentials sum to 1
  double k = 0;      // shape of the generalized Pareto tail; infinite where none could be fitted
  double n_eff = 0;  // r_eff over the sum of squared weights
};
/// Importance weights from log ratios, the largest min(S / 5, 3 sqrt(S / r_eff)) of which are replaced by expected
/// order statistics of the fitted tail, and none of which exceeds the largest raw one. Fewer than 5 in the tail (S <
/// 21) are left as they are, with infinite k. Throws Error at NaN. Cost: 0.1 ms for 4000 draws.
[[nodiscard]] SmoothedWeights smooth_weights(std::span<const double> log_ratios, double r_eff = 1);

/// One observation, predicted by the draws weighted to what the posterior would be without it.
struct LooPoint {
  double elpd = 0;  // log predictive density
  double p = 0;     // by how much that of the full posterior is better: its share of the effective parameters
  double mcse = 0;  // Monte Carlo standard error of elpd
  double k = 0;     // above k_threshold(S) the others cannot be trusted
  double n_eff = 0;  // draws that the weights leave
};
struct WaicPoint {
  double elpd = 0;
  double p = 0;  // variance of the log density over draws; above 0.4 WAIC is not to be trusted
};
/// `loglik` is [draw] of one observation, in nats. Minus infinity at some draw gives elpd minus infinity and k
/// infinity. Throws Error at NaN or plus infinity.
[[nodiscard]] LooPoint loo_point(std::span<const double> loglik, double r_eff = 1);
[[nodiscard]] WaicPoint waic_point(std::span<const double> loglik);

/// ln sum exp(x) of at least one number; minus infinity where all are.
[[nodiscard]] double log_of_sum(std::span<const double> x);

/// Up to which k as many draws suffice: min(1 - 1 / log10(S), 0.7).
[[nodiscard]] double k_threshold(int draws);

struct Estimate {
  double value = 0, se = 0;
};
struct Loo {
  Estimate elpd, p, looic;  // sums over observations; looic = -2 elpd
  double mcse = 0;          // of elpd; NaN when a k is above the threshold
  double threshold = 0;     // of k
  int unreliable = 0;       // observations with k above it
  std::vector<LooPoint> points;
};
struct Waic {
  Estimate elpd, p, waic;
  int unreliable = 0;  // observations with p above 0.4
  std::vector<WaicPoint> points;
};

/// Both scores of all observations, filled one observation at a time by any thread. Memory: 56 bytes an observation.
class PointwiseScores {
 public:
  PointwiseScores(int observations, int chains, int iterations)
      : loo_(size(observations)), waic_(loo_.size()), chains_(chains), iterations_(iterations) {}
  /// `loglik` is [chain][iteration] of one observation, with the relative efficiency that these chains have.
  /// Different observations may be put at the same time. Throws Error (with the observation, counted from 1) at
  /// NaN or plus infinity.
  void put(int observation, std::span<const double> loglik);
  [[nodiscard]] Loo loo() const;
  [[nodiscard]] Waic waic() const;

 private:
  static std::size_t size(int n) { return static_cast<std::size_t>(n < 0 ? 0 : n); }
  std::vector<LooPoint> loo_;
  std::vector<WaicPoint> waic_;
  int chains_, iterations_;
};

/// The same from a matrix [draw][observation] that is held as a whole. `r_eff` is [observation], or empty for 1.
[[nodiscard]] Loo loo(std::span<const double> loglik, int observations, std::span<const double> r_eff = {});
[[nodiscard]] Waic waic(std::span<const double> loglik, int observations);

/// Sums of points, of `draws` draws each.
[[nodiscard]] Loo loo_of(std::vector<LooPoint> points, int draws);
[[nodiscard]] Waic waic_of(std::vector<WaicPoint> points);

/// What to do about unreliable observations; empty when there are none. `by_subject`: an observation is a subject.
[[nodiscard]] std::string loo_warning(const Loo& loo, bool by_subject = false);

/// Elpds of several models for the same observations: [model][observation].
using PointwiseModels = std::span<const std::vector<double>>;

struct RankedModel {
  int model = 0;                      // place in what was given
  double elpd_diff = 0, se_diff = 0;  // to the best, which has 0 and comes first
};
[[nodiscard]] std::vector<RankedModel> rank_models(PointwiseModels elpd);

/// Weights [model] of the mixture of predictions with the largest sum of log densities: at most 1e-10 nats an
/// observation below the best. Of models that predict the same each gets a share. These and the following throw
/// Error when models differ in their number of observations, an elpd is NaN, or no model allows an observation.
[[nodiscard]] std::vector<double> stacking_weights(PointwiseModels elpd);
/// exp(elpd), normalized.
[[nodiscard]] std::vector<double> pseudo_bma_weights(PointwiseModels elpd);
/// The mean of those over Bayesian bootstraps of the observations, drawn for (seed, Purpose::bootstrap).
[[nodiscard]] std::vector<double> pseudo_bma_plus_weights(PointwiseModels elpd, std::uint64_t seed,
                                                          int resamples = 1000);

}  // namespace labile
