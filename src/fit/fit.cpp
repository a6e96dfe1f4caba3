#include "fit/fit.hpp"

#include <fmt/format.h>
#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/archive.hpp"
#include "core/cholesky.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "core/share.hpp"
#include "core/special.hpp"

namespace labile {
namespace {
// s: a median response time that is taken for milliseconds, within which nobody answers.
constexpr double kTooLong = 150;
constexpr double kAtBound = 1e-4;      // of the range
constexpr double kFar = 15;            // the optimizer stays within +-kFar on the logit scale
constexpr double kSameOptimum = 1e-3;  // nats
constexpr double kFlat = 1e-4;         // gradient per unit of the unconstrained scale that counts as zero

/// A parameter as the optimizer sees it.
class Scale {
 public:
  explicit Scale(const Bounds& b) : lo_(b.lo), width_(b.hi - b.lo) {
    const bool below = b.lo > -kWide, above = b.hi < kWide;
    kind_ = below && above ? logit : below ? log_above : identity;
  }
  struct Point {
    double x, slope, curvature;  // x(u), dx/du, d2x/du2
  };
  [[nodiscard]] Point at(double u) const {
    if (kind_ == identity) return {u, 1, 0};
    if (kind_ == log_above) {
      const double e = exp(u);
      return {lo_ + e, e, e};
    }
    const double s = logistic(u), r = logistic(-u), slope = width_ * s * r;
    return {lo_ + width_ * s, slope, slope * (r - s)};
  }
  /// The inverse, kept well inside, so that no start stands where the slope vanishes.
  [[nodiscard]] double start(double x) const {
    if (kind_ == identity) return x;
    if (kind_ == log_above) return log(max(x - lo_, 1e-6));
    const double q = clamp((x - lo_) / width_, 1e-3, 1 - 1e-3);
    return log(q / (1 - q));
  }
  [[nodiscard]] double limit() const { return kind_ == identity ? kInf : kFar; }
  [[nodiscard]] bool at_bound(double x) const {
    if (kind_ == identity) return false;
    if (kind_ == log_above) return x - lo_ < kAtBound;
    const double q = (x - lo_) / width_;
    return q < kAtBound || q > 1 - kAtBound;
  }

 private:
  static constexpr double kWide = 1e5;
  enum { logit, log_above, identity } kind_;
  double lo_, width_;
};

/// What is estimated, the same for all subjects.
struct Problem {
  const LearnerEntry* learner;
  bool map;
  std::vector<double> standard;  // [param]
  std::vector<int> free;         // [free] position in the table
  std::vector<Scale> scale;      // [free]
  std::vector<Prior> prior;      // [free]

  [[nodiscard]] int n() const { return static_cast<int>(free.size()); }
};

double as_number(const Value& v) {
  return std::get<double>(v);
}

Problem problem_of(const LearnerEntry& learner, const FitOptions& options) {
  Problem p{&learner, options.method == FitMethod::map, {}, {}, {}, {}};
  std::vector<std::string> known;
  for (const auto& info : learner.params) known.push_back(info.name);
  for (const auto& o : options.overrides)
    if (std::ranges::find(known, o.name) == known.end())
      throw Error(fmt::format("learner '{}' has no parameter '{}'{}", learner.info.name, o.name,
                              suggest(o.name, known)));
  for (std::size_t k = 0; k < learner.params.size(); ++k) {
    const auto& info = learner.params[k];
    Prior prior = info.prior;
    double standard = as_number(info.standard);
    for (const auto& o : options.overrides) {
      if (o.name != info.name) continue;
      if (!o.held && prior.kind == Prior::fixed) prior = {};
      if (o.held) {
        if (!(*o.held >= info.bounds.lo && *o.held <= info.bounds.hi))
          throw Error(
              fmt::format("parameter '{}' cannot be held at {}: {}", o.name, *o.held, bounds_text(info)));
        standard = *o.held;
        prior = fixed_prior();
      }
    }
    p.standard.push_back(standard);
    if (prior.kind == Prior::fixed) continue;
    p.free.push_back(static_cast<int>(k));
    p.scale.emplace_back(info.bounds);
    p.prior.push_back(prior);
  }
  if (p.free.empty())
    throw Error(fmt::format("every parameter of learner '{}' is held: nothing to fit", learner.info.name));
  return p;
}

const Likelihood& likelihood_of(const LearnerEntry& learner) {
  if (!learner.likelihood) throw Error(learner.no_likelihood);
  return *learner.likelihood;
}

/// One subject's log posterior on the unconstrained scale.
class Objective {
 public:
  Objective(const Problem& problem, const SubjectTrials& trials)
      : p_(problem),
        trials_(trials),
        row_(problem.standard),
        grad_(row_.size()),
        hess_(row_.size() * row_.size()) {}

