/// Diagnostics of chains: against R's posterior on easy and hard draws, and against what must hold.
#include "bayes/diagnostics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "bayes/effective_size.hpp"
#include "chain_draws.hpp"
#include "core/error.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace labile {
namespace {

struct Draws {
  int chains = 0;
  std::vector<double> x;
};
std::map<std::string, Draws> all_cases() {
  std::map<std::string, Draws> all;
  const auto add = [&](const char* name, std::size_t n, int m, std::uint64_t seed,
                       const MakeChain& make) -> auto& {
    return (all[name] = {m, chains(n, m, seed, make)}).x;
  };
  add("independent", 1000, 4, 1, bell);
  add("odd_length", 333, 4, 2, bell);
  add("autocorrelated", 1000, 4, 3, ar(0.7));
  add("slow", 1000, 4, 4, ar(0.99));
  add("antithetic", 1000, 4, 5, ar(-0.6));
  add("very_antithetic", 400, 4, 15, ar(-0.99));
  auto& shifted = add("shifted_chain", 1000, 4, 6, bell);
  for (std::size_t i = 2000; i < 3000; ++i) shifted[i] += 2;
  auto& wider = add("wider_chain", 1000, 4, 7, bell);
  for (std::size_t i = 1000; i < 2000; ++i) wider[i] *= 4;
  auto& stuck = add("stuck_chain", 1000, 4, 8, bell);
  for (std::size_t i = 3000; i < 4000; ++i) stuck[i] = 0.25;
  add("heavy_tails", 1000, 4, 9, [](std::size_t n, std::uint64_t seed) {
    auto u = lcg(n, seed);
    for (double& x : u) {
      x -= 0.5;
      const double rest = 0.25 - x * x;
      x = x / (rest * rest);
    }
    return u;
  });
  for (double& x : add("ties", 500, 4, 10, bell)) x = std::floor(3 * x);
  for (double& x : add("two_values", 500, 4, 11, bell)) x = x > 1;
  for (double& x : add("rare_value", 500, 4, 12, bell)) x = x > 3.2;
  add("one_chain", 501, 1, 13, ar(0.3));
  add("two_chains", 2000, 2, 14, ar(0.9));
  auto& trend = add("trend", 300, 3, 16, bell);
  for (std::size_t i = 0; i < trend.size(); ++i) trend[i] += static_cast<double>(i % 300 + 1) / 100;
  for (double& x : add("large_offset", 250, 4, 17, bell)) x += 1e6;
  for (double& x : add("small_scale", 250, 4, 18, bell)) x *= 1e-7;
  add("short", 10, 4, 19, bell);
  add("shorter", 6, 2, 20, bell);
  add("five", 5, 3, 21, bell);
  all["constant"] = {4, std::vector<double>(400, 3.0)};
  add("infinite", 100, 4, 22, bell)[116] = kInf;
  add("missing", 100, 4, 23, bell)[116] = kNaN;
  auto& levels = all["all_stuck"] = {4, {}};
  for (const double level : {0.25, 0.5, 1.75, 3.125}) levels.x.insert(levels.x.end(), 100, level);
  return all;
}

nlohmann::json oracle() {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/posterior_loo.json");
  return nlohmann::json::parse(file);
}

void expect_same(double ours, const nlohmann::json& theirs, double tolerance, const std::string& what) {
  if (theirs.is_null()) {
    EXPECT_TRUE(std::isnan(ours)) << what << " is " << ours;
  } else if (theirs.is_string()) {
    EXPECT_EQ(ours, theirs == "inf" ? kInf : -kInf) << what;
  } else {
    const double t = theirs.get<double>();
    EXPECT_NEAR(ours, t, tolerance * std::max(std::abs(t), 1e-300)) << what;
  }
}

TEST(ChainDiagnostics, EqualRsPosterior) {
  const auto cases = all_cases();
  const auto stored = oracle().at("cases");
  ASSERT_EQ(stored.size(), cases.size());
  for (const auto& [name, d] : cases) {
    const auto& r = stored.at(name);
    if (name != "missing" && name != "infinite") {
      ASSERT_EQ(d.x.front(), r.at("first").get<double>()) << name;
      ASSERT_EQ(d.x.back(), r.at("last").get<double>()) << name;
    }
    const double close = name == "large_offset" ? 1e-8 : 1e-10;  // 1e6 costs six digits
    const auto same = [&](const char* key, double ours) {
      expect_same(ours, r.at(key), close, name + " " + key);
    };
    if (name == "all_stuck") {  // R finds a variance within chains that is rounding alone
      EXPECT_EQ(rhat(d.x, d.chains), kInf);
      EXPECT_GT(r.at("rhat").get<double>(), 1e12);
    } else if (name != "infinite") {
      same("rhat", rhat(d.x, d.chains));
    }
    if (name != "infinite") same("ess_bulk", ess_bulk(d.x, d.chains));
    same("ess_tail", ess_tail(d.x, d.chains));
    same("ess_mean", ess_mean(d.x, d.chains));
    same("ess_q10", ess_quantile(d.x, d.chains, 0.1));
    same("mcse_mean", mcse_mean(d.x, d.chains));
    same("mcse_sd", mcse_sd(d.x, d.chains));
    same("mcse_q5", mcse_quantile(d.x, d.chains, 0.05));
    same("mcse_median", mcse_quantile(d.x, d.chains, 0.5));
    same("mcse_q95", mcse_quantile(d.x, d.chains, 0.95));
    if (name == "missing" || name == "infinite") continue;
    same("e_bfmi", e_bfmi(d.x, d.chains)[0]);
    auto sorted = d.x;
    std::ranges::sort(sorted);
    same("q2_5", sorted_quantile(sorted, 0.025));
    same("median", sorted_quantile(sorted, 0.5));
    same("q97_5", sorted_quantile(sorted, 0.975));
  }
}

TEST(ChainDiagnostics, SummaryHasTheNumbersOfTheSingleFunctions) {
  for (const auto& [name, d] : all_cases()) {
    const DrawSummary s = summarize_draws(d.x, d.chains);
    const auto same = [&](double a, double b) {
      EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << name;
    };
    same(s.rhat, rhat(d.x, d.chains));
    same(s.ess_bulk, ess_bulk(d.x, d.chains));
    same(s.ess_tail, ess_tail(d.x, d.chains));
    same(s.mcse_mean, mcse_mean(d.x, d.chains));
    same(s.mcse_sd, mcse_sd(d.x, d.chains));
    if (name == "missing" || name == "infinite") continue;
    const auto r = oracle().at("cases").at(name);
    expect_same(s.mean, r.at("mean"), 1e-11, name + " mean");
    expect_same(s.sd, r.at("sd"), 1e-9, name + " sd");
    expect_same(s.q2_5, r.at("q2_5"), 1e-12, name);
    expect_same(s.median, r.at("median"), 1e-12, name);
    expect_same(s.q97_5, r.at("q97_5"), 1e-12, name);
  }
}

TEST(EffectiveSize, OfAnAutoregressionIsItsClosedForm) {
  // ESS / S = (1 - a) / (1 + a). Over 20 seeds the mean of estimates with 4 x 20,000 draws is within 5%.
  for (const double a : {0.0, 0.5, 0.9}) {
    double mean = 0;
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      std::vector<double> x;
      for (std::uint32_t c = 0; c < 4; ++c) {
        const Draw draw{seed, Purpose::noise, c};
        double v = draw.normal(0) / std::sqrt(1 - a * a);
        for (std::uint32_t i = 1; i <= 20'000; ++i) x.push_back(v = a * v + draw.normal(i));
      }
      mean += ess_mean(x, 4) / 80'000 / 20;
    }
    EXPECT_NEAR(mean, (1 - a) / (1 + a), 0.05 * (1 - a) / (1 + a)) << a;
  }
}

TEST(EffectiveSize, IsTheSameByDirectSumsAndByTransform) {
  // Slow chains use lags beyond those summed directly: compared with plain sums over all lags.
  const auto x = chains(700, 3, 99, ar(0.995));
  Chains parts;
  for (std::size_t c = 0; c < 3; ++c) parts.push_back(std::span(x).subspan(c * 700, 700));
  std::vector<double> covariance(700, 0.0), means;
  for (const auto& c : parts) {
    double mean = 0;
    for (const double v : c) mean += v / 700;
    means.push_back(mean);
    for (std::size_t lag = 0; lag < 700; ++lag)
      for (std::size_t i = 0; i + lag < 700; ++i)
        covariance[lag] += (c[i] - mean) * (c[i + lag] - mean) / 2100;
  }
  const double grand = (means[0] + means[1] + means[2]) / 3;
  double between = 0;
  for (const double m : means) between += (m - grand) * (m - grand) / 2;
  const double plus = covariance[0] + between, unbiased = covariance[0] * 700 / 699;
  std::vector<double> rho{1.0};
  for (std::size_t lag = 1; lag < 700; ++lag) rho.push_back(1 - (unbiased - covariance[lag]) / plus);
  double tau = -1, last = kInf;
  std::size_t t = 0;
  for (; t + 1 < 695 && rho[t] + rho[t + 1] > 0; t += 2) {
    last = std::min(last, rho[t] + rho[t + 1]);
    tau += 2 * last;
  }
  ASSERT_GT(t, 64U);  // else this tests nothing
  if (rho[t] > 0) tau += rho[t];
  EXPECT_NEAR(effective_size(parts), 2100 / tau, 1e-9 * 2100 / tau);
}

TEST(ChainDiagnostics, DoNotDependOnScaleOrOrderOfChains) {
  const auto x = chains(400, 4, 5, ar(0.6));
  std::vector<double> other(x.rbegin(), x.rend());  // chains and time backward
  for (double& v : other) v = 1024 * v;             // exact
  EXPECT_NEAR(rhat(other, 4), rhat(x, 4), 1e-13);
  EXPECT_NEAR(ess_bulk(other, 4), ess_bulk(x, 4), 1e-9 * ess_bulk(x, 4));
  EXPECT_NEAR(mcse_mean(other, 4), 1024 * mcse_mean(x, 4), 1e-9 * 1024 * mcse_mean(x, 4));
}

TEST(ChainDiagnostics, AreMissingWhereADrawIsNotFinite) {
  for (const char* name : {"missing", "infinite"}) {  // R ranks an infinite draw
    const auto d = all_cases().at(name);
    EXPECT_TRUE(std::isnan(rhat(d.x, d.chains)) && std::isnan(ess_bulk(d.x, d.chains))) << name;
  }
}

TEST(ChainDiagnostics, RefuseDrawsThatDoNotDivide) {
  const std::vector<double> x(10, 1.0);
  EXPECT_THROW((void)rhat(x, 3), Bug);
  EXPECT_THROW((void)ess_bulk({}, 1), Bug);
  EXPECT_THROW((void)e_bfmi(x, 0), Bug);
}

TEST(ChainWarnings, AreSilentWhenAllIsWell) {
  ChainChecks c{
      .chains = 4, .iterations = 1000, .quantities = {{"beta", 1.009, 401, 400}}, .e_bfmi = {0.9, 0.21}};
  EXPECT_TRUE(chain_warnings(c).empty());
}

TEST(ChainWarnings, NameWhatIsWrongWithItsNumber) {
  const auto text = [](const ChainChecks& c) {
    const auto all = chain_warnings(c);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? "" : all[0];
  };
  ChainChecks c{.chains = 4, .iterations = 1000, .quantities = {{"ok", 1.0, 900, 900}}};
  auto bad = c;
  bad.quantities.push_back({"beta", 1.02, 900, 900});
  bad.quantities.push_back({"alpha", 1.5, 900, 900});
  EXPECT_NE(text(bad).find("alpha, beta"), std::string::npos) << text(bad);  // the worst first
  EXPECT_NE(text(bad).find("1.5"), std::string::npos);
  EXPECT_NE(text(bad).find("Do not use these results"), std::string::npos);
  bad.of_group = 1;  // the others are single subjects'
  EXPECT_NE(text(bad).find("chains agree on the group's values"), std::string::npos) << text(bad);
  bad.of_group = 2;
  EXPECT_NE(text(bad).find("Do not use these results"), std::string::npos);
  bad = c;
  bad.quantities.push_back({"tau", 1.0, 900, 250});
  EXPECT_NE(text(bad).find("tau"), std::string::npos);
  EXPECT_NE(text(bad).find("250"), std::string::npos);
  EXPECT_NE(text(bad).find("2 times"), std::string::npos) << text(bad);
  bad = c;
  bad.quantities.push_back({"held", kNaN, kNaN, kNaN});
  EXPECT_NE(text(bad).find("held"), std::string::npos);
  bad = c;
  bad.divergences = 7;
  EXPECT_NE(text(bad).find("7 of 4000"), std::string::npos);
  EXPECT_NE(text(bad).find("0.95"), std::string::npos);
  bad.shortest_steps = true;
  EXPECT_NE(text(bad).find("change nothing: tighten the priors"), std::string::npos) << text(bad);
  EXPECT_EQ(text(bad).find("0.95"), std::string::npos);
  bad.shortest_steps = false;
  bad.target_accept = 0.95;
  EXPECT_NE(text(bad).find("now 0.95; try 0.99"), std::string::npos) << text(bad);
  bad.target_accept = 0.995;
  EXPECT_EQ(text(bad).find("try 0.99"), std::string::npos) << text(bad);
  bad = c;
  bad.depth_hits = 3;
  EXPECT_NE(text(bad).find("depth of 12"), std::string::npos) << text(bad);
  bad = c;
  bad.e_bfmi = {0.5, 0.19, 0.5, 0.1};
  EXPECT_NE(text(bad).find("chains 2 (0.19), 4 (0.10)"), std::string::npos) << text(bad);
}

}  // namespace
}  // namespace labile
