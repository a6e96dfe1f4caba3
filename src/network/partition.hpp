/// Which neurons of a population a rank holds: whole cells of 64, which keyed noise is drawn by, as evenly as they go.
///
/// Nothing in a run depends on the cut. Populations start at different ranks, so that small ones are spread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace labile {

inline constexpr int kCell = 64;  // neurons

struct Range {
  int first = 0, count = 0;
};

class Partition {
 public:
  Partition(int rank, int ranks) : rank_(rank), ranks_(ranks) {}
  [[nodiscard]] int ranks() const { return ranks_; }
  /// The rank that holds the k-th part of a population; parts are in the order of neurons.
  [[nodiscard]] int holder(int population, int k) const { return (k + population) % ranks_; }
  [[nodiscard]] Range part(int size, int k) const {
    const std::int64_t cells = (size + kCell - 1) / kCell;
    const auto at = [&](int i) {
      return static_cast<int>(std::min<std::int64_t>(size, cells * i / ranks_ * kCell));
    };
    return {at(k), at(k + 1) - at(k)};
  }
  /// What this rank holds.
  [[nodiscard]] Range own(int population, int size) const {
    return part(size, (rank_ - population % ranks_ + ranks_) % ranks_);
  }

 private:
  int rank_, ranks_;
};

}  // namespace labile
