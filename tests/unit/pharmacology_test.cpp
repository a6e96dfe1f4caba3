/// Release, clearance, diffusion, receptors and pharmacokinetics: against closed forms (numbers of the D2 table were worked out
/// apart, in Python), conservation, and convergence.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.hpp"
#include "core/random.hpp"
#include "modulators/clearance.hpp"
#include "modulators/diffusion.hpp"
#include "modulators/pharmacokinetics.hpp"
#include "modulators/receptor.hpp"
#include "modulators/release.hpp"

namespace labile {
namespace {

/// One region with one transporter.
Clearance one(double vmax, double km, double dt_ms, double source = 0, double inhibition = 0) {
  Clearance c(1, dt_ms);
  const double v[] = {vmax};
  c.add_transporter(v, km);
  c.set_source(0, source);
  c.set_inhibition(0, 0, inhibition);
  return c;
}

TEST(Clearance, TakesTheTimeThatTheIntegratedEquationSays) {
  // t = (Km ln(C0/C) + C0 - C) / Vmax: dopamine in dorsal striatum from 1 µM to half and to a tenth.
  const auto time = [](double from, double to) { return (0.21 * std::log(from / to) + from - to) / 4.1; };
  EXPECT_NEAR(time(1, 0.5), 0.157454, 5e-7);
  EXPECT_NEAR(time(1, 0.1), 0.337449, 5e-7);
  for (const double dt : {0.1, 0.5, 1.0, 2.0, 5.0, 10.0}) {
    auto clearance = one(4.1, 0.21, dt);
    double c[] = {1}, t = 0;
    while (c[0] > 1e-3) {
      clearance.step(c);
      t += dt / 1000;
      EXPECT_NEAR(time(1, c[0]), t, 1e-6) << dt;
    }
    EXPECT_GT(t, 0.5);
  }
}

TEST(Clearance, KeepsItsSteadyStates) {
  // C = Km (1 + I/Ki) J / (Vmax - J)
  struct Case {
    double j, inhibition, c;
  };
  for (const auto& [j, inhibition, expected] :
       {Case{0.4, 0, 0.0227027}, Case{2, 0, 0.2}, Case{0.4, 4, 0.113514}, Case{2, 4, 1.0}})
    for (const double dt : {0.1, 1.0, 10.0}) {
      auto clearance = one(4.1, 0.21, dt, j, inhibition);
      const double exact = 0.21 * (1 + inhibition) * j / (4.1 - j);
      EXPECT_NEAR(exact, expected, 5e-7);
      EXPECT_NEAR(clearance.steady(0), exact, 1e-14);
      double c[] = {0};
      for (int n = 0; n < 60'000 / dt; ++n) clearance.step(c);
      EXPECT_NEAR(c[0], exact, 1e-12) << dt;
    }
  EXPECT_TRUE(std::isinf(one(1, 0.2, 1, 1.5).steady(0))) << "more is released than transporters take";
}

TEST(Clearance, OfHydrolysisAloneIsExact) {
  for (const double dt : {0.1, 1.0, 10.0}) {
    Clearance clearance(1, dt);
    clearance.set_loss(0, 50);
    clearance.set_source(0, 30);
    double c[] = {2};
    for (int n = 1; n <= 20; ++n) {
      clearance.step(c);
      EXPECT_NEAR(c[0], 0.6 + 1.4 * std::exp(-50 * n * dt / 1000), 1e-14);
    }
  }
}

TEST(Clearance, ConvergesWithSeveralTransportersAndALoss) {
  // Against a thousand times as many steps, with regions of different constants side by side.
  const auto run = [](double dt) {
    Clearance c(5, dt);
    const double dat[] = {4.1, 1.5, 0.2, 0, 4.1}, net[] = {0, 0.1, 0.5, 0.5, 0};
    c.add_transporter(dat, 0.21);
    c.add_transporter(net, 0.4);
    for (int r = 0; r < 5; ++r) {
      c.set_loss(r, 0.3 * r);
      c.set_source(r, 0.1 * r);
      c.set_inhibition(0, r, r);
    }
    std::vector<double> x{1, 0.5, 2, 0.02, 3};
    for (int n = 0; n < std::lround(100 / dt); ++n) c.step(x);
    return x;
  };
  const auto fine = run(0.01);
  for (const double dt : {0.1, 1.0, 10.0}) {
    const auto x = run(dt);
    for (std::size_t r = 0; r < x.size(); ++r)
      EXPECT_NEAR(x[r], fine[r], 1e-6 * fine[r]) << dt << ", region " << r;
  }
}

TEST(Clearance, RefusesWhatMakesNoSense) {
  EXPECT_THROW(Clearance(0, 1), Error);
  EXPECT_THROW(Clearance(1, 0), Error);
  EXPECT_THROW(one(-1, 0.2, 1), Error);
  EXPECT_THROW(one(1, 0, 1), Error);
  EXPECT_THROW(one(1, 0.2, 1, -1), Error);
  EXPECT_THROW(one(1, 0.2, 1, 0, NAN), Error);
  double c[] = {1};
  EXPECT_THROW(one(1e6, 1e-6, 10).step(c), Error);
}

TEST(Receptor, IsGaddumsEquation) {
  // Occupancies of D2 (EC50 .01 µM) and D1 (1 µM) at the four steady states.
  const double c[] = {0.4 * 0.21 / 3.7, 0.2, 5 * 0.4 * 0.21 / 3.7, 1.0};
  const double d2[] = {0.694215, 0.952381, 0.919037, 0.990099}, d1[] = {0.022199, 0.166667, 0.101942, 0.5};
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(activation(c[i] / 0.01, 1, {}), d2[i], 1e-6);
    EXPECT_NEAR(activation(c[i], 1, {}), d1[i], 1e-6);
  }
  EXPECT_NEAR(activation(2, 1, {.stimulus = 0.3, .agonist = 1, .blocker = 5}), 0.255556, 5e-7);
  // An antagonist moves the curve to the right by 1 + B/K_B, for any Hill coefficient (Schild).
  for (const double hill : {0.7, 1.0, 2.0})
    for (const double x : {0.01, 0.3, 4.0})
      EXPECT_NEAR(activation(6 * x, hill, {.blocker = 5}), activation(x, hill, {}), 1e-14);
  EXPECT_NEAR(activation(3, 2, {}), 9.0 / 10, 1e-14);
  EXPECT_NEAR(activation(1.0, 1.7, {}), 0.5, 1e-14);
  EXPECT_EQ(activation(0, 1, {.blocker = 3}), 0);
  // A full agonist is like more of the modulator; a partial one activates where there is little and takes places where there is much.
  EXPECT_NEAR(activation(1, 1, {.stimulus = 2, .agonist = 2}), activation(3, 1, {}), 1e-15);
  const Occupants partial{.stimulus = 0.4 * 5, .agonist = 5};
  EXPECT_GT(activation(0.01, 1, partial), activation(0.01, 1, {}));
  EXPECT_LT(activation(20, 1, partial), activation(20, 1, {}));
}

TEST(Receptor, FollowsTheExactSolution) {
  // theta grows linearly: C = EC50 s/(1 - s) makes theta = s. r = s(t) - slope tau (1 - exp(-t/tau)) - ... from r(0) = 0.
  for (const double dt : {0.1, 1.0, 10.0})
    for (const double tau : {0.05, 5.0, 100.0, 1e7}) {
      const double one_region[] = {1.0};
      ReceptorField r({.ec50 = 0.3, .tau_ms = tau}, one_region, dt);
      const auto c = [](double theta) { return std::vector<double>{0.3 * theta / (1 - theta)}; };
      const int steps = 100;
      for (int n = 1; n <= steps; ++n) {
        const double from = 0.1 + 0.006 * (n - 1), to = 0.1 + 0.006 * n;
        r.begin_at(c(from));
        r.step(c(to));
        // r' = (a + b t - r)/tau
        const long double t = n * static_cast<long double>(dt), b = 0.006L / dt, z = t / tau;
        const long double exact = 0.1L * -std::expm1(-z) + b * (t + tau * std::expm1(-z));
        EXPECT_NEAR(r.activation(0), static_cast<double>(exact), 1e-13) << dt << ' ' << tau << ' ' << n;
      }
    }
}

TEST(Receptor, IsWhereItsDensityIs) {
  const double density[] = {1, 0, 0.5};
  ReceptorField r({.ec50 = 1, .tau_ms = 10}, density, 1);
  const std::vector<double> c{1, 1, 1};
  r.settle(c);
  EXPECT_EQ(r.activation(0), 0.5);
  EXPECT_EQ(r.activation(1), 0);
  EXPECT_EQ(r.activation(2), 0.25);
  r.begin_at(c);
  r.step(c);
  EXPECT_NEAR(r.activation(0), 0.5, 1e-15);
  const double none[] = {-1.0};
  EXPECT_THROW(ReceptorField({}, none, 1), Error);
  EXPECT_THROW(ReceptorField({.ec50 = 0}, density, 1), Error);
  EXPECT_THROW(r.set_drugs(0, {.blocker = -1}), Error);
}

TEST(Diffusion, IsGreensFunction) {
  // D 400 µm²/s, 10 µm from the source, after .1 s; 3250 molecules in three dimensions.
  const double d = 400, t = 0.1, r = 10, pi = std::numbers::pi;
  const auto green = [&](int dimensions, double distance) {
    return std::exp(-distance * distance / (4 * d * t)) / std::pow(4 * pi * d * t, dimensions / 2.0);
  };
  EXPECT_NEAR(green(3, r), 4.749645e-5, 5e-12);
  EXPECT_NEAR(green(1, r), 0.0238743, 5e-8);
  EXPECT_NEAR(3250 / 6.02214076e23 * 1e21 * green(3, r), 2.56327e-4,
              5e-10);  // µM: molecules/µm³ / N_A, 1e15 µm³/l, 1e6 µmol/mol
  // Differences in space are wrong by h²: a finer grid by a quarter.
  const auto error = [&](double h, double dt_ms) {
    const int n = 2 * static_cast<int>(std::lround(60 / h)) + 1, middle = n / 2;
    Diffusion line({.cells = {n, 1, 1}, .spacing_um = h, .d_um2_s = d}, dt_ms);
    std::vector<double> c(static_cast<std::size_t>(n), 0.0);
    c[static_cast<std::size_t>(middle)] = 1 / h;
    for (int k = 0; k < std::lround(t * 1000 / dt_ms); ++k) line.step(c);
    return c[static_cast<std::size_t>(middle + std::lround(r / h))] / green(1, r) - 1;
  };
  EXPECT_LT(std::abs(error(1, 10)), 3e-3);
  EXPECT_NEAR(error(0.5, 10) / error(1, 10), 0.25, 0.01);
  for (const double dt : {0.1, 1.0})
    EXPECT_NEAR(error(1, dt), error(1, 10), 1e-12) << "steps of any length are the same";
  // In three dimensions, off the axes.
  Diffusion box({.cells = {41, 41, 41}, .spacing_um = 2.5, .d_um2_s = d}, 10);
  std::vector<double> c(box.size(), 0.0);
  const auto cell = [](int x, int y, int z) { return static_cast<std::size_t>((x * 41 + y) * 41 + z); };
  c[cell(20, 20, 20)] = 1 / std::pow(2.5, 3);
  for (int k = 0; k < 10; ++k) box.step(c);
  EXPECT_NEAR(c[cell(22, 21, 18)] / green(3, 2.5 * 3), 1, 0.03);
  EXPECT_NEAR(c[cell(22, 21, 18)], c[cell(18, 22, 19)], 1e-17) << "the same in all directions";
}

TEST(Diffusion, ConservesMassAndStopsAtBorders) {
  const Draw draw{3, Purpose::start, 0};
  for (const std::array<int, 3> cells :
       {std::array{50, 1, 1}, std::array{1, 17, 9}, std::array{6, 5, 4}, std::array{2, 1, 1}})
    for (const double dt : {0.1, 10.0, 1000.0}) {
      Diffusion diffusion({.cells = cells, .spacing_um = 5, .d_um2_s = 760}, dt);
      std::vector<double> c(diffusion.size());
      for (std::size_t i = 0; i < c.size(); ++i) c[i] = draw.uniform(static_cast<std::uint32_t>(i));
      const double mass = std::accumulate(c.begin(), c.end(), 0.0);
      for (int n = 0; n < 10'000; ++n) diffusion.step(c);
      EXPECT_NEAR(std::accumulate(c.begin(), c.end(), 0.0) / mass, 1, 1e-9);
      if (dt < 1000) continue;
      for (const double x : c) EXPECT_NEAR(x, mass / static_cast<double>(c.size()), 1e-9);
    }
  EXPECT_THROW(Diffusion({.cells = {0, 1, 1}}, 1), Error);
  EXPECT_THROW(Diffusion({.cells = {9, 1, 1}, .spacing_um = 0.001}, 1000), Error);
}

TEST(Diffusion, BetweenRegionsIsTheExactExchange) {
  // Two regions: their difference decays with g (1/V1 + 1/V2).
  const double volumes[] = {2, 0.5}, exchange[] = {0, 0.3, 0.3, 0};
  for (const double dt : {1.0, 100.0, 1e5}) {
    Diffusion two(volumes, exchange, dt);
    std::vector<double> c{1, 0};
    for (int n = 1; n <= 30; ++n) {
      two.step(c);
      const double left = std::exp(-0.3 * (1 / 2.0 + 1 / 0.5) * n * dt / 1000);
      EXPECT_NEAR(c[0], 0.8 + 0.2 * left, 1e-13);
      EXPECT_NEAR(c[1], 0.8 - 0.8 * left, 1e-13);
    }
  }
  // Twelve: mass, positivity, and the same for one long step as for many short ones.
  const Draw draw{5, Purpose::start, 0};
  std::vector<double> v(12), g(144, 0.0), a(12, 0.0);
  for (std::uint32_t i = 0; i < 12; ++i) {
    v[i] = 0.1 + draw.uniform(i);
    for (std::uint32_t j = 0; j < i; ++j) g[i * 12 + j] = g[j * 12 + i] = 3 * draw.uniform(100 + 12 * i + j);
  }
  a[4] = 1 / v[4];
  auto b = a;
  Diffusion often(v, g, 0.5), once(v, g, 50);
  for (int n = 0; n < 100; ++n) often.step(a);
  once.step(b);
  double mass = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    mass += v[i] * b[i];
    EXPECT_GT(b[i], 0);
    EXPECT_NEAR(a[i], b[i], 1e-13);
  }
  EXPECT_NEAR(mass, 1, 1e-14);
  const double lopsided[] = {0, 1, 2, 0};
  EXPECT_THROW(Diffusion(volumes, lopsided, 1), Error);
}

TEST(Release, RunsOutAndRecovers) {
  // Mean over Poisson spikes of what is ready when one comes: 1/(1 + p tau rate), .510204 and .172414 at 4 and 20 Hz.
  EXPECT_NEAR(1 / (1 + 0.06 * 4 * 4), 0.510204, 5e-7);
  EXPECT_NEAR(1 / (1 + 0.06 * 4 * 20), 0.172414, 5e-7);
  for (const double hz : {4.0, 20.0}) {
    Release r(1, {.quantum = 1, .p = 0.06, .tau_s = 4}, 1);
    const Draw draw{7, Purpose::start, 0};
    std::int64_t n = 0;
    double sum = 0, squares = 0;
    constexpr int kBatches = 200, kSpikes = 2000;
    for (int b = -1; b < kBatches; ++b) {
      double batch = 0;
      for (int i = 0; i < kSpikes; ++i) {
        // Steps to the next spike of a coin a millisecond.
        const auto k = static_cast<std::uint32_t>((b + 1) * kSpikes + i);
        n += 1 + static_cast<std::int64_t>(std::floor(std::log(draw.uniform(k)) / std::log1p(-hz / 1000)));
        batch += r.spike(0, n) / kSpikes;
      }
      if (b < 0) continue;  // from full
      sum += batch;
      squares += batch * batch;
    }
    const double mean = sum / kBatches, error = std::sqrt((squares / kBatches - mean * mean) / kBatches);
    // A step of 1 ms in which at most one spike comes recovers hz/1000 / tau more.
    EXPECT_NEAR(mean, 1 / (1 + 0.06 * 4 * hz), 4 * error + 1e-3 / 4) << hz;
    EXPECT_LT(error, 0.002);
    // The nucleus as one, from full to its steady state, by any step.
    for (const double dt : {0.1, 10.0}) {
      Release all(80, {.quantum = 0.1, .p = 0.06, .tau_s = 4}, dt);
      double released = 0;
      for (int k = 0; k < 1000 / dt; ++k) released += all.rate(hz);
      const double end = 1 / (1 + 0.06 * 4 * hz), k = 0.25 + 0.06 * hz;
      EXPECT_NEAR(all.ready(), end + (1 - end) * std::exp(-k), 1e-12);
      EXPECT_NEAR(released, 0.1 * hz * (end + (1 - end) * (1 - std::exp(-k)) / k), 1e-12);
    }
  }
}

TEST(Release, OfAllUnitsOnceIsAQuantum) {
  Release r(80, {.quantum = 0.1}, 1);
  double sum = 0;
  for (int i = 0; i < 80; ++i) sum += r.spike(i, 3);
  EXPECT_NEAR(sum, 0.1, 1e-15);
  Release p(10, {.quantum = 1, .p = 0.5, .tau_s = 2}, 1);
  EXPECT_EQ(p.spike(3, 0), 0.1);
  EXPECT_EQ(p.spike(3, 0), 0.05) << "half is left";
  EXPECT_NEAR(p.ready(3, 1000), 1 - 0.75 * std::exp(-0.5), 1e-15);
  EXPECT_EQ(p.ready(4, 0), 1) << "others are full";
  EXPECT_THROW(Release(0, {}, 1), Error);
  EXPECT_THROW(Release(1, {.p = 1.5}, 1), Error);
  EXPECT_THROW(r.rate(-1), Error);
}

TEST(Pharmacokinetics, IsBatemansCurve) {
  const Course c({.elimination_per_h = 0.25, .absorption_per_h = 1.5}, {{1, 0}});
  EXPECT_NEAR(c.peak_h(), 1.433408, 5e-7);
  EXPECT_NEAR(c.concentration(c.peak_h()), 0.698827, 5e-7);
  EXPECT_NEAR(c.concentration(1), 0.666805, 5e-7);
  EXPECT_EQ(c.concentration(-1), 0);
  const Course equal({.elimination_per_h = 0.7, .absorption_per_h = 0.7}, {{2, 1}});
  EXPECT_NEAR(equal.concentration(3), 2 * 1.4 * std::exp(-1.4), 1e-14);
  EXPECT_NEAR(equal.peak_h(), 1 / 0.7, 1e-12);
  const Course near({.elimination_per_h = 0.7, .absorption_per_h = 0.7 + 1e-9}, {{2, 1}});
  EXPECT_NEAR(near.concentration(3), equal.concentration(3), 1e-8);
  const Course twice({.elimination_per_h = 0.25, .absorption_per_h = 1.5, .per_dose = 3}, {{1, 0}, {2, 5}});
  EXPECT_NEAR(twice.concentration(6), 3 * (c.concentration(6) + 2 * c.concentration(1)), 1e-14);
}

TEST(Pharmacokinetics, OfTwoCompartmentsSolvesTheirEquations) {
  for (const double ka : {0.0, 0.4, 2.0}) {
    const Kinetics k{
        .elimination_per_h = 0.3, .absorption_per_h = ka, .to_tissue_per_h = 0.8, .from_tissue_per_h = 0.5};
    const Course course(k, {{1, 0}});
    // gut, blood, tissue by small Runge-Kutta steps
    std::array<double, 3> x{ka > 0 ? 1.0 : 0.0, ka > 0 ? 0.0 : 1.0, 0};
    const auto slope = [&](const std::array<double, 3>& y) {
      return std::array{-ka * y[0], ka * y[0] - 1.1 * y[1] + 0.5 * y[2], 0.8 * y[1] - 0.5 * y[2]};
    };
    const auto moved = [](const std::array<double, 3>& y, const std::array<double, 3>& s, double h) {
      return std::array{y[0] + h * s[0], y[1] + h * s[1], y[2] + h * s[2]};
    };
    constexpr double h = 0.001;
    for (int n = 1; n <= 12'000; ++n) {
      const auto a = slope(x), b = slope(moved(x, a, h / 2)), c = slope(moved(x, b, h / 2)),
                 d = slope(moved(x, c, h));
      for (std::size_t i = 0; i < 3; ++i) x[i] += h / 6 * (a[i] + 2 * b[i] + 2 * c[i] + d[i]);
      if (n % 1000 == 0) {
        EXPECT_NEAR(course.concentration(n * h), x[1], 1e-11) << ka << ' ' << n * h;
      }
    }
  }
  EXPECT_THROW(Course({.elimination_per_h = 0}, {}), Error);
  EXPECT_THROW(Course({.elimination_per_h = 1, .to_tissue_per_h = 1}, {}), Error);
  EXPECT_THROW(Course({.elimination_per_h = 1}, {{-1, 0}}), Error);
}

}  // namespace
}  // namespace labile
