#include "network/dense_plasticity.hpp"

#include <algorithm>
#include <bit>

#include "network/post_sums.hpp"

namespace labile {

DensePlasticity::DensePlasticity(const PlasticClock& clock, Bundle& bundle,
                                 std::span<const std::uint32_t> delays, int sources, int targets)
    : clock_(&clock), bundle_(&bundle), delays_(delays.size()) {
  const auto n = static_cast<std::size_t>(padded_targets(targets));
  x_.resize(static_cast<std::size_t>(sources) * delays_);
  y_.resize(n);
  o2_.resize(n);
  jump_.assign(n, 0.0f);
  const auto ring = std::bit_ceil(static_cast<std::uint64_t>(clock.post_lag() + 1));
  waiting_.resize(ring);
  waiting_mask_ = static_cast<Step>(ring) - 1;
  for (std::uint32_t s = 0; s < static_cast<std::uint32_t>(sources); ++s)
    for (std::size_t k = 0; k < delays_; ++k) {
      const Bundle::Row row = bundle.row(s, k);
      row_of_chunk_.insert(row_of_chunk_.end(), row.chunks, static_cast<std::uint32_t>(s * delays_ + k));
    }
}

void DensePlasticity::change(std::uint32_t chunk, int lane, double by, const RowConstants& fixed) {
  const RowShape& shape = bundle_->shape();
  const float w0 = shape.own ? bundle_->w0(chunk)[lane] : 0;
  const double lo = static_cast<double>(fixed.dw_min - w0), hi = static_cast<double>(fixed.dw_max - w0);
  float& dw = bundle_->dw(chunk)[lane];
  const double now = static_cast<double>(dw);
  if (shape.soft) by *= by > 0 ? hi - now : now - lo;
  dw = static_cast<float>(std::clamp(now + by, lo, hi));
}

void DensePlasticity::advance(Step n, const RowConstants& fixed) {
  if (!clock_->gated()) return;
  const double eta_J = clock_->rule().eta * clock_->gate_integral(n - 1, n);
  const double decay = clock_->eligibility_decay(1);  // as a float it would be off by 1e-4 in tau_e
  const int lanes = bundle_->shape().lanes;
  for (std::uint32_t c = 0; c < row_of_chunk_.size(); ++c) {
    float* e = bundle_->e(c);
    for (int lane = 0; lane < lanes; ++lane) {
      if (e[lane] == 0) continue;
      change(c, lane, eta_J * static_cast<double>(e[lane]), fixed);
      e[lane] = static_cast<float>(static_cast<double>(e[lane]) * decay);
    }
  }
}

void DensePlasticity::arrive(Step n, const PreEvent& event, std::size_t k, const RowConstants& fixed,
                             float* input) {
  if (!event.deliver) return;
  const RuleForm& rule = clock_->rule();
  const Bundle::Row row = bundle_->row(event.source, k);
  const double depress = static_cast<double>(event.depress) * clock_->minus(n);
  for (std::uint32_t c = row.begin; c < row.begin + row.chunks; ++c)
    for (int lane = 0; lane < bundle_->shape().lanes; ++lane) {
      const int t = bundle_->target(c, lane);
      if (t < 0) continue;
      const Trace& y = y_[static_cast<std::size_t>(t)];
      const double down = depress * y.value * clock_->minus_decay(n - y.at);
      if (rule.gated)
        bundle_->e(c)[lane] -= static_cast<float>(down);
      else
        change(c, lane, -rule.eta * down, fixed);
      const float w0 = bundle_->shape().own ? bundle_->w0(c)[lane] : fixed.w0;
      input[t] += w0 + bundle_->dw(c)[lane];
    }
  x_[event.source * delays_ + k] = {static_cast<double>(event.x_now), n};
}

void DensePlasticity::enter(Step n, std::span<const std::uint16_t> fired, const RowConstants& fixed) {
  waiting_[static_cast<std::size_t>(n & waiting_mask_)].assign(fired.begin(), fired.end());
  const Step then = n - clock_->post_lag();
  if (then < 1) return;
  const auto& due = waiting_[static_cast<std::size_t>(then & waiting_mask_)];
  if (due.empty()) return;
  const RuleForm& rule = clock_->rule();
  for (const std::uint16_t j : due) {
    Trace& y = y_[j];
    y = {y.value * clock_->minus_decay(n - y.at) + 1, n};
    double amplitude = rule.A2_plus;
    if (rule.A3_plus != 0) {
      Trace& o2 = o2_[j];
      const double before = o2.value * clock_->o2_decay(n - o2.at);
      amplitude += rule.A3_plus * before;
      o2 = {before + 1, n};
    }
    jump_[j] = static_cast<float>(amplitude * clock_->plus(n));
  }
  for (std::uint32_t c = 0; c < row_of_chunk_.size(); ++c) {
    const Trace& trace = x_[row_of_chunk_[c]];
    if (trace.value == 0) continue;
    const double x = trace.value * clock_->plus_decay(n - trace.at);
    for (int lane = 0; lane < bundle_->shape().lanes; ++lane) {
      const int t = bundle_->target(c, lane);
      if (t < 0 || jump_[static_cast<std::size_t>(t)] == 0) continue;
      const double up = x * static_cast<double>(jump_[static_cast<std::size_t>(t)]);
      if (rule.gated)
        bundle_->e(c)[lane] += static_cast<float>(up);
      else
        change(c, lane, rule.eta * up, fixed);
    }
  }
  for (const std::uint16_t j : due) jump_[j] = 0;
}

void DensePlasticity::save(int target, double* to) const {
  const Trace &y = y_[static_cast<std::size_t>(target)], &o2 = o2_[static_cast<std::size_t>(target)];
  to[0] = y.value;
  to[1] = static_cast<double>(y.at);
  to[2] = o2.value;
  to[3] = static_cast<double>(o2.at);
}
void DensePlasticity::load(int target, const double* from) {
  y_[static_cast<std::size_t>(target)] = {from[0], static_cast<Step>(from[1])};
  o2_[static_cast<std::size_t>(target)] = {from[2], static_cast<Step>(from[3])};
}

}  // namespace labile
