/// Log posterior density of a hierarchical model with its exact gradient, on the sampler's unconstrained scale.
///
/// The vector q holds, in this order, for all estimated parameters k:
///   nu[k] | b[k][coefficient] | x[k] | x[k][slope] | correlation | y[k][subject] | v[k][slope][subject]
/// The group's coefficients, all mu and all effects of covariates, are base + A (nu, b) with a fixed lower triangular A; x is a
/// spread's coordinate (spread.hpp), and y are what a subject's values before T are made of (standard.hpp): standard
/// normal, were the likelihood of a subject's choices the normal one that `info` and `pull` say. What is expected of a
/// subject is mu + X b, X the means of its units' rows of the design; what a unit's row departs from them moves that unit's value alone. So
/// do effects that differ between subjects, tau v with v ~ N(0, 1) and tau a spread with a coordinate as sigma's.
/// Base, A, info and pull change how well the sampler moves and nothing else; at first info = pull = base = 0 and A = 1,
/// so that nu is mu and y is (value - mu - X b) / sigma. The density is that of the priors (with the Jacobian of x) and of
/// all choices, constants included. Units go four at a time through the learner's lanes; a gradient costs about three likelihoods.
///
/// With GroupModel::lkj the values of a subject correlate between parameters (correlation.hpp).
///
/// Source: partial centering, Papaspiliopoulos, Roberts & Skold (2007), doi:10.1214/088342307000000014. Differs from
/// it: the weight between centered and not depends on sigma, as it does for a normal likelihood, and all parameters of
/// a subject are standardized together.
#pragma once

#include <map>

