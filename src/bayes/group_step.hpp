/// Newton's step of the group's means and effects, with every subject at its most probable values, which follow.
#pragma once

#include <optional>

#include "bayes/subject_posterior.hpp"

namespace labile {

class GroupStep {
 public:
  /// The posterior must outlive it.
  explicit GroupStep(const Posterior& posterior);
  /// Moves mu and b of `r` and all y [subject][parameter]; r.group_covariance gets the covariance of mu and b. The largest change of a
  /// coefficient; none where the density is not curved so that there is a step.
  std::optional<double> take(std::vector<SubjectPosterior>& each, std::vector<std::vector<double>>& y,
                             Laplace& r);

 private:
  std::vector<double> add(SubjectPosterior& subject, const std::vector<double>& y, const Laplace& group,
                          std::vector<double>& slope, std::vector<double>& info);
  void covariance(const std::vector<double>& factor, Laplace& r) const;

  const Posterior& p_;
  std::vector<std::size_t> first_;  // [parameter] where its mu is, b behind it
  std::size_t size_ = 0;
};

}  // namespace labile