  /// Value and, unless null, gradient [free].
  double gradient(const double* u, double* g) {
    set(u);
    double value = p_.learner->likelihood->gradient(row_, trials_, grad_);
    for (int i = 0; i < p_.n(); ++i) {
      const auto d = prior(i);
      value += d.value;
      if (g) g[i] = (grad_[p_.free[i]] + d.slope) * point_[i].slope;
    }
    return value;
  }
  /// The same with the Hessian [free][free].
  double hessian(const double* u, double* g, double* h) {
    set(u);
    const int n = p_.n(), all = static_cast<int>(row_.size());
    double value = p_.learner->likelihood->hessian(row_, trials_, grad_, hess_);
    for (int i = 0; i < n; ++i) {
      const auto d = prior(i);
      value += d.value;
      const double slope = grad_[p_.free[i]] + d.slope;
      g[i] = slope * point_[i].slope;
      for (int j = 0; j < n; ++j)
        h[i * n + j] = hess_[p_.free[i] * all + p_.free[j]] * point_[i].slope * point_[j].slope;
      h[i * n + i] += d.curvature * point_[i].slope * point_[i].slope + slope * point_[i].curvature;
    }
    return value;
  }
  /// The full row of parameters at u.
  const std::vector<double>& row(const double* u) {
    set(u);
    return row_;
  }
  [[nodiscard]] double slope(int i) const { return point_[i].slope; }

 private:
  void set(const double* u) {
    point_.resize(p_.n());
    for (int i = 0; i < p_.n(); ++i) {
      point_[i] = p_.scale[i].at(u[i]);
      row_[p_.free[i]] = point_[i].x;
    }
  }
  [[nodiscard]] LogDensity prior(int i) const {
    return p_.map ? log_prior(p_.prior[i], point_[i].x) : LogDensity{};
  }

