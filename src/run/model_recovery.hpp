/// Model recovery: subjects are simulated by each of several learners and fitted by all, and the best is set beside the one that was
/// simulated.
///
/// A data set is a group of subjects of one learner. By MAP or maximum likelihood each subject has parameters of its own,
/// from their priors (those without one from their group distribution, mu and sigma drawn for each subject), and a
/// score of each learner, -BIC / 2 or -AIC / 2. By hierarchical Bayes a data set's mu and sigma are drawn from their
/// priors and its subjects around them, each learner is fitted to all of them at once, and a subject's score is its
/// share of the leave-one-out elpd.
///
/// Source: Wilson & Collins (2019), doi:10.7554/eLife.49547, box 5. Differs from it: counts of invalid simulations may
/// leave models with unequal numbers, so inversion is worked out from rows of the confusion matrix, as if models were
/// equally frequent.
#pragma once

#include "bayes/group_fit.hpp"
#include "fit/fit.hpp"

namespace labile {

/// A learner by the name that it was asked for, parts included.
struct NamedLearner {
  std::string name;
  const LearnerEntry* entry = nullptr;
};

enum class Criterion { bic, aic, loo };

struct ModelRecoveryOptions {
  std::string task;  // empty: the task the first learner is for
  Settings task_settings = {};
  int subjects = 20, data_sets = 10;     // of a data set; of each learner
  Criterion criterion = Criterion::bic;  // loo: by hierarchical Bayes
  FitOptions fit = {};                   // its seed and threads hold for both
  GroupFitOptions group = {};            // of criterion loo
  std::function<void(double share, const std::string& what)> progress = {};
};

/// How often each learner fitted best, by which one was simulated.
struct Confusion {
  std::vector<std::vector<int>> count;  // [simulated][fitted best]
  /// p(fitted best | simulated), of a row, and its binomial standard error; NaN in empty rows.
  [[nodiscard]] double confusion(std::size_t simulated, std::size_t best) const;
  [[nodiscard]] double confusion_se(std::size_t simulated, std::size_t best) const;
  /// p(simulated | fitted best), as if all were simulated equally often; NaN where it never fitted best.
  [[nodiscard]] double inversion(std::size_t simulated, std::size_t best) const;
  [[nodiscard]] double inversion_se(std::size_t simulated, std::size_t best) const;
};

struct ModelRecovery {
  std::vector<std::string> models;
  std::string task;
  int trials = 0;
  Confusion subjects;   // each subject's best score
  Confusion data_sets;  // each data set's: sum of scores by loo, most frequent by random effects otherwise
  struct Subject {
    int simulated = 0, data_set = 0, subject = 0;
    std::vector<double> score;  // [model] nats, more is better; NaN: could not be fitted
    int best = -1;              // -1: none
  };
  std::vector<Subject> each;
  int invalid = 0;    // subjects whose parameters allowed no play
  int undecided = 0;  // subjects without a score of every learner; they count nowhere
  int warned = 0;     // hierarchical fits with warnings
  int played = 0;     // data sets that were fitted; fewer than were asked for, where it was interrupted
};

/// A pure function of its arguments but for `progress`. Interrupted, it returns what the data sets say that were fitted by then; before the
/// first it throws Interrupted. Throws Error with fewer than two learners, one twice, those that predict
/// different things (a probability and a density), and as recover() does.
[[nodiscard]] ModelRecovery recover_models(const std::vector<NamedLearner>& models,
                                           const ModelRecoveryOptions& options);

}  // namespace labile