#include "bayes/correlation.hpp"
#include "bayes/group_model.hpp"
#include "bayes/nuts.hpp"
#include "bayes/spread.hpp"
#include "bayes/standard.hpp"
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
  /// What steps of a sampler should not fall below (NutsOptions). Of a jump a share of proposals is lost whatever the step, which
  /// adaptation takes for steps too long; a tenth of a standard deviation follows what is smooth.
  [[nodiscard]] double least_step() const { return learner_->likelihood->jumps ? 0.1 : 0; }
  [[nodiscard]] const GroupModel& model() const { return model_; }
  [[nodiscard]] int units() const { return static_cast<int>(units_.size()); }
  [[nodiscard]] int subjects() const { return subjects_; }
  [[nodiscard]] int dim() const { return dim_; }
  [[nodiscard]] int params() const { return static_cast<int>(model_.params.size()); }
  /// Names of the entries of q: nu[NAME], b[NAME:COEFFICIENT], x[NAME], x[NAME:SLOPE], y[NAME,SUBJECT], v[NAME:SLOPE,SUBJECT].
  [[nodiscard]] std::vector<std::string> names() const;

  // Where things are in q.
  [[nodiscard]] int nu(int k) const { return k; }
  [[nodiscard]] int b(int k) const { return b_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] int x(int k) const { return x_ + k; }
  [[nodiscard]] int slopes(int k) const {
    return static_cast<int>(model_.params[static_cast<std::size_t>(k)].design.slope_names.size());
  }
  [[nodiscard]] int slope(int k, int slope) const { return slope_[static_cast<std::size_t>(k)] + slope; }
  [[nodiscard]] int correlation() const { return correlation_; }
  [[nodiscard]] bool correlated() const { return model_.lkj > 0 && params() > 1; }
  [[nodiscard]] int v(int k, int slope, int subject) const {
    return v_[static_cast<std::size_t>(k)] + slope * subjects_ + subject;
  }
  [[nodiscard]] int y(int k, int subject) const { return y_ + k * subjects_ + subject; }
  // What q says.
  /// The group's coefficient i: mu where i is nu(k), an effect where it is b(k) + c.
  [[nodiscard]] double coefficient(std::span<const double> q, int i) const {
    double r = base_[static_cast<std::size_t>(i)];
    for (int j = 0; j <= i; ++j) r += map(i, j) * q[static_cast<std::size_t>(j)];
    return r;
  }
  [[nodiscard]] double mu(std::span<const double> q, int k) const { return coefficient(q, nu(k)); }
  [[nodiscard]] double sigma(std::span<const double> q, int k) const {
    return spread_at(model_.params[static_cast<std::size_t>(k)].group, q[static_cast<std::size_t>(x(k))])
        .sigma;
  }
  /// Correlation of two parameters over subjects, before T, where they may correlate.
  [[nodiscard]] double correlation_of(std::span<const double> q, int k, int other) const;
  /// Spread of an effect that differs between subjects.
  [[nodiscard]] double tau(std::span<const double> q, int k, int j) const {
    return spread_at(model_.params[static_cast<std::size_t>(k)].group,
                     q[static_cast<std::size_t>(slope(k, j))])
        .sigma;
  }
  [[nodiscard]] double slope_x(int k, int unit, int slope) const {
    return model_.params[static_cast<std::size_t>(k)]
        .design.slope_x[static_cast<std::size_t>(unit)][static_cast<std::size_t>(slope)];
  }
  [[nodiscard]] int coefficients() const { return x_; }
  /// Of parameter k's design: means over the subject's units, and a unit's departure from them, [coefficient].
  [[nodiscard]] std::span<const double> mean_row(int k, int subject) const {
    return part(mean_x_, k, subject);
  }
  [[nodiscard]] std::span<const double> apart_row(int k, int unit) const { return part(apart_x_, k, unit); }
  /// values [parameter] of a subject before T, of its units together.
  void values(std::span<const double> q, int subject, std::span<double> values) const;
  /// values [parameter] of a unit before T.
  void unit_values(std::span<const double> q, int unit, std::span<double> values) const;
  /// The unit's whole row of parameters in table order.
  void row(std::span<const double> q, int unit, std::span<double> params) const;
  /// own [parameter]: share of what is known of a subject's value, given the group, that its own choices bring:
  /// 1 - variance / sigma^2.
  void own_share(std::span<const double> q, int subject, std::span<double> own) const;

  /// base [coefficient], A [coefficient][coefficient], lower triangular, above 0 on its diagonal.
  void set_map(std::vector<double> base, std::vector<double> map);
  [[nodiscard]] double map(int i, int j) const {
    return map_[static_cast<std::size_t>(i * coefficients() + j)];
  }
  /// info [subject][parameter][parameter], positive semidefinite, and pull [subject][parameter].
  void set_standard(std::span<const double> info, std::span<const double> pull);
  /// A solution of a subject's choices: values before T and their covariance [parameter][parameter] there.
  struct Top {
    std::vector<double> center, covariance;
  };
  /// [subject] solutions, where it has more than one: proposed to it by PosteriorDensity::move, from where they are and half as far again.
  /// Those whose covariance is none are left out.
  void set_tops(const std::vector<std::vector<Top>>& tops);
  struct WideTop {
    std::vector<double> center, root;  // Cholesky factor
    double log_peak = 0;               // of its density, without ln(2 pi) / 2 a parameter
  };
  [[nodiscard]] const std::vector<WideTop>& tops(int subject) const {
    static const std::vector<WideTop> none;
    return tops_.empty() ? none : tops_[static_cast<std::size_t>(subject)];
  }
  /// Subjects in fours: info [four][parameter][parameter], pull [four][parameter]; the last may have lanes of nobody, all 0.
  [[nodiscard]] const std::vector<Vec>& info() const { return info_; }
  [[nodiscard]] const std::vector<Vec>& pull() const { return pull_; }
  [[nodiscard]] int fours() const { return (subjects_ + kWidth - 1) / kWidth; }

  [[nodiscard]] const SubjectTrials& trials(int unit) const { return units_[static_cast<std::size_t>(unit)]; }
  [[nodiscard]] int subject_of(int unit) const { return subject_of_[static_cast<std::size_t>(unit)]; }
  [[nodiscard]] const std::vector<LaneTrials>& lanes() const { return lanes_; }

 private:
  using Rows = std::vector<std::vector<double>>;  // [parameter][row][coefficient]
  [[nodiscard]] std::span<const double> part(const Rows& x, int k, int row) const {
    const auto at = static_cast<std::size_t>(k), n = model_.params[at].design.names.size();
    return std::span(x[at]).subspan(static_cast<std::size_t>(row) * n, n);
  }
  void split_designs();
  [[nodiscard]] Standard<double> standard_at(std::span<const double> q, int subject) const;

  const LearnerEntry* learner_;
  GroupModel model_;
  std::vector<SubjectTrials> units_;
  std::vector<std::map<std::string, std::vector<double>>>
      derived_;  // [unit] numbers of learners with filters
  std::vector<int> subject_of_;
  std::vector<LaneTrials> lanes_;
  std::vector<std::vector<WideTop>> tops_;  // [subject]; empty: none has several
  int subjects_ = 0, dim_ = 0, x_ = 0, correlation_ = 0, y_ = 0;
  std::vector<int> b_, slope_, v_;  // [parameter]
  Rows mean_x_, apart_x_;           // of subjects, of units
  std::vector<double> base_, map_;
  std::vector<Vec> info_, pull_;
};

