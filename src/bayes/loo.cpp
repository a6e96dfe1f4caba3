#include "bayes/loo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "bayes/diagnostics.hpp"
#include "bayes/effective_size.hpp"
#include "bayes/vec_load.hpp"
#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kSame = 1e-10;           // nats: log-likelihoods within this are one value
constexpr std::size_t kShortestTail = 5;  // for a fit of two parameters
constexpr double kLargestWaicP = 0.4;

double total(Vec x) {
  return (x[0] + x[1]) + (x[2] + x[3]);
}

/// Sum of term(x[i]) four at a time; `term` works for Vec and double.
template <class Term>
double sum_over(std::size_t n, Term&& term) {
  Vec four(0.0);
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) four += term(Vec{}, i);
  double sum = total(four);
  for (; i < n; ++i) sum += term(0.0, i);
  return sum;
}
template <class T>
T at(const double* p, std::size_t i) {
  if constexpr (std::is_same_v<T, Vec>)
    return load(p + i);
  else
    return p[i];
}

void refuse_nan(std::span<const double> x, double forbidden, const char* what) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isnan(x[i]) || x[i] == forbidden)
      throw Error(
          fmt::format("{} is {} at draw {}", what, std::isnan(x[i]) ? "not a number" : "infinite", i + 1));
}
void check(std::span<const double> loglik) {
  if (loglik.empty()) throw Bug("a score needs draws");
  refuse_nan(loglik, kInf, "the log-likelihood");
}

struct Pareto {
  double k = kInf, sigma = kNaN;
};

double mean_log1p(std::span<const double> x, double a) {
  return sum_over(x.size(), [&]<class T>(T, std::size_t i) { return log1p(T(a) * at<T>(x.data(), i)); }) /
         static_cast<double>(x.size());
}

/// Generalized Pareto distribution of sorted excesses: the posterior mean of theta = -k / sigma over a grid, then k,
/// drawn towards 0.5 as by ten more observations.
Pareto fit_pareto(std::span<const double> x) {
  const double n = static_cast<double>(x.size());
  const auto grid = 30 + static_cast<std::size_t>(std::sqrt(n));
  const double quartile = x[static_cast<std::size_t>(n / 4 + 0.5) - 1];
  std::vector<double> theta, weight;
  for (std::size_t j = 1; j <= grid; ++j)
    theta.push_back(1 / x.back() +
                    (1 - std::sqrt(static_cast<double>(grid) / (static_cast<double>(j) - 0.5))) / 3 /
                        quartile);
  for (const double t : theta) {
    const double k = mean_log1p(x, -t);
    weight.push_back(n * (log(-t / k) - k - 1));
  }
  const double all = log_of_sum(weight);
  double mean = 0;
  for (std::size_t j = 0; j < grid; ++j) mean += theta[j] * exp(weight[j] - all);
  const double k = mean_log1p(x, -mean);
  if (std::isnan(k)) return {};
  return {(k * n + 5) / (n + 10), -k / mean};
}

struct Weighted {
  double value;
  std::size_t draw;
  bool operator<(const Weighted& o) const { return value != o.value ? value < o.value : draw < o.draw; }
};

/// The largest weights with what replaces them.
struct Tail {
  double k = kInf;
  std::vector<Weighted> draws = {};  // ascending, with their log weights
  std::vector<double> weights = {};  // of the same, smoothed; empty when nothing could be fitted
};
/// Of log weights of which the largest is 0.
Tail smooth_tail(std::span<const double> log_weights, std::size_t length) {
  Tail t;
  std::vector<Weighted> order;
  order.reserve(log_weights.size());
  for (std::size_t i = 0; i < log_weights.size(); ++i) order.push_back({log_weights[i], i});
  const auto first = order.end() - static_cast<std::ptrdiff_t>(length);
  std::nth_element(order.begin(), first - 1, order.end());
  std::sort(first, order.end());
  if (order.back().value - first->value < 0x1p-52 / 100) return t;
  const double cutoff = exp((first - 1)->value);
  t.draws.assign(first, order.end());
  std::vector<double> excess;
  for (const auto& d : t.draws) excess.push_back(exp(d.value) - cutoff);
  const Pareto p = fit_pareto(excess);
  t.k = p.k;
  if (!std::isfinite(p.k)) return t;
  for (std::size_t i = 0; i < length; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(length);
    t.weights.push_back(min(p.sigma * expm1(-p.k * log1p(-share)) / p.k + cutoff, 1.0));
  }
  return t;
}
std::size_t tail_length(std::size_t draws, double r_eff) {
  const double n = static_cast<double>(draws);
  return static_cast<std::size_t>(std::ceil(min(0.2 * n, 3 * std::sqrt(n / r_eff))));
}

