#include "bayes/laplace.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "bayes/group_step.hpp"
#include "core/cholesky.hpp"
#include "core/parallel.hpp"

namespace labile {
namespace {
/// All subjects with the normal distributions that stand for their values.
struct People {
  std::vector<SubjectPosterior> each;
  std::vector<std::vector<double>> y, cov;  // [subject][parameter], [subject][parameter, parameter]
  std::vector<std::vector<Posterior::Top>> tops;
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
/// The group as its priors have it, without effects.
Laplace group_of_priors(const Posterior& posterior) {
  Laplace r;
  for (const auto& p : posterior.model().params) {
    r.mu.push_back(p.group.mu_mean);
    r.sigma.push_back(p.group.cauchy ? 1.0 : std::max(0.5, p.group.sigma));
    r.b.emplace_back(p.design.names.size(), 0.0);
  }
  return r;
}

/// From the group `r` until nothing moves any more.
Laplace settled_from(const Posterior& posterior, People& subjects, Laplace r, int most, int threads) {
  constexpr int kAgain = 3;  // the round after which the group is near enough to look for other tops again
  constexpr double kStill = 1e-3;
  const bool effects = std::any_of(r.b.begin(), r.b.end(), [](const auto& b) { return !b.empty(); });
  GroupStep group_step(posterior);
  subjects.y.assign(subjects.each.size(), r.mu);
  subjects.tops.assign(subjects.each.size(), {});
  subjects.cov.assign(subjects.each.size(), std::vector<double>(r.mu.size() * r.mu.size()));
  const int count = static_cast<int>(subjects.each.size());
  // Tops are looked for at first, again once the group is near, and when nothing moves any more.
  bool search = true, settled = false;
  for (int round = 0; round < most; ++round) {
    search = search || round == kAgain;
    parallel_for(count, threads, [&](int i) {
      const auto s = static_cast<std::size_t>(i);
      if (search)
        subjects.tops[s] = climb_from_many(subjects.each[s], r, subjects.y[s], subjects.cov[s]);
      else
        (void)climb(subjects.each[s], r, subjects.y[s], subjects.cov[s]);
    });
    const auto stepped = effects ? group_step.take(subjects.each, subjects.y, r) : std::nullopt;
    const double moved = maximize(posterior, subjects, stepped.has_value(), r);
    const bool still = std::max(moved, stepped.value_or(0)) < kStill;
    if (still && settled) break;
    search = still;
    settled = settled || still;
  }
  keep(subjects, r);
  r.tops = subjects.tops;
  return r;
}

double log_prior_of_mu(const Posterior& posterior, const std::vector<double>& mu) {
  double r = 0;
  for (std::size_t k = 0; k < mu.size(); ++k) {
    const auto& g = posterior.model().params[k].group;
    const double z = (mu[k] - g.mu_mean) / g.mu_sd;
    r -= 0.5 * z * z;
  }
  return r;
}

/// ln of the density of a settled group, up to a constant: its priors, and the choices with subjects' values summed out as normal ones.
double log_density(const Posterior& posterior, People& subjects, const Laplace& l) {
  const auto n = l.mu.size(), count = subjects.each.size();
  double r = log_prior_of_mu(posterior, l.mu);
  for (std::size_t k = 0; k < n; ++k) {
    const auto& p = posterior.model().params[k];
    const double z = l.sigma[k] / (p.group.cauchy ? 10 * p.group.sigma : p.group.sigma);
    r -= static_cast<double>(count) * std::log(l.sigma[k]) + 0.5 * z * z;
    for (const double b : l.b[k]) r -= 0.5 * b * b / (p.design.prior_sd * p.design.prior_sd);
  }
  for (std::size_t s = 0; s < count; ++s) {
    r += subjects.each[s].value(subjects.y[s], l);
    auto root = subjects.cov[s];
    if (!cholesky(root, static_cast<int>(n))) return -kInf;
    for (std::size_t k = 0; k < n; ++k) r += std::log(root[k * n + k]);
  }
  return r;
}

/// Where a group all of whose people are alike would do better than at `l`, so far from the prior that no subject was looked for there:
/// outcomes in hundreds of points want temperatures that those of 0 and 1 never do, and learning nothing is a top nearby.
std::optional<std::vector<double>> better_far_away(const Posterior& posterior, People& subjects,
                                                   const Laplace& l, int threads) {
  constexpr int kPlaces = 128, kMostSubjects = 64;
  constexpr double kBeyond = 3, kReach = 5;     // prior standard deviations
  constexpr std::uint32_t kGroup = 0xD0000000;  // in place of a subject's number
  const auto n = l.mu.size();
  std::vector<std::size_t> open;  // parameters that have no end on one side
  for (std::size_t k = 0; k < n; ++k)
    if (posterior.model().params[k].group.kind != Group::phi) open.push_back(k);
  if (open.empty()) return std::nullopt;
  std::vector<std::vector<double>> places{l.mu};
  for (std::uint32_t i = 0; i < kPlaces; ++i) {
    const Draw draw{i, Purpose::start, kGroup};
    std::vector<double> mu(n);
    for (std::size_t k = 0; k < n; ++k) {
      const auto& g = posterior.model().params[k].group;
      const double z = draw.normal(static_cast<std::uint32_t>(k));
      const bool far = k == open[i % open.size()] ||
                       (g.kind != Group::phi && draw.uniform(static_cast<std::uint32_t>(n + k)) < 0.5);
      mu[k] = g.mu_mean + g.mu_sd * (far ? std::copysign(kBeyond, z) + kReach * z : z);
    }
    places.push_back(std::move(mu));
  }
  const auto step = (subjects.each.size() + kMostSubjects - 1) / kMostSubjects;
  std::vector<std::vector<double>> each(subjects.each.size());  // [subject looked at][place]
  const int looked_at = static_cast<int>((subjects.each.size() + step - 1) / step);
  parallel_for(looked_at, threads, [&](int i) {
    const auto s = static_cast<std::size_t>(i) * step;
    Laplace group{l.mu, l.sigma, l.b, {}, {}, {}, {}};
    for (const auto& mu : places) {
      group.mu = mu;
      std::vector<double> y(n);
      for (std::size_t k = 0; k < n; ++k) y[k] = subjects.each[s].expected(group, k);
      each[s].push_back(subjects.each[s].value(y, group));
    }
  });
  const auto score = [&](std::size_t place) {
    double r = log_prior_of_mu(posterior, places[place]);
    for (const auto& values : each)
      if (!values.empty()) r += values[place];
    return r;
  };
  double most = score(0);
  if (!std::isfinite(most)) return std::nullopt;  // no one could be alike, as where one answer came before t0
  std::optional<std::vector<double>> best;
  for (std::size_t p = 1; p < places.size(); ++p)
    if (const double there = score(p); std::isfinite(there) && there > most) {
      most = there;
      best = places[p];
    }
  return best;
}
}  // namespace

Laplace laplace(const Posterior& posterior, int most, int threads) {
  People subjects(posterior);
  Laplace near = settled_from(posterior, subjects, group_of_priors(posterior), most, threads);
  const double found = log_density(posterior, subjects, near), density = std::isnan(found) ? -kInf : found;
  const auto mu = better_far_away(posterior, subjects, near, threads);
  if (!mu) return near;
  Laplace start = group_of_priors(posterior);
  start.mu = *mu;
  Laplace far = settled_from(posterior, subjects, std::move(start), most, threads);
  constexpr double kClearly = 5;  // nats; both densities are approximate
  return log_density(posterior, subjects, far) > density + kClearly ? far : near;
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
  posterior.set_tops(l.tops);
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
    if (std::isfinite(density.gradient(from, grad))) return from;
  }
  // Where the estimate itself is of no use, a place farther off may be.
  constexpr int kFarther = 200;
  const auto n = static_cast<std::uint32_t>(from.size());
  for (std::uint32_t attempt = 1; attempt <= kFarther; ++attempt) {
    for (std::uint32_t i = 0; i < n; ++i)
      from[i] = start.q[i] + 2 * std::sqrt(start.var[i]) * draw.normal(attempt * n + i);
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
