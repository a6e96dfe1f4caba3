/// What metrics of detection share: answers yes (option 1) on trials with and without a signal (right = 1,
/// 0), of one duration or of all.
#pragma once

#include "metrics/block.hpp"

namespace labile {

/// Whether trial t has an answer to a known question of that duration (column `duration`, ms; < 0: any).
[[nodiscard]] inline bool asked(const BlockView& b, int t, double duration_ms) {
  return b.choice[t] >= 0 && !b.right.empty() && b.right[t] >= 0 &&
         (duration_ms < 0 || b.signals[0][t] == duration_ms);
}
/// Share of yes over the trials whose right answer is `right`.
[[nodiscard]] inline Sample yes_share(const BlockView& b, int right, double duration_ms) {
  Sample s;
  for (int t = 0; t < b.size(); ++t) {
    if (!asked(b, t, duration_ms) || b.right[t] != right) continue;
    s.num += b.choice[t] == 1 ? 1 : 0;
    s.den += 1;
  }
  return s;
}

}  // namespace labile
