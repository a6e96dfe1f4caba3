#include "bayes/density.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/cholesky.hpp"
#include "core/math.hpp"
#include "core/normal.hpp"

namespace labile {
namespace {
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
double sum(Vec x) {
  return x[0] + x[1] + (x[2] + x[3]);
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
  x_ = at;
  at += n;
  for (int k = 0; k < n; ++k) {
    slope_.push_back(at);
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
  info_.assign(static_cast<std::size_t>(fours() * n * n), Vec(0.0));
  pull_.assign(static_cast<std::size_t>(fours() * n), Vec(0.0));
  const auto all = static_cast<std::size_t>(coefficients());
  base_.assign(all, 0.0);
  map_.assign(all * all, 0.0);
  for (std::size_t i = 0; i < all; ++i) map_[i * all + i] = 1;
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
  for (const auto& p : model_.params) r.push_back(fmt::format("nu[{}]", p.name));
  for (const auto& p : model_.params)
    for (const auto& c : p.design.names) r.push_back(fmt::format("b[{}:{}]", p.name, c));
  for (const auto& p : model_.params) r.push_back(fmt::format("x[{}]", p.name));
  for (const auto& p : model_.params)
    for (const auto& c : p.design.slope_names) r.push_back(fmt::format("x[{}:{}]", p.name, c));
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

void Posterior::set_map(std::vector<double> base, std::vector<double> map) {
  if (base.size() != base_.size() || map.size() != map_.size())
    throw Bug("one base a parameter, and a square map");
  base_ = std::move(base);
  map_ = std::move(map);
}

void Posterior::set_tops(const std::vector<std::vector<Top>>& tops) {
  constexpr double kWider = 1.5;
  tops_.assign(static_cast<std::size_t>(subjects_), {});
  for (std::size_t s = 0; s < tops.size(); ++s) {
    for (const auto& t : tops[s]) {
      WideTop w{t.center, t.covariance, 0};
      if (!cholesky(w.root, params())) continue;
      for (double& x : w.root) x *= kWider;
      for (int k = 0; k < params(); ++k)
        w.log_peak -= log(w.root[static_cast<std::size_t>(k * params() + k)]);
      tops_[s].push_back(std::move(w));
    }
    if (tops_[s].size() < 2) tops_[s].clear();
  }
}

void Posterior::set_standard(std::span<const double> info, std::span<const double> pull) {
  const auto n = static_cast<std::size_t>(params()), all = static_cast<std::size_t>(subjects_);
  if (info.size() != all * n * n || pull.size() != all * n)
    throw Bug("numbers for each parameter of each subject");
  for (std::size_t s = 0; s < all; ++s) {
    const int lane = static_cast<int>(s % kWidth);
    for (std::size_t i = 0; i < n * n; ++i) info_[s / kWidth * n * n + i].set(lane, info[s * n * n + i]);
    for (std::size_t i = 0; i < n; ++i) pull_[s / kWidth * n + i].set(lane, pull[s * n + i]);
  }
}

Standard<double> Posterior::standard_at(std::span<const double> q, int subject) const {
  const auto n = static_cast<std::size_t>(params()), four = static_cast<std::size_t>(subject / kWidth);
  const int lane = subject % kWidth;
  std::vector<double> info, pull, expected, tau;
  for (std::size_t i = 0; i < n * n; ++i) info.push_back(info_[four * n * n + i][lane]);
  for (std::size_t i = 0; i < n; ++i) pull.push_back(pull_[four * n + i][lane]);
  for (int k = 0; k < params(); ++k) {
    double e = mu(q, k);
    const auto x = mean_row(k, subject);
    for (std::size_t c = 0; c < x.size(); ++c) e += x[c] * coefficient(q, b(k) + static_cast<int>(c));
    expected.push_back(e);
    const double sd = sigma(q, k);
    tau.push_back(1 / (sd * sd));
  }
  Standard<double> r(params());
  r.set(info.data(), pull.data(), expected.data(), tau.data());
  return r;
}

double Posterior::correlation_of(std::span<const double> q, int k, int other) const {
  Correlation c(params(), model_.lkj);
  c.set(q.subspan(static_cast<std::size_t>(correlation_), static_cast<std::size_t>(c.size())));
  return c.at(k, other);
}

void Posterior::values(std::span<const double> q, int subject, std::span<double> values) const {
  auto standard = standard_at(q, subject);
  std::vector<double> at;
  for (int k = 0; k < params(); ++k) at.push_back(q[static_cast<std::size_t>(y(k, subject))]);
  standard.values(at.data(), values.data());
}

void Posterior::unit_values(std::span<const double> q, int unit, std::span<double> out) const {
  values(q, subject_of(unit), out);
  for (int k = 0; k < params(); ++k) {
    const auto x = apart_row(k, unit);
    for (std::size_t c = 0; c < x.size(); ++c)
      out[static_cast<std::size_t>(k)] += x[c] * coefficient(q, b(k) + static_cast<int>(c));
    for (int j = 0; j < slopes(k); ++j)
      out[static_cast<std::size_t>(k)] +=
          slope_x(k, unit, j) * tau(q, k, j) * q[static_cast<std::size_t>(v(k, j, subject_of(unit)))];
  }
}

void Posterior::row(std::span<const double> q, int unit, std::span<double> params) const {
  std::copy(model_.standard.begin(), model_.standard.end(), params.begin());
  std::vector<double> line(model_.params.size());
  unit_values(q, unit, line);
  for (std::size_t k = 0; k < line.size(); ++k) {
    const auto& p = model_.params[k];
    params[static_cast<std::size_t>(p.at)] = from_line(p.group, line[k]);
  }
}

void Posterior::own_share(std::span<const double> q, int subject, std::span<double> own) const {
  const auto standard = standard_at(q, subject);
  for (int k = 0; k < params(); ++k) {
    const double sd = sigma(q, k);
    own[static_cast<std::size_t>(k)] = 1 - standard.variance(k) / (sd * sd);
  }
}

PosteriorDensity::PosteriorDensity(const Posterior& posterior) : p_(posterior) {
  const auto n = static_cast<std::size_t>(p_.params()), fours = static_cast<std::size_t>(p_.fours());
  for (auto* v : {&coefficient_, &to_}) v->resize(static_cast<std::size_t>(p_.coefficients()));
  for (auto* v : {&tau_, &to_ls_}) v->resize(n);
  spread_.resize(n);
  for (int k = 0; k < p_.params(); ++k) slope_spread_.emplace_back(static_cast<std::size_t>(p_.slopes(k)));
  standard_.assign(fours, Standard<Vec>(p_.params()));
  value_.assign(n * fours * kWidth, 0.0);
  slope_ = value_;
  for (int k = 0; k < p_.params(); ++k) own_.push_back(p_.y(k, 0));
  for (int k = 0; k < p_.params(); ++k)
    for (int j = 0; j < p_.slopes(k); ++j) own_.push_back(p_.v(k, j, 0));
  proposed_.assign(own_.size() * fours * kWidth, 0.0);
  squares_ = proposed_;
  loglik_.assign(static_cast<std::size_t>(p_.subjects()), 0.0);
  for (auto* v : {&y_, &expected_}) v->assign(n * fours, Vec(0.0));
  for (auto* v : {&four_values_, &four_slopes_, &four_y_, &four_expected_, &four_ls_, &unit_slope_})
    v->resize(n);
  grad_.resize(p_.model().standard.size());
  row_.resize(grad_.size());
  for (const double x : p_.model().standard) theta_.emplace_back(x);
  if (!p_.correlated()) return;
  correlation_ = Correlation(p_.params(), p_.model().lkj);
  weighed_ = value_;
}

/// The group, and every subject's values before T.
void PosteriorDensity::spread(std::span<const double> q) {
  const int n = p_.params();
  for (int i = 0; i < p_.coefficients(); ++i)
    coefficient_[static_cast<std::size_t>(i)] = p_.coefficient(q, i);
  for (int k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k);
    spread_[at] = spread_at(p_.model().params[at].group, q[static_cast<std::size_t>(p_.x(k))]);
    tau_[at] = 1 / (spread_[at].sigma * spread_[at].sigma);
    for (int j = 0; j < p_.slopes(k); ++j)
      slope_spread_[at][static_cast<std::size_t>(j)] =
          spread_at(p_.model().params[at].group, q[static_cast<std::size_t>(p_.slope(k, j))]);
  }
  for (int f = 0; f < p_.fours(); ++f) {
    const auto four = static_cast<std::size_t>(f), size = static_cast<std::size_t>(n);
    Vec *y = &y_[four * size], *expected = &expected_[four * size];
    const int live = std::min(kWidth, p_.subjects() - f * kWidth);
    for (int k = 0; k < n; ++k) {
      std::memcpy(y + k, &q[static_cast<std::size_t>(p_.y(k, f * kWidth))],
                  static_cast<std::size_t>(live) * sizeof(double));
      expected[k] = Vec(coefficient_[static_cast<std::size_t>(p_.nu(k))]);
      for (int i = 0; i < live; ++i) {
        const auto x = p_.mean_row(k, f * kWidth + i);
        double e = expected[k][i];
        for (std::size_t c = 0; c < x.size(); ++c)
          e += x[c] * coefficient_[static_cast<std::size_t>(p_.b(k)) + c];
        expected[k].set(i, e);
      }
    }
    standard_[four].set(&p_.info()[four * size * size], &p_.pull()[four * size], expected, tau_.data());
    standard_[four].values(y, four_values_.data());
    for (int k = 0; k < n; ++k)
      std::memcpy(&value_[place(k, f * kWidth)], &four_values_[static_cast<std::size_t>(k)], sizeof(Vec));
  }
}

/// Parameters of up to four units go to `theta_`, a lane each, how fast they change with the values before T to `unit_slope_`.
void PosteriorDensity::natural(std::span<const double> q, std::span<const int> units) {
  for (int k = 0; k < p_.params(); ++k) {
    const auto& p = p_.model().params[static_cast<std::size_t>(k)];
    Vec x(coefficient_[static_cast<std::size_t>(p_.nu(k))]);
    for (std::size_t i = 0; i < units.size(); ++i) {
      const int unit = units[i];
      double of_unit = value_[place(k, p_.subject_of(unit))];
      const auto row = p_.apart_row(k, unit);
      for (std::size_t c = 0; c < row.size(); ++c)
        of_unit += row[c] * coefficient_[static_cast<std::size_t>(p_.b(k)) + c];
      for (int j = 0; j < p_.slopes(k); ++j)
        of_unit += p_.slope_x(k, unit, j) *
                   slope_spread_[static_cast<std::size_t>(k)][static_cast<std::size_t>(j)].sigma *
                   q[static_cast<std::size_t>(p_.v(k, j, p_.subject_of(unit)))];
      x.set(static_cast<int>(i), of_unit);
    }
    to_natural(p.group, x, theta_[static_cast<std::size_t>(p.at)], unit_slope_[static_cast<std::size_t>(k)]);
  }
}

/// Log-likelihood of all choices; `slope_` gets its derivative in each subject's values, `to_` that in effects within subjects, `grad`
/// that in how they differ between subjects.
double PosteriorDensity::choices(std::span<const double> q, std::span<double> grad) {
  std::fill(slope_.begin(), slope_.end(), 0.0);
  double value = 0;
  const auto lanes_of_density = p_.learner().likelihood->lanes;
  const int n = p_.params();
  std::uint64_t wanted = 0;
  for (const auto& p : p_.model().params) wanted |= std::uint64_t{1} << p.at;
  for (const auto& g : p_.lanes()) {
    const int used = static_cast<int>(g.subject.size());
    std::array<int, kWidth> units{};
    std::ranges::transform(g.subject, units.begin(), [](std::size_t unit) { return static_cast<int>(unit); });
    natural(q, std::span(units).first(g.subject.size()));
    const Vec l = lanes_of_density(theta_, g, wanted, grad_);
    for (int i = 0; i < used; ++i) value += l[i];
    for (int k = 0; k < n; ++k) {
      const auto& p = p_.model().params[static_cast<std::size_t>(k)];
      const Vec d = grad_[static_cast<std::size_t>(p.at)] * unit_slope_[static_cast<std::size_t>(k)];
      for (int i = 0; i < used; ++i) {
        const int unit = static_cast<int>(g.subject[static_cast<std::size_t>(i)]);
        slope_[place(k, p_.subject_of(unit))] += d[i];
        const auto row = p_.apart_row(k, unit);
        for (std::size_t c = 0; c < row.size(); ++c)
          to_[static_cast<std::size_t>(p_.b(k)) + c] += d[i] * row[c];
        for (int j = 0; j < p_.slopes(k); ++j) {
          const auto& spread = slope_spread_[static_cast<std::size_t>(k)][static_cast<std::size_t>(j)];
          const auto v = static_cast<std::size_t>(p_.v(k, j, p_.subject_of(unit)));
          const double to_v = d[i] * p_.slope_x(k, unit, j) * spread.sigma;
          grad[v] += to_v;
          grad[static_cast<std::size_t>(p_.slope(k, j))] += to_v * q[v] * spread.log_slope;
        }
      }
    }
  }
  return value;
}

/// Prior of the correlations, and what they make of the prior of subjects' values: e' R^-1 e instead of e' e, and its determinant.
double PosteriorDensity::correlate(std::span<const double> q, std::span<double> grad) {
  const auto first = static_cast<std::size_t>(p_.correlation()),
             count = static_cast<std::size_t>(correlation_.size());
  const auto n = static_cast<std::size_t>(p_.params());
  correlation_.set(q.subspan(first, count));
  const auto& l = correlation_.factor();
  double value = correlation_.prior(grad.subspan(first, count));
  std::vector<double> in_factor(n * n, 0.0), w(n);
  for (std::size_t k = 0; k < n; ++k) {
    value -= p_.subjects() * log(l[k * n + k]);
    in_factor[k * n + k] -= p_.subjects() / l[k * n + k];
  }
  for (int s = 0; s < p_.subjects(); ++s) {
    const Vec* expected = &expected_[static_cast<std::size_t>(s / kWidth) * n];
    const auto at = [&](std::size_t k) { return place(static_cast<int>(k), s); };
    for (std::size_t k = 0; k < n; ++k) {
      w[k] = (value_[at(k)] - expected[k][s % kWidth]) / spread_[k].sigma;
      for (std::size_t j = 0; j < k; ++j) w[k] -= l[k * n + j] * w[j];
      w[k] /= l[k * n + k];
    }
    for (std::size_t k = n; k-- > 0;) {
      double u = w[k];
      for (std::size_t j = k + 1; j < n; ++j) u -= l[j * n + k] * weighed_[at(j)];
      weighed_[at(k)] = u / l[k * n + k];
    }
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j <= k; ++j) in_factor[k * n + j] += weighed_[at(k)] * w[j];
  }
  correlation_.chain(in_factor, grad.subspan(first, count));
  return value;
}

/// Density of all y; `grad` gets its derivative and that of the choices in y, `to_` and `to_ls_` in coefficients and ln sigma. Lanes
/// of nobody, where info, pull and y are 0, add nothing to ln sigma, and nobody looks at the rest of them.
double PosteriorDensity::subjects(std::span<double> grad) {
  const auto size = static_cast<std::size_t>(p_.params());
  std::fill(four_ls_.begin(), four_ls_.end(), Vec(0.0));
  // ln N(value; expected, sigma) + ln |dvalue / dy|, whose logarithms are taken of a product, once in a while.
  Vec squares(0.0), logs(0.0), product(1.0);
  for (int f = 0; f < p_.fours(); ++f) {
    const auto four = static_cast<std::size_t>(f);
    const Vec* expected = &expected_[four * size];
    for (std::size_t k = 0; k < size; ++k) {
      const int i = static_cast<int>(k);
      Vec v, slope;
      std::memcpy(&v, &value_[place(i, f * kWidth)], sizeof v);
      std::memcpy(&slope, &slope_[place(i, f * kWidth)], sizeof slope);
      const Vec inverse(1 / spread_[k].sigma), e = (v - expected[k]) * inverse;
      Vec weighed = e;
      if (p_.correlated()) std::memcpy(&weighed, &weighed_[place(i, f * kWidth)], sizeof weighed);
      squares += e * weighed;
      product *= standard_[four].w(i, i) * inverse;
      four_slopes_[k] = slope - weighed * inverse;
      four_expected_[k] = weighed * inverse;
      four_ls_[k] += e * weighed - Vec(1.0);
    }
    if (any(product < Vec(1e-150))) {
      logs += log(product);
      product = Vec(1.0);
    }
    std::fill(four_y_.begin(), four_y_.end(), Vec(0.0));
    standard_[four].back(&y_[four * size], four_slopes_.data(), expected, tau_.data(), four_y_.data(),
                         four_expected_.data(), four_ls_.data());
    for (std::size_t k = 0; k < size; ++k)
      for (int i = 0; i < std::min(kWidth, p_.subjects() - f * kWidth); ++i) {
        const int parameter = static_cast<int>(k), subject = f * kWidth + i;
        grad[static_cast<std::size_t>(p_.y(parameter, subject))] = four_y_[k][i];
        to_[static_cast<std::size_t>(p_.nu(parameter))] += four_expected_[k][i];
        const auto row = p_.mean_row(parameter, subject);
        for (std::size_t c = 0; c < row.size(); ++c)
          to_[static_cast<std::size_t>(p_.b(parameter)) + c] += row[c] * four_expected_[k][i];
      }
  }
  for (std::size_t k = 0; k < size; ++k) to_ls_[k] = sum(four_ls_[k]);
  return sum(logs + log(product) - Vec(0.5) * squares) - kLogSqrt2Pi * p_.params() * p_.subjects();
}

/// Priors, and what the derivatives in coefficients and ln sigma mean for q.
double PosteriorDensity::group(std::span<const double> q, std::span<double> grad) {
  double value = 0;
  const auto normal = [&](std::size_t i, double mean, double sd) {
    const double z = (coefficient_[i] - mean) / sd;
    value -= 0.5 * z * z + log(sd) + kLogSqrt2Pi;
    to_[i] -= z / sd;
  };
  for (int k = 0; k < p_.params(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    const auto& p = p_.model().params[i];
    normal(static_cast<std::size_t>(p_.nu(k)), p.group.mu_mean, p.group.mu_sd);
    for (std::size_t c = 0; c < p.design.names.size(); ++c)
      normal(static_cast<std::size_t>(p_.b(k)) + c, 0, p.design.prior_sd);
    value += spread_[i].log_prior;
    grad[static_cast<std::size_t>(p_.x(k))] = to_ls_[i] * spread_[i].log_slope + spread_[i].prior_slope;
    for (int j = 0; j < p_.slopes(k); ++j) {
      const auto& spread = slope_spread_[i][static_cast<std::size_t>(j)];
      value += spread.log_prior - kLogSqrt2Pi * p_.subjects();
      grad[static_cast<std::size_t>(p_.slope(k, j))] += spread.prior_slope;
      for (int s = 0; s < p_.subjects(); ++s) {
        const auto v = static_cast<std::size_t>(p_.v(k, j, s));
        value -= 0.5 * q[v] * q[v];
        grad[v] -= q[v];
      }
    }
  }
  for (int i = 0; i < p_.coefficients(); ++i) {
    value += log(p_.map(i, i));
    for (int j = 0; j <= i; ++j)
      grad[static_cast<std::size_t>(j)] += p_.map(i, j) * to_[static_cast<std::size_t>(i)];
  }
  return value;
}

double PosteriorDensity::gradient(std::span<const double> q, std::span<double> grad) {
  std::fill(grad.begin(), grad.end(), 0.0);
  std::fill(to_.begin(), to_.end(), 0.0);
  spread(q);
  const double of_choices = choices(q, grad);
  const double of_correlations = p_.correlated() ? correlate(q, grad) : 0;
  const double of_subjects = subjects(grad);
  return of_choices + of_correlations + of_subjects + group(q, grad);
}

}  // namespace labile
