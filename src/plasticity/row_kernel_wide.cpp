/// The loops of row_kernel.cpp for AVX-512, compiled with its flags and chosen at run time: the same
/// operations on 16 lanes at once, so the same bits. Chunks of 16 and hard bounds only; the rest takes the
/// other loops.
#include <immintrin.h>

#include <algorithm>

#include "plasticity/row_access.hpp"
#include "plasticity/row_kernel.hpp"

namespace labile {
namespace {

using F = __m512;

struct Pair {
  F x, y;
};
struct Triple {
  F x, y, z;
};
/// {x, y} of 16 targets.
inline Pair gather_pairs(const float* base, const std::size_t* i) {
  F a = _mm512_castps128_ps512(two_pairs(base, i[0], i[1])),
    b = _mm512_castps128_ps512(two_pairs(base, i[2], i[3]));
  a = _mm512_insertf32x4(a, two_pairs(base, i[4], i[5]), 1);
  b = _mm512_insertf32x4(b, two_pairs(base, i[6], i[7]), 1);
  a = _mm512_insertf32x4(a, two_pairs(base, i[8], i[9]), 2);
  b = _mm512_insertf32x4(b, two_pairs(base, i[10], i[11]), 2);
  a = _mm512_insertf32x4(a, two_pairs(base, i[12], i[13]), 3);
  b = _mm512_insertf32x4(b, two_pairs(base, i[14], i[15]), 3);
  return {_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xDD)};
}
/// {x, y, z} of 16 targets with four floats each. Loads that blend into a quarter cost no shuffle.
inline Triple gather_triples(const float* base, const std::size_t* i) {
  F q[4];
  for (int k = 0; k < 4; ++k) {
    F r = _mm512_castps128_ps512(_mm_load_ps(at16(base, i[k])));
    r = _mm512_mask_broadcast_f32x4(r, 0x00F0, _mm_load_ps(at16(base, i[4 + k])));
    r = _mm512_mask_broadcast_f32x4(r, 0x0F00, _mm_load_ps(at16(base, i[8 + k])));
    q[k] = _mm512_mask_broadcast_f32x4(r, 0xF000, _mm_load_ps(at16(base, i[12 + k])));
  }
  const F ab = _mm512_unpacklo_ps(q[0], q[1]), cd = _mm512_unpacklo_ps(q[2], q[3]);
  return {_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE),
          _mm512_shuffle_ps(_mm512_unpackhi_ps(q[0], q[1]), _mm512_unpackhi_ps(q[2], q[3]), 0x44)};
}
inline F gather_singles(const float* base, const std::size_t* i) {
  const auto four = [&](int k) {
    return _mm_setr_ps(*at4(base, i[k]), *at4(base, i[k + 1]), *at4(base, i[k + 2]), *at4(base, i[k + 3]));
  };
  F a = _mm512_castps128_ps512(four(0));
  a = _mm512_insertf32x4(a, four(4), 1);
  a = _mm512_insertf32x4(a, four(8), 2);
  return _mm512_insertf32x4(a, four(12), 3);
}
template <bool Gated, bool Own>
void visit(std::byte* row, std::size_t chunks, const RowConstants& k, const RowTargets& targets, float* input,
           const NextRow& next) noexcept {
  constexpr RowShape shape{.lanes = 16, .plastic = true, .gated = Gated, .own = Own};
  constexpr std::size_t bytes = std::size_t{16} * (2 + 4 * (1 + Gated + Own));
  const auto all = [](float x) { return _mm512_set1_ps(x); };
  const F D = all(k.D), c0_d = all(k.c0_d), eta_J = all(k.eta_J), eta_c0 = all(k.eta_c0),
          eta_c0_G = all(k.eta_c0_G), kY = all(k.kY), c1_d = all(k.c1_d), eta_c1 = all(k.eta_c1),
          eta_c1_G = all(k.eta_c1_G), lo = all(k.dw_min), hi = all(k.dw_max), base = all(k.w0);
  const __mmask16 kept = k.keep_e ? 0xFFFF : 0;
  for (std::size_t c = 0; c < chunks; ++c, row += bytes) {
    fetch<bytes>(next, c);
    const auto* index = reinterpret_cast<const std::uint16_t*>(row);
    std::size_t i[16];  // widened once: loads, gathers and scatter use them
    for (int g = 0; g < 16; ++g) i[g] = index[g];
    auto* dw_at = reinterpret_cast<float*>(row + shape.dw_at());
    auto* e_at = reinterpret_cast<float*>(row + shape.e_at());
    F w0 = base, dw_lo = lo, dw_hi = hi;
    if constexpr (Own) {
      w0 = _mm512_loadu_ps(row + shape.w0_at());
      dw_lo = _mm512_sub_ps(lo, w0);
      dw_hi = _mm512_sub_ps(hi, w0);
    }
    const F dw = _mm512_loadu_ps(dw_at);
    F w1;
    if constexpr (Gated) {
      const auto [Y, A, B] = gather_triples(targets.now, i);
      const auto [Ap, Bp] = gather_pairs(targets.frame, i);
      const F e = _mm512_loadu_ps(e_at);
      const F change = _mm512_fmadd_ps(eta_J, e, _mm512_fmadd_ps(eta_c0_G, Ap, _mm512_mul_ps(eta_c0, Bp)));
      const F taken = _mm512_fmadd_ps(eta_c1_G, A, _mm512_mul_ps(eta_c1, B));
      w1 = _mm512_min_ps(dw_hi, _mm512_max_ps(dw_lo, _mm512_add_ps(dw, change)));
      _mm512_storeu_ps(dw_at, _mm512_sub_ps(w1, taken));
      const F left = _mm512_fmadd_ps(D, e, _mm512_fmadd_ps(c0_d, Ap, _mm512_maskz_mov_ps(kept, e)));
      const F e1 = _mm512_fmadd_ps(kY, Y, left);
      _mm512_storeu_ps(e_at, _mm512_fnmadd_ps(c1_d, A, e1));
    } else {
      const auto [Y, A] = gather_pairs(targets.now, i);
      const F Ap = gather_singles(targets.frame, i);
      w1 = _mm512_min_ps(dw_hi, _mm512_max_ps(dw_lo, _mm512_fmadd_ps(eta_c0, Ap, dw)));
      w1 = _mm512_min_ps(dw_hi, _mm512_max_ps(dw_lo, _mm512_fmadd_ps(kY, Y, w1)));
      _mm512_storeu_ps(dw_at, _mm512_fnmadd_ps(eta_c1, A, w1));
    }
    const F w = _mm512_add_ps(w0, w1);
    scatter_add(input, i, _mm512_castps512_ps128(w));
    scatter_add(input, i + 4, _mm512_extractf32x4_ps(w, 1));
    scatter_add(input, i + 8, _mm512_extractf32x4_ps(w, 2));
    scatter_add(input, i + 12, _mm512_extractf32x4_ps(w, 3));
  }
  if (next.chunks) fetch_rest<bytes>(next, chunks);
}
}  // namespace

VisitRow visit_row_wide(const RowShape& s) {
  if (s.lanes != 16 || s.soft) return nullptr;
  if (s.gated) return s.own ? &visit<true, true> : &visit<true, false>;
  return s.own ? &visit<false, true> : &visit<false, false>;
}

}  // namespace labile
