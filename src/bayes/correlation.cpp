#include "bayes/correlation.hpp"

#include <cmath>

namespace labile {
namespace {
double log_beta(double a, double b) {
  return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
}
}  // namespace

Correlation::Correlation(int n, double eta)
    : n_(n),
      eta_(eta),
      z_(static_cast<std::size_t>(n * (n - 1) / 2)),
      factor_(static_cast<std::size_t>(n * n)) {
  for (int i = 1; i < n; ++i)
    for (int j = 0; j < i; ++j) {
      const double a = eta + 0.5 * (n - 2 - j);
      constant_ -= log_beta(a, a) + (2 * a - 1) * std::log(2);
    }
}

void Correlation::set(std::span<const double> x) {
  factor_[0] = 1;
  std::size_t at = 0;
  for (int i = 1; i < n_; ++i) {
    double left = 1;
    for (int j = 0; j < i; ++j, ++at) {
      z_[at] = std::tanh(x[at]);
      factor_[static_cast<std::size_t>(i * n_ + j)] = z_[at] * left;
      left /= std::cosh(x[at]);  // sqrt(1 - z^2), exact where z is next to 1
    }
    factor_[static_cast<std::size_t>(i * n_ + i)] = left;
  }
}

double Correlation::at(int i, int j) const {
  double r = 0;
  for (int m = 0; m <= (i < j ? i : j); ++m)
    r += factor_[static_cast<std::size_t>(i * n_ + m)] * factor_[static_cast<std::size_t>(j * n_ + m)];
  return r;
}

double Correlation::prior(std::span<double> grad) const {
  double value = constant_;
  std::size_t at = 0;
  for (int i = 1; i < n_; ++i)
    for (int j = 0; j < i; ++j, ++at) {
      const double a = eta_ + 0.5 * (n_ - 2 - j);
      value += a * std::log1p(-z_[at] * z_[at]);  // a - 1 of Beta's density, 1 of dz / dx
      grad[at] -= 2 * a * z_[at];
    }
  return value;
}

void Correlation::chain(std::span<const double> in_factor, std::span<double> grad) const {
  std::size_t row = 0;
  for (int i = 1; i < n_; row += static_cast<std::size_t>(i), ++i) {
    // From the diagonal back: what L_ij multiplies of those behind it.
    double behind =
        in_factor[static_cast<std::size_t>(i * n_ + i)] * factor_[static_cast<std::size_t>(i * n_ + i)];
    std::vector<double> left(static_cast<std::size_t>(i));
    double product = 1;
    for (int j = 0; j < i; ++j) {
      const double z = z_[row + static_cast<std::size_t>(j)];
      left[static_cast<std::size_t>(j)] = product;
      product *= std::sqrt(1 - z * z);
    }
    for (int j = i - 1; j >= 0; --j) {
      const auto k = row + static_cast<std::size_t>(j), at = static_cast<std::size_t>(i * n_ + j);
      grad[k] += in_factor[at] * left[static_cast<std::size_t>(j)] * (1 - z_[k] * z_[k]) - z_[k] * behind;
      behind += in_factor[at] * factor_[at];
    }
  }
}

}  // namespace labile
