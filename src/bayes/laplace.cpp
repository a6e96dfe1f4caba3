#include "bayes/laplace.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "core/cholesky.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
/// T, T' and T'' at y.
struct Natural {
  double x, slope, curvature;
};
Natural natural(const Group& g, double y) {
  if (g.kind == Group::exp) {
    const double x = exp(y);
    return {x, x, x};
  }
  if (g.kind == Group::identity) return {y, 1, 0};
  const double u = 0.07056 * y * y * y + 1.5976 * y, du = 0.21168 * y * y + 1.5976, ddu = 0.42336 * y;
  const double s = logistic(u), r = logistic(-u);
  return {g.lo + g.width * s, g.width * s * r * du, g.width * s * r * ((r - s) * du * du + ddu)};
}

double dot(std::span<const double> x, const std::vector<double>& b) {
  double r = 0;
  for (std::size_t c = 0; c < x.size(); ++c) r += x[c] * b[c];
  return r;
}

/// One subject's log posterior given its group, with derivatives, over the parameters before T.
class Subject {
 public:
  Subject(const Posterior& p, int subject, std::vector<int> units)
      : p_(p), subject_(subject), units_(std::move(units)) {
    const auto all = p_.model().standard.size();
    row_ = p_.model().standard;
    g_.resize(all);
    h_.resize(all * all);
  }
  /// What is expected of parameter k.
  [[nodiscard]] double expected(const Laplace& group, std::size_t k) const {
    return group.mu[k] + dot(p_.mean_row(static_cast<int>(k), subject_), group.b[k]);
  }
  double evaluate(const std::vector<double>& y, const Laplace& group, std::vector<double>& grad,
                  std::vector<double>& hess) {
    const auto n = y.size();
    double value = 0;
    grad.assign(n, 0);
    hess.assign(n * n, 0);
    for (std::size_t k = 0; k < n; ++k) {
      const double z = (y[k] - expected(group, k)) / group.sigma[k];
      value -= 0.5 * z * z;
      grad[k] -= z / group.sigma[k];
      hess[k * n + k] -= 1 / (group.sigma[k] * group.sigma[k]);
    }
    for (const int u : units_) value += choices(y, group, u, grad, hess);
    return value;
  }
  /// The same without derivatives.
  double value(const std::vector<double>& y, const Laplace& group) {
    double r = 0;
    for (std::size_t k = 0; k < y.size(); ++k) {
      const double z = (y[k] - expected(group, k)) / group.sigma[k];
      r -= 0.5 * z * z;
    }
    for (const int u : units_) {
      for (std::size_t k = 0; k < y.size(); ++k) {
        const auto& param = p_.model().params[k];
        row_[static_cast<std::size_t>(param.at)] =
            from_line(param.group, y[k] + dot(p_.apart_row(static_cast<int>(k), u), group.b[k]));
      }
      r += p_.learner().likelihood->value(row_, p_.trials(u), {});
    }
    return r;
  }
  /// One unit's log-likelihood; its derivatives in values before T are added.
  double choices(const std::vector<double>& y, const Laplace& group, int unit, std::vector<double>& grad,
                 std::vector<double>& hess) {
    const auto n = y.size(), all = row_.size();
    std::vector<Natural> t(n);
    for (std::size_t k = 0; k < n; ++k) {
      const auto& param = p_.model().params[k];
      t[k] = natural(param.group, y[k] + dot(p_.apart_row(static_cast<int>(k), unit), group.b[k]));
      row_[static_cast<std::size_t>(param.at)] = t[k].x;
    }
    const double value = p_.learner().likelihood->hessian(row_, p_.trials(unit), g_, h_);
    for (std::size_t i = 0; i < n; ++i) {
      const auto a = static_cast<std::size_t>(p_.model().params[i].at);
      grad[i] += g_[a] * t[i].slope;
      hess[i * n + i] += g_[a] * t[i].curvature;
      for (std::size_t j = 0; j < n; ++j) {
        const auto b = static_cast<std::size_t>(p_.model().params[j].at);
        hess[i * n + j] += h_[a * all + b] * t[i].slope * t[j].slope;
      }
    }
    return value;
  }
  [[nodiscard]] int subject() const { return subject_; }
  [[nodiscard]] const std::vector<int>& units() const { return units_; }

