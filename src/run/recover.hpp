/// Parameter recovery: subjects are simulated at known parameters and fitted, and the two are compared.
#pragma once

#include <functional>
#include <string>
#include <vector>

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
  FitOptions fit = {};  // its seed draws the parameters too
  std::function<void(double share, const std::string& what)> progress = {};
};

/// One estimated parameter over subjects. Statistics are over the subjects that could be fitted.
struct RecoveredParam {
  std::string name, unit;
  std::vector<double> truth, fitted;  // [subject]
  double r = 0;                       // Pearson correlation; NaN without spread
  double bias = 0;                    // mean of fitted - truth
  double rmse = 0;
  double at_bound = 0;  // share of subjects
};

struct Recovery {
  std::string learner, task;
  int subjects = 0, trials = 0;  // trials: decisions of one subject at most
  std::vector<RecoveredParam> params;
  /// [param][param] correlation of errors (fitted - truth): parameters that trade off.
  std::vector<std::vector<double>> error_r;
  int invalid = 0;   // subjects whose true parameters are invalid together; they are left out
  int unfitted = 0;  // others whose fit failed
};

/// Parameters that are estimated are drawn from their ranges, else from their priors held within bounds; the
/// others stay at their defaults, in play and in the fit alike. Throws Error for a task that the learner
/// cannot play, an unknown parameter, a range outside its bounds or empty, a parameter with neither prior nor
/// range, fewer than 2 subjects.
/// A pure function of its arguments but for `progress`. Throws Interrupted when the user asks to stop.
[[nodiscard]] Recovery recover(const LearnerEntry& learner, const RecoverOptions& options);

}  // namespace labile
