#include "modulators/gate_integral.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/random.hpp"
#include "modulators/field.hpp"

namespace labile {
namespace {

/// The two limits of a gate within step n, from t_{n-1} to t_n.
struct Limits {
  double from, to;
};

double random_unit(std::int64_t n, std::uint32_t which) {
  return Draw{7, Purpose::parameters, which}.uniform(static_cast<std::uint32_t>(n));
}
Limits constant(std::int64_t) {
  return {0.7, 0.7};
}
Limits ramp(std::int64_t n) {
  return {1e-4 * static_cast<double>(n - 1), 1e-4 * static_cast<double>(n)};
}
Limits jump(std::int64_t n) {
  return n % 97 < 13 ? Limits{2, 2} : Limits{0.01, 0.02};
}
Limits changing_sign(std::int64_t n) {
  return {std::sin(0.05 * static_cast<double>(n - 1)), std::sin(0.05 * static_cast<double>(n))};
}
Limits random_limits(std::int64_t n) {
  return {random_unit(n, 0) - 0.5, 3 * random_unit(n, 1) - 1.5};
}
/// Zero but for one burst long before the end: what chaining may not forget.
Limits rare(std::int64_t n) {
  return n % 5000 == 1 ? Limits{1, 0.5} : Limits{0, 0};
}

struct Named {
  const char* name;
  Limits (*gate)(std::int64_t);
};
constexpr Named kGates[] = {
    {"constant", constant},    {"ramp", ramp}, {"jump", jump}, {"changing sign", changing_sign},
    {"random", random_limits}, {"rare", rare}};

/// Brute force in long double: each step by Gauss-Legendre quadrature on pieces of at most tau_e/4.
class BruteForce {
 public:
  BruteForce(double tau_ms, double dt_ms)
      : tau_(tau_ms),
        x_(static_cast<long double>(dt_ms) / static_cast<long double>(tau_ms)),
        one_(std::exp(-x_)) {
    const int pieces = 1 + static_cast<int>(4 * x_);
    // Nodes and weights of order 7 on [-1, 1]; the error of a piece is below 1e-24 of it.
    constexpr long double kNode[4] = {0, 0.405845151377397166906606412076961463L,
                                      0.741531185599394439863864773280788407L,
                                      0.949107912342758524526189684047851262L};
    constexpr long double kWeight[4] = {
        0.417959183673469387755102040816326531L, 0.381830050505118944950369775488975134L,
        0.279705391489276667901467771423779582L, 0.129484966168869693270611432679082018L};
    for (int i = 0; i < pieces; ++i)
      for (int k = -3; k <= 3; ++k) {
        const long double u = (i + (1 + (k < 0 ? -kNode[-k] : kNode[k])) / 2) / pieces;
        const long double part =
            static_cast<long double>(dt_ms) * kWeight[std::abs(k)] / (2 * pieces) * std::exp(-x_ * u);
        from_ += part * (1 - u);
        to_ += part * u;
      }
  }
  struct Result {
    long double value = 0, of_magnitude = 0;  // integral of g, and a bound from that of |g|
    long double forgotten = 0;                // what may be left out: 1e-22 tau_e of the largest |g|, here 2
  };
  template <class G>
  [[nodiscard]] Result integral(const G& gate, std::int64_t n0, std::int64_t n1) const {
    Result r{.forgotten = 2e-22L * tau_};
    long double decay = 1;
    for (std::int64_t n = n0 + 1; n <= n1 && decay > 1e-24L; ++n) {
      const Limits g = gate(n);
      r.value += decay * (from_ * g.from + to_ * g.to);
      r.of_magnitude += decay * (from_ * std::abs(g.from) + to_ * std::abs(g.to));
      decay = (n - n0) % 256 == 0 ? std::exp(-x_ * static_cast<long double>(n - n0)) : decay * one_;
    }
    return r;
  }
  [[nodiscard]] long double decay(std::int64_t steps) const {
    return std::exp(-x_ * static_cast<long double>(steps));
  }

