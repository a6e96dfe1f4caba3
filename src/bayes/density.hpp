/// Log posterior density of a hierarchical model with its exact gradient, on the sampler's unconstrained scale.
///
/// The vector q holds, in this order, for all estimated parameters k:
///   mu[k] | b[k][coefficient] | ln sigma[k] | ln tau[k][slope] | correlation | y[k][subject] | v[k][slope][subject]
/// where y is what a subject's values before T are made of, by what is expected of them: value = m + c (L y) with
///   m = (pull + (mu + X b) / sigma^2) c^2,   c^2 = 1 / (info + 1 / sigma^2)
/// X are the means of the subject's rows of the design. What a unit's row departs from them moves that unit's value alone: value + (row - X) b. So do effects that differ between subjects, tau v with v ~ N(0, 1).
/// and a fixed lower triangular matrix L a subject, the factor of how its parameters correlate. `info` and `pull` are
/// two numbers a subject and parameter: a normal approximation of what the subject's choices say (curvature, and
/// curvature times peak). They and L change how well the sampler moves and nothing else; at info = pull = 0 and L = 1
/// y is (value - mu - X b) / sigma. Where choices say much, or little, or sigma is small, y stays near a standard normal, so
/// there is no funnel. The density is that of the priors (with the Jacobian of ln sigma) and of all choices, constants
/// included. With GroupModel::lkj the values of a subject correlate between parameters (correlation.hpp). Units go four at a time through the learner's lanes; a gradient costs about three likelihoods.
///
/// Source: partial centering, Papaspiliopoulos, Roberts & Skold (2007), doi:10.1214/088342307000000014. Differs from
/// it: the weight between centered and not depends on sigma, as it does for a normal likelihood, and parameters of
/// one subject are decorrelated.
#pragma once

#include <cmath>
#include <map>

#include "bayes/correlation.hpp"
#include "bayes/group_model.hpp"
#include "bayes/nuts.hpp"
#include "contract/lanes.hpp"

namespace labile {

/// What is fitted: units with their trials, and whose they are. Shared by all chains, which do not change it.
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
  [[nodiscard]] int slopes(int k) const {
    return static_cast<int>(model_.params[static_cast<std::size_t>(k)].design.slope_names.size());
  }
  [[nodiscard]] int log_tau(int k, int slope) const { return tau_[static_cast<std::size_t>(k)] + slope; }
  [[nodiscard]] int correlation() const { return correlation_; }
  [[nodiscard]] bool correlated() const { return model_.lkj > 0 && params() > 1; }
  [[nodiscard]] int v(int k, int slope, int subject) const {
    return v_[static_cast<std::size_t>(k)] + slope * subjects_ + subject;
  }
  [[nodiscard]] int y(int k, int subject) const { return y_ + k * subjects_ + subject; }

  /// info and pull [parameter][subject], 0 at first; info >= 0.
  void set_standard(std::vector<double> info, std::vector<double> pull);
  [[nodiscard]] double info(int k, int subject) const {
    return info_[static_cast<std::size_t>(k * subjects_ + subject)];
  }
  /// L [subject][parameter][parameter], 1 on the diagonal and 0 elsewhere at first; its determinant is not 0.
  void set_mix(std::vector<double> mix);
  [[nodiscard]] double mix(int subject, int k, int j) const {
    return mix_[static_cast<std::size_t>((subject * params() + k) * params() + j)];
  }
  /// Of parameter k's design: means over the subject's units, and a unit's departure from them, [coefficient].
  [[nodiscard]] std::span<const double> mean_row(int k, int subject) const {
    return part(mean_x_, k, subject);
  }
  [[nodiscard]] std::span<const double> apart_row(int k, int unit) const { return part(apart_x_, k, unit); }
  /// What is expected of a subject's value, mu + X b, at q; and what a unit adds to it.
  [[nodiscard]] double expected(std::span<const double> q, int k, int subject) const {
    return q[static_cast<std::size_t>(mu(k))] + effect(q, k, mean_row(k, subject));
  }
  [[nodiscard]] double apart(std::span<const double> q, int k, int unit) const {
    double r = effect(q, k, apart_row(k, unit));
    for (int j = 0; j < slopes(k); ++j)
      r += slope_x(k, unit, j) * exp(q[static_cast<std::size_t>(log_tau(k, j))]) *
           q[static_cast<std::size_t>(v(k, j, subject_of(unit)))];
    return r;
  }
  [[nodiscard]] double slope_x(int k, int unit, int slope) const {
    return model_.params[static_cast<std::size_t>(k)]
        .design.slope_x[static_cast<std::size_t>(unit)][static_cast<std::size_t>(slope)];
  }