  const Problem& p_;
  const SubjectTrials& trials_;
  std::vector<double> row_, grad_, hess_;
  std::vector<Scale::Point> point_;
};

/// An optimum on the unconstrained scale.
struct Optimum {
  std::vector<double> u, grad, hess;
  double value = -kInf;
};

/// Newton's method from near the optimum: takes the error from the optimizer's tolerance to rounding.
void polish(Objective& f, const Problem& p, Optimum& best) {
  const int n = p.n();
  best.grad.resize(n);
  best.hess.resize(n * n);
  best.value = f.hessian(best.u.data(), best.grad.data(), best.hess.data());
  Optimum next = best;
  for (int iteration = 0; iteration < 20; ++iteration) {
    std::vector<double> l(n * n), step = best.grad;
    for (int k = 0; k < n * n; ++k) l[k] = -best.hess[k];
    if (!cholesky(l, n)) return;
    cholesky_solve(l, n, step);
    double gain = 0;
    for (int i = 0; i < n; ++i) {
      gain += step[i] * best.grad[i];
      next.u[i] = clamp(best.u[i] + clamp(step[i], -1.0, 1.0), -p.scale[i].limit(), p.scale[i].limit());
    }
    if (gain < 1e-22) return;
    next.value = f.hessian(next.u.data(), next.grad.data(), next.hess.data());
    if (!(next.value >= best.value - 1e-12 * abs(best.value))) return;
    std::swap(best, next);
    next.u.resize(n);
  }
}

struct NloptFree {
  void operator()(nlopt_opt o) const { nlopt_destroy(o); }
};
using Nlopt = std::unique_ptr<std::remove_pointer_t<nlopt_opt>, NloptFree>;

double nlopt_objective(unsigned, const double* u, double* grad, void* data) {
  const double value = static_cast<Objective*>(data)->gradient(u, grad);
  return value == value ? value : -1e300;
}

Nlopt optimizer(const Problem& p, Objective& f) {
  Nlopt o(nlopt_create(NLOPT_LD_LBFGS, static_cast<unsigned>(p.n())));
  if (!o) throw Bug("NLopt has no L-BFGS");
  std::vector<double> lo, hi;
  for (const auto& s : p.scale) {
    lo.push_back(-s.limit());
    hi.push_back(s.limit());
  }
  nlopt_set_lower_bounds(o.get(), lo.data());
  nlopt_set_upper_bounds(o.get(), hi.data());
  nlopt_set_max_objective(o.get(), nlopt_objective, &f);
  nlopt_set_ftol_abs(o.get(), 1e-5);
  nlopt_set_maxeval(o.get(), 500);
  return o;
}

/// Where start `start` of subject `subject` begins.
std::vector<double> start_point(const Problem& p, const FitOptions& options, const SubjectTrials& trials,
                                std::uint32_t subject, int start) {
  const Draw draw{options.seed, Purpose::start, subject};
  const auto counter = static_cast<std::uint32_t>(start);
  std::vector<double> row = p.standard, u;
  for (int i = 0; i < p.n(); ++i) {
    const auto k = static_cast<std::uint32_t>(p.free[i]);
    const auto& bounds = p.learner->params[k].bounds;
    double x = p.standard[k];
    if (start > 0) {
      const Prior& prior = p.prior[i];
      if (prior.kind == Prior::beta)
        x = draw.beta(prior.a, prior.b, counter, k);
      else if (prior.kind == Prior::gamma)
        x = prior.b * draw.gamma(prior.a, counter, k);
      else if (prior.kind == Prior::normal)
        x = prior.a + prior.b * draw.normal(counter, k);
      else if (bounds.hi - bounds.lo < 1e3)
        x = bounds.lo + (bounds.hi - bounds.lo) * draw.uniform(counter, k);
      else
        x += max(1.0, abs(x)) * draw.normal(counter, k);
    }
    row[k] = clamp(x, bounds.lo, bounds.hi);
  }
  if (p.learner->feasible) p.learner->feasible(row, trials);
  for (int i = 0; i < p.n(); ++i) u.push_back(p.scale[i].start(row[p.free[i]]));
  return u;
}

void add_note(SubjectFit& r, const std::string& text) {
  r.note += (r.note.empty() ? "" : "; ") + text;
}

void standard_errors(const Problem& p, const Objective& f, const Optimum& best, SubjectFit& r) {
  const int n = p.n();
  std::vector<double> l(n * n);
  for (int k = 0; k < n * n; ++k) l[k] = -best.hess[k];
  if (!cholesky(l, n)) {
    add_note(r, "no standard errors: the log posterior is not curved downwards in every direction");
    return;
  }
  for (int i = 0; i < n; ++i) {
    if (p.scale[i].at_bound(r.params[p.free[i]])) continue;
    std::vector<double> e(n);
    e[i] = 1;
    cholesky_solve(l, n, e);
    r.se[p.free[i]] = sqrt(e[i]) * abs(f.slope(i));
  }
}

bool flat_at(const Problem& p, const Optimum& best) {
  for (int i = 0; i < p.n(); ++i) {
    const double limit = p.scale[i].limit();
    const bool pressed =
        (best.u[i] >= limit && best.grad[i] > 0) || (best.u[i] <= -limit && best.grad[i] < 0);
    if (!pressed && !(abs(best.grad[i]) < kFlat)) return false;
  }
  return true;
}

SubjectFit fit_one(const Problem& p, SubjectTrials trials, const FitOptions& options, std::uint32_t subject) {
  std::map<std::string, std::vector<double>> derived;
  if (p.learner->derive) derived = p.learner->derive(trials);
  for (const auto& [name, values] : derived) trials.inputs.push_back({name, values});
  SubjectFit r;
  r.se.assign(p.standard.size(), kNaN);
  std::int32_t first = -1;
  bool constant = true;
  for (std::size_t t = 0; t < trials.size(); ++t) {
    const auto c = trials.choice[t];
    if (!enters(*p.learner, trials, t) || (!trials.scored.empty() && !trials.scored[t])) continue;
    if (first < 0) first = c;
    constant = constant && c == first;
    ++r.trials;
  }
  if (r.trials == 0) {
    r.params.assign(p.standard.size(), kNaN);
    r.loglik = r.log_posterior = r.aic = r.bic = kNaN;
    r.note = none_enters(*p.learner);
    return r;
  }
  if (constant && !p.learner->reports && !p.learner->times_only) r.note = "every choice is the same";

  Objective f(p, trials);
  const Nlopt o = optimizer(p, f);
  Optimum best;
  std::vector<double> values;
  for (int start = 0; start < options.starts; ++start) {
    auto u = start_point(p, options, trials, subject, start);
    double value = -kInf;
    // A failed line search (a negative code) still leaves its best point behind.
    nlopt_optimize(o.get(), u.data(), &value);
    values.push_back(value);
    if (value > best.value) {
      best.value = value;
      best.u = u;
    }
  }
  if (best.u.empty()) throw Bug("a learner's likelihood is not a number");
  polish(f, p, best);
  for (const double v : values) r.best_start_count += v > best.value - kSameOptimum;

  r.params = f.row(best.u.data());
  r.log_posterior = best.value;
  r.loglik = p.learner->likelihood->value(r.params, trials, {});
  r.before_t0 = before_t0(*p.learner, r.params, trials);
  if (r.before_t0 > 0)
    add_note(r, fmt::format("{} response(s) came at or before t0, which cannot be", r.before_t0));
  const double k = p.n();
  r.aic = 2 * k - 2 * r.loglik;
  r.bic = k * log(static_cast<double>(r.trials)) - 2 * r.loglik;
  r.converged = flat_at(p, best);
  if (!r.converged) add_note(r, "the search ended on a slope");
  for (int i = 0; i < p.n(); ++i)
    if (p.scale[i].at_bound(r.params[p.free[i]])) r.at_bound.push_back(p.learner->params[p.free[i]].name);
  standard_errors(p, f, best, r);
  return r;
}
}  // namespace

LogDensity log_prior(const Prior& prior, double x) {
  const double a = prior.a, b = prior.b;
  switch (prior.kind) {
    case Prior::beta: {
      const double y = 1 - x;
      return {(a - 1) * log(x) + (b - 1) * log(y) + log_gamma(a + b) - log_gamma(a) - log_gamma(b),
              (a - 1) / x - (b - 1) / y, -(a - 1) / (x * x) - (b - 1) / (y * y)};
    }
    case Prior::gamma:
      return {(a - 1) * log(x) - x / b - log_gamma(a) - a * log(b), (a - 1) / x - 1 / b, -(a - 1) / (x * x)};
    case Prior::normal: {
      const double z = (x - a) / b;
      return {-0.5 * z * z - log(b) - 0.91893853320467274178, -z / b, -1 / (b * b)};
    }
    default:
      return {};
  }
}

namespace {
/// Where there are reports, a choice is only that something was reported.
void refuse_reports(const LearnerEntry& learner, std::span<const SubjectTrials> subjects) {
  for (const auto& x : subjects)
    if (!learner.reports && !x.report.empty())
      throw Error(
          fmt::format("learner '{}' chooses among options; these data hold reports (column 'report') and "
                      "no choices",
                      learner.info.name));
}
/// Columns of numbers that hold something.
std::vector<std::string> shown_names(const SubjectTrials& x) {
  std::vector<std::string> r;
  for (const auto& c : x.inputs) r.push_back(c.name);
  return r;
}
/// Median response time over all subjects, s; NaN where there is none. A few that are very long say nothing of the unit.
double median_time(std::span<const SubjectTrials> subjects) {
  std::vector<double> all;
  for (const auto& x : subjects)
    for (const double t : x.rt_s)
      if (t == t) all.push_back(t);
  if (all.empty()) return kNaN;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}
bool has_times(const SubjectTrials& x) {
  return std::ranges::any_of(x.rt_s, [](double t) { return t == t; });
}
}  // namespace

void check_trials(const LearnerEntry& learner, std::span<const SubjectTrials> subjects) {
  for (const auto& name : learner.inputs)
    for (const auto& x : subjects)
      if (std::none_of(x.inputs.begin(), x.inputs.end(), [&](const auto& c) { return c.name == name; }))
        throw Error(fmt::format("learner '{}' needs a column '{}', which these data do not have",
                                learner.info.name, name));
  for (const auto& x : subjects)
    if (learner.reports && x.report.empty())
      throw Error(fmt::format("learner '{}' answers with a number, and these data have no column 'report'",
                              learner.info.name));
  if (learner.timed && !subjects.empty() && std::ranges::none_of(subjects, has_times))
    throw Error(
        fmt::format("learner '{}' explains response times, and these data have no column 'rt_s' (rt_ms)",
                    learner.info.name));
  if (learner.timed)
    if (const double median = median_time(subjects); median > kTooLong)
      throw Error(fmt::format(
          "response times have a median of {:.0f} s, and learner '{}' explains them in seconds: are they "
          "milliseconds? Then name their column: --columns rt_ms=NAME (cards: columns = {{ rt_ms "
          "= \"NAME\" }})",
          median, learner.info.name));
  if (learner.check && !subjects.empty()) learner.check(subjects.front().layout);
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    const auto& x = subjects[s];
    const std::size_t features = x.size() * x.layout.options * x.layout.dims();
    if (x.outcome.size() != x.size() || x.fresh.size() != x.size() ||
        x.feature.size() != (x.layout.feature_is_option ? 0 : features) ||
        (!x.state.empty() && x.state.size() != x.size()) ||
        (!x.stage.empty() && x.stage.size() != x.size()) || (!x.rt_s.empty() && x.rt_s.size() != x.size()))
      throw Bug("a subject's columns differ in length");
    for (const auto& name : learner.inputs)
      for (const auto& c : x.inputs)
        if (c.name == name)
          for (std::size_t t = 0; t < x.size(); ++t)
            if (x.choice[t] >= 0 && std::isnan(c.values[t]))
              throw Error(
                  fmt::format("subject {}, trial {}: '{}' is missing, which learner '{}' needs where a "
                              "choice was made",
                              s + 1, t + 1, name, learner.info.name));
    for (std::size_t t = 0; t < x.size(); ++t)
      if (x.choice[t] >= x.layout.options)
        throw Error(fmt::format("subject {}, trial {}: choice {} of {} options (counted from 0)", s + 1,
                                t + 1, x.choice[t], x.layout.options));
  }
}

