#include "bayes/leave_subject_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bayes/group_draws.hpp"
#include "bayes/vec_load.hpp"
#include "core/cholesky.hpp"
#include "core/math.hpp"
#include "core/normal.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
constexpr int kExamples = 32;  // draws around which shared points lie
constexpr int kSets = 8;       // of points, shifted apart
constexpr std::size_t kMostParams = 64;
/// What the group says of a subject's values before T at one draw.
struct GroupAt {
  std::vector<double> mean, inverse_sigma;  // [parameter]
  double log_norm = 0;
};
/// `unit`'s covariates are added where it is not negative.
GroupAt group_at(const Posterior& p, std::span<const double> q, int unit) {
  GroupAt r;
  for (int k = 0; k < p.params(); ++k) {
    double mean = p.mu(q, k);
    const auto& d = p.model().params[static_cast<std::size_t>(k)].design;
    for (std::size_t c = 0; c < d.names.size() && unit >= 0; ++c)
      mean += d.x[static_cast<std::size_t>(unit)][c] * p.coefficient(q, p.b(k) + static_cast<int>(c));
    const double log_sigma = log(p.sigma(q, k));
    r.mean.push_back(mean);
    r.inverse_sigma.push_back(exp(-log_sigma));
    r.log_norm -= log_sigma + kLogSqrt2Pi;
  }
  return r;
}

/// Normal with a factored covariance.
struct Normal {
  std::vector<double> mean, factor;  // factor [n][n], lower
  double log_norm = 0;

  [[nodiscard]] double log_density(const double* x, double scale) const {
    const std::size_t n = mean.size();
    double sum = 0;
    std::array<double, kMostParams> z{};
    for (std::size_t i = 0; i < n; ++i) {
      double e = (x[i] - mean[i]) / scale;
      for (std::size_t j = 0; j < i; ++j) e -= factor[i * n + j] * z[j];
      z[i] = e / factor[i * n + i];
      sum += z[i] * z[i];
    }
    return log_norm - static_cast<double>(n) * log(scale) - 0.5 * sum;
  }
};
Normal normal_of(std::vector<double> mean, std::vector<double> covariance) {
  const auto n = mean.size();
  const auto diagonal = covariance;
  if (!cholesky(covariance, static_cast<int>(n))) {
    std::fill(covariance.begin(), covariance.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i)
      covariance[i * n + i] = std::sqrt(std::max(diagonal[i * n + i], 1e-10));
  }
  Normal r{std::move(mean), std::move(covariance), 0};
  for (std::size_t i = 0; i < n; ++i) r.log_norm -= log(r.factor[i * n + i]) + kLogSqrt2Pi;
  return r;
}

/// Points of a proposal with their log weights: -ln of its density there.
struct Points {
  std::size_t count = 0;     // a multiple of kSets; set by set
  std::vector<double> x;     // [point][parameter]
  std::vector<double> less;  // [point]
};

/// Steps of a lattice in n dimensions: powers of 1 / g with g^(n + 1) = g + 1.
std::vector<double> lattice(std::size_t n) {
  double g = 1.5;
  for (int i = 0; i < 60; ++i) g = std::pow(1 + g, 1 / static_cast<double>(n + 1));
  std::vector<double> r;
  for (std::size_t k = 1; k <= n; ++k) r.push_back(std::fmod(std::pow(g, -static_cast<double>(k)), 1.0));
  return r;
}

/// A part of a proposal: a normal, spread `scale` times, with its share of the points.
struct Part {
  Normal normal;
  double scale, share;
};

