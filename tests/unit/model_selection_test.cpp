/// Random-effects model selection: against a transcription with scipy, closed forms, and sums over all attributions.
#include "bayes/model_selection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "core/special.hpp"

namespace labile {
namespace {

void expect_all(const std::vector<double>& ours, const nlohmann::json& theirs, double tolerance,
                const char* what) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_NEAR(ours[i], theirs[i].get<double>(), tolerance) << what;
}
nlohmann::json oracle() {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/model_selection.json");
  return nlohmann::json::parse(file);
}

TEST(ModelSelection, EqualsATranscriptionOfThePapers) {
  const auto stored = oracle().at("cases");
  ASSERT_EQ(stored.size(), 7U);
  for (const auto& c : stored) {
    std::vector<double> evidence;
    for (const auto& row : c.at("L"))
      for (const auto& x : row) evidence.push_back(x);
    const int k = static_cast<int>(c.at("alpha").size());
    const auto g = select_models(evidence, k, c.at("alpha0"));
    expect_all(g.alpha, c.at("alpha"), 1e-9, "alpha");
    expect_all(g.frequency, c.at("frequency"), 1e-10, "frequency");
    expect_all(g.frequency_sd, c.at("frequency_sd"), 1e-10, "sd");
    expect_all(g.exceedance, c.at("exceedance"), 1e-9, "exceedance");
    expect_all(g.protected_exceedance, c.at("protected"), 1e-9, "protected");
    EXPECT_NEAR(g.bor, c.at("bor").get<double>(), 1e-9);
    EXPECT_NEAR(g.free_energy, c.at("free_energy").get<double>(), 1e-8);  // of some -50,000 nats
    EXPECT_NEAR(g.null_free_energy, c.at("null").get<double>(), 1e-8);
    for (std::size_t n = 0; n < g.attribution.size(); ++n)
      expect_all(g.attribution[n], c.at("attribution")[n], 1e-10, "attribution");
  }
}

TEST(ModelSelection, CountsSubjectsWhoseModelIsCertain) {
  // 7 subjects of model 1, 3 of model 2, none of model 3: the Dirichlet posterior is exact, and so is the evidence:
  // the probability of that sequence, Gamma(3) / Gamma(13) 7! 3! 0!.
  std::vector<double> evidence;
  for (int n = 0; n < 10; ++n)
    for (int m = 0; m < 3; ++m) evidence.push_back(m == (n < 7 ? 0 : 1) ? -5.0 : -kInf);
  const auto g = select_models(evidence, 3);
  EXPECT_EQ(g.alpha, (std::vector<double>{8, 4, 1}));
  const double exact = -50 + log_gamma(3) - log_gamma(13) + log_gamma(8) + log_gamma(4);
  EXPECT_NEAR(g.free_energy, exact, 1e-10);
  EXPECT_NEAR(g.null_free_energy, -50 - 10 * std::log(3.0), 1e-10);
  EXPECT_NEAR(g.bor, 1 / (1 + std::exp(exact - g.null_free_energy)), 1e-12);
}

TEST(ModelSelection, BoundsTheEvidenceOfAllAttributions) {
  // The exact evidence sums over all K^N attributions, whose counts have a Dirichlet-multinomial probability.
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const int k = 2 + static_cast<int>(seed % 2), n = 6;
    std::vector<double> evidence;
    for (int i = 0; i < n * k; ++i)
      evidence.push_back(2 * Draw{seed, Purpose::noise, 0}.normal(static_cast<std::uint32_t>(i)));
    int all = 1;
    for (int i = 0; i < n; ++i) all *= k;
    double exact = 0;
    for (int code = 0; code < all; ++code) {
      std::vector<int> count(static_cast<std::size_t>(k), 0);
      double log_p = log_gamma(k) - log_gamma(k + n);
      for (int i = 0, rest = code; i < n; ++i, rest /= k) {
        ++count[static_cast<std::size_t>(rest % k)];
        log_p += evidence[static_cast<std::size_t>(i * k + rest % k)];
      }
      for (const int c : count) log_p += log_gamma(c + 1);
      exact += std::exp(log_p);
    }
    const auto g = select_models(evidence, k);
    EXPECT_LT(g.free_energy, std::log(exact)) << seed;
    EXPECT_GT(g.free_energy, std::log(exact) - 1) << seed;
  }
}

TEST(ModelSelection, FindsNothingWhereModelsDoNotDiffer) {
  const auto g = select_models(std::vector<double>(40, -3.0), 4);
  for (std::size_t m = 0; m < 4; ++m) {
    EXPECT_NEAR(g.frequency[m], 0.25, 1e-12);
    EXPECT_NEAR(g.exceedance[m], 0.25, 1e-10);
    EXPECT_NEAR(g.protected_exceedance[m], 0.25, 1e-10);
  }
  EXPECT_GT(g.bor, 0.5);
}

TEST(ModelSelection, DoesNotDependOnASubjectsConstant) {
  std::vector<double> a, b;
  for (std::uint32_t i = 0; i < 60; ++i) {
    a.push_back(Draw{4, Purpose::noise, 0}.normal(i));
    b.push_back(a.back() - 1000.0 * (i / 3));
  }
  const auto x = select_models(a, 3), y = select_models(b, 3);
  for (std::size_t m = 0; m < 3; ++m) EXPECT_NEAR(x.alpha[m], y.alpha[m], 1e-8);
  EXPECT_NEAR(x.bor, y.bor, 1e-8);
}

TEST(Exceedance, EqualsQuadratureAndClosedForms) {
  const auto stored = oracle().at("exceedance");
  ASSERT_EQ(stored.size(), 6U);
  for (const auto& c : stored)
    expect_all(exceedance_probabilities(c.at("alpha").get<std::vector<double>>()), c.at("xp"), 2e-10,
               "exceedance");
  for (const auto& [a, b] : {std::pair{1.0, 1.0}, {3.5, 2.0}, {0.1, 0.4}, {800.0, 750.0}, {1001.0, 1.0}}) {
    // Of two: the share of beta(a, b) above one half.
    const auto xp = exceedance_probabilities(std::vector{a, b});
    EXPECT_NEAR(xp[0], 1 - beta_share(a, b, 0.5), 1e-10) << a << " " << b;
    EXPECT_NEAR(xp[0] + xp[1], 1, 1e-10) << a << " " << b;
  }
  EXPECT_NEAR(exceedance_probabilities(std::vector{5.0})[0], 1, 1e-10);
  // Sums to 1 for many models of all sizes.
  const auto xp = exceedance_probabilities(std::vector{1.0, 0.5, 12.0, 300.0, 301.0, 7.0, 1e4, 1e4});
  EXPECT_NEAR(std::accumulate(xp.begin(), xp.end(), 0.0), 1, 1e-9);
}

TEST(ModelSelection, RefusesWhatItCannotUse) {
  const auto refused = [](std::vector<double> evidence, double prior, const char* words) {
    try {
      (void)select_models(evidence, 2, prior);
      ADD_FAILURE() << words;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
    }
  };
  refused({-1, -2, -3, kNaN}, 1, "subject 2, model 2");
  refused({-1, kInf}, 1, "subject 1, model 2");
  refused({-1, -2, -kInf, -kInf}, 1, "subject 2: no model");
  refused({-1, -2}, 0, "prior count");
  EXPECT_THROW((void)select_models(std::vector<double>{-1, -2, -3}, 2), Bug);
  EXPECT_THROW((void)select_models({}, 2), Bug);
}

}  // namespace
}  // namespace labile
