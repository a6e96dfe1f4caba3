/// Cross-validation: how well learners predict trials that they were not fitted to.
///
/// Each subject's trials are cut into folds. For every fold a learner is fitted to the others and predicts
/// it: trials that are left out still teach (values follow everything that the subject met, in its order) but
/// do not count in the fit, and only they count in the score. Folds are whole sessions where a subject has
/// several, else whole blocks, else stretches of trials.
///
/// Source: Wilson & Collins (2019), doi:10.7554/eLife.49547; folds of whole blocks after Roberts et al.
/// (2017), doi:10.1111/ecog.02881.
#pragma once

#include <functional>

#include "fit/fit.hpp"
#include "record/trials.hpp"

namespace labile {

struct CompareOptions {
  FitOptions fit;
  int folds = 5;
  std::function<std::vector<FitOverride>(const LearnerEntry&)> held;    // of each learner; may be empty
  std::function<void(double share, const std::string& what)> progress;  // from any thread; may be empty
};

/// How one subject's trials were cut.
struct Folds {
  const char* unit = "trials";  // "sessions", "blocks" or "trials"
  int count = 0;                // 0 = too few to cut
  std::vector<int> fold;        // [trial] which fold leaves it out
};

/// Cuts the rows of a subject. Of more units than folds neighbors go together, so that folds are as equal as
/// units allow; there are no more folds than units.
[[nodiscard]] Folds cut(const Trials& trials, int subject, int folds);

/// What one learner made of each subject.
struct HeldOut {
  std::string model;
  std::vector<double> loglik;  // [subject] of the trials left out, nats; NaN where nothing could be fitted
  std::vector<int>
      impossible;  // [subject] trials left out that it held impossible, such as a response quicker
                   // than any that it was fitted to; they decide the total
};
struct Comparison {
  std::vector<HeldOut> models;
  std::vector<int> choices;    // [subject] trials that were scored
  std::vector<double> chance;  // [subject] the same by chance: ln(1 / options) a choice; NaN for reports and
                               // times
  std::vector<Folds> folds;    // [subject]
};

/// Throws Error where learners predict different things (choices, times, reports), which cannot be ranked together.
void refuse_unlike(std::span<const LearnerEntry* const> learners);

/// Compares learners on subjects, whose trials are rows of `trials` in the same order. Results are the same
/// bits for any number of threads. Throws Error as fit_subjects() does, and Interrupted when the user asks to
/// stop. Cost: that of a fit, times folds.
[[nodiscard]] Comparison compare_learners(std::span<const LearnerEntry* const> learners,
                                          std::span<const std::string> names, const Trials& trials,
                                          std::span<const SubjectTrials> subjects,
                                          const CompareOptions& options);

}  // namespace labile
