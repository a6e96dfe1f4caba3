/// Leave-one-out scores and weights of models: against R's loo, closed forms, and conditions of an optimum.
#include "bayes/loo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "chain_draws.hpp"
#include "core/error.hpp"
#include "core/math.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
constexpr std::size_t kDraws = 4000;
constexpr int kChains = 4;
constexpr double kLog2Pi = 1.8378770664093454836;

nlohmann::json oracle() {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/posterior_loo.json");
  return nlohmann::json::parse(file);
}

/// The three models of posterior_loo.R: [observation][chain, iteration].
std::vector<std::vector<double>> loglik_of(int model) {
  const std::vector<double> y{-1, 0, 0.5, 1, 2, 3, 4, 6, 8, 12, 20, 0.1},
      s{1, 2, 5, 1, 1, 1, 1, 1, 1, 2, 3, 40};
  const auto mu = chains(1000, kChains, 31, ar(0.5));
  std::vector<std::vector<double>> all;
  for (std::size_t j = 0; j < y.size(); ++j) {
    auto& column = all.emplace_back();
    for (const double m : mu) {
      const double z = (y[j] - (model == 0 ? 1 : 0.1) * m) / s[j];
      column.push_back(model == 1 ? -std::abs(y[j] - 0.5 * m) / s[j] - std::log(2 * s[j])
                                  : -0.5 * z * z - std::log(s[j]) - 0.5 * kLog2Pi);
    }
  }
  return all;
}
/// As a matrix [draw][observation].
std::vector<double> matrix_of(const std::vector<std::vector<double>>& columns) {
  std::vector<double> m;
  for (std::size_t d = 0; d < columns[0].size(); ++d)
    for (const auto& c : columns) m.push_back(c[d]);
  return m;
}

void expect_close(double ours, const nlohmann::json& theirs, double tolerance, const std::string& what) {
  if (theirs.is_string())
    EXPECT_EQ(ours, kInf) << what;
  else
    EXPECT_NEAR(ours, theirs.get<double>(), tolerance * std::max(1.0, std::abs(theirs.get<double>())))
        << what;
}

TEST(LeaveOneOut, EqualsRsLoo) {
  const auto stored = oracle().at("loo");
  for (int model = 0; model < 3; ++model) {
    const auto& r = stored[static_cast<std::size_t>(model)];
    const auto columns = loglik_of(model);
    const int n = static_cast<int>(columns.size());
    PointwiseScores scores(n, kChains, 1000);
    for (int i = n - 1; i >= 0; --i) scores.put(i, columns[static_cast<std::size_t>(i)]);
    const Loo l = scores.loo(), plain = loo(matrix_of(columns), n);
    const Waic w = scores.waic();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string at = "model " + std::to_string(model) + ", observation " + std::to_string(i);
      expect_close(relative_efficiency(columns[i], kChains), r.at("r_eff")[i], 1e-10, at);
      expect_close(l.points[i].elpd, r.at("elpd")[i], 1e-9, at);
      expect_close(l.points[i].p, r.at("p")[i], 1e-9, at);
      expect_close(l.points[i].k, r.at("k")[i], 1e-9, at);
      expect_close(l.points[i].n_eff, r.at("n_eff")[i], 1e-9, at);
      expect_close(l.points[i].mcse, r.at("mcse")[i], 1e-9, at);
      expect_close(plain.points[i].elpd, r.at("plain_elpd")[i], 1e-9, at);
      expect_close(plain.points[i].k, r.at("plain_k")[i], 1e-9, at);
      expect_close(plain.points[i].n_eff, r.at("plain_n_eff")[i], 1e-9, at);
      expect_close(w.points[i].elpd, r.at("waic_elpd")[i], 1e-10, at);
      expect_close(w.points[i].p, r.at("waic_p")[i], 1e-10, at);
    }
    const Estimate ours[] = {l.elpd, l.p, l.looic}, of_waic[] = {w.elpd, w.p, w.waic};
    for (std::size_t e = 0; e < 3; ++e) {
      expect_close(ours[e].value, r.at("estimates")[0][e], 1e-9, "sum");
      expect_close(ours[e].se, r.at("estimates")[1][e], 1e-9, "se");
      expect_close(of_waic[e].value, r.at("waic_estimates")[0][e], 1e-10, "waic");
      expect_close(of_waic[e].se, r.at("waic_estimates")[1][e], 1e-10, "se of waic");
    }
  }
}

