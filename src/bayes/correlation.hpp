/// A correlation matrix as the sampler sees it: its Cholesky factor from unconstrained numbers, with the LKJ prior.
///
///   z_ij = tanh(x_ij), i > j;   L_ij = z_ij prod_{m<j} sqrt(1 - z_im^2),   L_ii = prod_{m<i} sqrt(1 - z_im^2)
///
/// z_ij is the correlation of i and j given all before j. Under LKJ(eta) of n dimensions these are independent, (1 + z_ij) / 2 ~ Beta(a, a)
/// with a = eta + (n - 2 - j) / 2, j from 0.
///
/// Source: Lewandowski, Kurowicka & Joe (2009), doi:10.1016/j.jmva.2009.04.008, section 2. Differs from it: nothing.
#pragma once

#include <span>
#include <vector>

namespace labile {

class Correlation {
 public:
  Correlation() = default;
  Correlation(int n, double eta);
  /// How many unconstrained numbers there are: n (n - 1) / 2, row by row.
  [[nodiscard]] int size() const { return static_cast<int>(z_.size()); }
  void set(std::span<const double> x);
  /// L, lower triangle of [n][n].
  [[nodiscard]] const std::vector<double>& factor() const { return factor_; }
  /// (L L')_ij.
  [[nodiscard]] double at(int i, int j) const;
  /// Log density of x under the prior; its derivatives are added.
  double prior(std::span<double> grad) const;
  /// Adds the derivatives in x of what has these derivatives [n][n] in L.
  void chain(std::span<const double> in_factor, std::span<double> grad) const;

 private:
  int n_ = 0;
  double eta_ = 2, constant_ = 0;
  std::vector<double> z_, factor_;
};

}  // namespace labile
