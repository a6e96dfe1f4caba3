#include "run/recover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "core/random.hpp"
#include "record/read.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

constexpr std::uint32_t kTries = 1000;  // draws from a prior until one lies within bounds

/// Where the true values of one estimated parameter come from.
struct Source {
  std::size_t param;
  const DrawRange* range;  // null: the prior
};

double draw_prior(const ParamInfo& p, const Draw& draw, std::uint32_t counter) {
  for (std::uint32_t k = 0; k < kTries; ++k) {
    const std::uint32_t c = counter * kTries + k;
    const double x = p.prior.kind == Prior::beta    ? draw.beta(p.prior.a, p.prior.b, c)
                     : p.prior.kind == Prior::gamma ? p.prior.b * draw.gamma(p.prior.a, c)
                                                    : p.prior.a + p.prior.b * draw.normal(c);
    if (x >= p.bounds.lo && x <= p.bounds.hi) return x;
  }
  throw Error(fmt::format("parameter '{}': its prior hardly reaches its bounds, {}; give --range {}=LOW:HIGH",
                          p.name, bounds_text(p), p.name));
}

std::vector<Source> sources_of(const LearnerEntry& learner, const RecoverOptions& o) {
  std::vector<std::string> names;
  for (const auto& p : learner.params) names.push_back(p.name);
  for (const auto& r : o.ranges) {
    const auto it = std::find(names.begin(), names.end(), r.name);
    if (it == names.end())
      throw Error(fmt::format("learner '{}' has no parameter '{}'{}", learner.info.name, r.name,
                              suggest(r.name, names)));
    const auto& p = learner.params[static_cast<std::size_t>(it - names.begin())];
    if (!(r.low < r.high) || r.low < p.bounds.lo || r.high > p.bounds.hi)
      throw Error(fmt::format("range {} to {} of '{}': the first must be the smaller, and both within {}",
                              r.low, r.high, r.name, bounds_text(p)));
  }
  std::vector<Source> r;
  for (std::size_t k = 0; k < learner.params.size(); ++k) {
    const auto& p = learner.params[k];
    const auto it =
        std::find_if(o.ranges.begin(), o.ranges.end(), [&](const auto& x) { return x.name == p.name; });
    if (it == o.ranges.end() && p.prior.kind == Prior::fixed) continue;
    if (it == o.ranges.end() && p.prior.kind == Prior::flat)
      throw Error(
          fmt::format("parameter '{}' has no prior to draw from; give --range {}=LOW:HIGH", p.name, p.name));
    r.push_back({k, it == o.ranges.end() ? nullptr : &*it});
  }
  return r;
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  double n = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    n += 1;
    const double dx = x[i] - mx, dy = y[i] - my;
    mx += dx / n;
    my += dy / n;
    xx += dx * (x[i] - mx);
    yy += dy * (y[i] - my);
    xy += dx * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : kNaN;
}

}  // namespace

