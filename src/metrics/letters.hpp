/// What choose_a and avoid_b share: of the trials that pit one letter against any but its trained rival, how
/// many choose it. Letters are the features of the first dimension.
#pragma once

#include "metrics/block.hpp"

namespace labile {

/// Of the trials with `letter` on exactly one option and without `rival`: num = chosen, den = choices made.
[[nodiscard]] inline Sample letter_chosen(const BlockView& b, int letter, int rival) {
  Sample s;
  if (b.feature.empty() || !b.layout || b.layout->options != 2) return s;
  const auto dims = static_cast<std::size_t>(b.layout->dims());
  for (int t = 0; t < b.size(); ++t) {
    const auto at = static_cast<std::size_t>(t) * 2 * dims;
    const std::int64_t option[2] = {b.feature[at], b.feature[at + dims]};
    const bool shown = (option[0] == letter) != (option[1] == letter);
    if (!shown || option[0] == rival || option[1] == rival || b.choice[t] < 0) continue;
    s.den += 1;
    s.num += option[b.choice[t]] == letter ? 1 : 0;
  }
  return s;
}

}  // namespace labile
