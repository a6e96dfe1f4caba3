/// Eight floats in lock step: Vec (core/simd.hpp) in single precision, for state whose benchmark asks for it.
///
/// Every operation is one IEEE operation per lane, so a lane's bits equal those of the same code on float,
/// and no lane sees another.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>

#include "core/simd.hpp"

namespace labile {

using RawFloats = float __attribute__((vector_size(32)));
using RawInts8 = std::int32_t __attribute__((vector_size(32)));

struct Mask8 {
  RawInts8 m;  // all bits set where true
};
struct Float8 {
  RawFloats v;
  Float8() = default;
  Float8(float all) : v{all, all, all, all, all, all, all, all} {}
  explicit Float8(RawFloats raw) : v(raw) {}
  float operator[](int lane) const { return v[lane]; }
  void set(int lane, float x) { v[lane] = x; }
};

inline Float8 operator+(Float8 a, Float8 b) {
  return Float8(a.v + b.v);
}
inline Float8 operator-(Float8 a, Float8 b) {
  return Float8(a.v - b.v);
}
inline Float8 operator*(Float8 a, Float8 b) {
  return Float8(a.v * b.v);
}
inline Float8 operator/(Float8 a, Float8 b) {
  return Float8(a.v / b.v);
}
inline Float8 operator-(Float8 a) {
  return Float8(-a.v);
}
inline Float8& operator+=(Float8& a, Float8 b) {
  return a = a + b;
}
inline Float8& operator-=(Float8& a, Float8 b) {
  return a = a - b;
}
inline Float8& operator*=(Float8& a, Float8 b) {
  return a = a * b;
}

inline Mask8 operator<(Float8 a, Float8 b) {
  return {a.v < b.v};
}
inline Mask8 operator>(Float8 a, Float8 b) {
  return {a.v > b.v};
}
inline Mask8 operator<=(Float8 a, Float8 b) {
  return {a.v <= b.v};
}
inline Mask8 operator>=(Float8 a, Float8 b) {
  return {a.v >= b.v};
}
inline Mask8 operator==(Float8 a, Float8 b) {
  return {a.v == b.v};
}
inline Mask8 operator!=(Float8 a, Float8 b) {
  return {a.v != b.v};
}
inline Mask8 operator&(Mask8 a, Mask8 b) {
  return {a.m & b.m};
}
inline Mask8 operator|(Mask8 a, Mask8 b) {
  return {a.m | b.m};
}
inline Mask8 operator!(Mask8 a) {
  return {~a.m};
}

inline Float8 select(Mask8 c, Float8 a, Float8 b) {
  return Float8(c.m ? a.v : b.v);
}
/// Bit i: lane i is true.
inline unsigned movemask(Mask8 c) {
  return static_cast<unsigned>(_mm256_movemask_ps((__m256)c.m));
}
inline unsigned movemask(Mask4 c) {
  return static_cast<unsigned>(_mm256_movemask_pd((__m256d)c.m));
}
inline bool any(Mask8 c) {
  return movemask(c) != 0;
}
inline bool all(Mask8 c) {
  return movemask(c) == 0xff;
}
inline bool lane(Mask8 c, int k) {
  return c.m[k] != 0;
}

inline Float8 fma(Float8 a, Float8 b, Float8 c) {
  return Float8(RawFloats(_mm256_fmadd_ps(a.v, b.v, c.v)));
}
/// Where a and b are equal or one is NaN, a: as min and max of double and Vec.
inline Float8 min(Float8 a, Float8 b) {
  return Float8(RawFloats(_mm256_min_ps(b.v, a.v)));
}
inline Float8 max(Float8 a, Float8 b) {
  return Float8(RawFloats(_mm256_max_ps(b.v, a.v)));
}

/// Loads and stores; `p` needs no alignment. Floats widen exactly to the doubles of a Vec.
inline void load(const float* p, Float8& x) {
  x.v = RawFloats(_mm256_loadu_ps(p));
}
inline void load(const float* p, Vec& x) {
  x.v = RawDoubles(_mm256_cvtps_pd(_mm_loadu_ps(p)));
}
inline void store(Float8 x, float* p) {
  _mm256_storeu_ps(p, x.v);
}

template <>
struct Lanes<Float8> {
  using Mask = Mask8;
  static constexpr int width = 8;
};

}  // namespace labile