/// Points of a mixture. `index` tells shifts of one draw from another's, so that their errors do not add up over draws.
Points points_of(const std::vector<Part>& parts, int count, const Draw& draw, int index) {
  const std::size_t n = parts.front().normal.mean.size(),
                    each = static_cast<std::size_t>(std::max(count / kSets / kWidth * kWidth, 8));
  const auto step = lattice(n);
  Points r;
  r.count = each * kSets;
  std::vector<double> z(n), x(n), shift(n), density(parts.size()), log_share;
  std::vector<std::size_t> counts;
  double shares = 0;
  std::size_t so_far = 0;
  for (const auto& part : parts) {  // rounded so that they add up
    shares += part.share;
    const auto upto =
        std::min(each, static_cast<std::size_t>(std::lround(shares * static_cast<double>(each))));
    counts.push_back(upto - so_far);
    so_far = upto;
    log_share.push_back(log(static_cast<double>(counts.back()) / static_cast<double>(each)));
  }
  std::uint32_t counter = 0;
  for (int set = 0; set < kSets; ++set)
    for (std::size_t c = 0; c < parts.size(); ++c) {
      const Normal& from = parts[c].normal;
      for (auto& s : shift) s = draw.uniform(counter++, static_cast<std::uint32_t>(index));
      for (std::size_t i = 0; i < counts[c]; ++i) {
        for (std::size_t k = 0; k < n; ++k) {
          const double there = std::fmod(shift[k] + static_cast<double>(i + 1) * step[k], 1.0);
          const double u = 1 - std::abs(2 * there - 1);  // folded, so that the ends of the line meet
          z[k] = normal_quantile(std::clamp(u, 1e-12, 1 - 1e-12));
        }
        for (std::size_t k = 0; k < n; ++k) {
          double sum = 0;
          for (std::size_t j = 0; j <= k; ++j) sum += from.factor[k * n + j] * z[j];
          x[k] = from.mean[k] + parts[c].scale * sum;
        }
        double top = -kInf, sum = 0;
        for (std::size_t m = 0; m < parts.size(); ++m) {
          density[m] =
              counts[m] == 0 ? -kInf : log_share[m] + parts[m].normal.log_density(x.data(), parts[m].scale);
          top = std::max(top, density[m]);
        }
        for (const double d : density) sum += exp(d - top);
        r.x.insert(r.x.end(), x.begin(), x.end());
        r.less.push_back(-(top + log(sum)));
      }
    }
  if (so_far != each) throw Bug("shares of a mixture sum to 1");
  return r;
}

/// ln L at every draw, of all points and of each set's.
struct Integrals {
  std::vector<double> all;                 // [draw]
  std::vector<std::vector<double>> apart;  // [set left out][draw]
  double points_left = kInf;
};

/// One integral: its logarithm, of all points and without each set, and the effective number of points.
struct Integral {
  double all = -kInf, points_left = 0;
  std::array<double, kSets> without{};
};

class SubjectIntegral {
 public:
  SubjectIntegral(const GroupFit& fit, int subject, const SubjectOutOptions& o)
      : p_(*fit.posterior),
        draws_(fit.chains),
        o_(o),
        n_(static_cast<std::size_t>(p_.params())),
        draw_{o.seed, Purpose::sampler, static_cast<std::uint32_t>(subject) + 0x40000000U},
        row_(p_.model().standard) {
    for (int u = 0; u < p_.units(); ++u)
      if (p_.subject_of(u) == subject) units_.push_back(u);
    if (n_ > kMostParams) throw Error("leaving subjects out integrates over at most 64 parameters");
    if (p_.correlated()) throw Error("leaving subjects out knows no correlated parameters");
    for (int k = 0; k < p_.params(); ++k)
      if (p_.slopes(k) > 0)
        throw Error("leaving subjects out knows no effects that differ between subjects; use (1 | subject)");
    for (const int u : units_)
      for (const auto& param : p_.model().params)
        if (!param.design.names.empty())
          alike_ = alike_ && param.design.x[static_cast<std::size_t>(u)] ==
                                 param.design.x[static_cast<std::size_t>(units_.front())];
    const Normal group = predicted_by_group(), mine = own();
    std::vector<double> mean_b;
    if (!alike_) mean_b = mean_draw();
    shared_ = by_parameter(points_of(around(mine, group), o.points / 4, draw_, 0));
    score(shared_, mean_b);
    approximate_likelihood(group);
    if (!alike_) return;
    // Where the subject may be at some draws, spread over all.
    std::vector<Part> parts{{mine, 1.6, 0.1}, {mine, 3, 0.05}, {group, 1, 0.2}};
    for (int j = 0; j < kExamples; ++j) {
      const long at = (2L * j + 1) * draws_.total() / (2 * kExamples);
      parts.push_back(
          {likely(group_at(p_, draws_.q(static_cast<int>(at)), units_.front())), 1.25, 0.65 / kExamples});
    }
    shared_ = by_parameter(points_of(parts, o.points, draw_, 0));
    score(shared_, {});
  }

