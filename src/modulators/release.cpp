#include "modulators/release.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {

Release::Release(int units, const Params& params, double dt_ms) : params_(params), dt_s_(dt_ms / 1000) {
  const auto refuse = [](const char* what, double value, const char* bound) {
    throw Error(fmt::format("release: {} = {} must be {}", what, value, bound));
  };
  if (units <= 0) throw Error(fmt::format("release: {} units; at least one is needed", units));
  if (!(dt_ms > 0 && std::isfinite(dt_ms))) refuse("dt", dt_ms, "a finite time > 0 ms");
  if (!(params.quantum >= 0 && std::isfinite(params.quantum)))
    refuse("quantum", params.quantum, "a finite concentration >= 0 µM");
  if (!(params.p >= 0 && params.p <= 1)) refuse("p", params.p, "between 0 and 1");
  if (!(params.tau_s > 0 && std::isfinite(params.tau_s))) refuse("tau", params.tau_s, "a finite time > 0 s");
  pools_.resize(static_cast<std::size_t>(units));
}

double Release::ready(int unit, std::int64_t n) const {
  const Pool& p = pools_.at(static_cast<std::size_t>(unit));
  return 1 + (p.ready - 1) * exp(-static_cast<double>(n - p.at) * dt_s_ / params_.tau_s);
}

double Release::spike(int unit, std::int64_t n) {
  if (params_.p == 0) return params_.quantum / units();
  Pool& p = pools_.at(static_cast<std::size_t>(unit));
  if (n < p.at) throw Bug(fmt::format("a spike of unit {} at step {} after one at step {}", unit, n, p.at));
  const double now = ready(unit, n);
  p = {now * (1 - params_.p), n};
  return params_.quantum / units() * now;
}

double Release::rate(double hz) {
  if (!(hz >= 0 && std::isfinite(hz)))
    throw Error(fmt::format("release: a rate of {} Hz must be finite and >= 0", hz));
  if (params_.p == 0) return params_.quantum * hz * dt_s_;
  // Exact for a rate that is constant within the step: R relaxes to `end` at rate k, and what is released is its mean.
  const double k = 1 / params_.tau_s + params_.p * hz, end = 1 / (1 + params_.p * params_.tau_s * hz);
  const double moved = -expm1(-k * dt_s_);  // share of the way
  const double mean = end + (pool_ - end) * moved / (k * dt_s_);
  pool_ += (end - pool_) * moved;
  return params_.quantum * hz * dt_s_ * mean;
}

}  // namespace labile
