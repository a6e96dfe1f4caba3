/// What metrics of the two-step task share: pairs of first choices with what came between.
#pragma once

#include "metrics/block.hpp"

namespace labile {

/// Calls visit(stay, rewarded, common) for each trial with both decisions, an outcome and a following first
/// choice. State 1 is the room that action 0 commonly leads to, state 2 that of action 1.
template <class Visit>
void for_each_two_step_pair(const BlockView& b, Visit&& visit) {
  if (b.state.empty() || b.stage.empty()) return;
  for (int t = 0; t + 2 < b.size(); ++t) {
    if (b.stage[t] != 0 || b.stage[t + 1] != 1 || b.stage[t + 2] != 0) continue;
    const int first = b.choice[t], next = b.choice[t + 2];
    if (first < 0 || next < 0 || b.choice[t + 1] < 0 || std::isnan(b.outcome[t + 1])) continue;
    visit(next == first, paid(b, t + 1), b.state[t + 1] == 1 + first);
  }
}

}  // namespace labile