 private:
  const Posterior& p_;
  int subject_;
  std::vector<int> units_;
  std::vector<double> row_, g_, h_;
};

/// Newton steps, damped until they climb; `cov` gets the inverse of minus the Hessian. Log density at the top.
double climb(Subject& subject, const Laplace& group, std::vector<double>& y, std::vector<double>& cov) {
  const auto n = y.size();
  std::vector<double> grad, hess, next_grad, next_hess;
  double value = subject.evaluate(y, group, grad, hess);
  double damping = 0;
  for (int iteration = 0; iteration < 50; ++iteration) {
    std::vector<double> l(n * n), step = grad;
    for (std::size_t i = 0; i < n * n; ++i) l[i] = -hess[i];
    for (std::size_t i = 0; i < n; ++i) l[i * n + i] += damping / (group.sigma[i] * group.sigma[i]);
    if (!cholesky(l, static_cast<int>(n))) {
      damping = std::max(1.0, 4 * damping);
      continue;
    }
    cholesky_solve(l, static_cast<int>(n), step);
    double gain = 0, largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      gain += step[i] * grad[i];
      largest = std::max(largest, std::abs(step[i]));
    }
    if (gain < 1e-8) break;
    std::vector<double> next = y;
    for (std::size_t i = 0; i < n; ++i) next[i] += step[i] * std::min(1.0, 2.0 / largest);
    const double there = subject.evaluate(next, group, next_grad, next_hess);
    if (!(there > value)) {
      damping = std::max(1.0, 4 * damping);
      continue;
    }
    value = there;
    y = next;
    std::swap(grad, next_grad);
    std::swap(hess, next_hess);
    damping /= 4;
    if (damping < 0.1) damping = 0;
  }
  std::vector<double> l(n * n);
  for (std::size_t i = 0; i < n * n; ++i) l[i] = -hess[i];
  const bool curved = cholesky(l, static_cast<int>(n));
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> e(n, 0.0);
    e[i] = 1;
    if (curved)
      cholesky_solve(l, static_cast<int>(n), e);
    else
      e[i] = group.sigma[i] * group.sigma[i];
    std::copy(e.begin(), e.end(), cov.begin() + static_cast<std::ptrdiff_t>(i * n));
  }
  return value;
}

