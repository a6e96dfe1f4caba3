#include "bayes/effective_size.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include "bayes/vec_load.hpp"
#include "core/first_passage.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
using Complex = std::complex<double>;

constexpr std::size_t kDirectLags = 64;  // beyond this many the transform is cheaper

/// exp(-2 pi i k / n) for k < n / 2.
std::vector<Complex> roots_of_one(std::size_t n) {
  const auto sin_pi = [](double x) { return x > 0.5 ? sin_pi_reduced(1 - x) : sin_pi_reduced(x); };
  std::vector<Complex> root(n / 2);
  for (std::size_t k = 0; k < n / 2; ++k) {
    const double turn = 2 * static_cast<double>(k) / static_cast<double>(n);  // of pi
    root[k] = {turn > 0.5 ? -sin_pi(turn - 0.5) : sin_pi(0.5 - turn), -sin_pi(turn)};
  }
  return root;
}

/// Discrete Fourier transform in place; the size is a power of two.
void transform(std::vector<Complex>& x, const std::vector<Complex>& root) {
  const std::size_t n = x.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (std::size_t half = 1; half < n; half *= 2)
    for (std::size_t start = 0; start < n; start += 2 * half)
      for (std::size_t k = 0; k < half; ++k) {
        const Complex a = x[start + k], w = root[k * (n / 2 / half)], y = x[start + k + half];
        const Complex b{w.real() * y.real() - w.imag() * y.imag(), w.real() * y.imag() + w.imag() * y.real()};
        x[start + k] = a + b;
        x[start + k + half] = a - b;
      }
}

/// Sum of term(i) over n places, in sixteen strands; `term` gives four places from i on, or one.
template <class Four, class One>
double strands(std::size_t n, Four&& four, One&& one) {
  Vec sum[4] = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (std::size_t k = 0; k < 4; ++k) sum[k] += four(i + 4 * k);
  const Vec all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  double total = (all[0] + all[1]) + (all[2] + all[3]);
  for (; i < n; ++i) total += one(i);
  return total;
}

double dot(const double* a, const double* b, std::size_t n) {
  return strands(
      n, [&](std::size_t i) { return load(a + i) * load(b + i); },
      [&](std::size_t i) { return a[i] * b[i]; });
}

/// Whether all values are the same.
bool still(std::span<const double> x) {
  return std::ranges::all_of(x, [&](double v) { return v == x.front(); });
}

/// Autocovariance at each lag (divisor n), averaged over chains, worked out when it is asked for.
class Autocovariance {
 public:
  Autocovariance(const Chains& chains, const std::vector<double>& means)
      : n_(chains.front().size()), count_(chains.size()) {
    centered_.reserve(n_ * count_);
    for (std::size_t c = 0; c < count_; ++c)
      for (const double x : chains[c]) centered_.push_back(x - means[c]);
  }
  [[nodiscard]] double at(std::size_t lag) {
    while (lags_.size() <= lag && lags_.size() < kDirectLags) lags_.push_back(direct(lags_.size()));
    if (lags_.size() <= lag) all_lags();
    return lags_[lag];
  }

 private:
  [[nodiscard]] double scaled(double sum) const {
    return sum / (static_cast<double>(n_) * static_cast<double>(count_));
  }
  [[nodiscard]] double direct(std::size_t lag) const {
    double sum = 0;
    for (std::size_t c = 0; c < count_; ++c) {
      const double* y = centered_.data() + c * n_;
      sum += dot(y, y + lag, n_ - lag);
    }
    return scaled(sum);
  }
  /// Two chains make one complex sequence, whose autocovariance has the sum of theirs as real part; spectra
  /// add up, so that one transform brings all back.
  void all_lags() {
    std::size_t size = 2;
    while (size < 2 * n_) size *= 2;
    const auto root = roots_of_one(size);
    std::vector<Complex> power(size), x(size);
    for (std::size_t c = 0; c < count_; c += 2) {
      for (std::size_t i = 0; i < size; ++i)
        x[i] =
            i < n_ ? Complex{centered_[c * n_ + i], c + 1 < count_ ? centered_[(c + 1) * n_ + i] : 0.0} : 0;
      transform(x, root);
      for (std::size_t i = 0; i < size; ++i) power[i] += std::norm(x[i]);
    }
    transform(power, root);
    lags_.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) lags_[i] = scaled(power[i].real() / static_cast<double>(size));
  }

  std::size_t n_, count_;
  std::vector<double> centered_;  // [chain][iteration]
  std::vector<double> lags_;      // [lag]
};
}  // namespace

