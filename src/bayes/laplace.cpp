#include "bayes/laplace.hpp"

#include <Eigen/Dense>
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

/// The normal distribution that stands for a subject's values: from its mode and curvature there to its mean and the mean
/// curvature around it, over 2 n points. Skewed likelihoods then count with both of their sides. Where the mean
/// curvature is none, what was there stays.
/// Source: Gaussian variational inference, Opper & Archambeau (2009), doi:10.1162/neco.2008.08-07-592, with their expectations by a
/// cubature rule of degree 3.
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
  for (std::size_t s = 0; s < subjects; ++s) spread_out(each[s], r, y[s], cov[s]);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t s = 0; s < subjects; ++s) {
      r.mean.push_back(y[s][k]);
      r.var.push_back(var(s, k));
    }
  for (const auto& c : cov) r.covariance.insert(r.covariance.end(), c.begin(), c.end());
  return r;
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
  const int n = posterior.params(), subjects = posterior.subjects();
  const auto size = static_cast<std::size_t>(n);
  Start r{std::vector<double>(static_cast<std::size_t>(posterior.dim()), 0.0),
          std::vector<double>(static_cast<std::size_t>(posterior.dim()), 1.0)};
  const Eigen::Map<const Eigen::VectorXd> mu(l.mu.data(), n), sigma(l.sigma.data(), n);
  const Eigen::VectorXd tau = sigma.array().square().inverse();
  std::vector<double> info, pull;
  // What all subjects say of mu with their own values summed out, and how much of each spread.
  Eigen::MatrixXd of_mu = Eigen::MatrixXd::Zero(n, n);
  Eigen::VectorXd told = Eigen::VectorXd::Zero(n), squares = told;
  for (int s = 0; s < subjects; ++s) {
    const Eigen::MatrixXd h = info_of(&l.covariance[static_cast<std::size_t>(s) * size * size], l.sigma);
    Eigen::VectorXd mean(n);
    for (int k = 0; k < n; ++k) mean[k] = l.mean[static_cast<std::size_t>(k * subjects + s)];
    const Eigen::VectorXd p = h * mean + tau.cwiseProduct(mean - mu);
    info.insert(info.end(), h.data(), h.data() + n * n);
    pull.insert(pull.end(), p.data(), p.data() + n);
    Eigen::MatrixXd precision = h;
    precision.diagonal() += tau;
    const Eigen::MatrixXd left = precision.llt().solve(Eigen::MatrixXd(tau.asDiagonal()));  // Lambda^-1 D
    const Eigen::MatrixXd said = Eigen::MatrixXd(tau.asDiagonal()) - tau.asDiagonal() * left;
    of_mu += 0.5 * (said + said.transpose());
    const Eigen::ArrayXd share = 1 - left.diagonal().array();
    told += share.matrix();
    squares += share.square().matrix();
  }
  posterior.set_standard(info, pull);
  for (int k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const auto& p = posterior.model().params[at];
    of_mu(k, k) += 1 / (p.group.mu_sd * p.group.mu_sd);
    const double x = spread_coordinate(p.group, l.sigma[at]), slope = spread_at(p.group, x).log_slope;
    r.q[static_cast<std::size_t>(posterior.x(k))] = x;
    r.var[static_cast<std::size_t>(posterior.x(k))] = 1 / (2 * squares[k] * slope * slope + 1);
    for (int c = 0; c < static_cast<int>(p.design.names.size()); ++c)
      r.var[static_cast<std::size_t>(posterior.b(k) + c)] =
          std::min(p.design.prior_sd * p.design.prior_sd, 4 / (told[k] * tau[k] + 1));
  }
  const Eigen::MatrixXd map = of_mu.inverse().llt().matrixL();
  std::vector<double> a;
  for (int k = 0; k < n; ++k)
    for (int j = 0; j < n; ++j) a.push_back(map(k, j));
  posterior.set_map(l.mu, std::move(a));
  return r;
}

}  // namespace labile
