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
  split_designs();
  sigma_ = at;
  at += n;
  for (int k = 0; k < n; ++k) {
    tau_.push_back(at);
    at += slopes(k);
  }
  correlation_ = at;
  if (correlated()) at += n * (n - 1) / 2;
  y_ = at;
  at += n * subjects_;
  for (int k = 0; k < n; ++k) {
    v_.push_back(at);
    at += slopes(k) * subjects_;
  }
  dim_ = at;
  info_.assign(static_cast<std::size_t>(n * subjects_), 0.0);
  pull_ = info_;
  mix_.assign(static_cast<std::size_t>(n * n * subjects_), 0.0);
  for (int s = 0; s < subjects_; ++s)
    for (int k = 0; k < n; ++k) mix_[static_cast<std::size_t>((s * n + k) * n + k)] = 1;
}

void Posterior::split_designs() {
  std::vector<double> units(static_cast<std::size_t>(subjects_), 0.0);
  for (const int s : subject_of_) units[static_cast<std::size_t>(s)] += 1;
  for (const auto& p : model_.params) {
    const auto n = p.design.names.size();
    if (n > 0 && p.design.x.size() != units_.size()) throw Bug("a design has a row a unit");
    std::vector<double> mean(units.size() * n, 0.0), apart(units_.size() * n, 0.0);
    for (std::size_t c = 0; c < n; ++c) {
      for (std::size_t u = 0; u < units_.size(); ++u) {
        const auto s = static_cast<std::size_t>(subject_of_[u]);
        mean[s * n + c] += p.design.x[u][c] / units[s];
      }
      for (std::size_t u = 0; u < units_.size(); ++u)
        apart[u * n + c] = p.design.x[u][c] - mean[static_cast<std::size_t>(subject_of_[u]) * n + c];
    }
    mean_x_.push_back(std::move(mean));
    apart_x_.push_back(std::move(apart));
  }
}

std::vector<std::string> Posterior::names() const {
  std::vector<std::string> r;
  for (const auto& p : model_.params) r.push_back(fmt::format("mu[{}]", p.name));
  for (const auto& p : model_.params)
    for (const auto& c : p.design.names) r.push_back(fmt::format("b[{}:{}]", p.name, c));
  for (const auto& p : model_.params) r.push_back(fmt::format("log_sigma[{}]", p.name));
  for (const auto& p : model_.params)
    for (const auto& c : p.design.slope_names) r.push_back(fmt::format("log_tau[{}:{}]", p.name, c));
  for (int i = 1; correlated() && i < params(); ++i)
    for (int j = 0; j < i; ++j)
      r.push_back(fmt::format("atanh_partial[{},{}]", model_.params[static_cast<std::size_t>(i)].name,
                              model_.params[static_cast<std::size_t>(j)].name));
  for (const auto& p : model_.params)
    for (int s = 0; s < subjects_; ++s) r.push_back(fmt::format("y[{},{}]", p.name, s + 1));
  for (const auto& p : model_.params)
    for (const auto& c : p.design.slope_names)
      for (int s = 0; s < subjects_; ++s) r.push_back(fmt::format("v[{}:{},{}]", p.name, c, s + 1));
  return r;
}

void Posterior::set_standard(std::vector<double> info, std::vector<double> pull) {
  if (info.size() != info_.size() || pull.size() != pull_.size())
    throw Bug("one number for each parameter of each subject");
  info_ = std::move(info);
  pull_ = std::move(pull);
}

void Posterior::set_mix(std::vector<double> mix) {
  if (mix.size() != mix_.size()) throw Bug("a matrix for each subject");
  mix_ = std::move(mix);
}

