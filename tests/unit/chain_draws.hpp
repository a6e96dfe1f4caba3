/// The made-up draws of tests/oracles/posterior_loo.R, made again: a linear congruential generator, sums of twelve
/// of its uniforms, autoregressions.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace labile {

inline std::vector<double> lcg(std::size_t n, std::uint64_t x) {
  std::vector<double> u;
  for (std::size_t i = 0; i < n; ++i) {
    x = (1103515245 * x + 12345) % 2147483648;
    u.push_back((static_cast<double>(x) + 0.5) / 2147483648.0);
  }
  return u;
}
inline std::vector<double> bell(std::size_t n, std::uint64_t seed) {
  const auto u = lcg(12 * n, seed);
  std::vector<double> x(n, -6.0);
  for (std::size_t i = 0; i < u.size(); ++i) x[i / 12] += u[i];
  return x;
}
inline std::vector<double> autoregression(std::size_t n, std::uint64_t seed, double a) {
  auto x = bell(n, seed);
  for (std::size_t i = 1; i < n; ++i) x[i] = a * x[i - 1] + x[i];
  return x;
}
using MakeChain = std::function<std::vector<double>(std::size_t n, std::uint64_t seed)>;
/// [chain][iteration]
inline std::vector<double> chains(std::size_t n, int m, std::uint64_t seed, const MakeChain& make) {
  std::vector<double> all;
  for (int c = 1; c <= m; ++c) {
    const auto one = make(n, seed + 7919 * static_cast<std::uint64_t>(c));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}
inline MakeChain ar(double a) {
  return [a](std::size_t n, std::uint64_t seed) { return autoregression(n, seed, a); };
}

}  // namespace labile
