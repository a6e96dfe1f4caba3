/// Parameter recovery: subjects are simulated at known parameters and fitted, and the two are compared.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "bayes/group_fit.hpp"
#include "fit/fit.hpp"
#include "run/simulate.hpp"

namespace labile {

/// A parameter drawn uniformly from [low, high] instead of from its prior.
struct DrawRange {
  std::string name;
  double low = 0, high = 0;
};

struct RecoverOptions {
  std::string task;  // empty: the task the learner is for
  Settings task_settings = {};
  int subjects = 200;
  std::vector<DrawRange> ranges = {};
  FitOptions fit = {};         // its seed draws the parameters too; its seed and threads hold for both
  GroupFitOptions group = {};  // of recover_group()
  std::function<void(double share, const std::string& what)> progress = {};
};

/// Central intervals of posteriors that are looked at.
inline constexpr std::array<double, 3> kRecoveredIntervals{0.5, 0.9, 0.95};

/// One estimated parameter over subjects. Statistics are over the subjects that could be fitted.
struct RecoveredParam {
  std::string name, unit;
  std::vector<double> truth, fitted;  // [subject]; posterior means of method bayes
  double r = 0;                       // Pearson correlation; NaN without spread
  double bias = 0;                    // mean of fitted - truth
  double rmse = 0;
  double slope = 0;     // of fitted on true values: 1 where none of a difference is lost
  double truth_sd = 0;  // of the true values
  double at_bound = 0;  // share of subjects; map and ml
  // Of method bayes:
  struct Range {
    double low = kNaN, high = kNaN;
  };
  std::vector<std::array<Range, kRecoveredIntervals.size()>> intervals = {};  // [subject], else empty
  std::array<double, kRecoveredIntervals.size()>
      coverage{};           // share of subjects whose true value lies within
  double shrinkage = kNaN;  // 1 - sd of fitted / sd of true values
};

/// The group's values before the transform, true and fitted. NaN where subjects were drawn from a range.
struct RecoveredGroup {
  std::string name;
  double mu = kNaN, sigma = kNaN;
  DrawSummary mu_posterior, sigma_posterior;
};

struct Recovery {
  std::string learner, task;
  int subjects = 0, trials = 0;  // trials: decisions of one subject at most
  std::vector<RecoveredParam> params;
  /// [param][param] correlation of errors (fitted - truth): parameters that trade off.
  std::vector<std::vector<double>> error_r;
  int invalid = 0;   // subjects whose true parameters are invalid together; they are left out
  int unfitted = 0;  // others whose fit failed
  std::vector<RecoveredGroup> group = {};  // of method bayes
  std::vector<std::string> warnings = {};  // of its fit
};

/// Parameters that are estimated are drawn from their ranges, else from their priors held within bounds; the
/// others stay at their defaults, in play and in the fit alike. Throws Error for a task that the learner
/// cannot play, an unknown parameter, a range outside its bounds or empty, a parameter with neither prior nor
/// range, fewer than 2 subjects.
/// A pure function of its arguments but for `progress`. Throws Interrupted when the user asks to stop.
[[nodiscard]] Recovery recover(const LearnerEntry& learner, const RecoverOptions& options);

/// The same for one hierarchical fit of all subjects. mu and sigma are drawn once from their priors, and subjects around them;
/// parameters with a range uniformly from it. What is estimated is what fit_group() estimates, and ranges. Throws as both do.
[[nodiscard]] Recovery recover_group(const LearnerEntry& learner, const RecoverOptions& options);

/// Can a fit give back what it found? These subjects, with their true parameters `truth` [subject][parameter in table order], chose in
/// `played` [subject]; one hierarchical fit of them beside the truth. `options.each_unit` is taken.
[[nodiscard]] Recovery recover_known(const LearnerEntry& learner,
                                     const std::vector<std::vector<double>>& truth,
                                     std::span<const SubjectTrials> played, GroupFitOptions options);

}  // namespace labile