double Posterior::on_line(std::span<const double> q, int k, int unit) const {
  const auto at = [&](int i) { return q[static_cast<std::size_t>(i)]; };
  const int s = subject_of(unit);
  const auto scale = standard(k, s, expected(q, k, s), exp(at(log_sigma(k))));
  double mixed = 0;
  for (int j = 0; j <= k; ++j) mixed += mix(s, k, j) * at(this->y(j, s));
  return scale.m + scale.c * mixed + apart(q, k, unit);
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
      standard_(static_cast<std::size_t>(p_.params() * p_.subjects())),
      expected_(standard_.size()),
      line_(standard_.size()),
      slope_of_(standard_.size()),
      mixed_(standard_.size()),
      grad_(posterior.model().standard.size()),
      slope_(sigma_.size()) {
  for (const double x : p_.model().standard) theta_.emplace_back(x);
  if (!p_.correlated()) return;
  correlation_ = Correlation(p_.params(), p_.model().lkj);
  weighed_.resize(standard_.size());
}

/// Every subject's values before T.
void PosteriorDensity::spread(std::span<const double> q) {
  for (int k = 0; k < p_.params(); ++k) {
    const double sigma = sigma_[static_cast<std::size_t>(k)] =
        exp(q[static_cast<std::size_t>(p_.log_sigma(k))]);
    for (int s = 0; s < p_.subjects(); ++s) {
      const auto at = static_cast<std::size_t>(k * p_.subjects() + s);
      expected_[at] = p_.expected(q, k, s);
      standard_[at] = p_.standard(k, s, expected_[at], sigma);
      mixed_[at] = 0;
      for (int j = 0; j <= k; ++j) mixed_[at] += p_.mix(s, k, j) * q[static_cast<std::size_t>(p_.y(j, s))];
      line_[at] = standard_[at].m + standard_[at].c * mixed_[at];
    }
  }
}

/// Prior of the correlations, and what they make of the prior of subjects' values: e' R^-1 e instead of e' e, and its determinant.
double PosteriorDensity::correlate(std::span<const double> q, std::span<double> grad) {
  const auto first = static_cast<std::size_t>(p_.correlation()),
             count = static_cast<std::size_t>(correlation_.size());
  const auto n = static_cast<std::size_t>(p_.params()), subjects = static_cast<std::size_t>(p_.subjects());
  correlation_.set(q.subspan(first, count));
  const auto& l = correlation_.factor();
  double value = correlation_.prior(grad.subspan(first, count));
  std::vector<double> in_factor(n * n, 0.0), w(n);
  for (std::size_t k = 0; k < n; ++k) {
    value -= static_cast<double>(subjects) * log(l[k * n + k]);
    in_factor[k * n + k] -= static_cast<double>(subjects) / l[k * n + k];
  }
  for (std::size_t s = 0; s < subjects; ++s) {
    for (std::size_t k = 0; k < n; ++k) {
      w[k] = (line_[k * subjects + s] - expected_[k * subjects + s]) / sigma_[k];
      for (std::size_t j = 0; j < k; ++j) w[k] -= l[k * n + j] * w[j];
      w[k] /= l[k * n + k];
    }
    for (std::size_t k = n; k-- > 0;) {
      double u = w[k];
      for (std::size_t j = k + 1; j < n; ++j) u -= l[j * n + k] * weighed_[j * subjects + s];
      weighed_[k * subjects + s] = u / l[k * n + k];
    }
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j <= k; ++j) in_factor[k * n + j] += weighed_[k * subjects + s] * w[j];
  }
  correlation_.chain(in_factor, grad.subspan(first, count));
  return value;
}

