/// A step of dx/dt = (g - x)/tau, exact for a g that is linear within it: x' = kept x + from g(start) + to g(end).
#pragma once

#include "core/math.hpp"

namespace labile {

struct LinearStep {
  double kept, from, to;
  /// z = dt/tau > 0.
  explicit LinearStep(double z) : kept(exp(-z)), to(weight_of_end(z)) { from = -expm1(-z) - to; }

 private:
  /// Integral of exp(-(dt - s)/tau)/tau times s/dt: 1 - (1 - exp(-z))/z, without its cancellation.
  static double weight_of_end(double z) {
    if (z > 0.5) return 1 + expm1(-z) / z;
    double sum = 0, term = z / 2;
    for (int k = 3; k < 30; ++k) {
      sum += term;
      term *= -z / k;
    }
    return sum;
  }
};

}  // namespace labile