/// Climbs from where y is and from the best two of `kPlaces` values around the group's, and keeps the top with the most probability under
/// it: a likelihood of two tops is otherwise told by the one that happens to be near.
void climb_from_many(Subject& subject, const Laplace& group, std::vector<double>& y,
                     std::vector<double>& cov) {
  constexpr std::uint32_t kPlaces = 32;
  constexpr double kWider = 1.5;
  const auto n = y.size();
  std::vector<std::pair<double, std::vector<double>>> places;
  for (std::uint32_t i = 0; i < kPlaces; ++i) {
    const Draw draw{i, Purpose::start, static_cast<std::uint32_t>(subject.subject())};
    std::vector<double> at(n);
    for (std::size_t k = 0; k < n; ++k)
      at[k] =
          subject.expected(group, k) + kWider * group.sigma[k] * draw.normal(static_cast<std::uint32_t>(k));
    const double value = subject.value(at, group);
    if (std::isfinite(value)) places.emplace_back(value, std::move(at));
  }
  std::stable_sort(places.begin(), places.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  places.resize(std::min<std::size_t>(places.size(), 2));
  places.emplace_back(0, y);
  double most = -kInf;
  for (auto& [unused, at] : places) {
    std::vector<double> here(n * n);
    double mass = climb(subject, group, at, here);
    auto root = here;
    if (!cholesky(root, static_cast<int>(n))) continue;
    for (std::size_t k = 0; k < n; ++k) mass += std::log(root[k * n + k]);
    if (!(mass > most)) continue;
    most = mass;
    y = at;
    cov = std::move(here);
  }
}

/// Newton's step of all mu and b with every subject at its most probable values y, which follow.
class GroupStep {
 public:
  explicit GroupStep(const Posterior& p) : p_(p) {
    for (const auto& param : p.model().params) {
      first_.push_back(size_);
      size_ += 1 + param.design.names.size();
    }
  }
  /// The largest change of a coefficient; none where the density is not curved so that there is a step.
  std::optional<double> take(std::vector<Subject>& each, std::vector<std::vector<double>>& y, Laplace& r) {
    const auto n = first_.size();
    std::vector<double> slope(size_, 0.0), info(size_ * size_, 0.0);
    for (std::size_t k = 0; k < n; ++k) {
      const auto& param = p_.model().params[k];
      prior(first_[k], r.mu[k] - param.group.mu_mean, param.group.mu_sd, slope, info);
      for (std::size_t c = 0; c < r.b[k].size(); ++c)
        prior(first_[k] + 1 + c, r.b[k][c], param.design.prior_sd, slope, info);
    }
    std::vector<std::vector<double>>
        follow;  // [subject][parameter][coefficient] dy / dcoefficient, less what is expected
    for (std::size_t s = 0; s < each.size(); ++s) follow.push_back(add(each[s], y[s], r, slope, info));
    if (!cholesky(info, static_cast<int>(size_))) return std::nullopt;
    std::vector<double> step = slope;
    cholesky_solve(info, static_cast<int>(size_), step);
    double largest = 0;
    for (const double x : step) largest = std::max(largest, std::abs(x));
    for (double& x : step) x *= std::min(1.0, 0.5 / largest);
    for (std::size_t k = 0; k < n; ++k) {
      r.mu[k] += step[first_[k]];
      for (std::size_t c = 0; c < r.b[k].size(); ++c) r.b[k][c] += step[first_[k] + 1 + c];
      for (std::size_t s = 0; s < each.size(); ++s) {
        const auto x = row(p_.mean_row(static_cast<int>(k), static_cast<int>(s)));
        for (std::size_t c = 0; c < x.size(); ++c) y[s][k] += x[c] * step[first_[k] + c];
        for (std::size_t j = 0; j < size_; ++j) y[s][k] += follow[s][k * size_ + j] * step[j];
      }
    }
    covariance(info, r);
    return std::min(largest, 0.5);
  }

 private:
  static void prior(std::size_t i, double off, double sd, std::vector<double>& slope,
                    std::vector<double>& info) {
    slope[i] -= off / (sd * sd);
    info[i * slope.size() + i] += 1 / (sd * sd);
  }
  /// 1 for mu, then the design's row.
  static std::vector<double> row(std::span<const double> x) {
    std::vector<double> r{1};
    r.insert(r.end(), x.begin(), x.end());
    return r;
  }
  /// One subject's part of slope and information: sum of D' h D over its units, less what its own values take up. D are the rows of
  /// the design, h minus the Hessians of the choices.
  std::vector<double> add(Subject& subject, const std::vector<double>& y, const Laplace& group,
                          std::vector<double>& slope, std::vector<double>& info) {
    const auto n = first_.size();
    std::vector<double> whole(n * n, 0.0), cross(n * size_, 0.0), own(info.size(), 0.0);
    for (const int u : subject.units()) {
      std::vector<double> g(n, 0.0), h(n * n, 0.0), d(n * size_, 0.0);
      (void)subject.choices(y, group, u, g, h);
      for (std::size_t k = 0; k < n; ++k) {
        auto x = row(p_.mean_row(static_cast<int>(k), subject.subject()));
        const auto apart = p_.apart_row(static_cast<int>(k), u);
        for (std::size_t c = 0; c < apart.size(); ++c) x[c + 1] += apart[c];
        std::copy(x.begin(), x.end(), d.begin() + static_cast<std::ptrdiff_t>(k * size_ + first_[k]));
      }
      for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < size_; ++i) {
          slope[i] += d[k * size_ + i] * g[k];
          double hd = 0;
          for (std::size_t j = 0; j < n; ++j) hd -= h[k * n + j] * d[j * size_ + i];
          cross[k * size_ + i] += hd;
          for (std::size_t j = 0; j < size_; ++j) own[j * size_ + i] += d[k * size_ + j] * hd;
        }
      for (std::size_t i = 0; i < n * n; ++i) whole[i] -= h[i];
    }
    for (std::size_t k = 0; k < n; ++k) whole[k * n + k] += 1 / (group.sigma[k] * group.sigma[k]);
    std::vector<double> follow(n * size_, 0.0);
    if (!cholesky(whole, static_cast<int>(n))) return follow;
    for (std::size_t i = 0; i < size_; ++i) {
      std::vector<double> x(n);
      for (std::size_t k = 0; k < n; ++k) x[k] = cross[k * size_ + i];
      cholesky_solve(whole, static_cast<int>(n), x);
      for (std::size_t k = 0; k < n; ++k) follow[k * size_ + i] = -x[k];
    }
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t j = 0; j < size_; ++j) {
        info[i * size_ + j] += own[i * size_ + j];
        for (std::size_t k = 0; k < n; ++k)
          info[i * size_ + j] += cross[k * size_ + i] * follow[k * size_ + j];
      }
    return follow;
  }
  /// Covariance of mu and b, from the factor of their information, in the order of a Posterior.
  void covariance(const std::vector<double>& factor, Laplace& r) const {
    std::vector<std::size_t> place(size_);
    for (std::size_t k = 0; k < first_.size(); ++k) {
      const int parameter = static_cast<int>(k);
      place[first_[k]] = static_cast<std::size_t>(p_.nu(parameter));
      for (std::size_t c = 0; c < r.b[k].size(); ++c)
        place[first_[k] + 1 + c] = static_cast<std::size_t>(p_.b(parameter)) + c;
    }
    r.group_covariance.assign(size_ * size_, 0.0);
    for (std::size_t i = 0; i < size_; ++i) {
      std::vector<double> e(size_, 0.0);
      e[i] = 1;
      cholesky_solve(factor, static_cast<int>(size_), e);
      for (std::size_t j = 0; j < size_; ++j) r.group_covariance[place[i] * size_ + place[j]] = e[j];
    }
  }

  const Posterior& p_;
  std::vector<std::size_t> first_;  // [parameter] where its mu is, b behind it
  std::size_t size_ = 0;
};

