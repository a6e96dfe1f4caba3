/// exp(-n dt / tau) for whole steps n >= 0 by two look-ups: row constants need it 10^5 times a second.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/math.hpp"

namespace labile {

class ExpTable {
 public:
  ExpTable() = default;
  ExpTable(double tau_ms, double dt_ms) : coarse_(kSide), fine_(kSide) {
    for (int i = 0; i < kSide; ++i) {
      fine_[static_cast<std::size_t>(i)] = exp(-i * dt_ms / tau_ms);
      coarse_[static_cast<std::size_t>(i)] = exp(-static_cast<double>(i) * kSide * dt_ms / tau_ms);
    }
  }
  /// Beyond 2^20 steps the decay is taken there: with tau above 2^20 dt it would not be, see covers().
  [[nodiscard]] double operator()(std::int64_t n) const noexcept {
    const auto i = static_cast<std::size_t>(std::min<std::int64_t>(n, kSide * kSide - 1));
    return coarse_[i / kSide] * fine_[i % kSide];
  }
  [[nodiscard]] static bool covers(std::int64_t n) { return n < std::int64_t{kSide} * kSide; }

 private:
  static constexpr int kSide = 1024;
  std::vector<double> coarse_, fine_;
};

}  // namespace labile