TEST(SmoothedImportance, EqualsRsPsis) {
  const auto stored = oracle().at("psis");
  auto x = loglik_of(0)[5];
  for (double& v : x) v = -v;
  const std::span<const double> all(x);
  const SmoothedWeights ours[] = {smooth_weights(all), smooth_weights(all.first(40)),
                                  smooth_weights(all.first(20)), smooth_weights(all, 0.3)};
  for (std::size_t c = 0; c < 4; ++c) {
    expect_close(ours[c].k, stored[c].at("k"), 1e-9, "k");
    expect_close(ours[c].n_eff, stored[c].at("n_eff"), 1e-9, "n_eff");
    const auto& w = stored[c].at("log_weights");
    for (std::size_t i = 0; i < std::min<std::size_t>(w.size(), ours[c].log_weights.size()); ++i)
      if (!w[i].is_null()) expect_close(ours[c].log_weights[i], w[i], 1e-9, "weight");
  }
  EXPECT_EQ(ours[2].k, kInf);  // 20 draws leave 4 in the tail
}

TEST(LeaveOneOut, IsTheExactOneOfAConjugateNormal) {
  // y ~ N(mu, 1), flat prior: the predictive of y_i without it is N(mean of the others, 1 + 1 / (n - 1)). Posterior
  // draws are independent and shared by the points, whose errors add up to at most their plain sum.
  const std::size_t n = 30;
  const Draw draw{11, Purpose::noise, 0};
  std::vector<double> y;
  for (std::uint32_t i = 0; i < n; ++i) y.push_back(draw.normal(i));
  const double sum = std::accumulate(y.begin(), y.end(), 0.0);
  PointwiseScores scores(static_cast<int>(n), 1, kDraws);
  const Draw posterior{12, Purpose::noise, 0};
  double exact = 0, full = 0;
  const auto log_normal = [](double off, double variance) {
    return -0.5 * off * off / variance - 0.5 * std::log(variance) - 0.5 * kLog2Pi;
  };
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> l;
    for (std::uint32_t d = 0; d < kDraws; ++d) {
      const double mu = sum / n + posterior.normal(d) / std::sqrt(static_cast<double>(n));
      l.push_back(-0.5 * (y[i] - mu) * (y[i] - mu) - 0.5 * kLog2Pi);
    }
    scores.put(static_cast<int>(i), l);
    exact += log_normal(y[i] - (sum - y[i]) / (n - 1), 1 + 1.0 / (n - 1));
    full += log_normal(y[i] - sum / n, 1 + 1.0 / n);
  }
  const Loo l = scores.loo();
  EXPECT_EQ(l.unreliable, 0);
  double most = 0;
  for (const auto& p : l.points) most += p.mcse;
  EXPECT_NEAR(l.elpd.value, exact, most);
  EXPECT_NEAR(l.p.value, full - exact, 2 * most);
}

TEST(LeaveOneOut, OfAConstantNeedsNoWeights) {
  const std::vector<double> same(400, std::log(0.5));
  const LooPoint p = loo_point(same);
  EXPECT_NEAR(p.elpd, std::log(0.5), 1e-14);
  EXPECT_NEAR(p.p, 0, 1e-14);
  EXPECT_EQ(p.k, 0);
  auto nearly = same;  // rounding of the same value
  for (std::size_t i = 0; i < nearly.size(); i += 3) nearly[i] = std::nextafter(nearly[i], 0.0);
  EXPECT_EQ(loo_point(nearly).k, 0);
  EXPECT_NEAR(waic_point(same).elpd, std::log(0.5), 1e-14);
}

TEST(LeaveOneOut, DoesNotDependOnHowSmallDensitiesAre) {
  const auto a = loglik_of(0)[5];
  auto b = a;
  for (double& x : b) x -= 2000;  // exp is 0
  const double r = relative_efficiency(a, kChains);
  EXPECT_NEAR(relative_efficiency(b, kChains), r, 1e-9);
  const LooPoint p = loo_point(a, r), q = loo_point(b, r);
  EXPECT_NEAR(q.elpd + 2000, p.elpd, 1e-9);
  EXPECT_NEAR(q.mcse, p.mcse, 1e-8);
  EXPECT_NEAR(q.k, p.k, 1e-8);
}

