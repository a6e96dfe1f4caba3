#include "bayes/leave_subject_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bayes/group_draws.hpp"
#include "core/cholesky.hpp"
#include "core/math.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
constexpr int kSets = 8;  // of points, shifted apart
constexpr double kLogSqrt2Pi = 0.91893853320467274178;
/// Of the proposal: the share of points and the spread of each normal; the last one follows the group.
struct Component {
  double share, scale;
};
constexpr std::array<Component, 4> kMixture{{{0.375, 1}, {0.25, 1.6}, {0.125, 3}, {0.25, 1}}};

/// What the group says of a subject's values before T at one draw.
struct GroupAt {
  std::vector<double> mean, inverse_sigma;  // [parameter]
  double log_norm = 0;
};
/// `unit`'s covariates are added where it is not negative.
GroupAt group_at(const Posterior& p, std::span<const double> q, int unit) {
  GroupAt r;
  for (int k = 0; k < p.params(); ++k) {
    double mean = q[static_cast<std::size_t>(p.mu(k))];
    const auto& d = p.model().params[static_cast<std::size_t>(k)].design;
    for (std::size_t c = 0; c < d.names.size() && unit >= 0; ++c)
      mean += d.x[static_cast<std::size_t>(unit)][c] * q[static_cast<std::size_t>(p.b(k)) + c];
    const double log_sigma = q[static_cast<std::size_t>(p.log_sigma(k))];
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
    std::array<double, 64> z{};
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

Points points_of(const Normal& own, const Normal& group, int count, const Draw& draw) {
  const std::size_t n = own.mean.size(),
                    each = static_cast<std::size_t>(std::max(count / kSets / kWidth * kWidth, 8));
  const auto step = lattice(n);
  Points r;
  r.count = each * kSets;
  std::vector<double> z(n), x(n);
  std::array<std::size_t, kMixture.size()> counts{};
  std::size_t left = each;
  for (std::size_t c = 0; c < kMixture.size(); ++c) {
    counts[c] = c + 1 < kMixture.size()
                    ? static_cast<std::size_t>(kMixture[c].share * static_cast<double>(each))
                    : left;
    left -= counts[c];
  }
  std::uint32_t counter = 0;
  for (int set = 0; set < kSets; ++set)
    for (std::size_t c = 0; c < kMixture.size(); ++c) {
      const Normal& from = c + 1 < kMixture.size() ? own : group;
      std::vector<double> shift(n);
      for (auto& s : shift) s = draw.uniform(counter++);
      for (std::size_t i = 0; i < counts[c]; ++i) {
        for (std::size_t k = 0; k < n; ++k) {
          const double u = std::fmod(shift[k] + static_cast<double>(i + 1) * step[k], 1.0);
          z[k] = normal_quantile(std::clamp(u, 1e-12, 1 - 1e-12));
        }
        for (std::size_t k = 0; k < n; ++k) {
          double sum = 0;
          for (std::size_t j = 0; j <= k; ++j) sum += from.factor[k * n + j] * z[j];
          x[k] = from.mean[k] + kMixture[c].scale * sum;
        }
        double density = 0, top = -kInf;
        std::array<double, kMixture.size()> parts{};
        for (std::size_t m = 0; m < kMixture.size(); ++m) {
          parts[m] = log(static_cast<double>(counts[m]) / static_cast<double>(each)) +
                     (m + 1 < kMixture.size() ? own : group).log_density(x.data(), kMixture[m].scale);
          top = std::max(top, parts[m]);
        }
        for (const double p : parts) density += exp(p - top);
        r.x.insert(r.x.end(), x.begin(), x.end());
        r.less.push_back(-(top + log(density)));
      }
    }
  return r;
}

Vec load(const double* p) {
  return Vec(RawDoubles(_mm256_loadu_pd(p)));
}

/// ln L at every draw, of all points and of each set's.
struct Integrals {
  std::vector<double> all;                 // [draw]
  std::vector<std::vector<double>> apart;  // [set left out][draw]
  double points_left = kInf;
};

class SubjectIntegral {
 public:
  SubjectIntegral(const GroupFit& fit, int subject, const SubjectOutOptions& o)
      : p_(*fit.posterior), draws_(fit.chains), o_(o), subject_(subject), row_(p_.model().standard) {
    for (int u = 0; u < p_.units(); ++u)
      if (p_.subject_of(u) == subject) units_.push_back(u);
    if (p_.params() > 64) throw Error("leaving subjects out integrates over at most 64 parameters");
    for (const int u : units_)
      for (const auto& param : p_.model().params)
        if (!param.design.names.empty())
          alike_ = alike_ && param.design.x[static_cast<std::size_t>(u)] ==
                                 param.design.x[static_cast<std::size_t>(units_.front())];
    Draw draw{o.seed, Purpose::sampler, static_cast<std::uint32_t>(subject) + 0x40000000U};
    points_ = points_of(own(), group(), alike_ ? o.points : o.points_a_draw, draw);
  }
  /// Draws that are used.
  [[nodiscard]] int stride() const {
    return alike_ ? 1 : std::max(1, draws_.iterations() * draws_.chains() / std::max(o_.draws_at_most, 1));
  }

  Integrals run() {
    Integrals r;
    r.apart.resize(kSets);
    const std::size_t count = points_.count, n = static_cast<std::size_t>(p_.params());
    // [parameter][point], for four points at a time
    std::vector<double> x(count * n), weight(count), sum(count);
    for (std::size_t m = 0; m < count; ++m)
      for (std::size_t k = 0; k < n; ++k) x[k * count + m] = points_.x[m * n + k];
    if (alike_) score(weight, {});
    const std::size_t each = count / kSets;
    for (int c = 0; c < draws_.chains(); ++c)
      for (int i = 0; i < draws_.iterations(); i += stride()) {
        const auto q = draws_.q(c * draws_.iterations() + i);
        if (!alike_) score(weight, q);
        const GroupAt g = group_at(p_, q, alike_ ? units_.front() : -1);
        Vec top(-kInf);
        for (std::size_t m = 0; m < count; m += kWidth) {
          Vec e(0.0);
          for (std::size_t k = 0; k < n; ++k) {
            const Vec d = (load(&x[k * count + m]) - Vec(g.mean[k])) * Vec(g.inverse_sigma[k]);
            e += d * d;
          }
          e = load(&weight[m]) - Vec(0.5) * e;
          top = max(top, e);
          std::memcpy(&sum[m], &e, sizeof e);
        }
        const double best = std::max({top[0], top[1], top[2], top[3]});
        std::array<double, kSets> part{};
        double total = 0, squares = 0;
        if (best > -kInf) {
          for (std::size_t set = 0; set < kSets; ++set) {
            Vec s(0.0), s2(0.0);
            for (std::size_t m = set * each; m < (set + 1) * each; m += kWidth) {
              const Vec w = exp(load(&sum[m]) - Vec(best));
              s += w;
              s2 += w * w;
            }
            part[set] = (s[0] + s[1]) + (s[2] + s[3]);
            total += part[set];
            squares += (s2[0] + s2[1]) + (s2[2] + s2[3]);
          }
          r.points_left = std::min(r.points_left, total * total / squares);
        }
        const double scale = best + g.log_norm;
        r.all.push_back(best > -kInf ? scale + log(total / static_cast<double>(count)) : -kInf);
        for (std::size_t set = 0; set < kSets; ++set) {
          const double rest = total - part[set];
          r.apart[set].push_back(rest > 0 ? scale + log(rest / static_cast<double>(count - each)) : -kInf);
        }
      }
    return r;
  }

 private:
  /// The subject's own posterior before T: of values with their covariates, or without where rows differ in them.
  [[nodiscard]] Normal own() const {
    const std::size_t n = static_cast<std::size_t>(p_.params());
    std::vector<double> mean(n, 0.0), covariance(n * n, 0.0), x(n);
    const int total = draws_.total();
    for (int pass = 0; pass < 2; ++pass)
      for (int d = 0; d < total; ++d) {
        const auto q = draws_.q(d);
        for (std::size_t k = 0; k < n; ++k) x[k] = line(q, static_cast<int>(k), units_.front(), alike_);
        for (std::size_t k = 0; k < n; ++k) {
          if (pass == 0)
            mean[k] += x[k] / total;
          else
            for (std::size_t j = 0; j <= k; ++j)
              covariance[k * n + j] += (x[k] - mean[k]) * (x[j] - mean[j]) / total;
        }
      }
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j < k; ++j) covariance[j * n + k] = covariance[k * n + j];
    return normal_of(std::move(mean), std::move(covariance));
  }
  /// What the group says before the subject is known: its mean over draws, its spread and that of its mean.
  [[nodiscard]] Normal group() const {
    const std::size_t n = static_cast<std::size_t>(p_.params());
    std::vector<double> mean(n, 0.0), square(n, 0.0), covariance(n * n, 0.0);
    const int total = draws_.total();
    for (int d = 0; d < total; ++d) {
      const GroupAt g = group_at(p_, draws_.q(d), alike_ ? units_.front() : -1);
      for (std::size_t k = 0; k < n; ++k) {
        mean[k] += g.mean[k] / total;
        square[k] += (g.mean[k] * g.mean[k] + 1 / (g.inverse_sigma[k] * g.inverse_sigma[k])) / total;
      }
    }
    for (std::size_t k = 0; k < n; ++k)
      covariance[k * n + k] = std::max(square[k] - mean[k] * mean[k], 1e-10);
    return normal_of(std::move(mean), std::move(covariance));
  }
  /// A unit's value before T, with or without what covariates add.
  [[nodiscard]] double line(std::span<const double> q, int k, int unit, bool with) const {
    return p_.on_line(q, k, unit) - (with ? 0 : added(q, k, unit));
  }
  [[nodiscard]] double added(std::span<const double> q, int k, int unit) const {
    const auto& d = p_.model().params[static_cast<std::size_t>(k)].design;
    double sum = 0;
    for (std::size_t c = 0; c < d.names.size(); ++c)
      sum += d.x[static_cast<std::size_t>(unit)][c] * q[static_cast<std::size_t>(p_.b(k)) + c];
    return sum;
  }
  /// Log-likelihood at every point, less the log density of the proposal; -inf where it is no number.
  void score(std::vector<double>& weight, std::span<const double> q) {
    const std::size_t n = static_cast<std::size_t>(p_.params());
    for (std::size_t m = 0; m < points_.count; ++m) {
      double loglik = 0;
      for (const int u : units_) {
        for (std::size_t k = 0; k < n; ++k) {
          const auto& param = p_.model().params[k];
          const double at = points_.x[m * n + k] + (q.empty() ? 0 : added(q, static_cast<int>(k), u));
          row_[static_cast<std::size_t>(param.at)] = from_line(param.group, at);
        }
        loglik += p_.learner().likelihood->value(row_, p_.trials(u), {});
      }
      weight[m] = loglik == loglik ? loglik + points_.less[m] : -kInf;
    }
  }

  const Posterior& p_;
  Draws draws_;
  const SubjectOutOptions& o_;
  int subject_;
  std::vector<int> units_;
  bool alike_ = true;  // rows of the subject have the same covariates
  std::vector<double> row_;
  Points points_;
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
  r.loo = loo_of(std::move(points), *std::min_element(used.begin(), used.end()));
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
      out.loo.unreliable, out.loo.points.size(), out.loo.threshold);
}

}  // namespace labile
