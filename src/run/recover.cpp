#include "run/recover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "core/random.hpp"
#include "run/play_rows.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

/// Where the true values of one estimated parameter come from.
struct Source {
  std::size_t param;
  const DrawRange* range;  // null: the prior
};

/// `priors`: parameters without a range need a prior of their own.
std::vector<Source> sources_of(const LearnerEntry& learner, const std::vector<DrawRange>& ranges,
                               bool priors) {
  std::vector<std::string> names;
  for (const auto& p : learner.params) names.push_back(p.name);
  for (const auto& r : ranges) {
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
        std::find_if(ranges.begin(), ranges.end(), [&](const auto& x) { return x.name == p.name; });
    if (it == ranges.end() && (p.prior.kind == Prior::fixed || !priors)) continue;
    if (it == ranges.end() && p.prior.kind == Prior::flat)
      throw Error(
          fmt::format("parameter '{}' has no prior to draw from; give --range {}=LOW:HIGH", p.name, p.name));
    r.push_back({k, it == ranges.end() ? nullptr : &*it});
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

void check(const LearnerEntry& learner, int subjects) {
  if (!learner.likelihood)
    throw Error(fmt::format("'{}' cannot be fitted: {}", learner.info.name, learner.no_likelihood));
  if (subjects < 2) throw Error(fmt::format("{} subject(s): a correlation needs 2 or more", subjects));
}

/// Parameters of a range are estimated also where their table holds them. Others need no asking: an override would flatten their priors.
void estimate_ranges(const LearnerEntry& learner, const std::vector<DrawRange>& ranges,
                     std::vector<FitOverride>& overrides) {
  for (const auto& r : ranges)
    for (const auto& p : learner.params)
      if (p.name == r.name && p.prior.kind == Prior::fixed) overrides.push_back({r.name, std::nullopt});
}

/// The statistics of a parameter, from `truth` and `fitted`.
void compare(RecoveredParam& x) {
  double n = 0, mean = 0, tt = 0, tf = 0;
  x.bias = x.rmse = 0;
  for (std::size_t s = 0; s < x.truth.size(); ++s) {
    if (std::isnan(x.fitted[s])) continue;
    const double e = x.fitted[s] - x.truth[s];
    n += 1;
    x.bias += e;
    x.rmse += e * e;
    mean += x.truth[s];
  }
  mean /= n;
  for (std::size_t s = 0; s < x.truth.size(); ++s) {
    if (std::isnan(x.fitted[s])) continue;
    tt += (x.truth[s] - mean) * (x.truth[s] - mean);
    tf += (x.truth[s] - mean) * x.fitted[s];
  }
  x.bias = n > 0 ? x.bias / n : kNaN;
  x.rmse = n > 0 ? std::sqrt(x.rmse / n) : kNaN;
  x.slope = tt > 0 ? tf / tt : kNaN;
  x.truth_sd = n > 1 ? std::sqrt(tt / (n - 1)) : kNaN;
  x.r = correlation(x.truth, x.fitted);
}

/// Correlations of errors over subjects.
void trade_offs(Recovery& r) {
  std::vector<std::vector<double>> errors;
  for (const auto& p : r.params) {
    errors.emplace_back();
    for (std::size_t s = 0; s < p.truth.size(); ++s) errors.back().push_back(p.fitted[s] - p.truth[s]);
  }
  for (const auto& a : errors) {
    r.error_r.emplace_back();
    for (const auto& b : errors) r.error_r.back().push_back(correlation(a, b));
  }
}

}  // namespace

Recovery recover(const LearnerEntry& learner, const RecoverOptions& o) {
  check(learner, o.subjects);
  const auto sources = sources_of(learner, o.ranges, true);
  const std::string task = o.task.empty() ? learner.own_task : o.task;
  std::vector<double> standard;
  for (const auto& p : learner.params) standard.push_back(std::get<double>(p.standard));
  std::vector<std::vector<double>> truth(static_cast<std::size_t>(o.subjects), standard);
  for (std::size_t s = 0; s < truth.size(); ++s) {
    const Draw draw{o.fit.seed, Purpose::parameters, static_cast<std::uint32_t>(s)};
    for (std::size_t k = 0; k < sources.size(); ++k) {
      const auto* range = sources[k].range;
      const auto& p = learner.params[sources[k].param];
      const auto counter = static_cast<std::uint32_t>(k);
      truth[s][sources[k].param] =
          range ? draw_uniform(range->low, range->high, draw, counter)
                : draw_prior(p, draw, counter, fmt::format("give --range {}=LOW:HIGH", p.name));
    }
  }
  if (o.progress) o.progress(0, "playing");
  const auto played = play_rows(learner, task, o.task_settings, truth, o.fit.seed, o.fit.threads);

  FitOptions fit = o.fit;
  estimate_ranges(learner, o.ranges, fit.overrides);
  Recovery r;
  r.learner = learner.info.name;
  r.task = find_task(task).info.name;
  r.subjects = o.subjects;
  r.trials = played.trials;
  std::vector<SubjectFit> fits;
  constexpr std::size_t kStep = 16;  // subjects between two signs of progress
  for (std::size_t from = 0; from < played.subjects.size(); from += kStep) {
    if (o.progress)
      o.progress(static_cast<double>(from) / static_cast<double>(played.subjects.size()), "fitting");
    if (interrupted()) throw Interrupted("interrupted while fitting");
    const auto some =
        std::span(played.subjects).subspan(from, std::min(kStep, played.subjects.size() - from));
    auto f = fit_subjects(learner, some, fit);
    std::move(f.begin(), f.end(), std::back_inserter(fits));
  }
  r.invalid = played.invalid();
  for (const auto& f : fits) r.unfitted += f.params.empty() || std::isnan(f.params.front());
  for (const auto& source : sources) {
    const auto& p = learner.params[source.param];
    RecoveredParam x;
    x.name = p.name;
    x.unit = p.unit;
    x.fitted.assign(truth.size(), kNaN);
    for (const auto& row : truth) x.truth.push_back(row[source.param]);
    double n = 0;
    for (std::size_t i = 0; i < fits.size(); ++i) {
      const auto& f = fits[i];
      if (f.params.empty() || std::isnan(f.params[source.param])) continue;
      x.fitted[played.of[i]] = f.params[source.param];
      n += 1;
      x.at_bound += std::find(f.at_bound.begin(), f.at_bound.end(), p.name) != f.at_bound.end();
    }
    x.at_bound = n > 0 ? x.at_bound / n : kNaN;
    compare(x);
    r.params.push_back(std::move(x));
  }
  trade_offs(r);
  return r;
}

namespace {
/// Fits `played` hierarchically and sets truth [subject] and posterior side by side; `of` [played] whose record it is.
void fit_beside(const LearnerEntry& learner, const GroupModel& model,
                const std::vector<std::vector<double>>& truth, std::span<const SubjectTrials> played,
                const std::vector<std::size_t>& of, GroupFitOptions fit, Recovery& r) {
  std::vector<int> subject_of;
  for (std::size_t i = 0; i < played.size(); ++i) subject_of.push_back(static_cast<int>(i));
  for (const auto& p : model.params) {
    RecoveredParam x;
    x.name = p.name;
    x.unit = p.unit;
    for (const auto& row : truth) x.truth.push_back(row[static_cast<std::size_t>(p.at)]);
    x.fitted.assign(truth.size(), kNaN);
    x.intervals.assign(truth.size(), {});
    r.params.push_back(std::move(x));
  }
  fit.each_unit = [&](int k, int unit, std::span<const double> draws) {
    auto& x = r.params[static_cast<std::size_t>(k)];
    const auto s = of[static_cast<std::size_t>(unit)];
    std::vector<double> sorted(draws.begin(), draws.end());
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < kRecoveredIntervals.size(); ++i) {
      const double out = 0.5 * (1 - kRecoveredIntervals[i]);
      x.intervals[s][i] = {sorted_quantile(sorted, out), sorted_quantile(sorted, 1 - out)};
    }
  };
  const GroupFit f = fit_group(learner, played, subject_of, fit);
  r.warnings = f.warnings;
  for (std::size_t k = 0; k < r.params.size(); ++k) {
    auto& x = r.params[k];
    double n = 0, mean = 0, squares = 0;
    for (std::size_t i = 0; i < of.size(); ++i) {
      const auto s = of[i];
      x.fitted[s] = f.unit[k][i].mean;
      n += 1;
      const double step = x.fitted[s] - mean;
      mean += step / n;
      squares += step * (x.fitted[s] - mean);
      for (std::size_t c = 0; c < kRecoveredIntervals.size(); ++c)
        x.coverage[c] += x.truth[s] >= x.intervals[s][c].low && x.truth[s] <= x.intervals[s][c].high;
    }
    for (auto& c : x.coverage) c /= n;
    compare(x);
    x.shrinkage = 1 - std::sqrt(squares / (n - 1)) / x.truth_sd;
    for (const auto& q : f.group) {
      if (r.group.empty()) continue;
      if (q.name == fmt::format("mu[{}]", x.name)) r.group[k].mu_posterior = q.summary;
      if (q.name == fmt::format("sigma[{}]", x.name)) r.group[k].sigma_posterior = q.summary;
    }
  }
  trade_offs(r);
}
}  // namespace