TEST(LeaveOneOut, IsItsFormulaWhereDensitiesAreHundredsOfNatsApart) {
  // 1 / mean(1 / density) while the tail is as short as this: 20 draws are not smoothed.
  for (const double range : {1.0, 250.0, 350.0, 2000.0}) {
    std::vector<double> l;
    for (int i = 0; i < 20; ++i) l.push_back(-range * i * i / 361 - 3);
    double sum = 0;
    for (const double x : l) sum += std::exp(l.back() - x);
    EXPECT_NEAR(loo_point(l).elpd, l.back() + std::log(20 / sum), 1e-9) << range;
  }
}

TEST(LeaveOneOut, IsMinusInfinityWhereADrawForbidsWhatHappened) {
  auto l = loglik_of(0)[0];
  l[17] = -kInf;
  EXPECT_EQ(loo_point(l).elpd, -kInf);
  EXPECT_EQ(loo_point(l).k, kInf);
  EXPECT_EQ(waic_point(l).elpd, -kInf);
  std::ranges::fill(l, -kInf);
  EXPECT_EQ(loo_point(l).elpd, -kInf);
}

TEST(LeaveOneOut, RefusesNaNAndSaysWhere) {
  auto l = loglik_of(0)[0];
  l[17] = kNaN;
  PointwiseScores scores(5, kChains, 1000);
  try {
    scores.put(2, l);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("observation 3"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("draw 18"), std::string::npos) << e.what();
  }
  l[17] = kInf;
  EXPECT_THROW((void)loo_point(l), Error);
  EXPECT_THROW(scores.put(5, l), Bug);
  EXPECT_THROW(scores.put(0, std::span(l).first(40)), Bug);
}

TEST(LeaveOneOut, HasTheThresholdOfItsDrawsAndWarns) {
  EXPECT_NEAR(k_threshold(100), 0.5, 1e-15);
  EXPECT_NEAR(k_threshold(1000), 2.0 / 3, 1e-15);
  EXPECT_EQ(k_threshold(4000), 0.7);
  const auto columns = loglik_of(0);
  const Loo l = loo(matrix_of(columns), static_cast<int>(columns.size()));
  int bad = 0;
  const auto stored = oracle();
  for (const auto& k : stored.at("loo")[0].at("plain_k")) bad += k.get<double>() > 0.7;
  EXPECT_EQ(l.unreliable, bad);
  EXPECT_TRUE(std::isnan(l.mcse));
  EXPECT_NE(loo_warning(l).find(std::to_string(bad) + " of 12"), std::string::npos) << loo_warning(l);
  EXPECT_EQ(loo_warning(loo(matrix_of({columns[1], columns[2]}), 2)), "");
}

std::vector<std::vector<double>> stored_models(const nlohmann::json& w) {
  return w.at("lpd").get<std::vector<std::vector<double>>>();
}

TEST(ModelWeights, StackingEqualsALongRunOfEm) {
  const auto w = oracle().at("weights");
  const auto models = stored_models(w);
  const auto ours = stacking_weights(models);
  for (std::size_t m = 0; m < 4; ++m) {
    EXPECT_NEAR(ours[m], w.at("stacking_em")[m].get<double>(), 1e-6) << m;
    EXPECT_NEAR(ours[m], w.at("stacking_loo")[m].get<double>(), 1e-5) << m;  // loo's optimizer stops earlier
  }
  const auto pair = stacking_weights({models.data(), 2});
  for (std::size_t m = 0; m < 2; ++m) EXPECT_NEAR(pair[m], w.at("stacking_em_pair")[m].get<double>(), 1e-6);
}

/// How far below the best the mixture's mean log density can be: the largest slope less 1.
double gap_of(const std::vector<std::vector<double>>& elpd, const std::vector<double>& w) {
  const std::size_t n = elpd[0].size();
  std::vector<double> slope(w.size(), 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    double top = -kInf, mixed = 0;
    for (const auto& m : elpd) top = std::max(top, m[i]);
    for (std::size_t m = 0; m < w.size(); ++m) mixed += w[m] * std::exp(elpd[m][i] - top);
    for (std::size_t m = 0; m < w.size(); ++m)
      slope[m] += std::exp(elpd[m][i] - top) / mixed / static_cast<double>(n);
  }
  return *std::ranges::max_element(slope) - 1;
}

