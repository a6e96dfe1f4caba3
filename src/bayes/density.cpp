#include "bayes/density.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kLogSqrt2Pi = 0.91893853320467274178;

/// T and its slope for four units.
void to_natural(const Group& g, Vec y, Vec& x, Vec& slope) {
  if (g.kind == Group::exp) {
    x = slope = exp(y);
  } else if (g.kind == Group::phi) {
    const Vec y2 = y * y, u = y * (Vec(0.07056) * y2 + Vec(1.5976));
    const Vec s = logistic(u), r = logistic(-u);
    x = Vec(g.lo) + Vec(g.width) * s;
    slope = Vec(g.width) * s * r * (Vec(0.21168) * y2 + Vec(1.5976));
  } else {
    x = y;
    slope = Vec(1.0);
  }
}
}  // namespace

Posterior::Posterior(const LearnerEntry& learner, GroupModel model, std::span<const SubjectTrials> units,
                     std::vector<int> subject_of)
    : learner_(&learner),
      model_(std::move(model)),
      units_(units.begin(), units.end()),
      subject_of_(std::move(subject_of)) {
  if (units_.empty()) throw Error("nothing to fit: no subject has a trial");
  if (subject_of_.size() != units_.size()) throw Bug("each unit belongs to a subject");
  check_trials(learner, units_);
  if (learner.derive) {
    for (const auto& u : units_) derived_.push_back(learner.derive(u));
    for (std::size_t u = 0; u < units_.size(); ++u)
      for (const auto& [name, values] : derived_[u]) units_[u].inputs.push_back({name, values});
  }
  for (const int s : subject_of_) subjects_ = std::max(subjects_, s + 1);
  lanes_ = pack_lanes(units_, learner.likelihood->lane_needs());
  const int n = params();
  int at = n;
  for (const auto& p : model_.params) {
    b_.push_back(at);
    at += static_cast<int>(p.design.names.size());
  }
  sigma_ = at;
  y_ = at + n;
  dim_ = y_ + n * subjects_;
  w_.assign(static_cast<std::size_t>(n * subjects_), 0.0);
}

std::vector<std::string> Posterior::names() const {
  std::vector<std::string> r;
  for (const auto& p : model_.params) r.push_back(fmt::format("mu[{}]", p.name));
  for (const auto& p : model_.params)
    for (const auto& c : p.design.names) r.push_back(fmt::format("b[{}:{}]", p.name, c));
  for (const auto& p : model_.params) r.push_back(fmt::format("log_sigma[{}]", p.name));
  for (const auto& p : model_.params)
    for (int s = 0; s < subjects_; ++s) r.push_back(fmt::format("y[{},{}]", p.name, s + 1));
  return r;
}

void Posterior::set_centering(std::vector<double> w) {
  if (w.size() != w_.size()) throw Bug("one w for each parameter of each subject");
  w_ = std::move(w);
}

double Posterior::on_line(std::span<const double> q, int k, int unit) const {
  const auto at = [&](int i) { return q[static_cast<std::size_t>(i)]; };
  const int s = subject_of(unit);
  double y = at(mu(k)) + exp((1 - w(k, s)) * at(log_sigma(k))) * (at(this->y(k, s)) - w(k, s) * at(mu(k)));
  const auto& d = model_.params[static_cast<std::size_t>(k)].design;
  for (std::size_t c = 0; c < d.names.size(); ++c)
    y += d.x[static_cast<std::size_t>(unit)][c] * at(b(k) + static_cast<int>(c));
  return y;
}

void Posterior::row(std::span<const double> q, int unit, std::span<double> params) const {
  std::copy(model_.standard.begin(), model_.standard.end(), params.begin());
  for (int k = 0; k < this->params(); ++k) {
    const auto& p = model_.params[static_cast<std::size_t>(k)];
    params[static_cast<std::size_t>(p.at)] = from_line(p.group, on_line(q, k, unit));
  }
}

PosteriorDensity::PosteriorDensity(const Posterior& posterior)
    : p_(posterior),
      sigma_(static_cast<std::size_t>(p_.params())),
      shrink_(static_cast<std::size_t>(p_.params() * p_.subjects())),
      e_(shrink_.size()),
      grad_(posterior.model().standard.size()) {
  for (const double x : p_.model().standard) theta_.emplace_back(x);
  slope_ = theta_;
}

/// What all units need of q.
void PosteriorDensity::spread(std::span<const double> q) {
  const int subjects = p_.subjects();
  for (int k = 0; k < p_.params(); ++k) {
    const double log_sigma = q[static_cast<std::size_t>(p_.log_sigma(k))],
                 mu = q[static_cast<std::size_t>(p_.mu(k))];
    sigma_[static_cast<std::size_t>(k)] = exp(log_sigma);
    for (int s = 0; s < subjects; ++s) {
      const auto at = static_cast<std::size_t>(k * subjects + s);
      const double w = p_.w(k, s);
      shrink_[at] = w == 0 ? 1 : exp(w * log_sigma);
      e_[at] = (q[static_cast<std::size_t>(p_.y(k, s))] - w * mu) / shrink_[at];
    }
  }
}

