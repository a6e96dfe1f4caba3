#include "bayes/laplace.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/cholesky.hpp"

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

/// Newton steps, damped until they climb; `cov` gets the inverse of minus the Hessian.
void climb(Subject& subject, const Laplace& group, std::vector<double>& y, std::vector<double>& cov) {
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
    spreads(info, r);
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
  /// Variances of mu and b, from the factor of their information.
  void spreads(const std::vector<double>& factor, Laplace& r) const {
    std::vector<double> var(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      std::vector<double> e(size_, 0.0);
      e[i] = 1;
      cholesky_solve(factor, static_cast<int>(size_), e);
      var[i] = e[i];
    }
    r.mu_var.clear();
    r.b_var.clear();
    for (std::size_t k = 0; k < first_.size(); ++k) {
      const auto at = var.begin() + static_cast<std::ptrdiff_t>(first_[k]);
      r.mu_var.push_back(*at);
      r.b_var.emplace_back(at + 1, at + 1 + static_cast<std::ptrdiff_t>(r.b[k].size()));
    }
  }

  const Posterior& p_;
  std::vector<std::size_t> first_;  // [parameter] where its mu is, b behind it
  std::size_t size_ = 0;
};
}  // namespace

Laplace laplace(const Posterior& posterior, int most) {
  const auto n = static_cast<std::size_t>(posterior.params());
  const auto subjects = static_cast<std::size_t>(posterior.subjects());
  Laplace r;
  for (const auto& p : posterior.model().params) {
    r.mu.push_back(p.group.mu_mean);
    r.sigma.push_back(p.group.cauchy ? 1.0 : std::max(0.5, p.group.sigma));
    r.b.emplace_back(p.design.names.size(), 0.0);
  }
  const bool effects = std::any_of(r.b.begin(), r.b.end(), [](const auto& b) { return !b.empty(); });
  GroupStep group_step(posterior);
  std::vector<std::vector<int>> units(subjects);
  for (int u = 0; u < posterior.units(); ++u)
    units[static_cast<std::size_t>(posterior.subject_of(u))].push_back(u);
  std::vector<Subject> each;
  for (std::size_t s = 0; s < subjects; ++s)
    each.emplace_back(posterior, static_cast<int>(s), std::move(units[s]));
  std::vector<std::vector<double>> y(subjects, r.mu), cov(subjects, std::vector<double>(n * n));
  const auto var = [&](std::size_t s, std::size_t k) {
    return std::min(cov[s][k * n + k], r.sigma[k] * r.sigma[k]);
  };
  for (r.rounds = 0; r.rounds < most; ++r.rounds) {
    for (std::size_t s = 0; s < subjects; ++s) climb(each[s], r, y[s], cov[s]);
    const auto stepped = effects ? group_step.take(each, y, r) : std::nullopt;
    double moved = stepped.value_or(0);
    for (std::size_t k = 0; k < n; ++k) {
      const auto& g = posterior.model().params[k].group;
      const double count = static_cast<double>(subjects), s2 = r.sigma[k] * r.sigma[k],
                   m2 = g.mu_sd * g.mu_sd;
      double sum = 0, squares = 0;
      const auto effect = [&](std::size_t s) {
        return dot(posterior.mean_row(static_cast<int>(k), static_cast<int>(s)), r.b[k]);
      };
      for (std::size_t s = 0; s < subjects; ++s) sum += y[s][k] - effect(s);
      const double mu = stepped ? r.mu[k] : (sum / s2 + g.mu_mean / m2) / (count / s2 + 1 / m2);
      for (std::size_t s = 0; s < subjects; ++s) {
        const double off = y[s][k] - mu - effect(s);
        squares += off * off + var(s, k);
      }
      // The maximum of -n ln sigma - squares / (2 sigma^2) - sigma^2 / (2 tau^2).
      const double tau2 = g.cauchy ? 100 * g.sigma * g.sigma : g.sigma * g.sigma;
      const double x = 2 * squares / (count + std::sqrt(count * count + 4 * squares / tau2));
      const double sigma = std::max(std::sqrt(x), 0.02);
      moved = std::max({moved, std::abs(mu - r.mu[k]), std::abs(sigma - r.sigma[k])});
      r.mu[k] = mu;
      r.sigma[k] = sigma;
    }
    if (moved < 1e-3) break;
  }
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t s = 0; s < subjects; ++s) {
      r.mode.push_back(y[s][k]);
      r.var.push_back(var(s, k));
    }
  for (const auto& c : cov) r.covariance.insert(r.covariance.end(), c.begin(), c.end());
  return r;
}

