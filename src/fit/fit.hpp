/// Fits a learner to people one at a time: maximum likelihood or maximum a posteriori, with standard errors.
///
/// MAP maximizes log-likelihood + log prior density on the natural scale of the parameters: no Jacobian of
/// the transform is added, so the answer does not depend on how the optimizer sees a parameter. NLopt's
/// L-BFGS searches an unconstrained scale (scaled logit between two bounds, log above one, identity without)
/// with the exact gradient, and Newton steps with the exact Hessian finish.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contract/agent.hpp"
#include "contract/trial.hpp"

namespace labile {

class Archive;
class Sharing;

enum class FitMethod { map, ml };

/// Departs from a parameter's table: held at a value, or estimated although its prior says fixed (then its
/// prior is flat).
struct FitOverride {
  std::string name;
  std::optional<double> held;  // none = estimate it
};

struct FitOptions {
  FitMethod method = FitMethod::map;
  int starts = 10;  // the first from the defaults, the others drawn from the priors
  std::uint64_t seed = 1;
  int threads = 1;
  std::vector<FitOverride> overrides = {};
  Sharing* sharing = nullptr;  // over which subjects are shared out; null: this process's threads
};

/// One subject's fit. `params` and `se` are in table order on the natural scale.
struct SubjectFit {
  std::vector<double> params;
  std::vector<double>
      se;             // by the delta method at the optimum; NaN where held, at a bound or without curvature
  double loglik = 0;  // nats, without the prior
  double log_posterior = 0;           // loglik + log prior density; loglik under ml
  double aic = 0, bic = 0;            // from loglik, the estimated parameters and the choices made
  int trials = 0;                     // choices that were made
  bool converged = false;             // the gradient vanishes, or only presses against a bound
  std::vector<std::string> at_bound;  // estimated parameters within 1e-4 of their range of a bound
  int best_start_count = 0;           // starts that reached the best one's log posterior to within 1e-3
  int before_t0 = 0;                  // responses at or before a diffusion's t0, which cannot be
  std::string note;                   // why something is NaN or doubtful; empty when all is well
  void keep(Archive& a);
};

/// What the learner's likelihood is of: "choices", "reports", "response times" or "choices with response
/// times". That of choices is a probability, all others are densities, and the two are not comparable.
[[nodiscard]] const char* predicts(const LearnerEntry& learner);
/// Whether trial t enters the learner's likelihood.
[[nodiscard]] bool enters(const LearnerEntry& learner, const SubjectTrials& subject, std::size_t t);
/// Trials that enter; and what is said of a subject without any.
[[nodiscard]] int count_entering(const LearnerEntry& learner, const SubjectTrials& subject);
[[nodiscard]] std::string none_enters(const LearnerEntry& learner);
/// Of a diffusion with these parameters: responses of the subject at or before its t0, which cannot be. 0 for others.
[[nodiscard]] int before_t0(const LearnerEntry& learner, std::span<const double> params,
                            const SubjectTrials& subject);
/// Throws Error where parameter `cues`, of models that have one, is not the number of columns cue_0, cue_1, ...
/// that are shown.
void check_shown(const LearnerEntry& learner, std::span<const double> params,
                 const std::vector<std::string>& shown);
/// Sentences about what makes the fits of these learners to these subjects doubtful or not comparable.
[[nodiscard]] std::vector<std::string> doubts(std::span<const LearnerEntry* const> learners,
                                              std::span<const SubjectTrials> subjects);

/// Fits every subject. A subject without anything that enters gets NaN and a note.
///
/// Starts are keyed by (seed, position of the subject, start), so results are the same bits for any number of
/// threads. Throws Error when the learner has no likelihood, an override names no parameter or lies outside
/// its bounds, nothing is left to estimate, or a choice is not one of the options. Cost: about 0.2 ms a
/// subject and start for 90 trials of three options.
[[nodiscard]] std::vector<SubjectFit> fit_subjects(const LearnerEntry& learner,
                                                   std::span<const SubjectTrials> subjects,
                                                   const FitOptions& options);

/// One subject, who stands at `position` among all: what fit_subjects() does for each. Does not check trials.
[[nodiscard]] SubjectFit fit_subject(const LearnerEntry& learner, const SubjectTrials& subject,
                                     std::uint32_t position, const FitOptions& options);

/// The learner's parameters in table order: its defaults with the named ones replaced. Throws Error as cards
/// do.
[[nodiscard]] std::vector<double> param_row(const LearnerEntry& learner, const Settings& given);

/// Throws Error when the data lack what the learner needs, have a layout that it cannot play, or a choice
/// that is not one of the options.
void check_trials(const LearnerEntry& learner, std::span<const SubjectTrials> subjects);

/// The same, and throws Error where the options are wrong or what is held does not fit what is shown.
void check_fit(const LearnerEntry& learner, std::span<const SubjectTrials> subjects,
               const FitOptions& options);

/// Log-likelihood of all subjects at one row of parameters, in nats; `per_subject`, if not empty, gets each
/// one's. Throws Error when the learner has no likelihood or a choice is not one of the options.
double loglik_total(const LearnerEntry& learner, std::span<const double> params,
                    std::span<const SubjectTrials> subjects, std::span<double> per_subject = {});

/// Log density of a prior at x with its first two derivatives; 0 for flat and fixed ones.
struct LogDensity {
  double value = 0, slope = 0, curvature = 0;
};
[[nodiscard]] LogDensity log_prior(const Prior& prior, double x);

}  // namespace labile