/// Priors, and what `slope_of_` (the choices' derivative in each subject's value) and the prior of that value mean for q.
double PosteriorDensity::prior_and_chain(std::span<const double> q, std::span<double> grad) {
  double value = 0;
  const auto normal = [&](int i, double mean, double sd) {
    const auto at = static_cast<std::size_t>(i);
    const double z = (q[at] - mean) / sd;
    value -= 0.5 * z * z + log(sd) + kLogSqrt2Pi;
    grad[at] += -z / sd;
  };
  // Of ln x, with the Jacobian.
  const auto spread_prior = [&](int i, const Group& g) {
    const auto at = static_cast<std::size_t>(i);
    const double z = exp(q[at]) / g.sigma;
    if (g.cauchy) {
      value += log(2 / (3.14159265358979323846 * g.sigma)) - log1p(z * z) + q[at];
      grad[at] += 1 - 2 * z * z / (1 + z * z);
    } else {
      value += log(2 / g.sigma) - kLogSqrt2Pi - 0.5 * z * z + q[at];
      grad[at] += 1 - z * z;
    }
  };
  if (p_.correlated()) value += correlate(q, grad);
  for (int k = 0; k < p_.params(); ++k) {
    const auto& p = p_.model().params[static_cast<std::size_t>(k)];
    normal(p_.mu(k), p.group.mu_mean, p.group.mu_sd);
    for (int c = 0; c < static_cast<int>(p.design.names.size()); ++c)
      normal(p_.b(k) + c, 0, p.design.prior_sd);
    const auto at_mu = static_cast<std::size_t>(p_.mu(k)),
               at_sigma = static_cast<std::size_t>(p_.log_sigma(k));
    const double sigma = sigma_[static_cast<std::size_t>(k)];
    spread_prior(p_.log_sigma(k), p.group);
    for (int j = 0; j < p_.slopes(k); ++j) {
      spread_prior(p_.log_tau(k, j), p.group);
      for (int s = 0; s < p_.subjects(); ++s) normal(p_.v(k, j, s), 0, 1);
    }
    // ln N(value; mu + X b, sigma) + ln c: the density of y.
    double shrunk = 1;  // product of c / sigma; its logarithm is taken once in a while
    const auto take_log = [&] {
      value += log(shrunk);
      shrunk = 1;
    };
    double to_mu = 0, to_sigma = 0;
    for (int s = 0; s < p_.subjects(); ++s) {
      const auto i = static_cast<std::size_t>(k * p_.subjects() + s);
      const auto& d = standard_[i];
      const double e = (line_[i] - expected_[i]) / sigma;
      const double weighed = p_.correlated() ? weighed_[i] : e, g = slope_of_[i] - weighed / sigma;
      value -= 0.5 * e * weighed + kLogSqrt2Pi;
      shrunk *= p_.mix(s, k, k) * d.c / sigma;
      if (!(shrunk > 1e-200)) take_log();
      for (int j = 0; j <= k; ++j) grad[static_cast<std::size_t>(p_.y(j, s))] += p_.mix(s, k, j) * g * d.c;
      const double to_expected = g * d.m_mu + weighed / sigma;
      to_mu += to_expected;
      const auto x = p_.mean_row(k, s);
      for (std::size_t c = 0; c < x.size(); ++c)
        grad[static_cast<std::size_t>(p_.b(k)) + c] += x[c] * to_expected;
      to_sigma += g * (d.m_ls + mixed_[i] * d.c_ls) + e * weighed - 1 + d.m_mu;
    }
    take_log();
    grad[at_mu] += to_mu;
    grad[at_sigma] += to_sigma;
  }
  return value;
}

double PosteriorDensity::gradient(std::span<const double> q, std::span<double> grad) {
  std::fill(grad.begin(), grad.end(), 0.0);
  std::fill(slope_of_.begin(), slope_of_.end(), 0.0);
  spread(q);
  double value = 0;
  const auto lanes_of_density = p_.learner().likelihood->lanes;
  const int n = p_.params(), subjects = p_.subjects();
  for (const auto& g : p_.lanes()) {
    const int used = static_cast<int>(g.subject.size());
    for (int k = 0; k < n; ++k) {
      const auto& p = p_.model().params[static_cast<std::size_t>(k)];
      Vec y(q[static_cast<std::size_t>(p_.mu(k))]);
      for (int i = 0; i < used; ++i) {
        const auto unit = g.subject[static_cast<std::size_t>(i)];
        const double x =
            line_[static_cast<std::size_t>(k * subjects + p_.subject_of(static_cast<int>(unit)))];
        y.set(i, x + p_.apart(q, k, static_cast<int>(unit)));
      }
      to_natural(p.group, y, theta_[static_cast<std::size_t>(p.at)], slope_[static_cast<std::size_t>(k)]);
    }
    const Vec l = lanes_of_density(theta_, g, grad_);
    for (int i = 0; i < used; ++i) value += l[i];
    for (int k = 0; k < n; ++k) {
      const auto& p = p_.model().params[static_cast<std::size_t>(k)];
      const Vec d = grad_[static_cast<std::size_t>(p.at)] * slope_[static_cast<std::size_t>(k)];
      for (int i = 0; i < used; ++i) {
        const auto unit = g.subject[static_cast<std::size_t>(i)];
        slope_of_[static_cast<std::size_t>(k * subjects + p_.subject_of(static_cast<int>(unit)))] += d[i];
        const auto x = p_.apart_row(k, static_cast<int>(unit));
        for (std::size_t c = 0; c < x.size(); ++c) grad[static_cast<std::size_t>(p_.b(k)) + c] += d[i] * x[c];
        for (int j = 0; j < p_.slopes(k); ++j) {
          const auto tau = static_cast<std::size_t>(p_.log_tau(k, j)),
                     v = static_cast<std::size_t>(p_.v(k, j, p_.subject_of(static_cast<int>(unit))));
          const double to_v = d[i] * p_.slope_x(k, static_cast<int>(unit), j) * exp(q[tau]);
          grad[v] += to_v;
          grad[tau] += to_v * q[v];
        }
      }
    }
  }
  return value + prior_and_chain(q, grad);
}

}  // namespace labile
