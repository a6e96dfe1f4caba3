#include "bayes/group_step.hpp"

#include <algorithm>
#include <cmath>

#include "core/cholesky.hpp"

namespace labile {
namespace {
void prior(std::size_t i, double off, double sd, std::vector<double>& slope, std::vector<double>& info) {
  slope[i] -= off / (sd * sd);
  info[i * slope.size() + i] += 1 / (sd * sd);
}
/// 1 for mu, then the design's row.
std::vector<double> row(std::span<const double> x) {
  std::vector<double> r{1};
  r.insert(r.end(), x.begin(), x.end());
  return r;
}
}  // namespace

GroupStep::GroupStep(const Posterior& posterior) : p_(posterior) {
  for (const auto& param : p_.model().params) {
    first_.push_back(size_);
    size_ += 1 + param.design.names.size();
  }
}

std::optional<double> GroupStep::take(std::vector<SubjectPosterior>& each,
                                      std::vector<std::vector<double>>& y, Laplace& r) {
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

/// One subject's part of slope and information: sum of D' h D over its units, less what its own values take up. D are the rows of
/// the design, h minus the Hessians of the choices.
std::vector<double> GroupStep::add(SubjectPosterior& subject, const std::vector<double>& y,
                                   const Laplace& group, std::vector<double>& slope,
                                   std::vector<double>& info) {
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
      for (std::size_t k = 0; k < n; ++k) info[i * size_ + j] += cross[k * size_ + i] * follow[k * size_ + j];
    }
  return follow;
}

/// From the factor of their information, in the order of a Posterior.
void GroupStep::covariance(const std::vector<double>& factor, Laplace& r) const {
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

}  // namespace labile