Recovery recover_group(const LearnerEntry& learner, const RecoverOptions& o) {
  check(learner, o.subjects);
  (void)sources_of(learner, o.ranges, false);  // are ranges right?
  const std::string task = o.task.empty() ? learner.own_task : o.task;
  GroupFitOptions fit = o.group;
  fit.seed = o.fit.seed;
  fit.threads = o.fit.threads;
  fit.predict = false;
  estimate_ranges(learner, o.ranges, fit.overrides);
  const GroupModel model = group_model(learner, fit.overrides, fit.groups);
  std::vector<std::vector<double>> truth(static_cast<std::size_t>(o.subjects), model.standard);
  Recovery r;
  r.learner = learner.info.name;
  r.task = find_task(task).info.name;
  r.subjects = o.subjects;
  const Draw of_group{o.fit.seed, Purpose::parameters, 0xffffffffu};
  std::vector<const DrawRange*> range_of;
  for (std::size_t k = 0; k < model.params.size(); ++k) {
    const auto& p = model.params[k];
    const auto counter = static_cast<std::uint32_t>(k);
    const auto it =
        std::find_if(o.ranges.begin(), o.ranges.end(), [&](const auto& x) { return x.name == p.name; });
    range_of.push_back(it == o.ranges.end() ? nullptr : &*it);
    const auto values = draw_group(p.group, of_group, counter);
    RecoveredGroup g;
    g.name = p.name;
    if (!range_of.back()) {
      g.mu = values.mu;
      g.sigma = values.sigma;
    }
    r.group.push_back(g);
    for (std::size_t s = 0; s < truth.size(); ++s) {
      const Draw draw{o.fit.seed, Purpose::parameters, static_cast<std::uint32_t>(s)};
      truth[s][static_cast<std::size_t>(p.at)] =
          range_of.back() ? draw_uniform(range_of.back()->low, range_of.back()->high, draw, counter)
                          : from_line(p.group, values.mu + values.sigma * draw.normal(counter));
    }
  }
  if (o.progress) o.progress(0, "playing");
  const auto played = play_rows(learner, task, o.task_settings, truth, o.fit.seed, o.fit.threads);
  r.trials = played.trials;
  r.invalid = played.invalid();
  if (played.subjects.size() < 2)
    throw Error(
        fmt::format("{} of {} subjects drew parameters that are invalid for this learner; give --range",
                    r.invalid, o.subjects));

  fit.progress = o.progress;
  fit_beside(learner, model, truth, played.subjects, played.of, std::move(fit), r);
  return r;
}

Recovery recover_known(const LearnerEntry& learner, const std::vector<std::vector<double>>& truth,
                       std::span<const SubjectTrials> played, GroupFitOptions options) {
  check(learner, static_cast<int>(truth.size()));
  options.predict = false;
  Recovery r;
  r.learner = learner.info.name;
  r.subjects = static_cast<int>(truth.size());
  for (const auto& s : played) r.trials = std::max(r.trials, static_cast<int>(s.size()));
  std::vector<std::size_t> of;
  for (std::size_t s = 0; s < played.size(); ++s) of.push_back(s);
  const GroupModel model = group_model(learner, options.overrides, options.groups);
  fit_beside(learner, model, truth, played, of, std::move(options), r);
  return r;
}

}  // namespace labile
