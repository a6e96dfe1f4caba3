/// exp, log, pow and their relatives, whose bits depend neither on the machine nor on the C library.
///
/// The C library picks its variants by processor, so results that are promised bit for bit use these.
/// Each is written once for double and Vec: the same IEEE operations in the same order, with multiply-adds
/// written out. Errors, measured in tests/unit/math_test.cpp: exp and log below 1.5 ulp, pow below 2.5 ulp.
/// Special values follow IEEE 754: log(0) = -inf, log(x < 0) = NaN, exp(-inf) = 0, NaN in gives NaN out.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "core/simd.hpp"

namespace labile {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

namespace detail {
inline std::int64_t bits_of(double x) {
  return std::bit_cast<std::int64_t>(x);
}
inline double from_bits(std::int64_t b) {
  return std::bit_cast<double>(b);
}
inline Index4 bits_of(Vec x) {
  return Index4((RawInts)x.v);
}
inline Vec from_bits(Index4 b) {
  return Vec((RawDoubles)b.i);
}
using RawWords = unsigned long __attribute__((vector_size(32)));
// Sums and differences of bits wrap: those of NaN and infinities leave the range of signed numbers.
inline Index4 add(Index4 a, Index4 b) {
  return Index4((RawInts)((RawWords)a.i + (RawWords)b.i));
}
inline std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline Index4 subtract(Index4 a, Index4 b) {
  return Index4((RawInts)((RawWords)a.i - (RawWords)b.i));
}
inline std::int64_t subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline Index4 operator&(Index4 a, Index4 b) {
  return Index4(a.i & b.i);
}
inline Index4 operator|(Index4 a, Index4 b) {
  return Index4(a.i | b.i);
}
inline Index4 shift_left(Index4 a, int n) {
  return Index4(a.i << n);
}
inline std::int64_t shift_left(std::int64_t a, int n) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << n);
}
inline Index4 shift_right_logical(Index4 a, int n) {
  return Index4((RawInts)((RawWords)a.i >> n));
}
inline std::int64_t shift_right_logical(std::int64_t a, int n) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) >> n);
}

inline constexpr double kShift = 0x1.8p52;  // adding it rounds |x| < 2^51 to an integer in the low bits
inline constexpr double kLn2Hi = 0x1.62e42fee00000p-1, kLn2Lo = 0x1.a39ef35793c76p-33;
inline constexpr double kLog2E = 0x1.71547652b82fep+0;

/// Integer held in the low bits of (x + kShift), sign-extended.
template <class T>
Index<T> low_integer(T shifted) {
  return subtract(bits_of(shifted), bits_of(T(kShift)));
}
/// An integer 0 <= n < 2^52 as a double.
template <class T>
T to_double(Index<T> n) {
  return from_bits(n | Index<T>(0x4330000000000000)) - T(0x1p52);
}
/// 2^k for integer k with -1022 <= k <= 1023.
template <class T>
T power_of_two(Index<T> k) {
  return from_bits(shift_left(add(k, Index<T>(1023)), 52));
}

/// exp(r) for |r| <= ln(2)/2 by its Taylor series; the first omitted term is below 4e-18.
template <class T>
T exp_reduced(T r) {
  T p(1.0 / 6227020800.0);
  p = fma(p, r, T(1.0 / 479001600.0));
  p = fma(p, r, T(1.0 / 39916800.0));
  p = fma(p, r, T(1.0 / 3628800.0));
  p = fma(p, r, T(1.0 / 362880.0));
  p = fma(p, r, T(1.0 / 40320.0));
  p = fma(p, r, T(1.0 / 5040.0));
  p = fma(p, r, T(1.0 / 720.0));
  p = fma(p, r, T(1.0 / 120.0));
  p = fma(p, r, T(1.0 / 24.0));
  p = fma(p, r, T(1.0 / 6.0));
  p = fma(p, r, T(0.5));
  p = fma(p, r, T(1.0));
  return fma(p, r, T(1.0));
}

template <class T>
T exp_impl(T x) {
  const T y = clamp(x, T(-750.0), T(710.0));
  const T shifted = fma(y, T(kLog2E), T(kShift));
  const Index<T> k = low_integer(shifted);
  const T n = shifted - T(kShift);
  const T r = fma(-n, T(kLn2Lo), fma(-n, T(kLn2Hi), y));
  // Two factors, so that neither overflows where the result is subnormal or just below the largest double.
  const T half_shifted = fma(n, T(0.5), T(kShift));
  const Index<T> h = low_integer(half_shifted);
  const T result = exp_reduced(r) * power_of_two<T>(h) * power_of_two<T>(subtract(k, h));
  return select(x != x, x, result);
}

