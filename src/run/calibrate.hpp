/// Simulation-based calibration: parameters drawn from the prior play, are fitted, and must rank among the draws of
/// their posterior like one of them.
///
/// A replicate draws mu and sigma of every estimated parameter and the subjects around them as the hierarchical model
/// says, lets the learner play a small design of its task as an agent, and fits by one chain of NUTS. If prior, agent,
/// likelihood and sampler are what they should be, the rank of each true quantity among `ranks` independent draws is
/// uniform on 0 .. ranks. Chains go on until they are worth `ranks` independent draws of every quantity, and are
/// thinned to that many.
///
/// Parameters with which no play is possible (a belief of negative precision) are drawn again with the whole
/// replicate, its luck included. The likelihood gives them no probability either, so that what is simulated and what
/// is fitted are still the same distribution.
///
/// Source: Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788; the log-likelihood among the
/// quantities: Modrák et al. (2025), doi:10.1214/23-BA1404. Differs from them: thinning follows each replicate's
/// own effective size.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bayes/group_model.hpp"
#include "bayes/rank_uniformity.hpp"

namespace labile {

struct CalibrateOptions {
  std::string task;               // empty: the task the learner is for
  Settings task_settings = {};    // over those of small_design()
  int subjects = 4;               // as many as go side by side
  int warmup = 200, draws = 200;  // at first; a chain goes on to 16 times as many draws where it must
  int ranks = 39;                 // draws that a quantity is ranked among
  double adapt_delta = 0.9;
  std::uint64_t seed = 1;  // learners on one seed have draws of their own
  bool contrast =
      false;  // every parameter also differs between the first half of the subjects and the second
  std::vector<FitOverride> overrides = {};
  std::vector<NamedGroup> groups = {};         // of what is simulated, and of what is fitted
  std::vector<NamedGroup> fitted_groups = {};  // of what is fitted, over those: a mistake that must be found
};

/// Settings that make a task short, some 40 decisions, by its name; empty where it is not known. Deadlines are out of the way: a
/// response that came too late would have no likelihood.
[[nodiscard]] Settings small_design(const std::string& task);

/// One replicate's outcome; `failed` says why there are no ranks.
struct Replicate {
  int index = 0;
  std::vector<int> ranks;  // [quantity]
  std::string failed;
  int redrawn = 0;  // times that parameters were drawn again
  int draws = 0, divergences = 0, depth_hits = 0;
  double rhat = 0, ess = 0;  // worst of all quantities, of the whole chain
  double seconds = 0;        // CPU
};

/// A learner in a design, ready for replicates. Replicates are functions of their index and of the options alone.
class Calibration {
 public:
  /// Throws Error as recover() does, and where options are out of range.
  Calibration(const LearnerEntry& learner, const CalibrateOptions& options);
  /// mu[NAME], b[NAME:half], log_sigma[NAME], NAME[SUBJECT] of the first two subjects, loglik.
  [[nodiscard]] const std::vector<std::string>& quantities() const { return names_; }
  [[nodiscard]] const std::string& task() const { return task_; }
  [[nodiscard]] int trials() const { return trials_; }
  [[nodiscard]] const GroupModel& model() const { return simulated_; }
  /// Throws Interrupted when the user asks to stop, and nothing else.
  [[nodiscard]] Replicate replicate(int index) const;

 private:
  struct Truth;
  [[nodiscard]] Truth draw(int index, int attempt) const;
  void fit(const Truth& truth, std::span<const SubjectTrials> subjects, Replicate& r) const;

  const LearnerEntry& learner_;
  CalibrateOptions o_;
  std::string task_;
  int trials_ = 0;
  Settings settings_;
  GroupModel simulated_, fitted_;
  std::vector<std::string> names_;
};

/// Replicates `which` on that many threads; `done` is called for each that is finished, one at a time. Stops when the
/// user asks to, and returns whether all are finished.
[[nodiscard]] bool run_replicates(const Calibration& c, std::span<const int> which, int threads,
                                  const std::function<void(const Replicate&)>& done);

/// What the ranks of one quantity say.
struct CalibratedQuantity {
  std::string name;
  RankUniformity ranks;
  struct Coverage {
    double interval = 0, covered = 0, se = 0;  // se of a share that is right: binomial
  };
  std::vector<Coverage> coverage;  // of central intervals of 50, 80 and 90%
};

struct CalibrationSummary {
  int cells = 0, replicates = 0;  // replicates: with ranks
  RankBand band;                  // at 95%, of one quantity
  std::vector<CalibratedQuantity> quantities;
  int outside = 0;          // quantities that leave the band; about 5% do if all is well
  double p = 1;             // of the one farthest out, times their number (Bonferroni)
  std::string worst;        // its name
  double farthest_90 = 0;   // coverage of 90% intervals: largest distance, in standard errors
  std::string farthest_at;  // whose
  // Counts of replicates:
  int failed = 0, redrawn = 0, short_chains = 0, bad_rhat = 0, divergent = 0;
  int redraws = 0;     // times that parameters were drawn again, in all
  double seconds = 0;  // CPU a replicate
  /// Neither ranks (p < 0.01) nor coverage (4 standard errors) speak against it, and nothing has failed.
  [[nodiscard]] bool passed() const { return replicates > 0 && failed == 0 && p >= 0.01 && farthest_90 <= 4; }
};
/// Bounds of what counts as a bad R-hat and a short chain: 1.05, fewer effective draws than ranks.
[[nodiscard]] CalibrationSummary summarize_calibration(const std::vector<std::string>& quantities,
                                                       std::span<const Replicate> replicates, int ranks);

}  // namespace labile