 private:
  long double tau_, x_, one_, from_ = 0, to_ = 0;
};

/// Relative to the same integral of |g|.
double error_of(double got, const BruteForce::Result& exact) {
  const long double off = std::abs(static_cast<long double>(got) - exact.value) - exact.forgotten;
  return off <= 0 ? 0 : static_cast<double>(off / exact.of_magnitude);
}

TEST(GateIntegral, EqualsBruteForceForEveryGateAndTimeConstant) {
  constexpr std::int64_t kSteps = 20000;
  for (const Named& named : kGates)
    for (const double dt : {0.1, 1.0})
      for (const double tau : {0.1, 0.7, 2.0, 5.0, 20.0, 333.3, 1000.0, 30000.0, 1e6}) {
        GateIntegral gate(tau, dt, kSteps);
        for (std::int64_t n = 1; n <= kSteps; ++n) {
          const Limits g = named.gate(n);
          gate.push(g.from, g.to);
        }
        const BruteForce brute(tau, dt);
        for (std::uint32_t i = 0; i < 12; ++i) {
          const auto n0 = static_cast<std::int64_t>(random_unit(i, 2) * kSteps);
          const double reach = std::pow(static_cast<double>(kSteps - n0), random_unit(i, 3));
          const std::int64_t n1 = n0 + static_cast<std::int64_t>(reach);
          const double error = error_of(gate.integral(n0, n1), brute.integral(named.gate, n0, n1));
          EXPECT_LT(error, 4e-15) << named.name << ", dt " << dt << ", tau_e " << tau << ", " << n0 << " to "
                                  << n1;
        }
      }
}

TEST(GateIntegral, IsExactAtTheEdgesOfSegments) {
  const GateIntegral shape(5, 1, 100);
  const std::int64_t R = shape.reference_steps();
  EXPECT_EQ(R, 10);
  GateIntegral gate(5, 1, 100);
  const BruteForce brute(5, 1);
  for (std::int64_t n = 1; n <= 100; ++n) {
    const Limits g = random_limits(n);
    gate.push(g.from, g.to);
  }
  for (std::int64_t n0 = 0; n0 <= 100; ++n0)
    for (std::int64_t n1 = n0; n1 <= 100; ++n1)
      EXPECT_LT(error_of(gate.integral(n0, n1), brute.integral(random_limits, n0, n1)), 4e-15)
          << n0 << " " << n1;
}

TEST(GateIntegral, AgreesAtEveryMomentOfGrowth) {
  // Asked while it grows, up to the newest step and back to the oldest kept one: no ring is read beyond its
  // end.
  for (const double tau : {0.3, 2.0, 17.0, 400.0}) {
    constexpr std::int64_t kHistory = 50;
    GateIntegral gate(tau, 1, kHistory);
    const BruteForce brute(tau, 1);
    for (std::int64_t n = 1; n <= 700; ++n) {
      const Limits g = random_limits(n);
      gate.push(g.from, g.to);
      EXPECT_EQ(gate.newest(), n);
      const std::int64_t n0 = std::max<std::int64_t>(0, n - kHistory);
      for (const std::int64_t n1 : {n0, n0 + 1, (n0 + n) / 2, n})
        EXPECT_LT(error_of(gate.integral(n0, n1), brute.integral(random_limits, n0, n1)), 4e-15);
    }
  }
}

TEST(GateIntegral, KeepsItsPrecisionOverHours) {
  struct Run {
    double tau, dt, hours;
  };
  for (const Run& run : {Run{2, 1, 2}, Run{1000, 0.1, 0.25}, Run{30000, 1, 3}}) {
    const auto steps = static_cast<std::int64_t>(run.hours * 3600e3 / run.dt);
    constexpr std::int64_t kHistory = 100000;
    GateIntegral gate(run.tau, run.dt, kHistory);
    for (std::int64_t n = 1; n <= steps; ++n) {
      const Limits g = jump(n);
      gate.push(g.from, g.to);
    }
    const BruteForce brute(run.tau, run.dt);
    for (const std::int64_t back : {1, 2, 10, 999, 20000, 100000})
      EXPECT_LT(error_of(gate.integral(steps - back, steps), brute.integral(jump, steps - back, steps)),
                4e-15)
          << "tau_e " << run.tau << ", dt " << run.dt << ", " << back << " steps back";
  }
}

TEST(GateIntegral, KeepsShortSpansPreciseForLongTimeConstants) {
  // One step of a segment of 600,000: a difference of plain sums would lose five digits.
  GateIntegral gate(30000, 0.1, 1000);
  for (std::int64_t n = 1; n <= 599990; ++n) gate.push(0.7, 0.7);
  const BruteForce brute(30000, 0.1);
  for (const std::int64_t n : {599000, 599500, 599989})
    EXPECT_LT(error_of(gate.integral(n, n + 1), brute.integral(constant, n, n + 1)), 2e-15);
}

TEST(GateIntegral, DoesNotDependOnHowOftenTheReferenceMoves) {
  for (const double tau : {3.0, 200.0, 30000.0})
    for (const std::int64_t most : {1, 7, 200, 4000}) {
      GateIntegral free(tau, 0.1, 6000), bound(tau, 0.1, 6000, most);
      EXPECT_LE(bound.reference_steps(), most);
      double gross = 0;
      for (std::int64_t n = 1; n <= 20000; ++n) {
        const Limits g = random_limits(n);
        free.push(g.from, g.to);
        bound.push(g.from, g.to);
        gross = std::max({gross, std::abs(g.from), std::abs(g.to)});
      }
      for (const std::int64_t n0 : {14001, 17000, 19990, 19999, 20000})
        for (const std::int64_t n1 : {19990, 19999, 20000}) {
          if (n1 < n0) continue;
          const double scale = gross * std::min(tau, 0.1 * static_cast<double>(n1 - n0) + 1e-9);
          EXPECT_NEAR(bound.integral(n0, n1), free.integral(n0, n1), 1e-13 * scale)
              << tau << " " << most << " " << n0 << " " << n1;
        }
    }
}

TEST(GateIntegral, OfAConstantGateIsTheClosedForm) {
  for (const double tau : {0.1, 3.0, 50.0, 1e4}) {
    GateIntegral gate(tau, 0.5, 5000);
    for (int n = 0; n < 5000; ++n) gate.push(2, 2);
    for (const std::int64_t n1 : {1, 7, 100, 5000})
      EXPECT_NEAR(gate.integral(0, n1) / (-2 * tau * std::expm1(-0.5 * static_cast<double>(n1) / tau)), 1,
                  3e-15);
  }
}

TEST(GateIntegral, OfNothingIsZero) {
  GateIntegral gate(10, 1, 100);
  EXPECT_EQ(gate.integral(0, 0), 0);
  for (int n = 0; n < 100; ++n) gate.push(1e6, -3e-5);
  for (std::int64_t n = 0; n <= 100; ++n) EXPECT_EQ(gate.integral(n, n), 0);
}

TEST(GateIntegral, ChainsOverAnyMomentBetween) {
  constexpr std::int64_t kSteps = 5000;
  for (const double tau : {1.0, 25.0, 800.0, 9000.0}) {
    GateIntegral gate(tau, 1, kSteps);
    for (std::int64_t n = 1; n <= kSteps; ++n) {
      const Limits g = random_limits(n);
      gate.push(g.from, g.to);
    }
    const double bound = 2 * std::min(tau, static_cast<double>(kSteps));
    for (std::uint32_t i = 0; i < 500; ++i) {
      const auto t0 = static_cast<std::int64_t>(random_unit(i, 4) * kSteps);
      const auto t1 = t0 + static_cast<std::int64_t>(random_unit(i, 5) * static_cast<double>(kSteps - t0));
      const auto t2 = t1 + static_cast<std::int64_t>(random_unit(i, 6) * static_cast<double>(kSteps - t1));
      const double E = std::exp(-static_cast<double>(t1 - t0) / tau);
      EXPECT_NEAR(gate.integral(t0, t2), gate.integral(t0, t1) + E * gate.integral(t1, t2), 2e-15 * bound);
    }
  }
}

TEST(GateIntegral, MovesReferencesOnAbsoluteMultiplesWithoutLosingASum) {
  // The use it is for: A and B of a frame, collected from unit events at some steps, across several
  // references.
  //   event at n: A += 1/decay(n), B -= since(n)/decay(n); W(n) = B + since(n) A is the sum of J(event, n).
  const double tau = 30, dt = 0.5;
  GateIntegral gate(tau, dt, 4000);
  const BruteForce brute(tau, dt);
  const std::int64_t R = gate.reference_steps();
  EXPECT_EQ(R, 120);
  double A = 0, B = 0;
  std::vector<std::int64_t> events;
  for (std::int64_t n = 1; n <= 1000; ++n) {
    const Limits g = random_limits(n);
    gate.push(g.from, g.to);
    const std::int64_t r = n / R * R;
    EXPECT_NEAR(gate.decay(n) / static_cast<double>(brute.decay(n - r)), 1, 2e-15);
    EXPECT_LT(error_of(gate.since(n), brute.integral(random_limits, r, n)), 1e-14);
    if (n % R == 0) {
      EXPECT_EQ(gate.decay(n), 1);
      EXPECT_EQ(gate.since(n), 0);
      const GateIntegral::Move move = gate.move_at(n);
      EXPECT_NEAR(move.factor / static_cast<double>(brute.decay(R)), 1, 2e-15);
      EXPECT_LT(error_of(move.integral, brute.integral(random_limits, n - R, n)), 1e-14);
      B += A * move.integral;
      A *= move.factor;
    }
    if (n % 41 == 3) {
      events.push_back(n);
      A += 1 / gate.decay(n);
      B -= gate.since(n) / gate.decay(n);
    }
    if (n % 50 != 0) continue;
    long double eligibility = 0, weight = 0, magnitude = 0;
    for (const std::int64_t t : events) {
      const auto one = brute.integral(random_limits, t, n);
      eligibility += brute.decay(n - t);
      weight += one.value;
      magnitude += one.of_magnitude;
    }
    EXPECT_NEAR(gate.decay(n) * A / static_cast<double>(eligibility), 1, 1e-14) << n;
    EXPECT_LT(error_of(B + gate.since(n) * A, {weight, magnitude, 0}), 2e-14) << n;
  }
}

/// The weight that dopamine of 0.5 at 1 s (tau_d 0.2 s) turns an eligibility of 1 at t = 0 (tau_e 1 s) into;
/// s.
double reward_integral(double dt_ms) {
  const auto at = [&](double ms) { return static_cast<std::int64_t>(std::lround(ms / dt_ms)); };
  const std::int64_t end = at(20000);
  GateIntegral gate(1000, dt_ms, end);
  ModulatorField dopamine({.tau_ms = 200}, dt_ms);
  for (std::int64_t n = 1; n <= end; ++n) {
    const double before = dopamine.right();
    dopamine.step(0, n == at(1000) ? 0.5 : 0);
    gate.push(before, dopamine.left());
  }
  return gate.integral(0, end) / 1000;
}

TEST(GateIntegral, TurnsAPairAndALaterRewardIntoTheClosedForm) {
  // One pair at +10 ms with A+ 1, or at -10 ms with A- 1.5, tau+- 20 ms; dopamine += 0.5 after 1 s.
  const double after = std::exp(-0.5), before = -1.5 * std::exp(-0.5);
  EXPECT_NEAR(after * std::exp(-1.0) * 0.5 / (1 + 5), 0.018594180, 5e-10);
  EXPECT_NEAR(before * std::exp(-1.0) * 0.5 / (1 + 5), -0.027891270, 5e-10);
  for (const double dt : {1.0, 0.1}) {
    EXPECT_NEAR(after * reward_integral(dt), 0.018594180, 1e-7) << dt;
    EXPECT_NEAR(before * reward_integral(dt), -0.027891270, 1e-7) << dt;
  }
}

TEST(GateIntegral, OfADecayingFieldIsOfSecondOrderInTheStep) {
  const double exact = std::exp(-1.0) * 0.5 / 6;
  double last = reward_integral(8) - exact;
  EXPECT_NEAR(last / exact, 8.0 * 8.0 / (12 * 200.0 * 200.0), 2e-7) << "dt^2 / 12 tau_d^2";
  for (const double dt : {4.0, 2.0, 1.0}) {
    const double error = reward_integral(dt) - exact;
    EXPECT_NEAR(last / error, 4, 0.01) << dt;
    last = error;
  }
}

TEST(GateIntegral, RefusesTimesWithoutMeaning) {
  const auto refusal = [](double tau, double dt, std::int64_t history) -> std::string {
    try {
      GateIntegral gate(tau, dt, history);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal(0, 1, 1), "gate integral: tau_e = 0 ms must be a finite time > 0 ms");
  EXPECT_EQ(refusal(NAN, 1, 1), "gate integral: tau_e = nan ms must be a finite time > 0 ms");
  EXPECT_EQ(refusal(1, -0.1, 1), "gate integral: dt = -0.1 ms must be a finite time > 0 ms");
  EXPECT_EQ(refusal(1, 1, -1), "gate integral: history of -1 steps must be >= 0");
  EXPECT_EQ(refusal(1e18, 0.1, 1), "gate integral: tau_e = 1e+18 ms is too long for steps of dt = 0.1 ms");
}

TEST(GateIntegral, TakesTheRangeOfTimeConstantsAndSteps) {
  for (const double tau : {0.1, 1.0, 1e3, 1e6})
    for (const double dt : {0.01, 0.1, 1.0, 10.0}) {
      GateIntegral gate(tau, dt, 300);
      for (std::int64_t n = 1; n <= 300; ++n) {
        const Limits g = random_limits(n);
        gate.push(g.from, g.to);
      }
      const BruteForce brute(tau, dt);
      for (const auto& [n0, n1] : {std::pair{0, 300}, std::pair{10, 11}, std::pair{150, 290}})
        EXPECT_LT(error_of(gate.integral(n0, n1), brute.integral(random_limits, n0, n1)), 4e-15)
            << tau << " " << dt;
    }
}

}  // namespace
}  // namespace labile
