/// exp(-n dt / tau) for whole steps n >= 0 by two look-ups: row constants need it 10^5 times a second.
#pragma once

#include <cstdint>
#include <vector>

#include "core/math.hpp"

namespace labile {

class ExpTable {
 public:
  ExpTable() = default;
  ExpTable(double tau_ms, double dt_ms) : per_step_(dt_ms / tau_ms), coarse_(kSide), fine_(kSide) {
    for (int i = 0; i < kSide; ++i) {
      fine_[static_cast<std::size_t>(i)] = exp(-i * dt_ms / tau_ms);
      coarse_[static_cast<std::size_t>(i)] = exp(-static_cast<double>(i) * kSide * dt_ms / tau_ms);
    }
  }
  [[nodiscard]] double operator()(std::int64_t n) const noexcept {
    if (n >= std::int64_t{kSide} * kSide) return exp(-static_cast<double>(n) * per_step_);
    const auto i = static_cast<std::size_t>(n);
    return coarse_[i / kSide] * fine_[i % kSide];
  }

 private:
  static constexpr int kSide = 1024;
  double per_step_ = 0;
  std::vector<double> coarse_, fine_;
};

}  // namespace labile