Recovery recover(const LearnerEntry& learner, const RecoverOptions& o) {
  if (!learner.likelihood)
    throw Error(fmt::format("'{}' cannot be fitted: {}", learner.info.name, learner.no_likelihood));
  if (o.subjects < 2) throw Error(fmt::format("{} subject(s): a correlation needs 2 or more", o.subjects));
  const auto sources = sources_of(learner, o);
  const auto& task = find_task(o.task.empty() ? learner.own_task : o.task);
  const auto info = task.make(o.task_settings, nullptr)->info();

  std::vector<double> standard;
  for (const auto& p : learner.params) standard.push_back(std::get<double>(p.standard));
  std::vector<std::vector<double>> truth(static_cast<std::size_t>(o.subjects), standard);
  for (std::size_t s = 0; s < truth.size(); ++s) {
    const Draw draw{o.fit.seed, Purpose::parameters, static_cast<std::uint32_t>(s)};
    for (std::size_t k = 0; k < sources.size(); ++k) {
      const auto* range = sources[k].range;
      truth[s][sources[k].param] =
          range
              ? range->low + (range->high - range->low) * draw.uniform(static_cast<std::uint32_t>(k) * kTries)
              : draw_prior(learner.params[sources[k].param], draw, static_cast<std::uint32_t>(k));
    }
  }

  Simulation play;
  play.make_task = task.make;
  play.task_settings = o.task_settings;
  play.make_agent = learner.make;
  play.make_each = learner.make_each;
  play.seed = o.fit.seed;
  // One by one, because a subject whose parameters are invalid together stops its block.
  std::vector<Trials> record(truth.size());
  std::vector<std::uint8_t> valid(truth.size(), 1);
  const std::vector<std::vector<double>> defaults{standard};
  play.rows = &defaults;
  (void)simulate(play, 0, 1);  // what stops any subject stops here
  play.rows = &truth;
  if (o.progress) o.progress(0, "playing");
  parallel_for(o.subjects, o.fit.threads, [&](int s) {
    const auto k = static_cast<std::size_t>(s);
    try {
      record[k] = simulate(play, s, 1);
    } catch (const Error&) {
      valid[k] = 0;
    }
  });
  std::vector<std::vector<std::uint8_t>> fresh;
  for (const auto& t : record)
    fresh.push_back(t.rows() > 0 ? fresh_flags(t, info.reset_on) : std::vector<std::uint8_t>{});
  std::vector<SubjectTrials> subjects;
  std::vector<std::size_t> of;  // [one of `subjects`] which subject it is
  for (std::size_t s = 0; s < record.size(); ++s)
    if (valid[s]) {
      subjects.push_back(subject_trials(record[s], 0, fresh[s]));
      of.push_back(s);
    }

  FitOptions fit = o.fit;
  for (const auto& r : o.ranges) fit.overrides.push_back({r.name, std::nullopt});
  // Only parameters that the table holds fixed need asking for; an override would flatten the others' priors.
  std::erase_if(fit.overrides, [&](const FitOverride& f) {
    return std::any_of(learner.params.begin(), learner.params.end(),
                       [&](const ParamInfo& p) { return p.name == f.name && p.prior.kind != Prior::fixed; });
  });
  Recovery r{learner.info.name, task.info.name, o.subjects, info.max_trials, {}, {}, 0, 0};
  std::vector<SubjectFit> fits;
  constexpr std::size_t kStep = 16;  // subjects between two signs of progress
  for (std::size_t from = 0; from < subjects.size(); from += kStep) {
    if (o.progress) o.progress(static_cast<double>(from) / static_cast<double>(subjects.size()), "fitting");
    if (interrupted()) throw Interrupted("interrupted while fitting");
    const auto some = std::span(subjects).subspan(from, std::min(kStep, subjects.size() - from));
    auto f = fit_subjects(learner, some, fit);
    std::move(f.begin(), f.end(), std::back_inserter(fits));
  }
  r.invalid = o.subjects - static_cast<int>(subjects.size());
  for (const auto& f : fits) r.unfitted += f.params.empty() || std::isnan(f.params.front());
  std::vector<std::vector<double>> errors;
  for (const auto& source : sources) {
    const auto& p = learner.params[source.param];
    RecoveredParam x{p.name, p.unit, {}, {}, 0, 0, 0, 0};
    std::vector<double> error;
    double n = 0;
    x.fitted.assign(truth.size(), kNaN);
    for (const auto& row : truth) x.truth.push_back(row[source.param]);
    for (std::size_t i = 0; i < fits.size(); ++i) {
      const auto& f = fits[i];
      if (f.params.empty() || std::isnan(f.params[source.param])) continue;
      x.fitted[of[i]] = f.params[source.param];
      const double e = x.fitted[of[i]] - x.truth[of[i]];
      n += 1;
      x.bias += e;
      x.rmse += e * e;
      x.at_bound += std::find(f.at_bound.begin(), f.at_bound.end(), p.name) != f.at_bound.end();
    }
    for (std::size_t s = 0; s < truth.size(); ++s) error.push_back(x.fitted[s] - x.truth[s]);
    x.bias = n > 0 ? x.bias / n : kNaN;
    x.rmse = n > 0 ? std::sqrt(x.rmse / n) : kNaN;
    x.at_bound = n > 0 ? x.at_bound / n : kNaN;
    x.r = correlation(x.truth, x.fitted);
    r.params.push_back(std::move(x));
    errors.push_back(std::move(error));
  }
  for (const auto& a : errors) {
    r.error_r.emplace_back();
    for (const auto& b : errors) r.error_r.back().push_back(correlation(a, b));
  }
  return r;
}

}  // namespace labile