void check_fit(const LearnerEntry& learner, std::span<const SubjectTrials> subjects,
               const FitOptions& options) {
  const Problem p = problem_of(learner, options);
  check_trials(learner, subjects);
  refuse_reports(learner, subjects);
  if (!subjects.empty()) check_shown(learner, p.standard, shown_names(subjects.front()));
}

const char* predicts(const LearnerEntry& e) {
  if (e.reports) return "reports";
  return !e.timed ? "choices" : e.times_only ? "response times" : "choices with response times";
}

bool enters(const LearnerEntry& e, const SubjectTrials& s, std::size_t t) {
  if (e.reports) return !std::isnan(s.report[t]);
  return s.choice[t] >= 0 && (!e.times_only || (t < s.rt_s.size() && !std::isnan(s.rt_s[t])));
}

int count_entering(const LearnerEntry& learner, const SubjectTrials& subject) {
  int n = 0;
  for (std::size_t t = 0; t < subject.size(); ++t) n += enters(learner, subject, t);
  return n;
}

int before_t0(const LearnerEntry& learner, std::span<const double> params, const SubjectTrials& s) {
  const auto t0 = std::ranges::find(learner.params, "t0", &ParamInfo::name);
  if (!learner.timed || t0 == learner.params.end()) return 0;
  const double at = params[static_cast<std::size_t>(t0 - learner.params.begin())];
  int n = 0;
  for (std::size_t t = 0; t < s.rt_s.size(); ++t) n += s.choice[t] >= 0 && s.rt_s[t] <= at;
  return n;
}