  Integrals run() {
    Integrals r;
    r.apart.resize(kSets);
    const int stride =
        alike_ ? 1 : std::max(1, draws_.iterations() * draws_.chains() / std::max(o_.draws_at_most, 1));
    for (int c = 0; c < draws_.chains(); ++c)
      for (int i = 0; i < draws_.iterations(); i += stride) {
        const auto q = draws_.q(c * draws_.iterations() + i);
        const GroupAt g = group_at(p_, q, alike_ ? units_.front() : -1);
        Integral now;
        if (alike_) now = sum_over(shared_, g);
        if (!alike_ || now.points_left < o_.enough) {
          Scored mine = by_parameter(points_of(around(likely(g), normal_at(g)), o_.points_a_draw, draw_,
                                               1 + c * draws_.iterations() + i));
          score(mine, alike_ ? std::span<const double>() : q);
          now = sum_over(mine, g);
        }
        r.points_left = std::min(r.points_left, now.points_left);
        r.all.push_back(now.all);
        for (std::size_t set = 0; set < kSets; ++set) r.apart[set].push_back(now.without[set]);
      }
    return r;
  }

 private:
  /// A normal for what is known of the subject, wider ones lest it is wrong, and what its group says.
  static std::vector<Part> around(const Normal& subject, const Normal& group) {
    return {{subject, 1, 0.375}, {subject, 1.6, 0.25}, {subject, 3, 0.125}, {group, 1, 0.25}};
  }
  /// Points for sums: [parameter][point], with log weights.
  struct Scored {
    std::size_t count = 0;
    std::vector<double> x, weight;
  };
  [[nodiscard]] Scored by_parameter(const Points& points) const {
    Scored r{points.count, std::vector<double>(points.count * n_), points.less};
    for (std::size_t m = 0; m < points.count; ++m)
      for (std::size_t k = 0; k < n_; ++k) r.x[k * points.count + m] = points.x[m * n_ + k];
    return r;
  }
  /// Adds each point's log-likelihood to its weight; -inf where it is no number. Covariates count by the coefficients of q, where there is
  /// one; else x has them in.
  void score(Scored& s, std::span<const double> q) {
    for (std::size_t m = 0; m < s.count; ++m) {
      double loglik = 0;
      for (const int u : units_) {
        for (std::size_t k = 0; k < n_; ++k) {
          const auto& param = p_.model().params[k];
          const double at = s.x[k * s.count + m] + (q.empty() ? 0 : added(q, static_cast<int>(k), u));
          row_[static_cast<std::size_t>(param.at)] = from_line(param.group, at);
        }
        loglik += p_.learner().likelihood->value(row_, p_.trials(u), {});
      }
      s.weight[m] = loglik == loglik ? loglik + s.weight[m] : -kInf;
    }
  }

  /// ln of the integral over the group's density at g.
  Integral sum_over(const Scored& s, const GroupAt& g) {
    term_.resize(s.count);
    const std::size_t each = s.count / kSets;
    Vec top(-kInf);
    for (std::size_t m = 0; m < s.count; m += kWidth) {
      Vec e(0.0);
      for (std::size_t k = 0; k < n_; ++k) {
        const Vec d = (load(&s.x[k * s.count + m]) - Vec(g.mean[k])) * Vec(g.inverse_sigma[k]);
        e += d * d;
      }
      e = load(&s.weight[m]) - Vec(0.5) * e;
      top = max(top, e);
      std::memcpy(&term_[m], &e, sizeof e);
    }
    const double best = std::max({top[0], top[1], top[2], top[3]});
    Integral r;
    r.without.fill(-kInf);
    if (!(best > -kInf)) return r;
    std::array<double, kSets> part{};
    double total = 0, squares = 0;
    for (std::size_t set = 0; set < kSets; ++set) {
      Vec sum(0.0), sum2(0.0);
      for (std::size_t m = set * each; m < (set + 1) * each; m += kWidth) {
        const Vec w = exp(load(&term_[m]) - Vec(best));
        sum += w;
        sum2 += w * w;
      }
      part[set] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      total += part[set];
      squares += (sum2[0] + sum2[1]) + (sum2[2] + sum2[3]);
    }
    const double scale = best + g.log_norm;
    r.all = scale + log(total / static_cast<double>(s.count));
    r.points_left = total * total / squares;
    for (std::size_t set = 0; set < kSets; ++set)
      if (const double rest = total - part[set]; rest > 0)
        r.without[set] = scale + log(rest / static_cast<double>(s.count - each));
    return r;
  }

