#include "bayes/subject_posterior.hpp"

#include <algorithm>
#include <cmath>

#include "core/cholesky.hpp"
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

}  // namespace

double dot(std::span<const double> x, const std::vector<double>& b) {
  double r = 0;
  for (std::size_t c = 0; c < x.size(); ++c) r += x[c] * b[c];
  return r;
}

SubjectPosterior::SubjectPosterior(const Posterior& posterior, int subject, std::vector<int> units)
    : p_(posterior), subject_(subject), units_(std::move(units)), row_(posterior.model().standard) {
  g_.resize(row_.size());
  h_.resize(row_.size() * row_.size());
}

double SubjectPosterior::evaluate(const std::vector<double>& y, const Laplace& group,
                                  std::vector<double>& grad, std::vector<double>& hess) {
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

double SubjectPosterior::value(const std::vector<double>& y, const Laplace& group) {
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

double SubjectPosterior::choices(const std::vector<double>& y, const Laplace& group, int unit,
                                 std::vector<double>& grad, std::vector<double>& hess) {
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

double climb(SubjectPosterior& subject, const Laplace& group, std::vector<double>& y,
             std::vector<double>& cov) {
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

namespace {
double distance(const std::vector<double>& a, const std::vector<double>& b,
                const std::vector<double>& scale) {
  double r = 0;
  for (std::size_t k = 0; k < a.size(); ++k) r += (a[k] - b[k]) * (a[k] - b[k]) / (scale[k] * scale[k]);
  return std::sqrt(r);
}
/// Of places, best first, the best and two that are apart from those taken before; and y.
std::vector<std::vector<double>> starts_among(
    const std::vector<std::pair<double, std::vector<double>>>& places, const std::vector<double>& y,
    const Laplace& group) {
  constexpr std::size_t kMost = 3;
  constexpr double kApart = 2;  // the group's standard deviations
  std::vector<std::vector<double>> r;
  for (const auto& [value, at] : places) {
    if (r.size() == kMost) break;
    if (std::ranges::all_of(r, [&](const auto& x) { return distance(x, at, group.sigma) > kApart; }))
      r.push_back(at);
  }
  r.push_back(y);
  return r;
}
/// Within two of its own standard deviations.
bool same_top(const Posterior::Top& a, const Posterior::Top& b) {
  std::vector<double> scale;
  for (std::size_t k = 0; k < a.center.size(); ++k)
    scale.push_back(std::sqrt(a.covariance[k * (a.center.size() + 1)]));
  return distance(a.center, b.center, scale) < 2;
}
}  // namespace

std::vector<Posterior::Top> climb_from_many(SubjectPosterior& subject, const Laplace& group,
                                            std::vector<double>& y, std::vector<double>& cov) {
  // People who do the same whatever it pays stand far out: values that hardly move, weighed much. Where they may be the prior of the
  // group's value says; the spread that was found without them does not.
  constexpr std::uint32_t kPlaces = 128, kNear = 32;
  constexpr double kWider = 1.5, kFar = 2;
  const auto n = y.size();
  std::vector<std::pair<double, std::vector<double>>> places;
  for (std::uint32_t i = 0; i < kPlaces; ++i) {
    const Draw draw{i, Purpose::start, static_cast<std::uint32_t>(subject.subject())};
    std::vector<double> at(n);
    for (std::size_t k = 0; k < n; ++k) {
      const double spread =
          i < kNear ? kWider * group.sigma[k] : kFar * std::max(group.sigma[k], subject.prior_sd(k));
      at[k] = subject.expected(group, k) + spread * draw.normal(static_cast<std::uint32_t>(k));
    }
    const double value = subject.value(at, group);
    if (std::isfinite(value)) places.emplace_back(value, std::move(at));
  }
  std::stable_sort(places.begin(), places.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  struct Found {
    double mass;
    Posterior::Top top;
  };
  std::vector<Found> found;
  for (auto& at : starts_among(places, y, group)) {
    std::vector<double> here(n * n);
    double mass = climb(subject, group, at, here);
    auto root = here;
    if (!cholesky(root, static_cast<int>(n))) continue;
    for (std::size_t k = 0; k < n; ++k) mass += std::log(root[k * n + k]);
    if (!(mass > -kInf)) continue;
    found.push_back({mass, {std::move(at), std::move(here)}});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.mass > b.mass; });
  std::vector<Posterior::Top> tops;
  for (auto& f : found) {
    constexpr double kNothing = 12;  // nats less than the best: of 160,000 draws one
    if (f.mass < found.front().mass - kNothing) break;
    if (std::ranges::none_of(tops, [&](const auto& t) { return same_top(t, f.top); }))
      tops.push_back(std::move(f.top));
  }
  if (!tops.empty()) {
    y = tops.front().center;
    cov = tops.front().covariance;
  }
  return tops;
}

void spread_out(SubjectPosterior& subject, const Laplace& group, std::vector<double>& y,
                std::vector<double>& cov) {
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

}  // namespace labile
