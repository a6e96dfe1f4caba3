#include "core/first_passage.hpp"

namespace labile {
namespace detail {
double late_share(double m) {
  // Masses of both proposals times exp(m), which cancels.
  constexpr double t = kCut, pi = 3.14159265358979323846;
  const double rate = 0.125 * pi * pi + 0.5 * m * m;
  const double late = pi / (2 * rate) * exp(m - rate * t);
  const double over = (t * m + 1) / sqrt(t);
  const double early = 2 * (normal_cdf((t * m - 1) / sqrt(t)) +
                            kNormalPeak * exp(m - 0.5 * (t * m * m + 1 / t)) * mills_ratio(over));
  return late / (late + early);
}
}  // namespace detail

}  // namespace labile
