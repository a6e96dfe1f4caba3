#include "bayes/model_selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bayes/loo.hpp"
#include "core/error.hpp"
#include "core/math.hpp"
#include "core/special.hpp"

namespace labile {
namespace {
constexpr double kStill = 1e-12;  // subjects
constexpr int kMostIterations = 100'000;

double sum_of(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0);
}

void check(std::span<const double> log_evidence, int models, double prior_count) {
  if (models < 1 || log_evidence.empty() || log_evidence.size() % static_cast<std::size_t>(models) != 0)
    throw Bug(fmt::format("{} log evidences do not divide into {} models", log_evidence.size(), models));
  if (!(prior_count > 0) || !std::isfinite(prior_count))
    throw Error(fmt::format("the prior count of a model is {}; it must be above 0", prior_count));
  const auto k = static_cast<std::size_t>(models);
  for (std::size_t i = 0; i < log_evidence.size(); i += k) {
    const auto row = log_evidence.subspan(i, k);
    for (std::size_t m = 0; m < k; ++m)
      if (std::isnan(row[m]) || row[m] == kInf)
        throw Error(fmt::format("subject {}, model {}: the log evidence is {}", i / k + 1, m + 1,
                                std::isnan(row[m]) ? "not a number" : "infinite"));
    if (std::ranges::all_of(row, [](double x) { return x == -kInf; }))
      throw Error(fmt::format("subject {}: no model is possible", i / k + 1));
  }
}

/// Expected log frequencies under Dirichlet(alpha).
std::vector<double> expected_logs(const std::vector<double>& alpha) {
  const double all = digamma(sum_of(alpha));
  std::vector<double> logs;
  for (const double a : alpha) logs.push_back(digamma(a) - all);
  return logs;
}

/// Lower bound on the log evidence: expected log joint plus the entropies of both factors of the posterior.
double free_energy(std::span<const double> log_evidence, const GroupModels& g, double prior_count) {
  const std::size_t k = g.alpha.size();
  const auto logs = expected_logs(g.alpha);
  double energy = log_gamma(static_cast<double>(k) * prior_count) -
                  static_cast<double>(k) * log_gamma(prior_count) - log_gamma(sum_of(g.alpha));
  for (std::size_t m = 0; m < k; ++m) energy += log_gamma(g.alpha[m]) + (prior_count - g.alpha[m]) * logs[m];
  for (std::size_t n = 0; n < g.attribution.size(); ++n)
    for (std::size_t m = 0; m < k; ++m) {
      const double share = g.attribution[n][m];
      if (share > 0) energy += share * (logs[m] + log_evidence[n * k + m] - log(share));
    }
  return energy;
}

/// Probability that entry k is the largest. With independent gammas x of these shapes it is the mean over x_k of the
/// others' shares below it; on t = log x the integrand decays so fast on both sides that equal steps are exact.
double exceedance_of(std::span<const double> alpha, std::size_t k) {
  const double a = alpha[k], spread = 1 / std::sqrt(a);
  const double widest = *std::ranges::max_element(alpha);
  const double low = log(a) - 40 / a - 9 * spread, high = log(a + 9 * std::sqrt(a) + 45);
  const double step = 0.25 / std::sqrt(widest + 1), front = log_gamma(a);
  double sum = 0;
  const int steps = static_cast<int>((high - low) / step) + 1;
  for (int i = 0; i <= steps; ++i) {
    const double t = low + i * step, x = exp(t);
    double term = exp(a * t - x - front);
    for (std::size_t j = 0; j < alpha.size() && term > 1e-20; ++j)
      if (j != k) term *= gamma_share(alpha[j], x);
    sum += term;
  }
  return sum * step;
}
}  // namespace

std::vector<double> exceedance_probabilities(std::span<const double> alpha) {
  std::vector<double> p;
  for (std::size_t k = 0; k < alpha.size(); ++k) p.push_back(exceedance_of(alpha, k));
  return p;
}

GroupModels select_models(std::span<const double> log_evidence, int models, double prior_count) {
  check(log_evidence, models, prior_count);
  const auto k = static_cast<std::size_t>(models);
  const std::size_t subjects = log_evidence.size() / k;
  GroupModels g;
  g.alpha.assign(k, prior_count);
  g.attribution.assign(subjects, std::vector<double>(k));
  for (double moved = kInf; moved > kStill && g.iterations < kMostIterations; ++g.iterations) {
    const auto logs = expected_logs(g.alpha);
    std::vector<double> alpha(k, prior_count);
    for (std::size_t n = 0; n < subjects; ++n) {
      auto& row = g.attribution[n];
      for (std::size_t m = 0; m < k; ++m) row[m] = log_evidence[n * k + m] + logs[m];
      const double all = log_of_sum(row);
      for (std::size_t m = 0; m < k; ++m) alpha[m] += row[m] = exp(row[m] - all);
    }
    moved = 0;
    for (std::size_t m = 0; m < k; ++m) moved = max(moved, abs(alpha[m] - g.alpha[m]));
    g.alpha = std::move(alpha);
  }

  const double all = sum_of(g.alpha);
  for (const double a : g.alpha) {
    g.frequency.push_back(a / all);
    g.frequency_sd.push_back(std::sqrt(a * (all - a) / (all * all * (all + 1))));
  }
  g.free_energy = free_energy(log_evidence, g, prior_count);
  for (std::size_t n = 0; n < subjects; ++n)
    g.null_free_energy += log_of_sum(log_evidence.subspan(n * k, k)) - log(static_cast<double>(models));
  g.bor = logistic(g.null_free_energy - g.free_energy);
  g.exceedance = exceedance_probabilities(g.alpha);
  for (const double x : g.exceedance) g.protected_exceedance.push_back((1 - g.bor) * x + g.bor / models);
  return g;
}

}  // namespace labile
