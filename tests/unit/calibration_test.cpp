/// Calibration: bands against simulated ranks, a fit that is right and fits that are wrong, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "core/random.hpp"
#include "learners/catalogue.hpp"
#include "run/calibrate.hpp"

namespace labile {
namespace {

std::vector<int> uniform_ranks(int n, int cells, std::uint32_t which) {
  const Draw draw{11, Purpose::bootstrap, which};
  std::vector<int> r;
  for (int i = 0; i < n; ++i)
    r.push_back(
        static_cast<int>(draw.below(static_cast<std::uint32_t>(cells), static_cast<std::uint32_t>(i))));
  return r;
}
/// How many lie below each place.
std::vector<int> below(const std::vector<int>& ranks, int cells) {
  std::vector<int> r(static_cast<std::size_t>(cells) + 1, 0);
  for (const int x : ranks) ++r[static_cast<std::size_t>(x) + 1];
  std::partial_sum(r.begin(), r.end(), r.begin());
  return r;
}
bool inside(const RankBand& b, const std::vector<int>& below) {
  for (std::size_t i = 0; i < below.size(); ++i)
    if (below[i] < b.lo[i] || below[i] > b.hi[i]) return false;
  return true;
}

TEST(RankBand, OfTwoCellsIsTheBinomialInterval) {
  // C_1 is binomial(10, 1/2): P(C = 0) + P(C = 10) = 2 / 1024, P(C in {0, 1, 9, 10}) = 22 / 1024.
  const auto band = rank_band(10, 2, 0.95);
  EXPECT_EQ(band.lo[1], 2);
  EXPECT_EQ(band.hi[1], 8);
  EXPECT_NEAR(band.probability, 1 - 22.0 / 1024, 1e-12);
  const auto wide = rank_band(10, 2, 0.99);
  EXPECT_EQ(wide.lo[1], 1);
  EXPECT_NEAR(wide.probability, 1 - 2.0 / 1024, 1e-12);
  // C_1 = 1 of 10: as far out are 0, 1, 9 and 10.
  std::vector<int> ranks(10, 1);
  ranks[0] = 0;
  EXPECT_NEAR(rank_uniformity(ranks, 2).p, 22.0 / 1024, 1e-12);
}

TEST(RankBand, OfThreeCellsIsCountedOut) {
  // All 3^6 sequences of six ranks.
  const std::vector<int> lo{0, 1, 2, 6}, hi{0, 3, 5, 6};
  int in = 0;
  for (int code = 0; code < 729; ++code) {
    int count[3] = {0, 0, 0};
    for (int i = 0, c = code; i < 6; ++i, c /= 3) ++count[c % 3];
    const int c1 = count[0], c2 = count[0] + count[1];
    in += c1 >= lo[1] && c1 <= hi[1] && c2 >= lo[2] && c2 <= hi[2];
  }
  EXPECT_NEAR(inside_probability(6, lo, hi), in / 729.0, 1e-12);
}

TEST(RankBand, HoldsUniformRanksAsOftenAsItSays) {
  for (const auto& [n, cells] : {std::pair{100, 100}, {1000, 100}, {250, 20}}) {
    const auto band = rank_band(n, cells, 0.95);
    EXPECT_GE(band.probability, 0.95);
    EXPECT_LT(band.probability, 0.96);
    constexpr int kSets = 4000;
    int in = 0;
    for (std::uint32_t i = 0; i < kSets; ++i) in += inside(band, below(uniform_ranks(n, cells, i), cells));
    const double se = std::sqrt(band.probability * (1 - band.probability) / kSets);
    EXPECT_NEAR(static_cast<double>(in) / kSets, band.probability, 4 * se) << n << " ranks of " << cells;
  }
}

TEST(RankUniformity, ItsPIsUniformItselfAndAgreesWithTheBand) {
  const auto band = rank_band(200, 50, 0.95);
  constexpr int kSets = 2000;
  int at_most[4] = {0, 0, 0, 0}, below_chi2 = 0;
  const double levels[4] = {0.01, 0.05, 0.2, 0.5};
  for (std::uint32_t i = 0; i < kSets; ++i) {
    const auto u = rank_uniformity(uniform_ranks(200, 50, 10000 + i), 50);
    for (int k = 0; k < 4; ++k) at_most[k] += u.p <= levels[k];
    below_chi2 += u.p_chi2 <= 0.05;
    EXPECT_EQ(inside(band, u.below), u.p > 1 - band.probability + 1e-9) << u.p;
  }
  for (int k = 0; k < 4; ++k) {  // exact up to steps of a discrete statistic, which are small
    const double se = std::sqrt(levels[k] * (1 - levels[k]) / kSets);
    EXPECT_NEAR(static_cast<double>(at_most[k]) / kSets, levels[k], 4 * se + 0.002) << levels[k];
  }
  EXPECT_NEAR(static_cast<double>(below_chi2) / kSets, 0.05, 4 * std::sqrt(0.05 * 0.95 / kSets) + 0.002);
}

TEST(RankUniformity, SeesShiftAndTooNarrowDraws) {
  std::vector<int> shifted, hollow;
  const Draw draw{3, Purpose::bootstrap, 0};
  for (std::uint32_t i = 0; i < 1000; ++i) {  // at most 0.08 off, 2.6 by Kolmogorov's scale
    const double u = draw.uniform(i);
    shifted.push_back(static_cast<int>(100 * std::pow(u, 1.25)));
    const double z = 1.2 * draw.normal(i, 1);  // posteriors a sixth too narrow
    hollow.push_back(static_cast<int>(100 * 0.5 * std::erfc(-z / std::sqrt(2.0))));
  }
  EXPECT_LT(rank_uniformity(shifted, 100).p, 1e-3);
  EXPECT_LT(rank_uniformity(hollow, 100).p, 1e-3);
}

TEST(CentralRanks, TakeTheShareThatTheySay) {
  const auto ninety = central_ranks(100, 0.9);
  EXPECT_EQ(ninety.first, 5);
  EXPECT_EQ(ninety.last, 94);
  EXPECT_DOUBLE_EQ(ninety.share, 0.9);
  EXPECT_DOUBLE_EQ(central_ranks(64, 0.9).share, 58.0 / 64);
}

std::vector<Replicate> some(const Calibration& c, int n, int threads = 2) {
  std::vector<int> which(static_cast<std::size_t>(n));
  std::iota(which.begin(), which.end(), 0);
  std::vector<Replicate> r;
  EXPECT_TRUE(run_replicates(c, which, threads, [&](const Replicate& x) { r.push_back(x); }));
  std::sort(r.begin(), r.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return r;
}
CalibrateOptions small() {
  CalibrateOptions o;
  o.subjects = 4;
  o.task_settings["blocks"] = {std::vector<double>{15, 15}, {}};
  o.draws = 200;
  return o;
}

TEST(Calibration, ReplicatesDoNotDependOnThreads) {
  const Calibration c(find_learner("rescorla_wagner"), small());
  const auto one = some(c, 6, 1), three = some(c, 6, 3);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].ranks, three[i].ranks);
    EXPECT_EQ(one[i].ess, three[i].ess);
  }
  EXPECT_NE(one[0].ranks, one[1].ranks);
}