/// Scores of the normal at 1000 ranks.
const std::vector<double>& thousand_scores() {
  static const std::vector<double> scores = [] {
    std::vector<double> z;
    for (int r = 1; r <= 1000; ++r) z.push_back(normal_quantile((r - 0.375) / 1000.25));
    return z;
  }();
  return scores;
}

/// Standard error of the log of a weighted mean of densities, which has this variance in units of its square and is
/// taken as normal: the spread of the log over the normal's positive part.
double log_mean_error(double variance, double r_eff) {
  const auto& z = thousand_scores();
  const double sd = std::sqrt(variance);
  const auto positive = std::ranges::find_if(z, [&](double x) { return 1 + sd * x > 0; });
  const auto skipped = static_cast<std::size_t>(positive - z.begin());
  std::vector<double> logs(z.size() - skipped);
  std::size_t i = 0;
  for (; i + 4 <= logs.size(); i += 4) {
    const Vec four = log(Vec(1.0) + Vec(sd) * load(z.data() + skipped + i));
    for (int k = 0; k < 4; ++k) logs[i + static_cast<std::size_t>(k)] = four[k];
  }
  for (; i < logs.size(); ++i) logs[i] = log(1 + sd * z[skipped + i]);
  return std::sqrt(variance_of(logs) / r_eff);
}

/// What scores of one observation share.
struct Observation {
  explicit Observation(std::span<const double> loglik) : log(loglik) {
    check(loglik);
    const auto [least, most] = std::ranges::minmax(loglik);
    low = least;
    high = most;
    density.assign(loglik.size(), 0.0);
    if (std::isinf(high)) return;
    std::size_t i = 0;
    for (; i + 4 <= loglik.size(); i += 4)
      _mm256_storeu_pd(density.data() + i, exp(load(loglik.data() + i) - Vec(high)).v);
    for (; i < loglik.size(); ++i) density[i] = exp(loglik[i] - high);
    double sum = 0;
    for (const double d : density) sum += d;
    full = high + labile::log(sum / static_cast<double>(loglik.size()));
  }
  std::span<const double> log;
  double low = 0, high = 0;
  double full = -kInf;          // log of the mean density
  std::vector<double> density;  // over the largest
};

double efficiency_of(const Observation& l, int chains) {
  return ess_whole_chains(l.density, chains) / static_cast<double>(l.log.size());
}

/// The same as below where densities differ so much that some vanish beside others.
LooPoint far_apart(const Observation& l, double r_eff) {
  std::vector<double> x;
  x.reserve(l.log.size());
  for (const double v : l.log) x.push_back(-v);
  const SmoothedWeights w = smooth_weights(x, r_eff);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = l.log[i] + w.log_weights[i];
  const double elpd = log_of_sum(x);
  double variance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double off = exp(x[i] - elpd) - exp(w.log_weights[i]);
    variance += off * off;
  }
  return {elpd, l.full - elpd, log_mean_error(variance, r_eff), w.k, w.n_eff};
}