  /// The subject's own posterior before T: of values with their covariates, or without where rows differ in them.
  [[nodiscard]] Normal own() const {
    std::vector<double> mean(n_, 0.0), covariance(n_ * n_, 0.0), x(n_);
    const int total = draws_.total();
    for (int pass = 0; pass < 2; ++pass)
      for (int d = 0; d < total; ++d) {
        const auto q = draws_.q(d);
        p_.unit_values(q, units_.front(), x);
        for (std::size_t k = 0; k < n_ && !alike_; ++k) x[k] -= added(q, static_cast<int>(k), units_.front());
        for (std::size_t k = 0; k < n_; ++k) {
          if (pass == 0)
            mean[k] += x[k] / total;
          else
            for (std::size_t j = 0; j <= k; ++j)
              covariance[k * n_ + j] += (x[k] - mean[k]) * (x[j] - mean[j]) / total;
        }
      }
    mirror(covariance);
    return normal_of(std::move(mean), std::move(covariance));
  }
  /// What the group says before the subject is known: its mean over draws, its spread and that of its mean.
  [[nodiscard]] Normal predicted_by_group() const {
    std::vector<double> mean(n_, 0.0), square(n_, 0.0), covariance(n_ * n_, 0.0);
    const int total = draws_.total();
    for (int d = 0; d < total; ++d) {
      const GroupAt g = group_at(p_, draws_.q(d), alike_ ? units_.front() : -1);
      for (std::size_t k = 0; k < n_; ++k) {
        mean[k] += g.mean[k] / total;
        square[k] += (g.mean[k] * g.mean[k] + 1 / (g.inverse_sigma[k] * g.inverse_sigma[k])) / total;
      }
    }
    for (std::size_t k = 0; k < n_; ++k)
      covariance[k * n_ + k] = std::max(square[k] - mean[k] * mean[k], 1e-10);
    return normal_of(std::move(mean), std::move(covariance));
  }
  [[nodiscard]] Normal normal_at(const GroupAt& g) const {
    std::vector<double> covariance(n_ * n_, 0.0);
    for (std::size_t k = 0; k < n_; ++k)
      covariance[k * n_ + k] = 1 / (g.inverse_sigma[k] * g.inverse_sigma[k]);
    return normal_of(g.mean, std::move(covariance));
  }

  /// Precision and pull of the subject's likelihood: those of the shared points under the group's widest say, less its own.
  void approximate_likelihood(const Normal& group) {
    GroupAt wide{group.mean, {}, 0};
    for (std::size_t k = 0; k < n_; ++k) wide.inverse_sigma.push_back(1 / group.factor[k * n_ + k]);
    (void)sum_over(shared_, wide);  // leaves its terms
    const double top = *std::max_element(term_.begin(), term_.end());
    std::vector<double> mean(n_, 0.0), covariance(n_ * n_, 0.0);
    double total = 0;
    info_.assign(n_ * n_, 0.0);
    pull_.assign(n_, 0.0);
    if (!(top > -kInf)) return;
    for (auto& t : term_) total += t = exp(t - top);
    const auto x = [&](std::size_t k, std::size_t m) { return shared_.x[k * shared_.count + m]; };
    for (std::size_t k = 0; k < n_; ++k)
      for (std::size_t m = 0; m < shared_.count; ++m) mean[k] += term_[m] / total * x(k, m);
    for (std::size_t k = 0; k < n_; ++k)
      for (std::size_t j = 0; j <= k; ++j)
        for (std::size_t m = 0; m < shared_.count; ++m)
          covariance[k * n_ + j] += term_[m] / total * (x(k, m) - mean[k]) * (x(j, m) - mean[j]);
    mirror(covariance);
    if (!invert(covariance)) return;
    info_ = covariance;
    for (std::size_t k = 0; k < n_; ++k) {
      for (std::size_t j = 0; j < n_; ++j) pull_[k] += covariance[k * n_ + j] * mean[j];
      const double tau = wide.inverse_sigma[k] * wide.inverse_sigma[k];
      info_[k * n_ + k] -= tau;
      pull_[k] -= tau * group.mean[k];
    }
  }
  /// Product of the group at one draw and that approximation; the group's alone where this is no normal.
  [[nodiscard]] Normal likely(const GroupAt& g) const {
    std::vector<double> precision = info_, mean(n_, 0.0);
    auto pull = pull_;
    for (std::size_t k = 0; k < n_; ++k) {
      const double tau = g.inverse_sigma[k] * g.inverse_sigma[k];
      precision[k * n_ + k] += tau;
      pull[k] += tau * g.mean[k];
    }
    if (!invert(precision)) return normal_at(g);
    for (std::size_t k = 0; k < n_; ++k)
      for (std::size_t j = 0; j < n_; ++j) mean[k] += precision[k * n_ + j] * pull[j];
    return normal_of(std::move(mean), std::move(precision));
  }

