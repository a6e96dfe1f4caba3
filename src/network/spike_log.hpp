/// The spikes of a population in the recent past, by step.
#pragma once

#include <bit>
#include <span>
#include <vector>

#include "core/archive.hpp"
#include "network/connect.hpp"

namespace labile {

class SpikeLog {
 public:
  void keep(Step steps) {
    const auto n = std::bit_ceil(static_cast<std::uint64_t>(steps + 1));
    if (n > spikes_.size()) spikes_.resize(n);
    mask_ = static_cast<Step>(spikes_.size()) - 1;
  }
  void open(Step n) { spikes_[static_cast<std::size_t>(n & mask_)].clear(); }
  [[nodiscard]] std::vector<std::uint32_t>& append(Step n) {
    return spikes_[static_cast<std::size_t>(n & mask_)];
  }
  /// Ascending ids of those that fired in step n; nothing before step 1.
  [[nodiscard]] std::span<const std::uint32_t> at(Step n) const {
    if (n < 1) return {};
    return spikes_[static_cast<std::size_t>(n & mask_)];
  }

  void keep(Archive& a) { a.each(spikes_); }

 private:
  std::vector<std::vector<std::uint32_t>> spikes_{1};  // [step & mask]
  Step mask_ = 0;
};

}  // namespace labile