double mean_of(std::span<const double> x) {
  const double n = static_cast<double>(x.size());
  const double* p = x.data();
  const double mean =
      strands(
          x.size(), [&](std::size_t i) { return load(p + i); }, [&](std::size_t i) { return p[i]; }) /
      n;
  const double left = strands(
      x.size(), [&](std::size_t i) { return load(p + i) - Vec(mean); },
      [&](std::size_t i) { return p[i] - mean; });
  return mean + left / n;
}

double variance_of(std::span<const double> x) {
  if (x.empty() || still(x)) return x.size() < 2 ? kNaN : 0;
  const double mean = mean_of(x);
  const double* p = x.data();
  const double sum = strands(
      x.size(),
      [&](std::size_t i) {
        const Vec off = load(p + i) - Vec(mean);
        return off * off;
      },
      [&](std::size_t i) { return (p[i] - mean) * (p[i] - mean); });
  return sum / (static_cast<double>(x.size()) - 1);
}

bool without_spread(const Chains& chains) {
  double low = kInf, high = -kInf;
  for (const auto& c : chains)
    for (const double x : c) {
      if (!std::isfinite(x)) return true;
      low = min(low, x);
      high = max(high, x);
    }
  return high - low < 0x1p-52;
}

double effective_size(const Chains& chains) {
  const std::size_t n = chains.front().size(), m = chains.size();
  if (n < 3) return kNaN;
  std::vector<double> means;
  bool spread = false;
  for (const auto& c : chains) {
    for (const double x : c)
      if (!std::isfinite(x)) return kNaN;
    means.push_back(mean_of(c));
    spread |= !still(c);
  }
  const double draws = static_cast<double>(n * m), iterations = static_cast<double>(n);
  Autocovariance covariance(chains, means);
  const double within = spread ? covariance.at(0) : 0;
  const double between = m > 1 ? variance_of(means) : 0;
  const double total = within + between;
  if (!(total > 0)) return draws / 2;
  const double unbiased = within * iterations / (iterations - 1);
  const auto rho = [&](std::size_t lag) {
    return 1 - (unbiased - (spread ? covariance.at(lag) : 0)) / total;
  };

  // Initial positive sequence: pairs of neighboring lags are summed while their sum is not negative.
  std::vector<double> kept(n, 0.0);
  kept[0] = 1;
  kept[1] = rho(1);
  double even = 1, odd = kept[1];
  std::size_t t = 0;
  while (t + 5 < n && even + odd > 0) {
    t += 2;
    even = rho(t);
    odd = rho(t + 1);
    if (even + odd >= 0) {
      kept[t] = even;
      kept[t + 1] = odd;
    }
  }
  const std::size_t last = t;
  if (even > 0) kept[last] = even;

  // Initial monotone sequence: no pair is larger than the one before.
  for (t = 2; t + 2 <= last; t += 2) {
    const double before = kept[t - 2] + kept[t - 1];
    if (kept[t] + kept[t + 1] > before) kept[t] = kept[t + 1] = before / 2;
  }
  double sum = last == 0 ? kept[0] : 0;
  for (std::size_t i = 0; i < last; ++i) sum += kept[i];
  const double tau = 2 * sum - 1 + kept[last];
  return draws / max(tau, 1 / std::log10(draws));
}

}  // namespace labile
