#include "bayes/laplace.hpp"

#include <algorithm>
#include <cmath>

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

/// One subject's log posterior given its group, with derivatives, over the parameters before T.
class Subject {
 public:
  Subject(const Posterior& p, std::vector<int> units) : p_(p), units_(std::move(units)) {
    const auto all = p_.model().standard.size();
    row_ = p_.model().standard;
    g_.resize(all);
    h_.resize(all * all);
  }
  double evaluate(const std::vector<double>& y, const Laplace& group, std::vector<double>& grad,
                  std::vector<double>& hess) {
    const auto n = y.size(), all = row_.size();
    std::vector<Natural> t(n);
    double value = 0;
    grad.assign(n, 0);
    hess.assign(n * n, 0);
    for (std::size_t k = 0; k < n; ++k) {
      const auto& param = p_.model().params[k];
      t[k] = natural(param.group, y[k]);
      row_[static_cast<std::size_t>(param.at)] = t[k].x;
      const double z = (y[k] - group.mu[k]) / group.sigma[k];
      value -= 0.5 * z * z;
      grad[k] -= z / group.sigma[k];
      hess[k * n + k] -= 1 / (group.sigma[k] * group.sigma[k]);
    }
    for (const int u : units_) {
      value += p_.learner().likelihood->hessian(row_, p_.trials(u), g_, h_);
      for (std::size_t i = 0; i < n; ++i) {
        const auto a = static_cast<std::size_t>(p_.model().params[i].at);
        grad[i] += g_[a] * t[i].slope;
        hess[i * n + i] += g_[a] * t[i].curvature;
        for (std::size_t j = 0; j < n; ++j) {
          const auto b = static_cast<std::size_t>(p_.model().params[j].at);
          hess[i * n + j] += h_[a * all + b] * t[i].slope * t[j].slope;
        }
      }
    }
    return value;
  }

 private:
  const Posterior& p_;
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
}  // namespace

Laplace laplace(const Posterior& posterior, int most) {
  const auto n = static_cast<std::size_t>(posterior.params());
  const auto subjects = static_cast<std::size_t>(posterior.subjects());
  Laplace r;
  for (const auto& p : posterior.model().params) {
    r.mu.push_back(p.group.mu_mean);
    r.sigma.push_back(p.group.cauchy ? 1.0 : std::max(0.5, p.group.sigma));
  }
  std::vector<std::vector<int>> units(subjects);
  for (int u = 0; u < posterior.units(); ++u)
    units[static_cast<std::size_t>(posterior.subject_of(u))].push_back(u);
  std::vector<Subject> each;
  for (auto& u : units) each.emplace_back(posterior, std::move(u));
  std::vector<std::vector<double>> y(subjects, r.mu), cov(subjects, std::vector<double>(n * n));
  const auto var = [&](std::size_t s, std::size_t k) {
    return std::min(cov[s][k * n + k], r.sigma[k] * r.sigma[k]);
  };
  for (r.rounds = 0; r.rounds < most; ++r.rounds) {
    for (std::size_t s = 0; s < subjects; ++s) climb(each[s], r, y[s], cov[s]);
    double moved = 0;
    for (std::size_t k = 0; k < n; ++k) {
      const auto& g = posterior.model().params[k].group;
      const double count = static_cast<double>(subjects), s2 = r.sigma[k] * r.sigma[k],
                   m2 = g.mu_sd * g.mu_sd;
      double sum = 0, squares = 0;
      for (std::size_t s = 0; s < subjects; ++s) sum += y[s][k];
      const double mu = (sum / s2 + g.mu_mean / m2) / (count / s2 + 1 / m2);
      for (std::size_t s = 0; s < subjects; ++s) squares += (y[s][k] - mu) * (y[s][k] - mu) + var(s, k);
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
    const double mu = l.mu[at], sigma = l.sigma[at], tau = 1 / (sigma * sigma);
    double told = 0, squares = 0;
    for (int s = 0; s < subjects; ++s) {
      const auto i = static_cast<std::size_t>(k * subjects + s);
      // Mode and variance are those of a normal likelihood times the group's normal.
      info[i] = std::max(1 / l.var[i] - tau, 0.0);
      pull[i] = (info[i] + tau) * l.mode[i] - tau * mu;
      const double share = info[i] / (info[i] + tau);
      told += share;
      squares += share * share;
    }
    const auto& g = posterior.model().params[at].group;
    put(posterior.mu(k), mu, 1 / (told * tau + 1 / (g.mu_sd * g.mu_sd)));
    put(posterior.log_sigma(k), std::log(sigma), 1 / (2 * squares + 2));
    const auto& d = posterior.model().params[at].design;
    for (int c = 0; c < static_cast<int>(d.names.size()); ++c)
      put(posterior.b(k) + c, 0, std::min(d.prior_sd * d.prior_sd, 4 / (told * tau + 1)));
  }
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

}  // namespace labile