/// Moves the normal distribution that stands for a subject's values towards the mean gradient's step and the mean curvature, over
/// 2 n points around it, three times. Where the mean curvature is none, it stays.
void spread_out(Subject& subject, const Laplace& group, std::vector<double>& y, std::vector<double>& cov) {
  const auto n = y.size();
  const int size = static_cast<int>(n);
  std::vector<double> grad, hess;
  for (int round = 0; round < 3; ++round) {
    auto root = cov;
    if (!cholesky(root, size)) return;
    std::vector<double> mean_grad(n, 0.0), precision(n * n, 0.0), at(n);
    for (std::size_t point = 0; point < 2 * n; ++point) {
      const std::size_t j = point / 2;
      const double step = (point % 2 == 0 ? 1 : -1) * std::sqrt(static_cast<double>(n));
      for (std::size_t i = 0; i < n; ++i) at[i] = y[i] + (i >= j ? step * root[i * n + j] : 0);
      const double value = subject.evaluate(at, group, grad, hess);
      if (!std::isfinite(value)) return;
      for (std::size_t i = 0; i < n; ++i) mean_grad[i] += grad[i] / static_cast<double>(2 * n);
      for (std::size_t i = 0; i < n * n; ++i) precision[i] -= hess[i] / static_cast<double>(2 * n);
    }
    if (!cholesky(precision, size)) return;
    cholesky_solve(precision, size, mean_grad);
    double longest = 0;
    for (std::size_t i = 0; i < n; ++i)
      longest = std::max(longest, std::abs(mean_grad[i]) / std::sqrt(cov[i * n + i]));
    for (std::size_t i = 0; i < n; ++i) {
      y[i] += mean_grad[i] * std::min(1.0, 1.0 / longest);
      std::vector<double> e(n, 0.0);
      e[i] = 1;
      cholesky_solve(precision, size, e);
      std::copy(e.begin(), e.end(), cov.begin() + static_cast<std::ptrdiff_t>(i * n));
    }
  }
}

