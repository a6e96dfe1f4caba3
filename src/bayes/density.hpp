/// Log posterior density of a hierarchical model with its exact gradient, on the sampler's unconstrained scale.
///
/// The vector q holds, in this order, for all estimated parameters k:
///   mu[k] | b[k][coefficient] | ln sigma[k] | y[k][subject]
/// where a subject's departure from its group is sigma e, and y = w mu + sigma^w e lies between the standardized e (w = 0: right where
/// a subject's choices say little) and the value itself (w = 1: where they say much). w is a number a subject and parameter that changes
/// how well the sampler moves and nothing else; after Papaspiliopoulos, Roberts & Skold (2007), doi:10.1214/088342307000000014.
/// The density is that of the priors (with the Jacobian of ln sigma) and of all choices, constants included. Units go four at a
/// time through the learner's lanes; a gradient costs about three likelihoods.
#pragma once

#include <map>
#include <memory>

#include "bayes/group_model.hpp"
#include "bayes/nuts.hpp"
#include "contract/lanes.hpp"

namespace labile {

/// What is fitted: units with their trials, and whose they are. Shared by all chains; not changed.
class Posterior {
 public:
  /// `units` and what they point to must outlive it. `subject_of` [unit] counts subjects from 0 without gaps. Throws Error as
  /// check_trials() does.
  Posterior(const LearnerEntry& learner, GroupModel model, std::span<const SubjectTrials> units,
            std::vector<int> subject_of);

  [[nodiscard]] const LearnerEntry& learner() const { return *learner_; }
  [[nodiscard]] const GroupModel& model() const { return model_; }
  [[nodiscard]] int units() const { return static_cast<int>(units_.size()); }
  [[nodiscard]] int subjects() const { return subjects_; }
  [[nodiscard]] int dim() const { return dim_; }
  [[nodiscard]] int params() const { return static_cast<int>(model_.params.size()); }
  /// Names of the entries of q: mu[NAME], b[NAME:COEFFICIENT], log_sigma[NAME], y[NAME,SUBJECT].
  [[nodiscard]] std::vector<std::string> names() const;

  // Where things are in q.
  [[nodiscard]] int mu(int k) const { return k; }
  [[nodiscard]] int b(int k) const { return b_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] int log_sigma(int k) const { return sigma_ + k; }
  [[nodiscard]] int y(int k, int subject) const { return y_ + k * subjects_ + subject; }

  /// w [parameter][subject], 0 at first.
  void set_centering(std::vector<double> w);
  [[nodiscard]] double w(int k, int subject) const {
    return w_[static_cast<std::size_t>(k * subjects_ + subject)];
  }

  /// Unit u's value of parameter k before T, from q.
  [[nodiscard]] double on_line(std::span<const double> q, int k, int unit) const;
  /// The unit's whole row of parameters in table order.
  void row(std::span<const double> q, int unit, std::span<double> params) const;
  [[nodiscard]] const SubjectTrials& trials(int unit) const { return units_[static_cast<std::size_t>(unit)]; }
  [[nodiscard]] int subject_of(int unit) const { return subject_of_[static_cast<std::size_t>(unit)]; }
  [[nodiscard]] const std::vector<LaneTrials>& lanes() const { return lanes_; }

 private:
  const LearnerEntry* learner_;
  GroupModel model_;
  std::vector<SubjectTrials> units_;
  std::vector<std::map<std::string, std::vector<double>>>
      derived_;  // [unit] numbers of learners with filters
  std::vector<int> subject_of_;
  std::vector<LaneTrials> lanes_;
  int subjects_ = 0, dim_ = 0, sigma_ = 0, y_ = 0;
  std::vector<int> b_;
  std::vector<double> w_;  // [parameter][subject]
};

/// The density of a posterior; one object a thread.
class PosteriorDensity final : public LogDensityOver {
 public:
  explicit PosteriorDensity(const Posterior& posterior);
  [[nodiscard]] int dim() const override { return p_.dim(); }
  double gradient(std::span<const double> q, std::span<double> grad) override;
  /// Of the prior alone.
  double prior_gradient(std::span<const double> q, std::span<double> grad);

 private:
  void spread(std::span<const double> q);

  const Posterior& p_;
  std::vector<double> sigma_, shrink_,
      e_;                                  // [parameter]; [parameter][subject]: sigma^w, (value - mu) / sigma
  std::vector<Vec> theta_, slope_, grad_;  // [parameter in table order]
};

}  // namespace labile
