/// What choose_a and avoid_b share: of the trials that pit one letter against any but its trained rival, how
/// many choose it. Letters are the features of options with one dimension.
#pragma once

#include "metrics/block.hpp"

namespace labile {

/// Of the trials with `letter` on exactly one option and without `rival`: num = chosen, den = choices made.
[[nodiscard]] inline Sample letter_chosen(const BlockView& b, int letter, int rival) {
  Sample s;
  // Letters are the only dimension, and there are more of them than options.
  if (b.feature.empty() || !b.layout || b.layout->options != 2) return s;
  if (b.layout->dims() != 1 || b.layout->arity[0] <= 2) return s;
  for (int t = 0; t < b.size(); ++t) {
    const auto at = 2 * static_cast<std::size_t>(t);
    const std::int64_t option[2] = {b.feature[at], b.feature[at + 1]};
    const bool shown = (option[0] == letter) != (option[1] == letter);
    if (!shown || option[0] == rival || option[1] == rival || b.choice[t] < 0) continue;
    s.den += 1;
    s.num += option[b.choice[t]] == letter ? 1 : 0;
  }
  return s;
}

}  // namespace labile