/// All subjects with the normal distributions that stand for their values.
struct People {
  std::vector<Subject> each;
  std::vector<std::vector<double>> y, cov;  // [subject][parameter], [subject][parameter, parameter]
  explicit People(const Posterior& p) {
    std::vector<std::vector<int>> units(static_cast<std::size_t>(p.subjects()));
    for (int u = 0; u < p.units(); ++u) units[static_cast<std::size_t>(p.subject_of(u))].push_back(u);
    for (int s = 0; s < p.subjects(); ++s)
      each.emplace_back(p, s, std::move(units[static_cast<std::size_t>(s)]));
  }
};

/// The group's mu, unless it is kept, and sigma that are most probable given the subjects; the largest move.
double maximize(const Posterior& posterior, const People& subjects, bool keep_mu, Laplace& r) {
  double moved = 0;
  for (std::size_t k = 0; k < r.mu.size(); ++k) {
    const auto& g = posterior.model().params[k].group;
    const double count = static_cast<double>(subjects.y.size()), s2 = r.sigma[k] * r.sigma[k],
                 m2 = g.mu_sd * g.mu_sd;
    double sum = 0, squares = 0;
    const auto effect = [&](std::size_t s) {
      return dot(posterior.mean_row(static_cast<int>(k), static_cast<int>(s)), r.b[k]);
    };
    for (std::size_t s = 0; s < subjects.y.size(); ++s) sum += subjects.y[s][k] - effect(s);
    const double mu = keep_mu ? r.mu[k] : (sum / s2 + g.mu_mean / m2) / (count / s2 + 1 / m2);
    for (std::size_t s = 0; s < subjects.y.size(); ++s) {
      const double off = subjects.y[s][k] - mu - effect(s);
      squares += off * off + std::min(subjects.cov[s][k * r.mu.size() + k], s2);
    }
    // The maximum of -n ln sigma - squares / (2 sigma^2) - sigma^2 / (2 tau^2).
    const double tau2 = g.cauchy ? 100 * g.sigma * g.sigma : g.sigma * g.sigma;
    const double x = 2 * squares / (count + std::sqrt(count * count + 4 * squares / tau2));
    const double sigma = std::max(std::sqrt(x), 0.02);
    moved = std::max({moved, std::abs(mu - r.mu[k]), std::abs(sigma - r.sigma[k])});
    r.mu[k] = mu;
    r.sigma[k] = sigma;
  }
  return moved;
}

void keep(const People& subjects, Laplace& r) {
  r.center.clear();
  r.covariance.clear();
  for (std::size_t k = 0; k < r.mu.size(); ++k)
    for (const auto& y : subjects.y) r.center.push_back(y[k]);
  for (const auto& c : subjects.cov) r.covariance.insert(r.covariance.end(), c.begin(), c.end());
}
}  // namespace

