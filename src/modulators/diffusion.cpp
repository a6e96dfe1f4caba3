#include "modulators/diffusion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kNothing = 1e-18;  // of a kernel's sum
constexpr std::size_t kWidest = 4000;

double checked_step(double dt_ms) {
  if (!(dt_ms > 0 && std::isfinite(dt_ms)))
    throw Error(fmt::format("diffusion: dt = {} must be a finite time > 0 ms", dt_ms));
  return dt_ms / 1000;
}

/// What is at distance m after a walk of `a` expected steps to each side: exp(-2a) I_m(2a). Every term is positive, so that tails are as exact as
/// the middle: of a short walk by the series, then convolved with itself.
std::vector<double> walk(double a) {
  int doublings = 0;
  for (; a > 0.25; a /= 2) ++doublings;
  std::vector<double> k;
  double first = exp(-2 * a);  // exp(-2a) a^m / m!
  for (int m = 0; first > 1e-30 && m < 40; ++m) {
    double sum = 0, term = first;
    for (int j = 1; j < 20; ++j) {
      sum += term;
      term *= a * a / (j * (m + j));
    }
    k.push_back(sum);
    first *= a / (m + 1);
  }
  for (; doublings > 0; --doublings) {
    const auto n = static_cast<std::ptrdiff_t>(k.size());
    std::vector<double> twice(k.size() * 2 - 1, 0.0);
    for (std::ptrdiff_t m = 0; m < static_cast<std::ptrdiff_t>(twice.size()); ++m)
      for (std::ptrdiff_t i = m - n + 1; i < n; ++i)
        twice[static_cast<std::size_t>(m)] +=
            k[static_cast<std::size_t>(std::abs(i))] * k[static_cast<std::size_t>(std::abs(m - i))];
    while (twice.size() > 1 && twice.back() < kNothing) twice.pop_back();
    if (twice.size() > kWidest)
      throw Error(fmt::format(
          "diffusion: in one step a release spreads over more than {} cells to each side; take larger "
          "cells or shorter steps",
          kWidest));
    k = std::move(twice);
  }
  while (k.size() > 1 && k.back() < kNothing) k.pop_back();
  double sum = k[0];
  for (std::size_t m = 1; m < k.size(); ++m) sum += 2 * k[m];
  for (double& x : k) x /= sum;
  return k;
}
}  // namespace

Diffusion::Diffusion(const Grid& grid, double dt_ms) : cells_(grid.cells) {
  const double dt = checked_step(dt_ms);
  for (const int n : cells_)
    if (n < 1)
      throw Error(fmt::format("diffusion: a grid of {} x {} x {} cells", cells_[0], cells_[1], cells_[2]));
  if (!(grid.spacing_um > 0 && std::isfinite(grid.spacing_um)))
    throw Error(fmt::format("diffusion: a spacing of {} µm must be finite and > 0", grid.spacing_um));
  if (!(grid.d_um2_s >= 0 && std::isfinite(grid.d_um2_s)))
    throw Error(fmt::format("diffusion: D = {} µm²/s must be finite and >= 0", grid.d_um2_s));
  size_ = 1;
  for (const int n : cells_) size_ *= static_cast<std::size_t>(n);
  kernel_ = walk(grid.d_um2_s * dt / (grid.spacing_um * grid.spacing_um));
}