LooPoint loo_of_observation(const Observation& l, double r_eff) {
  constexpr double kNear = 300;  // nats: products of densities and weights are far from the smallest double
  const std::size_t n = l.log.size();
  if (!(r_eff > 0)) throw Bug("a relative efficiency is positive");
  if (std::isinf(l.low)) return {-kInf, l.full == -kInf ? kNaN : kInf, kNaN, kInf, 0};
  if (l.high - l.low < kSame) return {l.full, 0, 0, 0, static_cast<double>(n)};
  if (l.high - l.low > kNear) return far_apart(l, r_eff);
  const double smallest = exp(l.low - l.high);
  std::vector<double> log_weight(n), weight(n);
  for (std::size_t i = 0; i < n; ++i) {
    log_weight[i] = l.low - l.log[i];
    weight[i] = smallest / l.density[i];
  }
  Tail tail;
  if (const std::size_t length = tail_length(n, r_eff); length >= kShortestTail)
    tail = smooth_tail(log_weight, length);
  for (std::size_t i = 0; i < tail.weights.size(); ++i) weight[tail.draws[i].draw] = tail.weights[i];
  const double* w = weight.data();
  const double* d = l.density.data();
  const double sum = sum_over(n, [&]<class T>(T, std::size_t i) { return at<T>(w, i); });
  const double squares = sum_over(n, [&]<class T>(T, std::size_t i) { return at<T>(w, i) * at<T>(w, i); });
  const double mean = sum_over(n, [&]<class T>(T, std::size_t i) { return at<T>(w, i) * at<T>(d, i); }) / sum;
  const double variance = sum_over(n, [&]<class T>(T, std::size_t i) {
    const T off = at<T>(w, i) * (at<T>(d, i) / T(mean) - T(1.0));
    return off * off;
  });
  const double elpd = l.high + log(mean);
  return {elpd, l.full - elpd, log_mean_error(variance / (sum * sum), r_eff), tail.k,
          r_eff * sum * sum / squares};
}

WaicPoint waic_of_observation(const Observation& l) {
  if (std::isinf(l.low)) return {-kInf, kInf};
  const double p = variance_of(l.log);
  return {l.full - p, p};
}

template <class Points, class Get>
Estimate estimate(const Points& points, Get&& get) {
  std::vector<double> x;
  x.reserve(points.size());
  for (const auto& p : points) x.push_back(get(p));
  const double n = static_cast<double>(x.size());
  double sum = 0;
  for (const double v : x) sum += v;
  return {sum, x.size() < 2 ? kNaN : std::sqrt(n * variance_of(x))};
}
}  // namespace

double log_of_sum(std::span<const double> x) {
  const double top = *std::ranges::max_element(x);
  if (std::isinf(top)) return top;
  return top +
         log(sum_over(x.size(), [&]<class T>(T, std::size_t i) { return exp(at<T>(x.data(), i) - T(top)); }));
}

double relative_efficiency(std::span<const double> loglik, int chains) {
  return efficiency_of(Observation(loglik), chains);
}

SmoothedWeights smooth_weights(std::span<const double> log_ratios, double r_eff) {
  refuse_nan(log_ratios, kInf, "the log ratio");
  if (log_ratios.empty() || !(r_eff > 0)) throw Bug("weights need draws and a positive efficiency");
  const double top = *std::ranges::max_element(log_ratios);
  SmoothedWeights s;
  s.k = kInf;
  for (const double r : log_ratios) s.log_weights.push_back(r - top);
  if (const std::size_t length = tail_length(log_ratios.size(), r_eff); length >= kShortestTail) {
    const Tail tail = smooth_tail(s.log_weights, length);
    s.k = tail.k;
    for (std::size_t i = 0; i < tail.weights.size(); ++i)
      s.log_weights[tail.draws[i].draw] = log(tail.weights[i]);
  }
  const double all = log_of_sum(s.log_weights);
  for (double& w : s.log_weights) w -= all;
  s.n_eff = r_eff / sum_over(s.log_weights.size(), [&]<class T>(T, std::size_t i) {
              return exp(T(2.0) * at<T>(s.log_weights.data(), i));
            });
  return s;
}

LooPoint loo_point(std::span<const double> loglik, double r_eff) {
  return loo_of_observation(Observation(loglik), r_eff);
}
WaicPoint waic_point(std::span<const double> loglik) {
  return waic_of_observation(Observation(loglik));
}

double k_threshold(int draws) {
  return min(1 - 1 / std::log10(static_cast<double>(draws)), 0.7);
}