Laplace laplace(const Posterior& posterior, int most, int threads) {
  constexpr int kAgain = 3;  // the round after which the group is near enough to look for other tops again
  Laplace r;
  for (const auto& p : posterior.model().params) {
    r.mu.push_back(p.group.mu_mean);
    r.sigma.push_back(p.group.cauchy ? 1.0 : std::max(0.5, p.group.sigma));
    r.b.emplace_back(p.design.names.size(), 0.0);
  }
  const bool effects = std::any_of(r.b.begin(), r.b.end(), [](const auto& b) { return !b.empty(); });
  GroupStep group_step(posterior);
  People subjects(posterior);
  subjects.y.assign(subjects.each.size(), r.mu);
  subjects.cov.assign(subjects.each.size(), std::vector<double>(r.mu.size() * r.mu.size()));
  const int count = static_cast<int>(subjects.each.size());
  for (r.rounds = 0; r.rounds < most; ++r.rounds) {
    parallel_for(count, threads, [&](int i) {
      const auto s = static_cast<std::size_t>(i);
      if (r.rounds == 0 || r.rounds == kAgain)
        climb_from_many(subjects.each[s], r, subjects.y[s], subjects.cov[s]);
      else
        (void)climb(subjects.each[s], r, subjects.y[s], subjects.cov[s]);
    });
    const auto stepped = effects ? group_step.take(subjects.each, subjects.y, r) : std::nullopt;
    const double moved = maximize(posterior, subjects, stepped.has_value(), r);
    if (std::max(moved, stepped.value_or(0)) < 1e-3) break;
  }
  keep(subjects, r);
  return r;
}

void refine(const Posterior& posterior, Laplace& l, int threads) {
  const auto n = l.mu.size();
  People subjects(posterior);
  for (std::size_t s = 0; s < subjects.each.size(); ++s) {
    std::vector<double> y;
    for (std::size_t k = 0; k < n; ++k) y.push_back(l.center[k * subjects.each.size() + s]);
    subjects.y.push_back(std::move(y));
    const auto from = l.covariance.begin() + static_cast<std::ptrdiff_t>(s * n * n);
    subjects.cov.emplace_back(from, from + static_cast<std::ptrdiff_t>(n * n));
  }
  parallel_for(static_cast<int>(subjects.each.size()), threads, [&](int i) {
    const auto s = static_cast<std::size_t>(i);
    spread_out(subjects.each[s], l, subjects.y[s], subjects.cov[s]);
  });
  keep(subjects, l);
}

namespace {
/// What a subject's choices say, as a normal likelihood of precision `info`: the curvature `cov` of choices and group
/// together, less the group's. Directions in which less is known than the group says count as 0.
Eigen::MatrixXd info_of(const double* cov, const std::vector<double>& sigma) {
  const auto n = static_cast<Eigen::Index>(sigma.size());
  const Eigen::VectorXd scale = Eigen::Map<const Eigen::VectorXd>(sigma.data(), n);
  const Eigen::MatrixXd c = Eigen::Map<const Eigen::MatrixXd>(cov, n, n);
  const Eigen::MatrixXd relative = scale.cwiseInverse().asDiagonal() * c * scale.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(0.5 * (relative + relative.transpose()));
  Eigen::VectorXd told(n);
  for (Eigen::Index i = 0; i < n; ++i)
    told[i] = std::max(1 / std::max(eigen.eigenvalues()[i], 1e-12) - 1, 0.0);
  const Eigen::MatrixXd root = scale.cwiseInverse().asDiagonal() * eigen.eigenvectors();
  return root * told.asDiagonal() * root.transpose();
}
}  // namespace

