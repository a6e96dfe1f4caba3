/// Four doubles that stand side by side in memory, wherever they begin.
#pragma once

#include "core/math.hpp"

namespace labile {

inline Vec load(const double* p) {
  return Vec(RawDoubles(_mm256_loadu_pd(p)));
}

}  // namespace labile