void check_shown(const LearnerEntry& learner, std::span<const double> params,
                 const std::vector<std::string>& shown) {
  const auto cues = std::ranges::find(learner.params, "cues", &ParamInfo::name);
  if (cues == learner.params.end()) return;
  int there = 0;
  while (std::ranges::find(shown, fmt::format("cue_{}", there)) != shown.end()) ++there;
  const double said = params[static_cast<std::size_t>(cues - learner.params.begin())];
  if (said != there)
    throw Error(
        fmt::format("learner '{}' has cues = {}, and {} are shown (cue_0, cue_1, ...); write cues = {}",
                    learner.info.name, said, there, there));
}

std::string none_enters(const LearnerEntry& e) {
  return e.reports ? "no report was made" : e.times_only ? "no response time is known" : "no choice was made";
}

void SubjectFit::keep(Archive& a) {
  a(params, se, loglik, log_posterior, aic, bic, trials, converged, at_bound, best_start_count, before_t0,
    note);
}

std::vector<SubjectFit> fit_subjects(const LearnerEntry& learner, std::span<const SubjectTrials> subjects,
                                     const FitOptions& options) {
  likelihood_of(learner);
  if (options.starts < 1) throw Error("a fit needs at least one start");
  const Problem p = problem_of(learner, options);
  check_fit(learner, subjects, options);
  std::vector<SubjectFit> results(subjects.size());
  Pieces pieces;
  pieces.n = static_cast<int>(subjects.size());
  pieces.work = [&](int s) { results[s] = fit_one(p, subjects[s], options, static_cast<std::uint32_t>(s)); };
  pieces.keep = [&](int s, Archive& a) { a(results[s]); };
  pieces.label = [&](int s) { return fmt::format("fit of {}, subject {}", learner.info.name, s + 1); };
  Sharing here(options.threads);
  (options.sharing ? *options.sharing : here)(pieces);
  return results;
}

