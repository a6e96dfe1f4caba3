/// Weights of models from their pointwise scores: stacking, and pseudo-BMA with the Bayesian bootstrap.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bayes/effective_size.hpp"
#include "bayes/loo.hpp"
#include "core/error.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
constexpr double kGap = 1e-11;  // nats an observation below the best mixture
constexpr int kMostSteps = 500;

std::size_t checked_observations(PointwiseModels elpd) {
  if (elpd.empty() || elpd.front().empty()) throw Error("a comparison needs models and observations");
  const std::size_t n = elpd.front().size();
  for (std::size_t m = 0; m < elpd.size(); ++m) {
    if (elpd[m].size() != n)
      throw Error(fmt::format(
          "model {} has scores of {} observations and model 1 of {}: compare models of the same data", m + 1,
          elpd[m].size(), n));
    for (std::size_t i = 0; i < n; ++i)
      if (std::isnan(elpd[m][i]))
        throw Error(fmt::format("the score of model {} for observation {} is not a number", m + 1, i + 1));
  }
  return n;
}

/// Densities [observation][model] over the largest of their observation.
std::vector<double> relative_densities(PointwiseModels elpd, std::size_t n) {
  const std::size_t models = elpd.size();
  std::vector<double> p(n * models);
  for (std::size_t i = 0; i < n; ++i) {
    double top = -kInf;
    for (const auto& m : elpd) top = max(top, m[i]);
    if (top == -kInf) throw Error(fmt::format("observation {} is impossible under every model", i + 1));
    for (std::size_t m = 0; m < models; ++m) p[i * models + m] = exp(elpd[m][i] - top);
  }
  return p;
}

/// Slope and curvature of the mean log density of a mixture.
struct Score {
  std::vector<double> slope;      // [model]
  std::vector<double> curvature;  // [model][model], of minus the score
};
Score score_at(const std::vector<double>& p, const std::vector<double>& w) {
  const std::size_t models = w.size(), n = p.size() / models;
  Score s{std::vector<double>(models, 0.0), std::vector<double>(models * models, 0.0)};
  const double share = 1 / static_cast<double>(n);
  std::vector<double> ratio(models);
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = p.data() + i * models;
    double mixed = 0;
    for (std::size_t a = 0; a < models; ++a) mixed += row[a] * w[a];
    for (std::size_t a = 0; a < models; ++a) ratio[a] = row[a] / mixed;
    for (std::size_t a = 0; a < models; ++a) {
      s.slope[a] += ratio[a] * share;
      for (std::size_t b = 0; b <= a; ++b) s.curvature[a * models + b] += ratio[a] * ratio[b] * share;
    }
  }
  return s;
}

/// Solves a x = y for a symmetric positive definite matrix of which the lower triangle is given.
std::vector<double> solve(std::vector<double> a, std::vector<double> y) {
  const std::size_t n = y.size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) y[i] -= a[i * n + k] * y[k];
    y[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) y[i] -= a[k * n + i] * y[k];
    y[i] /= a[i * n + i];
  }
  return y;
}

/// The longest step, up to a whole one, that keeps every value positive.
double longest_step(const std::vector<double>& x, const std::vector<double>& dx) {
  double step = 1;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (dx[i] < 0) step = min(step, -0.99 * x[i] / dx[i]);
  return step;
}

void normalize(std::vector<double>& w) {
  const double sum = std::accumulate(w.begin(), w.end(), 0.0);
  for (double& x : w) x /= sum;
}
}  // namespace