Start prepare(Posterior& posterior, const Laplace& l) {
  const int n = posterior.params(), subjects = posterior.subjects(), all = posterior.coefficients();
  const auto size = static_cast<std::size_t>(n);
  Start r{std::vector<double>(static_cast<std::size_t>(posterior.dim()), 0.0),
          std::vector<double>(static_cast<std::size_t>(posterior.dim()), 1.0)};
  const Eigen::Map<const Eigen::VectorXd> sigma(l.sigma.data(), n);
  const Eigen::VectorXd tau = sigma.array().square().inverse();
  std::vector<double> info, pull;
  // What all subjects say of the group's coefficients with their own values summed out, and how much of each spread.
  Eigen::MatrixXd of_group = Eigen::MatrixXd::Zero(all, all);
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(n);
  for (int s = 0; s < subjects; ++s) {
    const Eigen::MatrixXd h = info_of(&l.covariance[static_cast<std::size_t>(s) * size * size], l.sigma);
    Eigen::VectorXd center(n), expected(n);
    Eigen::MatrixXd design = Eigen::MatrixXd::Zero(n, all);
    for (int k = 0; k < n; ++k) {
      const auto at = static_cast<std::size_t>(k);
      center[k] = l.center[static_cast<std::size_t>(k * subjects + s)];
      const auto x = posterior.mean_row(k, s);
      expected[k] = l.mu[at] + dot(x, l.b[at]);
      design(k, posterior.nu(k)) = 1;
      for (std::size_t c = 0; c < x.size(); ++c) design(k, posterior.b(k) + static_cast<int>(c)) = x[c];
    }
    const Eigen::VectorXd p = h * center + tau.cwiseProduct(center - expected);
    info.insert(info.end(), h.data(), h.data() + n * n);
    pull.insert(pull.end(), p.data(), p.data() + n);
    Eigen::MatrixXd precision = h;
    precision.diagonal() += tau;
    const Eigen::MatrixXd left = precision.llt().solve(Eigen::MatrixXd(tau.asDiagonal()));  // Lambda^-1 D
    const Eigen::MatrixXd said = Eigen::MatrixXd(tau.asDiagonal()) - tau.asDiagonal() * left;
    of_group += design.transpose() * (0.5 * (said + said.transpose())) * design;
    squares += (1 - left.diagonal().array()).square().matrix();
  }
  posterior.set_standard(info, pull);
  std::vector<double> base = l.mu;
  for (int k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const auto& p = posterior.model().params[at];
    of_group(k, k) += 1 / (p.group.mu_sd * p.group.mu_sd);
    base.insert(base.end(), l.b[at].begin(), l.b[at].end());
    for (int c = 0; c < static_cast<int>(l.b[at].size()); ++c)
      of_group(posterior.b(k) + c, posterior.b(k) + c) += 1 / (p.design.prior_sd * p.design.prior_sd);
    const double x = spread_coordinate(p.group, l.sigma[at]), slope = spread_at(p.group, x).log_slope;
    r.q[static_cast<std::size_t>(posterior.x(k))] = x;
    r.var[static_cast<std::size_t>(posterior.x(k))] = 1 / (2 * squares[k] * slope * slope + 1);
    // Differences between subjects' effects: half of what is expected of them, whose is whose left open.
    for (int j = 0; j < posterior.slopes(k); ++j)
      r.q[static_cast<std::size_t>(posterior.slope(k, j))] = spread_coordinate(p.group, 0.5 * p.group.sigma);
  }
  for (int i = posterior.correlation(); i < posterior.y(0, 0); ++i) r.var[static_cast<std::size_t>(i)] = 0.1;
  const Eigen::MatrixXd covariance =
      l.group_covariance.empty()
          ? Eigen::MatrixXd(of_group.inverse())
          : Eigen::MatrixXd(Eigen::Map<const Eigen::MatrixXd>(l.group_covariance.data(), all, all));
  const Eigen::MatrixXd map = covariance.llt().matrixL();
  std::vector<double> a;
  for (int i = 0; i < all; ++i)
    for (int j = 0; j < all; ++j) a.push_back(map(i, j));
  posterior.set_map(std::move(base), std::move(a));
  return r;
}

std::vector<double> scattered(LogDensityOver& density, const Start& start, const Draw& draw) {
  std::vector<double> from = start.q, grad(from.size());
  double scatter = 1;
  for (int attempt = 0; attempt < 10; ++attempt, scatter /= 2) {
    for (std::size_t i = 0; i < from.size(); ++i)
      from[i] = start.q[i] + scatter * std::sqrt(start.var[i]) * draw.normal(static_cast<std::uint32_t>(i));
    if (std::isfinite(density.gradient(from, grad))) break;
  }
  return from;
}

Start start_of(Posterior& posterior, int threads) {
  Laplace estimate = laplace(posterior, 30, threads);
  refine(posterior, estimate, threads);
  return prepare(posterior, estimate);
}

}  // namespace labile