  void mirror(std::vector<double>& a) const {
    for (std::size_t k = 0; k < n_; ++k)
      for (std::size_t j = 0; j < k; ++j) a[j * n_ + k] = a[k * n_ + j];
  }
  /// Of a symmetric positive definite matrix; false where it is none.
  [[nodiscard]] bool invert(std::vector<double>& a) const {
    auto l = a;
    if (!cholesky(l, static_cast<int>(n_))) return false;
    for (std::size_t k = 0; k < n_; ++k) {
      std::vector<double> e(n_, 0.0);
      e[k] = 1;
      cholesky_solve(l, static_cast<int>(n_), e);
      std::copy(e.begin(), e.end(), a.begin() + static_cast<std::ptrdiff_t>(k * n_));
    }
    return true;
  }
  /// What covariates add to a unit's value.
  [[nodiscard]] double added(std::span<const double> q, int k, int unit) const {
    const auto& d = p_.model().params[static_cast<std::size_t>(k)].design;
    double sum = 0;
    for (std::size_t c = 0; c < d.names.size(); ++c)
      sum += d.x[static_cast<std::size_t>(unit)][c] * p_.coefficient(q, p_.b(k) + static_cast<int>(c));
    return sum;
  }
  [[nodiscard]] std::vector<double> mean_draw() const {
    std::vector<double> r(static_cast<std::size_t>(p_.dim()), 0.0);
    for (int d = 0; d < draws_.total(); ++d)
      for (std::size_t i = 0; i < r.size(); ++i) r[i] += draws_.q(d)[i] / draws_.total();
    return r;
  }

  const Posterior& p_;
  Draws draws_;
  const SubjectOutOptions& o_;
  std::size_t n_;
  Draw draw_;
  std::vector<int> units_;
  bool alike_ = true;  // rows of the subject have the same covariates
  std::vector<double> row_, term_;
  Scored shared_;
  std::vector<double> info_,
      pull_;  // [parameter][parameter], [parameter]: a normal approximation of the likelihood
};
}  // namespace

std::vector<double> integrated_loglik(const GroupFit& fit, int subject, const SubjectOutOptions& o) {
  return SubjectIntegral(fit, subject, o).run().all;
}

SubjectsOut leave_subjects_out(const GroupFit& fit, const SubjectOutOptions& o) {
  const int subjects = fit.posterior->subjects(), chains = static_cast<int>(fit.chains.size());
  SubjectsOut r;
  std::vector<LooPoint> points(static_cast<std::size_t>(subjects));
  r.integration_mcse.assign(points.size(), 0.0);
  r.points_left.assign(points.size(), 0.0);
  std::vector<int> used(points.size());
  parallel_for(subjects, o.threads, [&](int s) {
    if (interrupted()) throw Interrupted("interrupted while leaving subjects out");
    const auto at = static_cast<std::size_t>(s);
    const Integrals all = SubjectIntegral(fit, s, o).run();
    const double r_eff = relative_efficiency(all.all, chains);
    points[at] = loo_point(all.all, r_eff);
    std::array<double, kSets> without{};
    double mean = 0, squares = 0;
    for (std::size_t set = 0; set < kSets; ++set)
      mean += (without[set] = loo_point(all.apart[set], r_eff).elpd) / kSets;
    for (const double x : without) squares += (x - mean) * (x - mean);
    r.integration_mcse[at] = std::sqrt(squares * (kSets - 1) / kSets);
    r.points_left[at] = all.points_left;
    used[at] = static_cast<int>(all.all.size());
  });
  std::vector<std::uint8_t> has(points.size(), 0);
  const Posterior& p = *fit.posterior;
  for (int u = 0; u < p.units(); ++u)
    for (std::size_t t = 0; t < p.trials(u).size(); ++t)
      if (observed(p.learner(), p.trials(u), t)) has[static_cast<std::size_t>(p.subject_of(u))] = 1;
  std::vector<LooPoint> scored;
  for (std::size_t s = 0; s < points.size(); ++s)
    if (has[s]) scored.push_back(points[s]);
  r.scored = static_cast<int>(scored.size());
  r.loo = loo_of(std::move(scored), *std::min_element(used.begin(), used.end()));
  r.loo.points = std::move(points);
  double squares = r.loo.mcse * r.loo.mcse;
  for (const double x : r.integration_mcse) squares += x * x;
  r.mcse = std::sqrt(squares);
  return r;
}

std::string subjects_out_warning(const SubjectsOut& out) {
  if (out.loo.unreliable == 0) return "";
  return fmt::format(
      "leaving out whole subjects: {} of {} have Pareto k above {:.2f}, their scores and sums with them are "
      "not reliable; draw more, "
      "or fit without these subjects to see what they are worth",
      out.loo.unreliable, out.scored, out.loo.threshold);
}

}  // namespace labile
