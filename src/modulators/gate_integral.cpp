#include "modulators/gate_integral.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kNegligible = 1e-22;  // what is left of exp(-(s - t)/tau_e) when chaining stops

/// Integrals over u in [0, 1] of exp(-x u) (1 - u) and of exp(-x u) u.
struct Weights {
  double from, to;
};
Weights weights(double x) {
  if (x > 2) {
    const double e = exp(-x);
    return {((x - 1) + e) / (x * x), (1 - e * (1 + x)) / (x * x)};
  }
  // The closed form cancels for small x; its series, sum of (-x)^k / (k+2)! and of (-x)^k (k+1) / (k+2)!,
  // does not.
  double from = 0, to = 0, term = 0.5;
  for (int k = 0; k < 30; ++k) {
    from += term;
    to += term * (k + 1);
    term *= -x / (k + 3);
  }
  return {from, to};
}

std::size_t ring_size(std::int64_t least) {
  return std::bit_ceil(static_cast<std::size_t>(least));
}

std::int64_t checked_segment(double tau_e_ms, double dt_ms, std::int64_t history_steps) {
  if (!(tau_e_ms > 0 && std::isfinite(tau_e_ms)))
    throw Error(fmt::format("gate integral: tau_e = {} ms must be a finite time > 0 ms", tau_e_ms));
  if (!(dt_ms > 0 && std::isfinite(dt_ms)))
    throw Error(fmt::format("gate integral: dt = {} ms must be a finite time > 0 ms", dt_ms));
  if (history_steps < 0)
    throw Error(fmt::format("gate integral: history of {} steps must be >= 0", history_steps));
  const double steps = std::round(2 * tau_e_ms / dt_ms);
  if (steps > 0x1p52)
    throw Error(
        fmt::format("gate integral: tau_e = {} ms is too long for steps of dt = {} ms", tau_e_ms, dt_ms));
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(steps));
}
}  // namespace

GateIntegral::GateIntegral(double tau_e_ms, double dt_ms, std::int64_t history_steps, std::int64_t most)
    : per_step_(dt_ms / tau_e_ms), every_(checked_segment(tau_e_ms, dt_ms, history_steps)) {
  if (most > 0) every_ = std::min(every_, most);
  const Weights w = weights(per_step_);
  from_weight_ = dt_ms * w.from;
  to_weight_ = dt_ms * w.to;
  factor_ = exp(-static_cast<double>(every_) * per_step_);
  steps_.resize(ring_size(history_steps + 1));
  ends_.resize(steps_.size());
  carried_ = static_cast<std::int64_t>(std::min(-std::log(kNegligible) / per_step_ + 1, 0x1p52));
  segments_.resize(ring_size(history_steps / every_ + 3));
  mask_ = static_cast<std::int64_t>(steps_.size()) - 1;
  segment_mask_ = static_cast<std::int64_t>(segments_.size()) - 1;
}

std::size_t GateIntegral::bytes_for(std::int64_t history_steps) {
  return ring_size(history_steps + 1) * (sizeof(Step) + sizeof(End));
}

void GateIntegral::push(double g_from, double g_to) noexcept {
  const Step& last = steps_[static_cast<std::size_t>(newest_ & mask_)];
  const double added = last.decay * fma(from_weight_, g_from, to_weight_ * g_to);
  // Two-sum of since and added, whose rounding error joins the rest; then the pair is made canonical again.
  const double sum = last.since + added;
  const double back = sum - last.since;
  const double rest = last.rest + ((last.since - (sum - back)) + (added - back));
  Step step;
  step.since = sum + rest;
  step.rest = rest - (step.since - sum);
  if (++newest_ - newest_start_ == every_) {
    segments_[static_cast<std::size_t>(newest_segment_ & segment_mask_)] = {step.since, step.rest};
    carry_on(step.since, step.rest);
    ++newest_segment_;
    newest_start_ = newest_;
    step = Step{};
  } else {
    step.decay = exp(-static_cast<double>(newest_ - newest_start_) * per_step_);
    step.inverse = 1 / step.decay;
  }
  steps_[static_cast<std::size_t>(newest_ & mask_)] = step;
}

/// The reference moves from newest_start_ to newest_, over a segment with this integral.
void GateIntegral::carry_on(double whole, double rest) noexcept {
  const std::int64_t kept = newest_ - std::min(newest_, mask_);
  for (std::int64_t n = std::max(kept, newest_start_ - carried_); n < newest_start_; ++n) {
    End& e = ends_[static_cast<std::size_t>(n & mask_)];
    e.integral = fma(e.left, whole, e.integral);
    e.left *= factor_;
  }
  for (std::int64_t n = std::max(kept, newest_start_); n < newest_; ++n) {
    const auto i = static_cast<std::size_t>(n & mask_);
    const Step& from = steps_[i];
    ends_[i] = {((whole - from.since) + (rest - from.rest)) * from.inverse, factor_ * from.inverse};
  }
}

double GateIntegral::chained(std::int64_t n0, std::int64_t n1) const noexcept {
  const Step& from = steps_[static_cast<std::size_t>(n0 & mask_)];
  const std::int64_t first = n0 / every_, last = n1 / every_;
  const Segment& start = segment(first);
  double sum = (start.whole - from.since) + (start.rest - from.rest);
  double left = factor_;  // exp(-(reference of segment i - reference of the first)/tau_e)
  for (std::int64_t i = first + 1; left * from.inverse > kNegligible; ++i, left *= factor_) {
    if (i == last) {
      sum = fma(left, since(n1), sum);
      break;
    }
    sum = fma(left, segment(i).whole, sum);
  }
  return sum * from.inverse;
}

GateIntegral::Move GateIntegral::move_at(std::int64_t n) const noexcept {
  return {factor_, segment(n / every_ - 1).whole};
}

}  // namespace labile
