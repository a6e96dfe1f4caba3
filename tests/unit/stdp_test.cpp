/// Pair and triplet STDP in a running network against closed forms and brute force (plasticity_oracle.hpp).
///
/// Norm of the brute-force tests: the error of w over the synapse's gross change so far, the sum of its
/// absolute changes (with soft bounds times the range), which counts as at least that of one coincident pair.
#include <gtest/gtest.h>

#include "plasticity_oracle.hpp"

namespace labile::told {
namespace {

constexpr double kTolerance = 1e-5;

/// Weight after the given spikes, from 0; the source's arrive 1 ms after they were fired.
double change(const char* rule, const Train& arrivals, const Train& post, Settings params = {}) {
  Case c;
  c.rule = rule;
  c.steps = 20000;
  c.pre = {{}};
  for (const Step k : arrivals) c.pre[0].push_back(k - 10);
  c.post = {post};
  params["w_min"] = is(-100);
  params["w_max"] = is(100);
  c.params = params;
  c.weight = constant(0);
  const std::vector<Step> end{c.steps};
  return play(c, end).read[0][0].w;
}

TEST(PairStdp, OnePairMatchesClosedForm) {
  EXPECT_NEAR(change("pair_stdp", {1000}, {1100}) / (0.005 * std::exp(-0.5)), 1, 1e-6);
  EXPECT_NEAR(change("pair_stdp", {1100}, {1000}) / (-0.00525 * std::exp(-0.5)), 1, 1e-6);
  EXPECT_NEAR(change("pair_stdp", {1000}, {1100}, {{"eta", is(3)}}) / (0.015 * std::exp(-0.5)), 1, 1e-6);
}

TEST(PairStdp, AllPairsCount) {
  // Three arrivals and two spikes: 10, 5 and 2 ms before the first, 30, 25, 22 before the second.
  const double up = std::exp(-0.5) + std::exp(-0.25) + std::exp(-0.1);
  EXPECT_NEAR(change("pair_stdp", {1000, 1050, 1080}, {1100, 1300}) / (0.005 * up * (1 + std::exp(-1.0))), 1,
              1e-6);
}

TEST(PairStdp, ATieCountsAsPreBeforePost) {
  EXPECT_NEAR(change("pair_stdp", {1000}, {1000}) / 0.005, 1, 1e-6);
  EXPECT_NEAR(change("pair_stdp", {1001}, {1000}) / (-0.00525 * std::exp(-0.005)), 1, 1e-6);
}

TEST(TripletStdp, OneTripletMatchesClosedForm) {
  // post, pre, post at 100, 110, 125 ms: slow and fast traces are read before their own increment.
  const double first = -7e-3 * std::exp(-10 / 33.7);
  const double second = (5e-10 + 6.2e-3 * std::exp(-25.0 / 125)) * std::exp(-15 / 16.8);
  EXPECT_NEAR(change("triplet_stdp", {1100}, {1000, 1250}) / (first + second), 1, 1e-6);
  // pre, post, pre at 100, 110, 125 ms
  const double up = 5e-10 * std::exp(-10 / 16.8);
  const double down = -(7e-3 + 2.3e-4 * std::exp(-25.0 / 101)) * std::exp(-15 / 33.7);
  EXPECT_NEAR(change("triplet_stdp", {1000, 1250}, {1100}) / (up + down), 1, 1e-6);
}

struct Variant {
  const char* name;
  const char* rule;
  double eta, w0, spread, dendritic;
  const char *bounds, *clock;
  bool gates;
};
void PrintTo(const Variant& v, std::ostream* out) {
  *out << v.name;
}

class BruteForce : public ::testing::TestWithParam<Variant> {};

TEST_P(BruteForce, AgreesOnRandomTrains) {
  const Variant v = GetParam();
  Dice dice(77);
  Case c;
  c.rule = v.rule;
  c.steps = 12000;
  for (int i = 0; i < 120; ++i) {
    const bool silent = i % 40 == 0;
    c.pre.push_back(dice.poisson(silent ? 30 : dice.log_uniform(0.2, 100), c.dt_ms, 0,
                                 silent ? 3000 : c.steps, i % 3 == 0));
    c.post.push_back(dice.poisson(dice.log_uniform(0.5, 100), c.dt_ms, 300, c.steps));
  }
  c.connect.kind = ConnectivitySpec::Kind::fixed_indegree;
  c.connect.degree = 5;
  c.weight = v.spread > 0 ? uniform(v.w0 - v.spread, v.w0 + v.spread) : constant(v.w0);
  c.delay_ms = uniform(std::max(0.1, v.dendritic), 20);
  c.dendritic_ms = v.dendritic;
  c.params = {{"eta", is(v.eta)},
              {"w_max", is(40)},
              {"bounds", is(v.bounds)},
              {"clock", is(v.clock)},
              {"sweep", is(70)}};
  if (v.gates) {
    c.fields = {random_field("b", 60, 0.5, 20, 1, 1200, c.dt_ms, dice)};
    c.gates = {{"b", [](const std::vector<double>& f) { return f[0]; }},
               {"1 - 2 * b", [](const std::vector<double>& f) { return 1 - 2 * f[0]; }}};
    c.params["A_plus_gate"] = is("g0");
    c.params["A_minus_gate"] = is("g1");
  }
  tie(c, dice);
  const std::vector<Step> reads{3001, 7111, c.steps};
  const Played played = play(c, reads);
  for (std::size_t j = 0; j < c.post.size(); ++j) ASSERT_EQ(played.post[j], c.post[j]);
  Oracle oracle(c);
  const Errors found = compare(c, oracle, played, reads);
  EXPECT_LT(found.w, kTolerance) << "gross " << found.gross << " clipped " << found.clipped;
  // Spikes before arrivals would be another rule, and this test would see it.
  oracle.spike_before_arrival = true;
  EXPECT_GT(compare(c, oracle, played, reads).w, 10 * kTolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Stdp, BruteForce,
    ::testing::Values(Variant{"Pair", "pair_stdp", 1, 20, 0, 0, "hard", "event", false},
                      Variant{"PairClipped", "pair_stdp", 300, 20, 19, 0, "hard", "event", false},
                      Variant{"PairSwept", "pair_stdp", 300, 20, 19, 0, "hard", "sweep", false},
                      Variant{"PairDendritic", "pair_stdp", 1, 20, 5, 3.7, "hard", "event", false},
                      Variant{"PairGates", "pair_stdp", 5, 20, 0, 1.1, "hard", "event", true},
                      Variant{"PairSoft", "pair_stdp", 0.5, 20, 15, 0, "soft", "event", false},
                      Variant{"Triplet", "triplet_stdp", 1, 20, 0, 0, "hard", "event", false},
                      Variant{"TripletClipped", "triplet_stdp", 100, 20, 19, 2.2, "hard", "event", false},
                      Variant{"TripletSoft", "triplet_stdp", 0.2, 20, 15, 0, "soft", "event", false},
                      Variant{"TripletGates", "triplet_stdp", 5, 20, 3, 0, "hard", "event", true},
                      Variant{"Slow", "pair_stdp", 1e-5, 20, 5, 0, "hard", "event", false}),
    [](const auto& info) { return info.param.name; });

TEST(PairStdp, SlowLearningIsNotRoundedAway) {
  // eta A_plus = 5e-9 of a range of 1 per pair, weights where floats are 6e-8 apart: 1% of each change.
  Dice dice(5);
  Case c;
  c.rule = "pair_stdp";
  c.steps = 60000;
  for (int i = 0; i < 60; ++i) {
    c.pre.push_back(dice.poisson(dice.log_uniform(1, 60), c.dt_ms, 0, c.steps));
    c.post.push_back(dice.poisson(dice.log_uniform(1, 60), c.dt_ms, 300, c.steps));
  }
  c.connect.kind = ConnectivitySpec::Kind::fixed_indegree;
  c.connect.degree = 5;
  c.params = {{"eta", is(1e-6)}};
  c.weight = uniform(0.3, 0.9);
  const std::vector<Step> reads{30000, c.steps};
  const Errors found = compare(c, Oracle(c), play(c, reads), reads);
  EXPECT_LT(found.gross, 1e-5);
  EXPECT_LT(found.change, 0.01);
}

TEST(TripletStdp, MeanDriftUnderPoissonTrainsMatchesClosedForm) {
  EXPECT_NEAR(triplet_drift(10, 10, 1e-7) / -0.01135285, 1, 1e-6);
  EXPECT_NEAR(triplet_drift(10, 20, 1e-7) / 0.00333430, 1, 2e-6);
  // 1,500 independent synapses for 40 s at 0.5 ms: |z| > 4.5 happens in 1 of 150,000 correct engines, and the
  // seed is fixed.
  for (const double rho_y : {10.0, 20.0}) {
    NetworkSpec s;
    s.dt_ms = 0.5;
    const int n = 1500;
    const auto poisson = [&](const char* name, double hz) {
      PopulationSpec p;
      p.name = name;
      p.model = "poisson";
      p.size = n;
      p.params = {{"rate", is(hz)}};
      s.populations.push_back(p);
    };
    poisson("pre", 10);
    poisson("driver", rho_y);
    s.populations.push_back(obedient("post", n, s.dt_ms));
    const auto project = [&](const char* from, const char* port, double w) {
      ProjectionSpec p;
      p.name = from;
      p.source = from;
      p.target = "post";
      p.port = port;
      p.connect.kind = ConnectivitySpec::Kind::one_to_one;
      p.weight = constant(w);
      s.projections.push_back(p);
    };
    project("driver", "AMPA", kKick);
    project("pre", "GABA_A", 0);
    s.projections.back().rule = "triplet_stdp";
    s.projections.back().params = {{"w_min", is(-100)}, {"w_max", is(100)}};
    Network net(s, 11);
    net.run(1000);  // traces settle
    const int p = net.projection("pre");
    const auto before = net.weight_summary(p);
    net.run(40000);
    const auto after = net.weight_summary(p);
    const double seconds = 40, moved = (after.mean - before.mean) / seconds;
    const double error = after.sd / seconds / std::sqrt(n);
    const double expected = triplet_drift(10, rho_y, s.dt_ms);
    EXPECT_LT(std::abs(moved - expected) / error, 4.5) << moved << " for " << expected << " +- " << error;
    EXPECT_LT(error, 2e-4);
  }
}

}  // namespace
}  // namespace labile::told
