/// Plasticity over hours of model time against brute force, and drifts that need long runs.
///
/// Norms as in tests/unit/three_factor_test.cpp: errors of w over the gross change (the integral of |eta g
/// e|, or the sum of absolute changes), of e over its equation's solution with absolute jumps.
#include <gtest/gtest.h>

#include "../unit/plasticity_oracle.hpp"

namespace labile::told {
namespace {

constexpr double kTolerance = 1e-5;

/// Trains at 0.1 to 20 Hz that fall silent for minutes now and then: hours of refreshes and of gaps of all
/// lengths.
Train with_gaps(Dice& dice, double hz, double dt, Step steps) {
  Train all;
  for (Step at = 300; at < steps;) {
    const auto active = static_cast<Step>(dice.log_uniform(5e3, 3e5) / dt);
    const auto silent = static_cast<Step>(dice.log_uniform(1e2, 2e5) / dt);
    const Train part = dice.poisson(hz, dt, at, std::min(steps, at + active));
    all.insert(all.end(), part.begin(), part.end());
    at += active + silent;
  }
  return all;
}

struct Long {
  const char* name;
  const char* rule;
  double hours, dt, tau_e, eta;
  const char* bounds;
  bool own;
  double most_change;  // of the changes themselves, relative; where a synapse's change is not far below its
                       // gross
};
void PrintTo(const Long& v, std::ostream* out) {
  *out << v.name;
}

class Hours : public ::testing::TestWithParam<Long> {};

TEST_P(Hours, AgreeWithBruteForce) {
  const Long v = GetParam();
  Dice dice(static_cast<std::uint64_t>(v.tau_e) + 3);
  Case c;
  c.rule = v.rule;
  c.dt_ms = v.dt;
  c.steps = std::llround(v.hours * 3.6e6 / v.dt);
  for (int i = 0; i < 5; ++i) {
    c.pre.push_back(with_gaps(dice, dice.log_uniform(0.1, 20), v.dt, c.steps));
    c.post.push_back(with_gaps(dice, dice.log_uniform(0.2, 20), v.dt, c.steps));
  }
  c.connect.kind = ConnectivitySpec::Kind::fixed_indegree;
  c.connect.degree = 2;
  c.weight = v.own ? uniform(10, 30) : constant(20);
  c.delay_ms = uniform(10, 20);
  c.driver_delay = std::llround(10 / v.dt);
  c.params = {{"eta", is(v.eta)}, {"w_max", is(40)}, {"bounds", is(v.bounds)}};
  if (c.rule == "three_factor_stdp") {
    c.params["tau_e"] = is(v.tau_e);
    // Phasic releases and dips on a tonic level that nearly cancels.
    c.fields = {random_field("d", 200, 0.2, 2, 1, static_cast<double>(c.steps) * v.dt, v.dt, dice)};
    c.gates = {
        {"if(d > 1, 3, d) - 0.2", [](const std::vector<double>& f) { return (f[0] > 1 ? 3 : f[0]) - 0.2; }}};
  }
  const std::vector<Step> reads{c.steps / 7, c.steps / 2, c.steps};
  const Played played = play(c, reads);
  const Errors found = compare(c, Oracle(c), played, reads);
  EXPECT_LT(found.w, kTolerance) << "gross " << found.gross << " clipped " << found.clipped;
  EXPECT_LT(found.e, kTolerance);
  EXPECT_LT(found.change, v.most_change);
}

INSTANTIATE_TEST_SUITE_P(
    ThreeFactor, Hours,
    ::testing::Values(Long{"ThreeHoursOfSeconds", "three_factor_stdp", 3, 1, 1000, 1e-4, "hard", false, 0.01},
                      Long{"AnHourAtAHalf", "three_factor_stdp", 1, 0.5, 500, 1e-4, "hard", true, 0.01},
                      Long{"ShortTags", "three_factor_stdp", 1, 1, 2, 0.01, "hard", false, 0.01},
                      Long{"LongTags", "three_factor_stdp", 1.5, 1, 30000, 1e-6, "hard", true, 0.01},
                      Long{"Clipped", "three_factor_stdp", 1.5, 1, 2000, 0.5, "hard", true, 0.05},
                      Long{"Soft", "three_factor_stdp", 1.5, 1, 1000, 1e-5, "soft", true, 0.05},
                      // Changes of 1e-8 of the range a visit and less: 1% of the change itself.
                      Long{"SlowLearning", "three_factor_stdp", 1.5, 1, 1000, 1e-8, "hard", true, 0.01},
                      Long{"SlowPairs", "pair_stdp", 1.5, 1, 1, 1e-5, "hard", true, 0.01},
                      Long{"Triplets", "triplet_stdp", 1, 0.5, 1, 0.01, "hard", true, 0.01}),
    [](const auto& info) { return info.param.name; });

TEST(TripletStdp, HundredsOfSecondsOfPoissonTrainsDriftAsTheClosedForm) {
  // Source arrivals at 10 Hz, targets at 10 and 20 Hz: the published means, and their value on the grid of
  // 0.2 ms (ties count as pre before post, which is worth up to 4e-4 a second). |z| > 4.5 happens in 1 of
  // 150,000 correct engines, and the seed is fixed.
  for (const auto& [rho, closed] : {std::pair{10.0, -0.01135285}, std::pair{20.0, 0.00333430}}) {
    NetworkSpec s;
    s.dt_ms = 0.2;
    const int n = 2000;
    for (const auto& [name, hz] : {std::pair{"pre", 10.0}, std::pair{"driver", rho}}) {
      PopulationSpec p;
      p.name = name;
      p.model = "poisson";
      p.size = n;
      p.params = {{"rate", is(hz)}};
      s.populations.push_back(p);
    }
    s.populations.push_back(obedient("post", n, s.dt_ms));
    for (const char* from : {"driver", "pre"}) {
      ProjectionSpec p;
      p.name = from;
      p.source = from;
      p.target = "post";
      p.connect.kind = ConnectivitySpec::Kind::one_to_one;
      p.weight = constant(from[0] == 'd' ? kKick : 0);
      p.port = from[0] == 'd' ? "AMPA" : "GABA_A";
      p.delay_ms = constant(10);
      s.projections.push_back(p);
    }
    s.projections[1].rule = "triplet_stdp";
    s.projections[1].params = {{"w_min", is(-1000)}, {"w_max", is(1000)}};
    Network net(s, 5, {.threads = 2});
    net.run(1000);
    const double before = net.weight_summary(1).mean;
    net.run(70000);
    const auto after = net.weight_summary(1);
    const double moved = (after.mean - before) / 70, error = after.sd / 70 / std::sqrt(n);
    const double expected = triplet_drift(10, rho, s.dt_ms);
    EXPECT_LT(std::abs(moved - expected), 4.5 * error) << moved << " for " << expected;
    EXPECT_NEAR(expected, closed, 4e-4);
    EXPECT_LT(error, 1e-4);
  }
}

}  // namespace
}  // namespace labile::told
