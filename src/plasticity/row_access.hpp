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
inline float* at4(float* base, std::size_t i) {
  return reinterpret_cast<float*>(reinterpret_cast<char*>(base) + 2 * i);
}

/// {x, y} of two targets: x0 y0 x1 y1.
inline __m128 two_pairs(const float* base, std::size_t i, std::size_t j) {
  return _mm_loadh_pi(_mm_castpd_ps(_mm_load_sd(at8(base, i))), reinterpret_cast<const __m64*>(at8(base, j)));
}

/// One lane after another, so a target may appear twice.
inline void scatter_add(float* input, const std::uint16_t* i, __m128 w) {
  float* a = at4(input, i[0]);
  *a += _mm_cvtss_f32(w);
  float* b = at4(input, i[1]);
  *b += _mm_cvtss_f32(_mm_movehdup_ps(w));
  float* c = at4(input, i[2]);
  *c += _mm_cvtss_f32(_mm_unpackhi_ps(w, w));
  float* d = at4(input, i[3]);
  *d += _mm_cvtss_f32(_mm_shuffle_ps(w, w, 0xFF));
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