void PointwiseScores::put(int observation, std::span<const double> loglik) {
  if (observation < 0 || static_cast<std::size_t>(observation) >= loo_.size())
    throw Bug(fmt::format("observation {} of {}", observation + 1, loo_.size()));
  if (loglik.size() != static_cast<std::size_t>(chains_) * static_cast<std::size_t>(iterations_))
    throw Bug(fmt::format("{} draws of {} chains of {}", loglik.size(), chains_, iterations_));
  try {
    const auto i = static_cast<std::size_t>(observation);
    const Observation l(loglik);
    waic_[i] = waic_of_observation(l);
    loo_[i] = loo_of_observation(l, efficiency_of(l, chains_));
  } catch (const Error& e) {
    throw Error(fmt::format("observation {}: {}", observation + 1, e.what()));
  }
}
Loo PointwiseScores::loo() const {
  return loo_of(loo_, chains_ * iterations_);
}
Waic PointwiseScores::waic() const {
  return waic_of(waic_);
}

namespace {
/// Calls each(observation, its draws) for the columns of a matrix [draw][observation].
template <class Each>
int for_columns(std::span<const double> loglik, int observations, Each&& each) {
  const auto n = static_cast<std::size_t>(observations);
  if (observations < 1 || loglik.empty() || loglik.size() % n != 0)
    throw Bug(
        fmt::format("{} log-likelihoods do not divide into {} observations", loglik.size(), observations));
  std::vector<double> column(loglik.size() / n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t d = 0; d < column.size(); ++d) column[d] = loglik[d * n + i];
    each(i, column);
  }
  return static_cast<int>(column.size());
}
}  // namespace

Loo loo(std::span<const double> loglik, int observations, std::span<const double> r_eff) {
  if (!r_eff.empty() && r_eff.size() != static_cast<std::size_t>(observations))
    throw Bug("one relative efficiency an observation");
  std::vector<LooPoint> points;
  const int draws = for_columns(loglik, observations, [&](std::size_t i, const auto& column) {
    points.push_back(loo_point(column, r_eff.empty() ? 1 : r_eff[i]));
  });
  return loo_of(std::move(points), draws);
}

Waic waic(std::span<const double> loglik, int observations) {
  std::vector<WaicPoint> points;
  for_columns(loglik, observations,
              [&](std::size_t, const auto& column) { points.push_back(waic_point(column)); });
  return waic_of(std::move(points));
}

Loo loo_of(std::vector<LooPoint> points, int draws) {
  Loo l;
  l.threshold = k_threshold(draws);
  l.elpd = estimate(points, [](const auto& p) { return p.elpd; });
  l.p = estimate(points, [](const auto& p) { return p.p; });
  l.looic = {-2 * l.elpd.value, 2 * l.elpd.se};
  double variance = 0;
  for (const auto& p : points) {
    l.unreliable += p.k > l.threshold;
    variance += p.mcse * p.mcse;
  }
  l.mcse = l.unreliable ? kNaN : std::sqrt(variance);
  l.points = std::move(points);
  return l;
}

Waic waic_of(std::vector<WaicPoint> points) {
  Waic w;
  w.elpd = estimate(points, [](const auto& p) { return p.elpd; });
  w.p = estimate(points, [](const auto& p) { return p.p; });
  w.waic = {-2 * w.elpd.value, 2 * w.elpd.se};
  for (const auto& p : points) w.unreliable += p.p > kLargestWaicP;
  w.points = std::move(points);
  return w;
}

std::string loo_warning(const Loo& l, bool by_subject) {
  if (!l.unreliable) return "";
  double worst = -kInf;
  for (const auto& p : l.points) worst = max(worst, p.k);
  return fmt::format(
      "Leave-one-out: Pareto k above {:.2f} for {} of {} observations (at most {:.2f}): each of these moves "
      "the posterior so "
      "much that draws cannot be reweighted, and elpd may be too good. {}",
      l.threshold, l.unreliable, l.points.size(), worst,
      by_subject ? "Score by trial, or integrate the subject's parameters out."
                 : "Where that decides, compare models by cross-validation (labile compare).");
}

}  // namespace labile
