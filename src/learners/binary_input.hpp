/// What filters of binary inputs share: which of two options was right on a trial.
#pragma once

#include <fmt/format.h>

#include "contract/learner.hpp"

namespace labile {

inline void check_binary(const Layout& l, const char* name) {
  if (l.options != 2)
    throw Error(fmt::format("learner '{}' believes in one of two options; here are {}", name, l.options));
}

/// 1 where option 1 was right, else 0: as the data say it, else the chosen option where it paid and the other
/// where it did not.
template <class T>
T binary_input(const Trial<T>& x) {
  const T one(1.0), none(0.0);
  const T chosen = select(x.choice == constant<T>(1), one, none), paid = select(x.outcome > none, one, none);
  const T inferred = paid * chosen + (one - paid) * (one - chosen);
  return select(x.right >= constant<T>(0), select(x.right == constant<T>(1), one, none), inferred);
}

/// Where nothing was chosen the right option may be known all the same. S holds nothing but T.
template <class T, class S, class F>
void learn_if_known(const Trial<T>& x, S& state, F&& learn) {
  S then = state;
  learn(then);
  const Mask<T> known = x.right >= constant<T>(0);
  auto* now = reinterpret_cast<T*>(&state);
  const auto* new_one = reinterpret_cast<const T*>(&then);
  for (std::size_t k = 0; k < sizeof(S) / sizeof(T); ++k) now[k] = select(known, new_one[k], now[k]);
}

}  // namespace labile