  struct Standard {
    double m, c;        // value = m + c (L y)
    double m_mu;        // dm / d(mu + X b)
    double m_ls, c_ls;  // derivatives in ln sigma
  };
  [[nodiscard]] Standard standard(int k, int subject, double mu, double sigma) const {
    const auto at = static_cast<std::size_t>(k * subjects_ + subject);
    const double tau = 1 / (sigma * sigma), var = 1 / (info_[at] + tau), m = (pull_[at] + tau * mu) * var;
    const double c = std::sqrt(var), share = tau * var;
    return {m, c, share, 2 * share * (m - mu), share * c};
  }

  /// Unit u's value of parameter k before T, from q.
  [[nodiscard]] double on_line(std::span<const double> q, int k, int unit) const;
  /// The unit's whole row of parameters in table order.
  void row(std::span<const double> q, int unit, std::span<double> params) const;
  [[nodiscard]] const SubjectTrials& trials(int unit) const { return units_[static_cast<std::size_t>(unit)]; }
  [[nodiscard]] int subject_of(int unit) const { return subject_of_[static_cast<std::size_t>(unit)]; }
  [[nodiscard]] const std::vector<LaneTrials>& lanes() const { return lanes_; }

 private:
  using Rows = std::vector<std::vector<double>>;  // [parameter][row][coefficient]
  [[nodiscard]] std::span<const double> part(const Rows& x, int k, int row) const {
    const auto at = static_cast<std::size_t>(k), n = model_.params[at].design.names.size();
    return std::span(x[at]).subspan(static_cast<std::size_t>(row) * n, n);
  }
  [[nodiscard]] double effect(std::span<const double> q, int k, std::span<const double> x) const {
    double r = 0;
    for (std::size_t c = 0; c < x.size(); ++c) r += x[c] * q[static_cast<std::size_t>(b(k)) + c];
    return r;
  }
  void split_designs();

  const LearnerEntry* learner_;
  GroupModel model_;
  std::vector<SubjectTrials> units_;
  std::vector<std::map<std::string, std::vector<double>>>
      derived_;  // [unit] numbers of learners with filters
  std::vector<int> subject_of_;
  std::vector<LaneTrials> lanes_;
  int subjects_ = 0, dim_ = 0, sigma_ = 0, correlation_ = 0, y_ = 0;
  std::vector<int> b_, tau_, v_;     // [parameter]
  Rows mean_x_, apart_x_;            // of subjects, of units
  std::vector<double> info_, pull_;  // [parameter][subject]
  std::vector<double> mix_;          // [subject][parameter][parameter]
};

/// The density of a posterior; one object a thread.
class PosteriorDensity final : public LogDensityOver {
 public:
  explicit PosteriorDensity(const Posterior& posterior);
  [[nodiscard]] int dim() const override { return p_.dim(); }
  double gradient(std::span<const double> q, std::span<double> grad) override;

 private:
  void spread(std::span<const double> q);
  double correlate(std::span<const double> q, std::span<double> grad);
  double prior_and_chain(std::span<const double> q, std::span<double> grad);

  const Posterior& p_;
  std::vector<double> sigma_;                  // [parameter]
  std::vector<Posterior::Standard> standard_;  // [parameter][subject]
  // [parameter][subject]: what is expected; value before T, of its units together; derivative of the choices' log-likelihood in it
  std::vector<double> expected_, line_, slope_of_;
  std::vector<double> mixed_;  // [parameter][subject] L y
  Correlation correlation_;
  std::vector<double>
      weighed_;  // [parameter][subject] inverse of the correlations times (value - expected) / sigma
  std::vector<Vec> theta_, grad_;  // [parameter in table order] of four units
  std::vector<Vec> slope_;         // [parameter estimated] dT/dvalue there
};

}  // namespace labile
