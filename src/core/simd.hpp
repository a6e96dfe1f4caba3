/// Four doubles in lock step, with the masks and indices that go with them.
///
/// A model written once on a scalar type T runs on double (one subject), on Vec (four subjects) and on
/// Dual (derivatives). It may branch on parameters, never on state: use select(mask, a, b). Every
/// operation is one IEEE operation per lane, so a lane's bits equal those of the same code on double.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace labile {

inline constexpr int kWidth = 4;  // lanes of a Vec: AVX2, the portable baseline

using RawDoubles = double __attribute__((vector_size(32)));
using RawInts = std::int64_t __attribute__((vector_size(32)));

struct Mask4 {
  RawInts m;  // all bits set where true
};
struct Index4 {
  RawInts i;
  Index4() = default;
  Index4(std::int64_t all) : i{all, all, all, all} {}
  explicit Index4(RawInts raw) : i(raw) {}
};
struct Vec {
  RawDoubles v;
  Vec() = default;
  Vec(double all) : v{all, all, all, all} {}
  explicit Vec(RawDoubles raw) : v(raw) {}
  double operator[](int lane) const { return v[lane]; }
  void set(int lane, double x) { v[lane] = x; }
};

inline Vec operator+(Vec a, Vec b) {
  return Vec(a.v + b.v);
}
inline Vec operator-(Vec a, Vec b) {
  return Vec(a.v - b.v);
}
inline Vec operator*(Vec a, Vec b) {
  return Vec(a.v * b.v);
}
inline Vec operator/(Vec a, Vec b) {
  return Vec(a.v / b.v);
}
inline Vec operator-(Vec a) {
  return Vec(-a.v);
}
inline Vec& operator+=(Vec& a, Vec b) {
  return a = a + b;
}
inline Vec& operator-=(Vec& a, Vec b) {
  return a = a - b;
}
inline Vec& operator*=(Vec& a, Vec b) {
  return a = a * b;
}

inline Mask4 operator<(Vec a, Vec b) {
  return {a.v < b.v};
}
inline Mask4 operator>(Vec a, Vec b) {
  return {a.v > b.v};
}
inline Mask4 operator<=(Vec a, Vec b) {
  return {a.v <= b.v};
}
inline Mask4 operator>=(Vec a, Vec b) {
  return {a.v >= b.v};
}
inline Mask4 operator==(Vec a, Vec b) {
  return {a.v == b.v};
}
inline Mask4 operator!=(Vec a, Vec b) {
  return {a.v != b.v};
}
inline Mask4 operator==(Index4 a, Index4 b) {
  return {a.i == b.i};
}
inline Mask4 operator!=(Index4 a, Index4 b) {
  return {a.i != b.i};
}
inline Mask4 operator>=(Index4 a, Index4 b) {
  return {a.i >= b.i};
}
inline Mask4 operator&(Mask4 a, Mask4 b) {
  return {a.m & b.m};
}
inline Mask4 operator|(Mask4 a, Mask4 b) {
  return {a.m | b.m};
}
inline Mask4 operator!(Mask4 a) {
  return {~a.m};
}

inline Vec select(Mask4 c, Vec a, Vec b) {
  return Vec(c.m ? a.v : b.v);
}
inline Index4 select(Mask4 c, Index4 a, Index4 b) {
  return Index4(c.m ? a.i : b.i);
}
inline bool any(Mask4 c) {
  return _mm256_movemask_pd((RawDoubles)c.m) != 0;
}
inline bool all(Mask4 c) {
  return _mm256_movemask_pd((RawDoubles)c.m) == 15;
}
inline bool lane(Mask4 c, int k) {
  return c.m[k] != 0;
}

/// Four neighboring 32-bit integers as one index a lane.
inline Index4 load_index(const std::int32_t* p) {
  return Index4((RawInts)_mm256_cvtepi32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline Index4 load_index(const std::uint32_t* p) {
  return Index4((RawInts)_mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
/// Four neighboring flags (0 or 1) as a mask.
inline Mask4 load_mask(const std::uint8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, sizeof four);
  return {-(RawInts)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four))};
}
/// Four choices to 32-bit integers.
inline void store_index(Index4 x, std::int32_t* p) {
  const __m256i low_halves = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  const __m256i packed = _mm256_permutevar8x32_epi32((__m256i)x.i, low_halves);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}

inline double select(bool c, double a, double b) {
  return c ? a : b;
}
inline std::int64_t select(bool c, std::int64_t a, std::int64_t b) {
  return c ? a : b;
}
inline bool any(bool c) {
  return c;
}
inline bool all(bool c) {
  return c;
}

inline double fma(double a, double b, double c) {
  return std::fma(a, b, c);
}
inline Vec fma(Vec a, Vec b, Vec c) {
  return Vec(RawDoubles(_mm256_fmadd_pd(a.v, b.v, c.v)));
}
inline double min(double a, double b) {
  return b < a ? b : a;
}
inline double max(double a, double b) {
  return a < b ? b : a;
}
inline Vec min(Vec a, Vec b) {
  return select(b < a, b, a);
}
inline Vec max(Vec a, Vec b) {
  return select(a < b, b, a);
}
inline double abs(double a) {
  return a < 0 ? -a : (a == 0 ? 0.0 : a);
}
inline Vec abs(Vec a) {
  return select(a < Vec(0), -a, select(a == Vec(0), Vec(0), a));
}
template <class T>
T clamp(T x, T lo, T hi) {
  return min(max(x, lo), hi);
}

/// The mask and index types that belong to a scalar type.
template <class T>
struct Lanes {
  using Mask = bool;
  using Index = std::int64_t;
  static constexpr int width = 1;
};
template <>
struct Lanes<Vec> {
  using Mask = Mask4;
  using Index = Index4;
  static constexpr int width = kWidth;
};
template <class T>
using Mask = typename Lanes<T>::Mask;
template <class T>
using Index = typename Lanes<T>::Index;

}  // namespace labile
