/// What conductance-based models share: the magnesium block and the normalized difference of exponentials.
#pragma once

#include "core/math.hpp"

namespace labile {

/// Fraction of NMDA conductance that magnesium (mM) leaves open at v (mV): 1 / (1 + [Mg]/3.57 exp(-0.062 v)).
/// `mg_share` = [Mg]/3.57. Source: Jahr & Stevens (1990) J Neurosci 10:3178,
/// doi:10.1523/JNEUROSCI.10-09-03178.1990.
inline constexpr double kMgHalf = 3.57, kMgSlope = 0.062;
template <class T>
T open_fraction(T v, T mg_share) {
  return T(1.0) / fma(mg_share, exp(T(-kMgSlope) * v), T(1.0));
}

/// Factor n for which n (exp(-t/decay) - exp(-t/rise)) peaks at 1; rise < decay.
inline double unit_peak(double rise, double decay) {
  const double t = log(decay / rise) * decay * rise / (decay - rise);
  return 1 / (exp(-t / decay) - exp(-t / rise));
}

}  // namespace labile