/// The density of a posterior; one object a thread.
class PosteriorDensity final : public LogDensityOver {
 public:
  explicit PosteriorDensity(const Posterior& posterior);
  [[nodiscard]] int dim() const override { return p_.dim(); }
  double gradient(std::span<const double> q, std::span<double> grad) override;
  /// Metropolis steps of single subjects, of their y and v together, given the group, with proposals that do not look at where the subject
  /// is: they go from one top to another, which trajectories hardly do. Given to subjects whose coordinates turned out far from normal, and to all whose likelihood jumps.
  double move(std::span<double> q, const Draw& draw, std::uint32_t iteration) override;
  static constexpr int kAttempts = 8;  // of a subject that moves, an iteration
  void learned(std::span<const double> inverse_metric) override;

 private:
  void spread(std::span<const double> q);
  void natural(std::span<const double> q, std::span<const int> units);
  double choices(std::span<const double> q, std::span<double> grad);
  double correlate(std::span<const double> q, std::span<double> grad);
  double subjects(std::span<double> grad);
  double group(std::span<const double> q, std::span<double> grad);

  // subject_moves.cpp
  void movers_choices(std::span<const double> q);
  struct Chance {
    double prior, proposal;
  };
  /// Where a subject was in warm-up: normal kernels around its own coordinates, each as wide as the draws there lie apart.
  struct Places {
    std::vector<double> at, width;                  // [draw][own coordinate], [draw]
    std::vector<Vec> centers, precision, log_peak;  // [four draws][own coordinate], of the kernels
    [[nodiscard]] std::size_t count() const { return width.size(); }
  };
  void remember(int subject, Places& places) const;
  [[nodiscard]] double log_places(const Places& places, std::span<const double> at);
  [[nodiscard]] double log_tops(int subject, const std::vector<double>& value) const;
  [[nodiscard]] Chance chance(int subject, const Places& places, const std::vector<double>& value,
                              std::span<const double> own);
  [[nodiscard]] std::uint32_t words(int subject, int attempt) const;
  void propose(int subject, const Places& places, const Draw& draw, std::uint32_t iteration, int attempt);
  double move_values(std::span<double> q, const Draw& draw, std::uint32_t iteration, int attempt);

  /// A subject's own coordinates, where they are in q: y [parameter], then v [parameter][slope].
  [[nodiscard]] int own(std::size_t i, int subject) const { return own_[i] + subject; }
  /// [parameter, or own coordinate][subject], padded to fours
  [[nodiscard]] std::size_t place(int k, int subject) const {
    return static_cast<std::size_t>(k * kWidth * p_.fours() + subject);
  }

  const Posterior& p_;
  std::vector<double> coefficient_, to_;           // [coefficient], and derivatives in them
  std::vector<double> tau_, to_ls_;                // [parameter]
  std::vector<Spread> spread_;                     // [parameter]
  std::vector<std::vector<Spread>> slope_spread_;  // [parameter][slope]
  std::vector<Standard<Vec>> standard_;            // [four]
  // [parameter][subject]: values before T, of units together; derivatives of the log-likelihood in them
  std::vector<double> value_, slope_;
  std::vector<double> loglik_;  // [subject] of those who move
  struct {
    std::vector<int> subjects = {};
    std::vector<Places> places = {};     // of each of them
    std::vector<Chance> here = {};       // of each where it is
    std::vector<int> units = {};         // all of theirs
    std::vector<LaneTrials> lanes = {};  // of units, by index in `units`
  } movers_;
  std::vector<double> row_;       // of one unit, in table order
  std::vector<Vec> terms_;        // of log_places
  std::vector<int> own_;          // [own coordinate] where the first subject's is in q
  std::vector<double> recent_;    // [draw, the last of them][own coordinate][subject]
  std::vector<double> squares_;   // [own coordinate][subject] sum of squares since a metric was learned
  int seen_ = 0;                  // draws in it
  std::vector<double> proposed_;  // [own coordinate][subject]
  Correlation correlation_;
  // [parameter][subject] inverse of the correlations times (value - expected) / sigma
  std::vector<double> weighed_;
  std::vector<Vec> y_, expected_;                                                  // [four][parameter]
  std::vector<Vec> four_values_, four_slopes_, four_y_, four_expected_, four_ls_;  // [parameter]
  std::vector<Vec> theta_, grad_;  // [parameter in table order] of four units
  std::vector<Vec> unit_slope_;    // [parameter estimated] dT/dvalue there
};

}  // namespace labile
