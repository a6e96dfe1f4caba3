/// How far a loop over things that a learner opens one by one must go: to the most that any lane has in use.
#pragma once

#include "core/math.hpp"

namespace labile {

inline int most_in_use(double used) {
  return static_cast<int>(used);
}
inline int most_in_use(const Vec& used) {
  double r = used[0];
  for (int i = 1; i < kWidth; ++i) r = max(r, used[i]);
  return static_cast<int>(r);
}

}  // namespace labile