double PosteriorDensity::prior_gradient(std::span<const double> q, std::span<double> grad) {
  spread(q);
  double value = 0;
  const auto normal = [&](int i, double mean, double sd) {
    const auto at = static_cast<std::size_t>(i);
    const double z = (q[at] - mean) / sd;
    value -= 0.5 * z * z + log(sd) + kLogSqrt2Pi;
    grad[at] = -z / sd;
  };
  for (int k = 0; k < p_.params(); ++k) {
    const auto& p = p_.model().params[static_cast<std::size_t>(k)];
    normal(p_.mu(k), p.group.mu_mean, p.group.mu_sd);
    for (int c = 0; c < static_cast<int>(p.design.names.size()); ++c)
      normal(p_.b(k) + c, 0, p.design.prior_sd);
    const auto at = static_cast<std::size_t>(p_.log_sigma(k));
    const double sigma = sigma_[static_cast<std::size_t>(k)], z = sigma / p.group.sigma;
    if (p.group.cauchy) {
      value += log(2 / (3.14159265358979323846 * p.group.sigma)) - log1p(z * z) + q[at];
      grad[at] = 1 - 2 * z * z / (1 + z * z);
    } else {
      value += log(2 / p.group.sigma) - kLogSqrt2Pi - 0.5 * z * z + q[at];
      grad[at] = 1 - z * z;
    }
    // y ~ N(w mu, sigma^w)
    const auto mu = static_cast<std::size_t>(p_.mu(k));
    for (int s = 0; s < p_.subjects(); ++s) {
      const auto i = static_cast<std::size_t>(k * p_.subjects() + s);
      const double w = p_.w(k, s), pull = e_[i] / shrink_[i];
      value -= 0.5 * e_[i] * e_[i] + w * q[at] + kLogSqrt2Pi;
      grad[static_cast<std::size_t>(p_.y(k, s))] = -pull;
      grad[mu] += w * pull;
      grad[at] += w * (e_[i] * e_[i] - 1);
    }
  }
  return value;
}

double PosteriorDensity::gradient(std::span<const double> q, std::span<double> grad) {
  double value = prior_gradient(q, grad);
  const auto lanes_of_density = p_.learner().likelihood->lanes;
  const int n = p_.params(), subjects = p_.subjects();
  for (const auto& g : p_.lanes()) {
    const int used = static_cast<int>(g.subject.size());
    for (int k = 0; k < n; ++k) {
      const auto& p = p_.model().params[static_cast<std::size_t>(k)];
      const double mu = q[static_cast<std::size_t>(p_.mu(k))], sigma = sigma_[static_cast<std::size_t>(k)];
      Vec y(mu);
      for (int i = 0; i < used; ++i) {
        const auto unit = g.subject[static_cast<std::size_t>(i)];
        double x =
            mu + sigma * e_[static_cast<std::size_t>(k * subjects + p_.subject_of(static_cast<int>(unit)))];
        for (std::size_t c = 0; c < p.design.names.size(); ++c)
          x += p.design.x[unit][c] * q[static_cast<std::size_t>(p_.b(k)) + c];
        y.set(i, x);
      }
      to_natural(p.group, y, theta_[static_cast<std::size_t>(p.at)], slope_[static_cast<std::size_t>(k)]);
    }
    const Vec l = lanes_of_density(theta_, g, grad_);
    for (int i = 0; i < used; ++i) value += l[i];
    for (int k = 0; k < n; ++k) {
      const auto& p = p_.model().params[static_cast<std::size_t>(k)];
      const Vec d = grad_[static_cast<std::size_t>(p.at)] * slope_[static_cast<std::size_t>(k)];
      const double sigma = sigma_[static_cast<std::size_t>(k)];
      double to_mu = 0, to_sigma = 0;
      for (int i = 0; i < used; ++i) {
        const auto unit = g.subject[static_cast<std::size_t>(i)];
        const int s = p_.subject_of(static_cast<int>(unit));
        const auto at = static_cast<std::size_t>(k * subjects + s);
        const double w = p_.w(k, s), step = sigma / shrink_[at];  // value = mu + step (y - w mu)
        to_mu += d[i] * (1 - w * step);
        to_sigma += d[i] * (1 - w) * sigma * e_[at];
        grad[static_cast<std::size_t>(p_.y(k, s))] += d[i] * step;
        for (std::size_t c = 0; c < p.design.names.size(); ++c)
          grad[static_cast<std::size_t>(p_.b(k)) + c] += d[i] * p.design.x[unit][c];
      }
      grad[static_cast<std::size_t>(p_.mu(k))] += to_mu;
      grad[static_cast<std::size_t>(p_.log_sigma(k))] += to_sigma;
    }
  }
  return value;
}

}  // namespace labile
