/// One subject under a given group: its log posterior over values before T, its tops, and a normal distribution that stands for it.
/// Between laplace.cpp, which goes over all subjects, and the learner's likelihood.
#pragma once

#include "bayes/laplace.hpp"

namespace labile {

/// x b: a row of a design times its coefficients.
[[nodiscard]] double dot(std::span<const double> x, const std::vector<double>& b);

class SubjectPosterior {
 public:
  /// `units` are the subject's; `posterior` must outlive it.
  SubjectPosterior(const Posterior& posterior, int subject, std::vector<int> units);
  /// What the group lets expect of parameter k.
  [[nodiscard]] double expected(const Laplace& group, std::size_t k) const {
    return group.mu[k] + dot(p_.mean_row(static_cast<int>(k), subject_), group.b[k]);
  }
  /// How far from its prior mean the group's value of parameter k may be.
  [[nodiscard]] double prior_sd(std::size_t k) const { return p_.model().params[k].group.mu_sd; }
  /// Up to a constant, at values y [parameter]; grad [parameter], hess [parameter][parameter].
  double evaluate(const std::vector<double>& y, const Laplace& group, std::vector<double>& grad,
                  std::vector<double>& hess);
  /// The same without derivatives.
  double value(const std::vector<double>& y, const Laplace& group);
  /// One unit's log-likelihood; its derivatives in values before T are added.
  double choices(const std::vector<double>& y, const Laplace& group, int unit, std::vector<double>& grad,
                 std::vector<double>& hess);
  [[nodiscard]] int subject() const { return subject_; }
  [[nodiscard]] const std::vector<int>& units() const { return units_; }

 private:
  const Posterior& p_;
  int subject_;
  std::vector<int> units_;
  std::vector<double> row_, g_, h_;
};

/// Newton steps from y, damped until they climb; `cov` [parameter][parameter] gets the inverse of minus the Hessian. Log density at the
/// top.
double climb(SubjectPosterior& subject, const Laplace& group, std::vector<double>& y,
             std::vector<double>& cov);
/// Climbs from where y is and from the best of many places and two more that are apart, near the group's value and as far as its prior reaches, and keeps the top
/// with the most probability under it: a likelihood of two tops is otherwise told by the one that happens to be near. Returns all tops that
/// were found and are not next to impossible.
std::vector<Posterior::Top> climb_from_many(SubjectPosterior& subject, const Laplace& group,
                                            std::vector<double>& y, std::vector<double>& cov);
/// Moves the normal distribution (y, cov) that stands for a subject's values towards the mean gradient's step and the mean curvature,
/// over 2 n points around it, three times. Where the mean curvature is none, it stays.
void spread_out(SubjectPosterior& subject, const Laplace& group, std::vector<double>& y,
                std::vector<double>& cov);

}  // namespace labile
