/// What several metrics ask of a block of trials.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "metrics/metric.hpp"

namespace labile {

/// Was there a choice on trial t that is known to be right or wrong?
[[nodiscard]] inline bool judged(const BlockView& b, int t) {
  return b.choice[t] >= 0 && b.correct[t] >= 0;
}
[[nodiscard]] inline bool right(const BlockView& b, int t) {
  return b.choice[t] >= 0 && b.correct[t] == 1;
}
[[nodiscard]] inline bool wrong(const BlockView& b, int t) {
  return b.choice[t] >= 0 && b.correct[t] == 0;
}
[[nodiscard]] inline bool any_judged(const BlockView& b) {
  for (int t = 0; t < b.size(); ++t)
    if (judged(b, t)) return true;
  return false;
}

/// A reward is an outcome above zero, any other known outcome is none.
[[nodiscard]] inline bool paid(const BlockView& b, int t) {
  return b.outcome[t] > 0;
}
[[nodiscard]] inline bool unpaid(const BlockView& b, int t) {
  return b.outcome[t] <= 0;
}

/// First trial of the first run of `length` right choices, or the block's length when there is none.
/// A missing choice breaks the run.
[[nodiscard]] inline int first_run(const BlockView& b, int length) {
  int run = 0;
  for (int t = 0; t < b.size(); ++t) {
    run = right(b, t) ? run + 1 : 0;
    if (run == length) return t - length + 1;
  }
  return b.size();
}

/// Index of the first of the block's last n trials.
[[nodiscard]] inline int last(const BlockView& b, int n) {
  return std::max(0, b.size() - n);
}

/// Trials [first, second) of a block: its first or last trials, where one of the two numbers is above 0.
[[nodiscard]] inline std::pair<int, int> part_of(const BlockView& b, int first_trials, int last_trials) {
  return {last_trials > 0 ? last(b, last_trials) : 0,
          first_trials > 0 ? std::min(first_trials, b.size()) : b.size()};
}
/// The parameters of metrics that look at such a part, members `first` and `last`.
template <class M>
std::vector<Field<M>> part_of_block() {
  return {{"first", "trials", &M::first, {0, 100000}, "only that many trials from its start; 0: all"},
          {"last", "trials", &M::last, {0, 100000}, "only that many trials up to its end; 0: all"}};
}
/// Of the choices on trials [from, to), how many are option 1.
[[nodiscard]] inline Sample share_of_ones(const BlockView& b, int from, int to) {
  Sample s;
  for (int t = from; t < to; ++t) {
    s.num += b.choice[t] == 1 ? 1 : 0;
    s.den += b.choice[t] >= 0 ? 1 : 0;
  }
  return s;
}

/// Of the trials in [from, end) whose pair with the next trial satisfies `given`, how many satisfy `then`.
template <class Given, class Then>
Sample share_of_pairs(const BlockView& b, int from, Given&& given, Then&& then) {
  Sample s;
  for (int t = from; t + 1 < b.size(); ++t) {
    if (!given(t)) continue;
    s.den += 1;
    s.num += then(t) ? 1 : 0;
  }
  return s;
}

}  // namespace labile