/// log(x) as a sum hi + lo good to about 2^-65 relative; x must be positive and finite.
template <class T>
void log_pair(T x, T& hi, T& lo) {
  const Mask<T> tiny = x < T(std::numeric_limits<double>::min());
  const T scaled = select(tiny, x * T(0x1p54), x);
  const Index<T> bits = bits_of(scaled);
  // Exponent such that the mantissa lies in [sqrt(1/2), sqrt(2)).
  const Index<T> moved = add(bits, Index<T>(0x3ff0000000000000 - 0x3fe6a09e667f3bcd));
  const T k = to_double<T>(shift_right_logical(moved, 52)) - select(tiny, T(1077.0), T(1023.0));
  const Index<T> mantissa = add(moved & Index<T>(0x000fffffffffffff), Index<T>(0x3fe6a09e667f3bcd));
  const T f = from_bits(mantissa) - T(1.0);
  // log(1+f) = 2 atanh(s), s = f/(2+f), with the quotient's rounding error carried along.
  const T d = T(2.0) + f;
  const T d_lo = f - (d - T(2.0));
  const T s = f / d;
  const T s_lo = (fma(-s, d, f) - s * d_lo) / d;
  const T z = s * s;
  T p(2.0 / 25.0);
  p = fma(p, z, T(2.0 / 23.0));
  p = fma(p, z, T(2.0 / 21.0));
  p = fma(p, z, T(2.0 / 19.0));
  p = fma(p, z, T(2.0 / 17.0));
  p = fma(p, z, T(2.0 / 15.0));
  p = fma(p, z, T(2.0 / 13.0));
  p = fma(p, z, T(2.0 / 11.0));
  p = fma(p, z, T(2.0 / 9.0));
  p = fma(p, z, T(2.0 / 7.0));
  p = fma(p, z, T(2.0 / 5.0));
  p = fma(p, z, T(2.0 / 3.0));
  const T tail = fma(s * z, p, T(2.0) * s_lo);
  const T big = k * T(kLn2Hi);  // exact: kLn2Hi has 21 zero bits
  const T two_s = T(2.0) * s;
  hi = big + two_s;
  lo = (two_s - (hi - big)) + fma(k, T(kLn2Lo), tail);
}

template <class T>
T log_impl(T x) {
  T hi, lo;
  log_pair(x, hi, lo);
  T result = hi + lo;
  result = select(x == T(0.0), T(-kInf), result);
  result = select(x < T(0.0), T(kNaN), result);
  result = select(x == T(kInf), T(kInf), result);
  return select(x != x, x, result);
}

template <class T>
T pow_impl(T x, T y) {
  T hi, lo;
  log_pair(x, hi, lo);
  const T sum = hi + lo;
  lo = lo - (sum - hi);
  const T p = y * sum;
  const T e = fma(y, sum, -p) + y * lo;
  const T main = exp_impl(p);
  T result = select(abs(e) < T(1.0), fma(main, e, main), main);
  result = select(main == T(kInf), main, result);
  result = select(x == T(0.0), select(y > T(0.0), T(0.0), T(kInf)), result);
  result = select(x == T(kInf), select(y > T(0.0), T(kInf), T(0.0)), result);
  result = select(x < T(0.0), T(kNaN), result);
  result = select((x == T(1.0)) | (y == T(0.0)), T(1.0), result);
  return select((x != x) | (y != y), x + y, result);
}
}  // namespace detail

inline double exp(double x) {
  return detail::exp_impl(x);
}
inline Vec exp(Vec x) {
  return detail::exp_impl(x);
}
inline double log(double x) {
  return detail::log_impl(x);
}
inline Vec log(Vec x) {
  return detail::log_impl(x);
}
/// x^y for x >= 0; a negative base gives NaN (the engine never raises one).
inline double pow(double x, double y) {
  return detail::pow_impl(x, y);
}
inline Vec pow(Vec x, Vec y) {
  return detail::pow_impl(x, y);
}
inline double sqrt(double x) {
  return std::sqrt(x);
}
inline Vec sqrt(Vec x) {
  return Vec(RawDoubles(_mm256_sqrt_pd(x.v)));
}

/// log(1 + x), accurate for small x.
template <class T>
T log1p(T x) {
  const T u = T(1.0) + x;
  const T correction = (x - (u - T(1.0))) / u;
  return select(u == T(kInf), u, select(u == T(0.0), T(-kInf), log(u) + correction));
}
/// exp(x) - 1, accurate for small x.
template <class T>
T expm1(T x) {
  const T r = clamp(x, T(-0.34), T(0.34));
  T p(1.0 / 87178291200.0);
  p = fma(p, r, T(1.0 / 6227020800.0));
  p = fma(p, r, T(1.0 / 479001600.0));
  p = fma(p, r, T(1.0 / 39916800.0));
  p = fma(p, r, T(1.0 / 3628800.0));
  p = fma(p, r, T(1.0 / 362880.0));
  p = fma(p, r, T(1.0 / 40320.0));
  p = fma(p, r, T(1.0 / 5040.0));
  p = fma(p, r, T(1.0 / 720.0));
  p = fma(p, r, T(1.0 / 120.0));
  p = fma(p, r, T(1.0 / 24.0));
  p = fma(p, r, T(1.0 / 6.0));
  p = fma(p, r, T(0.5));
  const T small = fma(p * r, r, r);
  return select(abs(x) < T(0.34), small, exp(x) - T(1.0));
}
/// 1 / (1 + exp(-x)); exact in both tails.
template <class T>
T logistic(T x) {
  return T(1.0) / (T(1.0) + exp(-x));
}
/// log(1 + exp(x)) without overflow.
template <class T>
T softplus(T x) {
  return max(x, T(0.0)) + log1p(exp(-abs(x)));
}
/// log(logistic(x)).
template <class T>
T log_logistic(T x) {
  return -softplus(-x);
}

/// Quantile of the standard normal for 0 < p < 1 (Wichura 1988, Applied Statistics 37:477, PPND16).
[[nodiscard]] double normal_quantile(double p);

}  // namespace labile
