/// How the loops over a row reach their targets: addresses, small gathers, scatter, prefetch.
///
/// In an unnamed namespace on purpose: the loops are compiled for two instruction sets, and functions shared
/// between their objects could be merged into the one that not every machine can run.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "plasticity/row_kernel.hpp"

namespace labile {
namespace {

// Addresses by scaled index i = 2 x target: 16-byte records at 8 i, 8-byte at 4 i, 4-byte at 2 i.
inline const float* at16(const float* base, std::size_t i) {
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(base) + 8 * i);
}
inline const double* at8(const float* base, std::size_t i) {
  return reinterpret_cast<const double*>(reinterpret_cast<const char*>(base) + 4 * i);
}
inline const float* at4(const float* base, std::size_t i) {
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(base) + 2 * i);
}

/// {x, y} of two targets: x0 y0 x1 y1.
inline __m128 two_pairs(const float* base, std::size_t i, std::size_t j) {
  return _mm_loadh_pi(_mm_castpd_ps(_mm_load_sd(at8(base, i))), reinterpret_cast<const __m64*>(at8(base, j)));
}

/// input[target] += the lowest lane of w. In assembly because g++ and clang compute the address apart, which
/// makes a third of a row's instructions.
[[gnu::always_inline]] inline void add_at(float* input, std::size_t i, __m128 w) {
  __m128 sum;
  asm volatile("vaddss (%1,%2,2), %3, %0\n\tvmovss %0, (%1,%2,2)"
               : "=&x"(sum)
               : "r"(input), "r"(i), "x"(w)
               : "memory");
}
/// One lane after another, so a target may appear twice.
[[gnu::always_inline]] inline void scatter_add(float* input, const std::size_t* i, __m128 w) {
  add_at(input, i[0], w);
  add_at(input, i[1], _mm_movehdup_ps(w));
  add_at(input, i[2], _mm_permute_ps(w, 0xEE));
  add_at(input, i[3], _mm_permute_ps(w, 0xFF));
}
/// Asks for chunk c of the row that comes next; chunks beyond its end are not asked for. Inlined at once: g++
/// 12 takes a function that only prefetches for one that does nothing and drops calls of it.
template <std::size_t Bytes>
[[gnu::always_inline]] inline void fetch(const NextRow& next, std::size_t c) {
  if (c >= next.chunks) return;
  const char* at = reinterpret_cast<const char*>(next.begin) + c * Bytes;
  for (std::size_t o = 0; o < Bytes; o += 64) _mm_prefetch(at + o, _MM_HINT_T0);
}
/// What is left of it, and its last line, when this row has had `c` chunks.
template <std::size_t Bytes>
[[gnu::always_inline]] inline void fetch_rest(const NextRow& next, std::size_t c) {
  for (; c < next.chunks; ++c) fetch<Bytes>(next, c);
  _mm_prefetch(reinterpret_cast<const char*>(next.begin) + next.chunks * Bytes - 1, _MM_HINT_T0);
}

}  // namespace
}  // namespace labile