TEST(ModelWeights, StackingIsOptimalWhateverTheModels) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Draw draw{seed, Purpose::noise, 0};
    const std::size_t k = 1 + seed % 8, n = 1 + 3 * (seed % 50);
    const double size = std::pow(10.0, static_cast<double>(seed % 5) - 2);
    std::vector<std::vector<double>> elpd(k);
    for (std::size_t m = 0; m < k; ++m)
      for (std::size_t i = 0; i < n; ++i)
        elpd[m].push_back(size * draw.normal(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(m)) -
                          (seed % 3 == 0 ? 5.0 * static_cast<double>(m) : 0.0));
    if (k > 2 && seed % 2) elpd[2] = elpd[0];  // twins
    const auto w = stacking_weights(elpd);
    EXPECT_NEAR(std::accumulate(w.begin(), w.end(), 0.0), 1, 1e-12) << seed;
    EXPECT_GE(*std::ranges::min_element(w), 0) << seed;
    EXPECT_LT(gap_of(elpd, w), 1e-10) << seed;
  }
}

TEST(ModelWeights, StackingSharesBetweenTwinsAndKeepsTheOnlyPossible) {
  const std::vector<std::vector<double>> twins{{-1, -2}, {-1, -2}};
  EXPECT_NEAR(stacking_weights(twins)[0], 0.5, 1e-9);
  // Each alone explains one observation: halves, by symmetry.
  const std::vector<std::vector<double>> split{{0, -kInf}, {-kInf, 0}};
  EXPECT_NEAR(stacking_weights(split)[0], 0.5, 1e-9);
  const std::vector<std::vector<double>> best{{-1, -1}, {-kInf, -2}};
  EXPECT_NEAR(stacking_weights(best)[0], 1, 1e-9);
}

TEST(ModelWeights, PseudoBmaEqualsRs) {
  const auto w = oracle().at("weights");
  const auto models = stored_models(w);
  const auto plain = pseudo_bma_weights(models);
  const int resamples = 20'000;
  const auto plus = pseudo_bma_plus_weights(models, 5, resamples);
  for (std::size_t m = 0; m < 4; ++m) {
    EXPECT_NEAR(plain[m], w.at("pseudobma")[m].get<double>(), 1e-12);
    // R drew 100,000 resamples, we fewer: 4.5 combined standard errors (false alarms 3e-5 over four).
    const double se = w.at("pseudobma_bb_se")[m].get<double>() * std::sqrt(1 + 1e5 / resamples);
    EXPECT_NEAR(plus[m], w.at("pseudobma_bb")[m].get<double>(), 4.5 * se + 1e-300) << m;
  }
  EXPECT_EQ(pseudo_bma_plus_weights(models, 5, 100), pseudo_bma_plus_weights(models, 5, 100));
  EXPECT_NE(pseudo_bma_plus_weights(models, 5, 100), pseudo_bma_plus_weights(models, 6, 100));
}

TEST(ModelWeights, RanksEqualRsComparison) {
  const auto w = oracle().at("weights");
  std::vector<std::vector<double>> elpd;
  for (int m = 0; m < 3; ++m) {
    auto& one = elpd.emplace_back();
    for (const auto& c : loglik_of(m)) one.push_back(loo_point(c).elpd);
  }
  const auto ranked = rank_models(elpd);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ranked[i].model, w.at("order")[i].get<int>());
    expect_close(ranked[i].elpd_diff, w.at("elpd_diff")[i], 1e-9, "difference");
    expect_close(ranked[i].se_diff, w.at("se_diff")[i], 1e-9, "its error");
  }
}

TEST(ModelWeights, RefuseWhatCannotBeCompared) {
  const auto refused = [](const std::vector<std::vector<double>>& elpd, const char* word) {
    try {
      (void)stacking_weights(elpd);
      ADD_FAILURE() << word;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
  };
  refused({}, "models");
  refused({{-1, -2}, {-1}}, "model 2");
  refused({{-1, -2}, {-1, kNaN}}, "observation 2");
  refused({{-1, -kInf}, {-1, -kInf}}, "observation 2 is impossible");
  EXPECT_THROW((void)pseudo_bma_weights(std::vector<std::vector<double>>{{0, -kInf}, {-kInf, 0}}), Error);
}

}  // namespace
}  // namespace labile
