/// How a subject's values before T are made of standard coordinates, by what is expected of them.
///
/// The choices of a subject say about its values v what a normal likelihood of precision `info` [n][n] and of information
/// vector `pull` = info x peak would. With what the group lets expect, mu, and tau = 1 / sigma^2 they are normal with precision
///   info + diag(tau) = C C',   mean m = (C C')^-1 (pull + tau mu),   and here   v = m + C'^-1 y.
/// If the likelihood were that normal, y would be standard normal whatever mu and sigma: nothing is left that makes a
/// funnel, and values of one subject do not correlate. At info = pull = 0, y is (v - mu) / sigma.
#pragma once

#include <vector>

#include "core/math.hpp"

namespace labile {

/// T is double for one subject, Vec for four.
template <class T>
class Standard {
 public:
  explicit Standard(int n)
      : n_(n), w_(size(n * n)), c_(size(n * n)), u_(size(n)), v_(size(n)), h_(size(n)), mean_(size(n)) {}

  /// For these precisions and this group: info [n][n], pull [n], mu [n], tau [n].
  void set(const T* info, const T* pull, const T* mu, const double* tau) {
    for (int k = 0; k < n_; ++k) h_[size(k)] = pull[k] + T(tau[k]) * mu[k];
    for (int j = 0; j < n_; ++j) {
      T d = info[j * n_ + j] + T(tau[j]);
      for (int p = 0; p < j; ++p) d -= c(j, p) * c(j, p);
      const T inverse = T(1.0) / sqrt(d);
      put(j, j) = inverse;
      for (int i = j + 1; i < n_; ++i) {
        T x = info[i * n_ + j];
        for (int p = 0; p < j; ++p) x -= c(i, p) * c(j, p);
        c(i, j) = x * inverse;
      }
    }
    for (int j = 0; j < n_; ++j)
      for (int i = j + 1; i < n_; ++i) {
        T x = c(i, j) * w(j, j);
        for (int p = j + 1; p < i; ++p) x += c(i, p) * w(p, j);
        put(i, j) = -(x * w(i, i));
      }
    for (int i = 0; i < n_; ++i) {
      u_[size(i)] = T(0.0);
      for (int j = 0; j <= i; ++j) u_[size(i)] += w(i, j) * h_[size(j)];
    }
    for (int k = 0; k < n_; ++k) mean_[size(k)] = transposed(u_, k);
  }
  /// value [n] of y [n].
  void values(const T* y, T* value) {
    for (int i = 0; i < n_; ++i) v_[size(i)] = u_[size(i)] + y[i];
    for (int k = 0; k < n_; ++k) value[k] = transposed(v_, k);
  }
  /// y [n] of value [n].
  void coordinates(const T* value, T* y) {
    for (int i = 0; i < n_; ++i) v_[size(i)] = value[i] - mean_[size(i)];
    for (int j = 0; j < n_; ++j) {
      y[j] = v_[size(j)] / w(j, j);
      for (int i = j + 1; i < n_; ++i) y[j] += c(i, j) * v_[size(i)];
    }
  }
  /// C^-1, lower triangular.
  [[nodiscard]] const T& w(int i, int j) const { return w_[size(i * n_ + j)]; }
  /// Variance of value k given the group.
  [[nodiscard]] T variance(int k) const {
    T x(0.0);
    for (int i = k; i < n_; ++i) x += w(i, k) * w(i, k);
    return x;
  }
  /// Adds to the derivatives in y, mu and ln sigma what `slope` [n], a function's derivatives in the values, means for them; and
  /// to that in ln sigma what ln |dv/dy| has.
  void back(const T* y, const T* slope, const T* mu, const double* tau, T* to_y, T* to_mu, T* to_ls) {
    for (int i = 0; i < n_; ++i) {
      v_[size(i)] = T(0.0);
      for (int j = 0; j <= i; ++j) v_[size(i)] += w(i, j) * slope[j];
      to_y[i] += v_[size(i)];
    }
    for (int k = 0; k < n_; ++k) {
      const T pushed = transposed(v_, k);
      to_mu[k] += pushed * T(tau[k]);
      // d Lambda_kk = -2 tau: through the mean, through C, and through its determinant.
      T through_c(0.0), before(0.0), square(0.0);
      for (int i = k; i < n_; ++i) {
        const T x = w(i, k) * v_[size(i)];
        through_c += y[i] * w(i, k) * (before + T(0.5) * x);
        before += x;
        square += w(i, k) * w(i, k);
      }
      to_ls[k] += T(2 * tau[k]) * (through_c + T(0.5) * square - (mu[k] - mean_[size(k)]) * pushed);
    }
  }

 private:
  static std::size_t size(int i) { return static_cast<std::size_t>(i); }
  T& put(int i, int j) { return w_[size(i * n_ + j)]; }
  T& c(int i, int j) { return c_[size(i * n_ + j)]; }
  /// (C'^-1 x)[k]
  T transposed(const std::vector<T>& x, int k) const {
    T r(0.0);
    for (int i = k; i < n_; ++i) r += w(i, k) * x[size(i)];
    return r;
  }

  int n_;
  std::vector<T> w_, c_;             // lower triangles
  std::vector<T> u_, v_, h_, mean_;  // [n]
};

}  // namespace labile