TEST(Calibration, FindsAPriorThatIsNotTheSimulatedOne) {
  // People are simulated four times as different as the fit believes.
  auto o = small();
  o.groups = {parse_group("alpha = phi 0 1 mu 0 1 sigma 0.8")};
  o.fitted_groups = {parse_group("alpha = phi 0 1 mu 0 1 sigma 0.2")};
  const Calibration c(find_learner("rescorla_wagner"), o);
  const auto s = summarize_calibration(c.quantities(), some(c, 60), o.ranks);
  EXPECT_FALSE(s.passed());
  EXPECT_EQ(s.worst, "log_sigma[alpha]");
  EXPECT_LT(s.p, 1e-6);
}

TEST(Calibration, FindsAShiftOfTheGroupMean) {
  auto o = small();
  o.fitted_groups = {parse_group("beta = exp mu 0.5 1 sigma 0.2")};  // simulated around ln 6
  const Calibration c(find_learner("rescorla_wagner"), o);
  const auto s = summarize_calibration(c.quantities(), some(c, 60), o.ranks);
  EXPECT_FALSE(s.passed());
  EXPECT_EQ(s.worst, "mu[beta]");
}

TEST(Calibration, CountsWhatItCannotUse) {
  std::vector<Replicate> r(3);
  r[0].ranks = {4};
  r[0].ess = 200;
  r[1].ranks = {7};
  r[1].ess = 3;
  r[1].rhat = 2;
  r[1].redrawn = 5;
  r[2].failed = "the sampler gave up";
  const auto s = summarize_calibration({"mu[x]"}, r, 9);
  EXPECT_EQ(s.replicates, 2);
  EXPECT_EQ(s.failed, 1);
  EXPECT_EQ(s.short_chains, 1);
  EXPECT_EQ(s.bad_rhat, 1);
  EXPECT_EQ(s.redrawn, 1);
  EXPECT_FALSE(s.passed());
}

TEST(Calibration, AContrastIsRankedToo) {
  auto o = small();
  o.contrast = true;
  const Calibration c(find_learner("rescorla_wagner"), o);
  const auto& names = c.quantities();
  EXPECT_NE(std::find(names.begin(), names.end(), "b[alpha:half]"), names.end());
  for (const auto& r : some(c, 3)) {
    EXPECT_EQ(r.ranks.size(), names.size());
    EXPECT_EQ(r.failed, "");
  }
}

TEST(Calibration, Refusals) {
  const auto& rw = find_learner("rescorla_wagner");
  auto o = small();
  o.task = "two_stp";
  EXPECT_THROW(Calibration(rw, o), Error);
  o = small();
  o.ranks = 500;
  EXPECT_THROW(Calibration(rw, o), Error);
  EXPECT_THROW(Calibration(find_learner("flex"), {}), Error);
  o = small();
  o.task = "predictive_inference";  // asks for a number
  o.task_settings.clear();
  EXPECT_THROW(Calibration(rw, o), Error);
}

}  // namespace
}  // namespace labile
