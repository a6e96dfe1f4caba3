/// What several metrics ask of a block of trials.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

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
/// Of the choices on trials [from, to), how many are of the option.
[[nodiscard]] inline Sample share_of_option(const BlockView& b, int option, int from, int to) {
  Sample s;
  for (int t = from; t < to; ++t) {
    s.num += b.choice[t] == option ? 1 : 0;
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

/// How pairs of trials are made and rewards told: parameters of win_stay and lose_shift.
struct Pairing {
  std::string next = "trial";
  int stage = -1;
  double loss = 0;
};
template <class M>
std::vector<Field<M>> pairing_table() {
  return {{"next",
           "1",
           &M::next,
           {},
           "the trial that a pair ends with: the next one, or the next of the same state",
           {},
           {"trial", "state"}},
          {"stage",
           "1",
           &M::stage,
           {-1, 15},
           "only this decision of each trial, with what its trial paid; -1 = every row by itself"},
          {"loss", "outcome", &M::loss, {-1e9, 0}, "an outcome up to this counts as unrewarded"}};
}

/// What trial t paid; where decisions of one stage are paired, that of the last decision of its trial.
[[nodiscard]] inline double paid_by(const BlockView& b, int t, const Pairing& how) {
  if (how.stage < 0) return b.outcome[t];
  while (t + 1 < b.size() && b.stage[t + 1] > b.stage[t]) ++t;
  return b.outcome[t];
}

/// Of the pairs whose first trial satisfies `given(outcome)`, the share that satisfies `then(t, next)`. Both
/// must have a choice.
template <class Given, class Then>
Sample share_of_repeats(const BlockView& b, const Pairing& how, Given&& given, Then&& then) {
  Sample s;
  const bool by_state = how.next == "state" && !b.state.empty();
  std::vector<int> last(by_state ? 1 + *std::max_element(b.state.begin(), b.state.end()) : 1, -1);
  for (int t = 0; t < b.size(); ++t) {
    if (how.stage >= 0 && b.stage[t] != how.stage) continue;
    int& before = last[by_state ? b.state[t] : 0];
    if (before >= 0 && b.choice[before] >= 0 && b.choice[t] >= 0 && given(paid_by(b, before, how))) {
      s.den += 1;
      s.num += then(before, t) ? 1 : 0;
    }
    before = t;
  }
  return s;
}

/// Whether both trials chose the same: the same feature where options have one feature each, else the same
/// option.
[[nodiscard]] inline bool same_choice(const BlockView& b, int t, int u) {
  if (b.feature.empty() || b.layout->dims() > 1) return b.choice[t] == b.choice[u];
  const int n = b.layout->options;
  return b.feature[t * n + b.choice[t]] == b.feature[u * n + b.choice[u]];
}

}  // namespace labile
