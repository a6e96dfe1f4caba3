#include "modulators/field.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace labile {
namespace {

TEST(ModulatorField, StartsAndStaysAtTonic) {
  ModulatorField field({.tau_ms = 200, .tonic = 0.3, .quantum = 1}, 0.1);
  for (int n = 0; n < 100000; ++n) field.step(0);
  EXPECT_EQ(field.left(), 0.3);
  EXPECT_EQ(field.right(), 0.3);
}

TEST(ModulatorField, JumpsByQuantumsAndPulsesOnTheRightOnly) {
  ModulatorField field({.tau_ms = 200, .tonic = 0.25, .quantum = 0.125}, 1);
  field.step(3, 0.5);
  EXPECT_EQ(field.left(), 0.25);
  EXPECT_EQ(field.right(), 0.25 + 3 * 0.125 + 0.5);
  field.step(0);
  EXPECT_DOUBLE_EQ(field.left(), 0.25 + 0.875 * std::exp(-1 / 200.0));
  EXPECT_EQ(field.right(), field.left());
}

TEST(ModulatorField, IsTheSumOfExponentialsForAnyStep) {
  // Releases at 7 and 40 ms and a negative pulse at 100 ms, against the closed form; the step does not
  // matter.
  for (const double dt : {0.01, 0.1, 1.0})
    for (const double tau : {0.5, 20.0, 300.0, 1e5}) {
      ModulatorField field({.tau_ms = tau, .tonic = 0.01, .quantum = 0.5}, dt);
      const auto steps = [&](double ms) { return std::lround(ms / dt); };
      for (long n = 1; n <= steps(400); ++n) {
        const double released = n == steps(7) ? 1 : n == steps(40) ? 2 : 0;
        field.step(released, n == steps(100) ? -0.2 : 0);
      }
      const auto part = [&](double amount, double ms) {
        return amount * std::exp(-(400.0L - static_cast<long double>(ms)) / static_cast<long double>(tau));
      };
      const long double exact = 0.01 + part(0.5, 7) + part(1, 40) + part(-0.2, 100);
      EXPECT_NEAR(field.right(), static_cast<double>(exact), 1e-13) << "dt " << dt << ", tau " << tau;
    }
}

TEST(ModulatorField, ReachesTheMeanOfASteadyRelease) {
  // One quantum every step: C+ = tonic + quantum / (1 - d), C- = that less quantum.
  ModulatorField field({.tau_ms = 10, .tonic = 1, .quantum = 0.2}, 1);
  for (int n = 0; n < 2000; ++n) field.step(1);
  EXPECT_NEAR(field.right(), 1 + 0.2 / (1 - std::exp(-0.1)), 1e-13);
  EXPECT_NEAR(field.right() - field.left(), 0.2, 1e-15);
}

TEST(ModulatorField, HoldsAClampedValueAndDecaysFromIt) {
  ModulatorField field({.tau_ms = 50, .tonic = 0.1, .quantum = 1}, 1);
  field.step(1);
  const double before = field.left();
  field.clamp(0.7);
  EXPECT_TRUE(field.clamped());
  EXPECT_EQ(field.left(), before) << "what came before the clamp stays";
  EXPECT_EQ(field.right(), 0.7);
  for (int n = 0; n < 10; ++n) field.step(5, 3);
  EXPECT_EQ(field.left(), 0.7);
  EXPECT_EQ(field.right(), 0.7);
  field.clamp(0.9);
  field.unclamp();
  EXPECT_FALSE(field.clamped());
  EXPECT_EQ(field.right(), 0.9);
  field.step(1);
  EXPECT_DOUBLE_EQ(field.left(), 0.1 + 0.8 * std::exp(-1 / 50.0));
  EXPECT_DOUBLE_EQ(field.right(), field.left() + 1);
}

TEST(ModulatorField, RefusesWhatHasNoMeaning) {
  const auto refusal = [](const ModulatorField::Params& params, double dt) -> std::string {
    try {
      ModulatorField field(params, dt);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal({.tau_ms = 0}, 1), "field: tau = 0 must be a finite time > 0 ms");
  EXPECT_EQ(refusal({.tau_ms = -3}, 1), "field: tau = -3 must be a finite time > 0 ms");
  EXPECT_EQ(refusal({.tau_ms = 200}, 0), "field: dt = 0 must be a finite time > 0 ms");
  EXPECT_EQ(refusal({.tau_ms = 200, .tonic = NAN}, 1), "field: tonic = nan must be a finite number");
  EXPECT_EQ(refusal({.tau_ms = 200, .quantum = INFINITY}, 1), "field: quantum = inf must be a finite number");
  ModulatorField field({}, 1);
  EXPECT_THROW(field.clamp(NAN), Error);
}

}  // namespace
}  // namespace labile
