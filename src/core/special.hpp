/// Gamma, beta and their relatives, from series and continued fractions on labile::exp and labile::log, so that
/// their bits depend on no C library.
///
/// Source: Abramowitz & Stegun (1964), 6.1.41, 6.3.18, 6.5.29, 6.5.31, 26.5.8; fractions summed by Lentz's method.
/// Errors, tested against 50 digits in tests/unit/special_test.cpp: log_gamma and digamma 2e-14 (1 + |value|); shares
/// 1e-12 of themselves for shapes to 1000, 1e-9 to 10,000.
#pragma once

namespace labile {

/// log Gamma(x) for x > 0.
[[nodiscard]] double log_gamma(double x);
/// d/dx log Gamma(x) for x > 0.
[[nodiscard]] double digamma(double x);
/// Share of a gamma distribution with shape a > 0 and scale 1 below x >= 0.
[[nodiscard]] double gamma_share(double a, double x);
/// Share of a beta distribution with a, b > 0 below x in [0, 1].
[[nodiscard]] double beta_share(double a, double b, double x);
/// The x of which beta_share(a, b, x) is p, for p in [0, 1]; NaN where any of the three is NaN.
[[nodiscard]] double beta_quantile(double a, double b, double p);

}  // namespace labile
