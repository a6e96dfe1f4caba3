/// How many independent draws correlated ones are worth: the core of every effective sample size.
#pragma once

#include <span>
#include <vector>

namespace labile {

using Chains = std::vector<std::span<const double>>;  // all of one length

/// Whether nothing can be said: a value is not finite, or all are within 2.2e-16 of each other.
[[nodiscard]] bool without_spread(const Chains& chains);

/// Effective number of draws of chains as they are given: from autocorrelations pooled over chains, summed up to
/// Geyer's initial monotone sequence. Never above S log10 S. Chains of fewer than 3 draws give NaN, as do draws
/// that are not finite; draws without spread give S / 2 (callers ask without_spread() where that is no answer).
/// Cost: lags are summed directly while they are few, and by a fast Fourier transform after that.
/// Source: Vehtari et al. (2021), doi:10.1214/20-BA1221, section 3.2; Geyer (1992), doi:10.1214/ss/1177011137.
[[nodiscard]] double effective_size(const Chains& chains);

/// Mean of two passes: of the values, then of what they leave.
[[nodiscard]] double mean_of(std::span<const double> x);
/// Variance with divisor n - 1; exactly 0 when all values are equal, NaN of fewer than two.
[[nodiscard]] double variance_of(std::span<const double> x);

}  // namespace labile