SubjectFit fit_subject(const LearnerEntry& learner, const SubjectTrials& subject, std::uint32_t position,
                       const FitOptions& options) {
  likelihood_of(learner);
  return fit_one(problem_of(learner, options), subject, options, position);
}

std::vector<double> param_row(const LearnerEntry& learner, const Settings& given) {
  refuse_unknown(given, learner.params, fmt::format("learner '{}'", learner.info.name));
  std::vector<double> row;
  for (const auto& info : learner.params) {
    const auto it = given.find(info.name);
    row.push_back(it == given.end() ? as_number(info.standard) : checked_number(info, it->second));
  }
  return row;
}

double loglik_total(const LearnerEntry& learner, std::span<const double> params,
                    std::span<const SubjectTrials> subjects, std::span<double> per_subject) {
  const auto& likelihood = likelihood_of(learner);
  if (params.size() != learner.params.size()) throw Bug("a row of parameters has one number for each");
  check_trials(learner, subjects);
  refuse_reports(learner, subjects);
  if (!subjects.empty()) check_shown(learner, params, shown_names(subjects.front()));
  double total = 0;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    const double l = likelihood.value(params, subjects[s], {});
    if (!per_subject.empty()) per_subject[s] = l;
    total += l;
  }
  return total;
}

}  // namespace labile