Diffusion::Diffusion(std::span<const double> volumes, std::span<const double> exchange, double dt_ms)
    : size_(volumes.size()) {
  const double dt = checked_step(dt_ms);
  const std::size_t n = size_;
  if (n == 0 || exchange.size() != n * n)
    throw Bug(fmt::format("{} rates of exchange between {} regions", exchange.size(), n));
  // C -> C + dt A C in 2^doublings short steps, each by its series, whose terms are positive once the diagonal is taken out.
  std::vector<double> a(n * n, 0.0);
  double fastest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!(volumes[i] > 0 && std::isfinite(volumes[i])))
      throw Error(fmt::format("diffusion: the volume {} of region {} must be finite and > 0", volumes[i], i));
    double out = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const double g = exchange[i * n + j];
      if (i == j) continue;
      if (!(g >= 0 && std::isfinite(g)) || g != exchange[j * n + i])
        throw Error(fmt::format(
            "diffusion: the exchange {} between regions {} and {} must be finite, >= 0 and the same in both "
            "directions",
            g, i, j));
      a[i * n + j] = g * dt / volumes[i];
      out += a[i * n + j];
    }
    a[i * n + i] = -out;
    fastest = std::max(fastest, out);
  }
  int doublings = 0;
  for (double q = fastest; q > 0.5; q /= 2) ++doublings;
  const double shorter = std::ldexp(1.0, -doublings), q = fastest * shorter;
  std::vector<double> p(n * n), term(n * n, 0.0), next(n * n);
  for (std::size_t i = 0; i < n * n; ++i) p[i] = a[i] * shorter;
  for (std::size_t i = 0; i < n; ++i) {
    p[i * n + i] += q;
    term[i * n + i] = exp(-q);
  }
  const auto times = [&](const std::vector<double>& x, const std::vector<double>& y, std::vector<double>& z) {
    std::fill(z.begin(), z.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k)
        for (std::size_t j = 0; j < n; ++j) z[i * n + j] += x[i * n + k] * y[k * n + j];
  };
  matrix_ = term;
  for (int k = 1; k < 30; ++k) {
    times(term, p, next);
    for (std::size_t i = 0; i < n * n; ++i) {
      term[i] = next[i] / k;
      matrix_[i] += term[i];
    }
  }
  for (; doublings > 0; --doublings) {
    times(matrix_, matrix_, next);
    matrix_.swap(next);
  }
  // Columns keep the mass: sum over i of V_i m_ij = V_j.
  for (std::size_t j = 0; j < n; ++j) {
    double mass = 0;
    for (std::size_t i = 0; i < n; ++i) mass += volumes[i] * matrix_[i * n + j];
    for (std::size_t i = 0; i < n; ++i) matrix_[i * n + j] *= volumes[j] / mass;
  }
}

void Diffusion::step(std::span<double> c) {
  if (c.size() != size_) throw Bug(fmt::format("{} concentrations for {} cells", c.size(), size_));
  if (!matrix_.empty()) {
    spread_.assign(size_, 0.0);
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t j = 0; j < size_; ++j) spread_[i] += matrix_[i * size_ + j] * c[j];
    std::ranges::copy(spread_, c.begin());
    return;
  }
  const auto reach = static_cast<std::ptrdiff_t>(kernel_.size()) - 1;
  if (reach == 0) return;
  std::size_t stride = size_;
  for (const int cells : cells_) {
    const auto n = static_cast<std::ptrdiff_t>(cells);
    stride /= static_cast<std::size_t>(cells);
    if (n == 1) continue;
    // The line with its images on both sides: cell -1 - i mirrors cell i.
    line_.resize(static_cast<std::size_t>(n + 2 * reach));
    for (std::size_t block = 0; block < size_; block += stride * static_cast<std::size_t>(n))
      for (std::size_t first = block; first < block + stride; ++first) {
        for (std::ptrdiff_t i = -reach; i < n + reach; ++i) {
          std::ptrdiff_t m = i % (2 * n);
          if (m < 0) m += 2 * n;
          if (m >= n) m = 2 * n - 1 - m;
          line_[static_cast<std::size_t>(i + reach)] = c[first + static_cast<std::size_t>(m) * stride];
        }
        for (std::ptrdiff_t i = 0; i < n; ++i) {
          const double* middle = &line_[static_cast<std::size_t>(i + reach)];
          double sum = kernel_[0] * middle[0];
          for (std::ptrdiff_t d = 1; d <= reach; ++d)
            sum += kernel_[static_cast<std::size_t>(d)] * (middle[-d] + middle[d]);
          c[first + static_cast<std::size_t>(i) * stride] = sum;
        }
      }
  }
}

}  // namespace labile
