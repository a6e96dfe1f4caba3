#include "core/random.hpp"

#include "core/math.hpp"

namespace labile {

double Draw::normal(std::uint32_t counter, std::uint32_t index) const {
  return normal_quantile(uniform(counter, index));
}

double Draw::exponential(std::uint32_t counter, std::uint32_t index) const {
  return -log(uniform(counter, index));
}

std::uint32_t Draw::below(std::uint32_t n, std::uint32_t counter, std::uint32_t index) const {
  const auto w = bits(counter, index);
  // The upper 32 bits of a 64-bit fraction times n, by halves.
  return static_cast<std::uint32_t>((std::uint64_t{w[0]} * n + (std::uint64_t{w[1]} * n >> 32)) >> 32);
}

double Draw::gamma(double shape, std::uint32_t counter, std::uint32_t index) const {
  // Shapes below one are boosted: gamma(a) = gamma(a + 1) U^(1/a). Attempts live 65536 indices apart.
  const std::uint32_t base = index << 16;
  const double a = shape < 1 ? shape + 1 : shape;
  const double d = a - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
  double result = 0;
  for (std::uint32_t attempt = 0;; ++attempt) {
    const auto w = bits(counter, base + 1 + attempt);
    const double x = normal_quantile(uniform53(w[0], w[1]));
    const double u = uniform53(w[2], w[3]);
    const double t = 1.0 + c * x;
    if (t <= 0) continue;
    const double v = t * t * t;
    if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) {
      result = d * v;
      break;
    }
  }
  if (shape < 1) result *= pow(uniform(counter, base), 1.0 / shape);
  return result;
}

double Draw::beta(double a, double b, std::uint32_t counter, std::uint32_t index) const {
  const double x = gamma(a, counter, 2 * index), y = gamma(b, counter, 2 * index + 1);
  return x / (x + y);
}

}  // namespace labile