Start prepare(Posterior& posterior, const Laplace& l) {
  const int n = posterior.params(), subjects = posterior.subjects();
  Start r{std::vector<double>(static_cast<std::size_t>(posterior.dim()), 0.0),
          std::vector<double>(static_cast<std::size_t>(posterior.dim()), 1.0)};
  std::vector<double> info(static_cast<std::size_t>(n * subjects)), pull(info.size());
  const auto put = [&](int i, double value, double var) {
    r.q[static_cast<std::size_t>(i)] = value;
    r.var[static_cast<std::size_t>(i)] = var;
  };
  for (int k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const double sigma = l.sigma[at], tau = 1 / (sigma * sigma);
    double told = 0, squares = 0;
    for (int s = 0; s < subjects; ++s) {
      const auto i = static_cast<std::size_t>(k * subjects + s);
      // Mode and variance are those of a normal likelihood times the group's normal.
      info[i] = std::max(1 / l.var[i] - tau, 0.0);
      pull[i] = (info[i] + tau) * l.mode[i] - tau * (l.mu[at] + dot(posterior.mean_row(k, s), l.b[at]));
      const double share = info[i] / (info[i] + tau);
      told += share;
      squares += share * share;
    }
    const auto& g = posterior.model().params[at].group;
    put(posterior.mu(k), l.mu[at],
        l.mu_var.empty() ? 1 / (told * tau + 1 / (g.mu_sd * g.mu_sd)) : l.mu_var[at]);
    put(posterior.log_sigma(k), std::log(sigma), 1 / (2 * squares + 2));
    const auto& d = posterior.model().params[at].design;
    for (std::size_t c = 0; c < l.b[at].size(); ++c)
      put(posterior.b(k) + static_cast<int>(c), l.b[at][c],
          l.b_var.empty() ? std::min(d.prior_sd * d.prior_sd, 4 / (told * tau + 1)) : l.b_var[at][c]);
  }
  for (int i = posterior.correlation(); i < posterior.y(0, 0); ++i) put(i, 0, 0.1);
  // Differences between subjects' effects: half of what is expected of them, whose is whose left open.
  for (int k = 0; k < n; ++k)
    for (int j = 0; j < posterior.slopes(k); ++j)
      put(posterior.log_tau(k, j),
          std::log(0.5 * posterior.model().params[static_cast<std::size_t>(k)].group.sigma), 0.5);
  posterior.set_standard(std::move(info), std::move(pull));
  // How a subject's parameters correlate, at these group values.
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> mix;
  for (int s = 0; s < subjects; ++s) {
    const auto* cov = &l.covariance[static_cast<std::size_t>(s) * size * size];
    std::vector<double> factor(size * size);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        factor[i * size + j] = cov[i * size + j] / std::sqrt(cov[i * size + i] * cov[j * size + j]);
    if (!cholesky(factor, n)) {
      std::fill(factor.begin(), factor.end(), 0.0);
      for (std::size_t i = 0; i < size; ++i) factor[i * size + i] = 1;
    }
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = i + 1; j < size; ++j) factor[i * size + j] = 0;
    mix.insert(mix.end(), factor.begin(), factor.end());
  }
  posterior.set_mix(std::move(mix));
  return r;
}

}  // namespace labile