std::vector<RankedModel> rank_models(PointwiseModels elpd) {
  const std::size_t n = checked_observations(elpd);
  std::vector<double> sum;
  for (const auto& m : elpd) sum.push_back(std::accumulate(m.begin(), m.end(), 0.0));
  std::vector<std::size_t> order(elpd.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return sum[a] > sum[b]; });
  std::vector<RankedModel> ranked;
  std::vector<double> off(n);
  for (const auto m : order) {
    for (std::size_t i = 0; i < n; ++i) off[i] = elpd[m][i] - elpd[order.front()][i];
    if (m == order.front()) std::ranges::fill(off, 0.0);
    ranked.push_back({static_cast<int>(m), std::accumulate(off.begin(), off.end(), 0.0),
                      n < 2 ? kNaN : std::sqrt(static_cast<double>(n) * variance_of(off))});
  }
  return ranked;
}

// A primal-dual interior point method on max mean log(P w) - sum w, w >= 0, of which the best w sums to 1. The
// largest slope less 1 bounds how far below the best the score of normalized weights is.
std::vector<double> stacking_weights(PointwiseModels elpd) {
  const auto p = relative_densities(elpd, checked_observations(elpd));
  const std::size_t models = elpd.size();
  std::vector<double> w(models, 1 / static_cast<double>(models)), z(models, 1.0);
  for (int step = 0; step < kMostSteps; ++step) {
    auto normal = w;
    normalize(normal);
    const Score reached = score_at(p, normal);
    if (*std::ranges::max_element(reached.slope) - 1 < kGap) break;
    const Score s = score_at(p, w);
    double barrier = 0;
    for (std::size_t m = 0; m < models; ++m) barrier += 0.1 * w[m] * z[m] / static_cast<double>(models);
    auto matrix = s.curvature;
    std::vector<double> dw(models), dz(models);
    for (std::size_t m = 0; m < models; ++m) {
      matrix[m * models + m] += z[m] / w[m];
      dw[m] = s.slope[m] - 1 + barrier / w[m];
    }
    dw = solve(std::move(matrix), std::move(dw));
    for (std::size_t m = 0; m < models; ++m) dz[m] = barrier / w[m] - z[m] - z[m] / w[m] * dw[m];
    const double of_w = longest_step(w, dw), of_z = longest_step(z, dz);
    for (std::size_t m = 0; m < models; ++m) {
      w[m] += of_w * dw[m];
      z[m] += of_z * dz[m];
    }
  }
  normalize(w);
  return w;
}

std::vector<double> pseudo_bma_weights(PointwiseModels elpd) {
  const std::size_t n = checked_observations(elpd);
  (void)relative_densities(elpd, n);
  std::vector<double> w;
  for (const auto& m : elpd) w.push_back(std::accumulate(m.begin(), m.end(), 0.0));
  const double top = *std::ranges::max_element(w);
  if (top == -kInf) throw Error("every model holds an observation impossible: they have no weights");
  for (double& x : w) x = exp(x - top);
  normalize(w);
  return w;
}

std::vector<double> pseudo_bma_plus_weights(PointwiseModels elpd, std::uint64_t seed, int resamples) {
  const std::size_t n = checked_observations(elpd), models = elpd.size();
  if (resamples < 1) throw Error("a bootstrap needs at least one resample");
  (void)pseudo_bma_weights(elpd);  // its refusals
  const Draw draw{seed, Purpose::bootstrap, 0};
  std::vector<double> mean(models, 0.0), w(models);
  for (int b = 0; b < resamples; ++b) {
    // Weights of observations are exponentials over their sum: Dirichlet(1, ..., 1).
    double all = 0;
    std::ranges::fill(w, 0.0);
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < n; ++i) {
      if (i % 4 == 0) words = draw.bits(static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(i / 4));
      const double share = -log(Draw::uniform32(words[i % 4]));
      all += share;
      for (std::size_t m = 0; m < models; ++m) w[m] += share * elpd[m][i];
    }
    for (double& x : w) x *= static_cast<double>(n) / all;
    const double top = *std::ranges::max_element(w);
    for (double& x : w) x = exp(x - top);
    normalize(w);
    for (std::size_t m = 0; m < models; ++m) mean[m] += w[m] / resamples;
  }
  return mean;
}

}  // namespace labile
