/// Fits a learner to a group of people as a whole: hierarchical Bayes by the No-U-Turn sampler, with the checks that say whether to believe
/// it.
///
/// Every chain starts near the empirical Bayes estimate, scattered by its spread, standardized from there, and adapts
/// further during warm-up. Results are a function of data, model, options; not of threads.
#pragma once

#include <functional>
#include <limits>
#include <memory>

#include "bayes/diagnostics.hpp"
#include "bayes/laplace.hpp"
#include "bayes/loo.hpp"

namespace labile {

struct GroupFitOptions {
  int chains = 4, warmup = 300, draws = 1000;  // draws and warm-up of each chain
  double adapt_delta = 0.8;
  int max_depth = 10;
  std::uint64_t seed = 1;
  int threads = 1;
  bool predict = true;  // leave-one-out and WAIC, decision by decision
  std::vector<FitOverride> overrides = {};
  std::vector<NamedGroup> groups = {};
  bool partial = true;      // interrupted, keep what chains say that have finished; else throw Interrupted
  bool correlated = false;  // parameters correlate over subjects, a priori as LKJ(2) has it
  std::vector<std::string> unit_names = {};  // of units, for warnings; else they are numbered from 1
  std::vector<NamedDesign> designs = {};     // effects on parameters, by name; rows are units
  std::function<void(double share, const std::string& what)> progress = {};  // from any thread
  /// Sees every draw of parameter k of a unit, on the natural scale, [chain][iteration]; from any thread, once for each.
  std::function<void(int k, int unit, std::span<const double> draws)> each_unit = {};
  Sharing* sharing = nullptr;  // over which chains are shared out; null: this process's threads
};

/// One quantity with what its draws say.
struct PosteriorQuantity {
  std::string name;
  DrawSummary summary;
  std::vector<double> draws;  // [chain][iteration]
  /// Overlap with its prior, 0 to 1 (bayes/identification.hpp); NaN where it has none of its own.
  double prior_overlap = std::numeric_limits<double>::quiet_NaN();
};

struct GroupFit {
  std::vector<GroupParam> params;  // those estimated
  /// corr[NAME,OTHER] of parameters over subjects, before T, where they may correlate.
  /// NAME: T(mu), the median subject's value; mu[NAME], sigma[NAME]: before T; b[NAME:COEFFICIENT] likewise.
  std::vector<PosteriorQuantity> group;
  /// [parameter estimated][unit], on the natural scale.
  std::vector<std::vector<DrawSummary>> unit;
  /// [parameter] mean share of what is known of a subject's value that comes from the subject's own choices, not from the group.
  std::vector<double> own_share;
  std::vector<NutsChain> chains;  // finished ones
  bool cut_short =
      false;  // interrupted: there may be fewer than were asked for, and nothing more should be begun
  std::vector<std::string> names;  // of the entries of a draw
  int divergences = 0, depth_hits = 0;
  std::vector<double> e_bfmi;                             // [chain]
  double worst_rhat = 0, least_bulk = 0, least_tail = 0;  // over all quantities
  std::vector<std::string> warnings;                      // what is wrong and what to do
  std::vector<std::string> weak;                          // what the data hardly say, a sentence each
  Loo loo;                                                // by decision; empty points where not asked for
  Waic waic;
  int observations = 0;
  double laplace_s = 0, warmup_s = 0, sampling_s = 0, predict_s = 0;  // CPU, summed over chains
  double wall_s = 0;
  std::int64_t gradients = 0;
  std::unique_ptr<const Posterior> posterior;  // what `chains` are draws of; sees the units that were fitted
};

/// Whether trial t is an observation: its log-likelihood is scored.
[[nodiscard]] bool observed(const LearnerEntry& learner, const SubjectTrials& subject, std::size_t t);

/// `units` are rows of parameters to estimate, `subject_of` [unit] whose they are; what they point to must live through the call.
/// Interrupted after at least one chain has finished, it returns what those say, with a warning; before that, or where `partial` says no,
/// it throws Interrupted.
/// Throws Error as fit_subjects() does, and where no unit has a choice.
[[nodiscard]] GroupFit fit_group(const LearnerEntry& learner, std::span<const SubjectTrials> units,
                                 std::vector<int> subject_of, const GroupFitOptions& options);

}  // namespace labile
