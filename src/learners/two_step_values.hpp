/// What models of the two-step task share: the layout they can play, the values they keep, and what was
/// chosen first.
#pragma once

#include <fmt/format.h>

#include "contract/learner.hpp"

namespace labile {

inline void check_two_step(const Layout& l, const char* name) {
  if (l.options != 2 || l.states != 3)
    throw Error(fmt::format(
        "learner '{}' plays two-step tasks of two actions and three states (first decision and two "
        "rooms); these are {} and {}",
        name, l.options, l.states));
}

template <class T>
struct TwoStepValues {
  T first_value[2];   // of the actions of decision 0
  T room_value[6];    // [state][action]; state 0 is decision 0
  T last[2], now[2];  // last choice of decision 0, and that of this trial: 1 for the action, else 0
  T delta;

  TwoStepValues() : delta(0.0) {
    for (auto* list : {first_value, last, now})
      for (int a = 0; a < 2; ++a) list[a] = T(0.0);
    for (auto& v : room_value) v = T(0.0);
  }
  /// Expected value of action a of decision 0, by the better action of each room.
  [[nodiscard]] T planned(int a, const T& p_common) const {
    const T best[2] = {max(room_value[2], room_value[3]), max(room_value[4], room_value[5])};
    return p_common * best[a] + (T(1.0) - p_common) * best[1 - a];
  }
  void chose(const Trial<T>& x) {
    if (x.stage == 1) return;
    for (int a = 0; a < 2; ++a) now[a] = last[a] = select(x.choice == constant<T>(a), T(1.0), T(0.0));
  }
  /// A missed decision 0 has no share in what is paid later.
  void missed(const Trial<T>& x) {
    if (x.stage == 0) now[0] = now[1] = T(0.0);
  }
};

}  // namespace labile
