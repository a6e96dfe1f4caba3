/// Gamma, beta and their relatives against mpmath (tests/oracles/special.py) and against closed forms.
#include "core/special.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace labile {
namespace {

TEST(SpecialFunctions, EqualArithmeticOfFiftyDigits) {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/special.json");
  const auto j = nlohmann::json::parse(file);
  const auto bound = [](double size) { return size <= 1e3 ? 1e-12 : 1e-9; };
  const auto near = [](double ours, double theirs, double relative, const auto& c) {
    EXPECT_NEAR(ours, theirs, relative * std::max(std::abs(theirs), 1e-300)) << c.dump();
  };
  for (const auto& c : j.at("log_gamma"))
    EXPECT_NEAR(log_gamma(c[0]), c[1], 2e-14 * (1 + std::abs(c[1].get<double>())));
  for (const auto& c : j.at("digamma"))
    EXPECT_NEAR(digamma(c[0]), c[1], 2e-14 * (1 + std::abs(c[1].get<double>())));
  for (const auto& c : j.at("gamma_share")) near(gamma_share(c[0], c[1]), c[2], bound(c[0]), c);
  for (const auto& c : j.at("beta_share"))
    near(beta_share(c[0], c[1], c[2]), c[3], bound(std::max(c[0].get<double>(), c[1].get<double>())), c);
  for (const auto& c : j.at("beta_share")) {
    const double p = c[3];
    if (p > 1e-12 && p < 1 - 1e-9) near(beta_quantile(c[0], c[1], p), c[2], 1e-7, c);
  }
}

TEST(SpecialFunctions, HaveTheirClosedForms) {
  EXPECT_NEAR(digamma(1), -0.57721566490153286061, 1e-14);
  EXPECT_NEAR(log_gamma(0.5), 0.57236494292470008707, 1e-14);
  for (const double x : {0.01, 0.5, 3.0, 30.0}) EXPECT_NEAR(gamma_share(1, x), 1 - std::exp(-x), 1e-14) << x;
  for (const double x : {0.01, 0.3, 0.9}) {
    EXPECT_NEAR(beta_share(1, 1, x), x, 1e-14);
    EXPECT_NEAR(beta_share(2, 1, x), x * x, 1e-14);
    EXPECT_NEAR(beta_quantile(1, 3, 1 - (1 - x) * (1 - x) * (1 - x)), x, 1e-12);
  }
  EXPECT_EQ(beta_share(2, 3, 0), 0);
  EXPECT_EQ(beta_share(2, 3, 1), 1);
  EXPECT_TRUE(std::isnan(beta_quantile(NAN, 1, 0.5)));
}

}  // namespace
}  // namespace labile
