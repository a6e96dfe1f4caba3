#include "plasticity/row_kernel.hpp"

#include <immintrin.h>

#include <algorithm>

#include "plasticity/row_access.hpp"

namespace labile {
namespace {

using F = __m256;

[[gnu::always_inline]] inline F load(const float* p) {
  return _mm256_loadu_ps(p);
}
[[gnu::always_inline]] inline void store(float* p, F x) {
  _mm256_storeu_ps(p, x);
}
[[gnu::always_inline]] inline F all(float x) {
  return _mm256_set1_ps(x);
}
[[gnu::always_inline]] inline F clip(F x, F lo, F hi) {
  return _mm256_min_ps(hi, _mm256_max_ps(lo, x));
}
[[gnu::always_inline]] inline F ones_if(bool yes) {
  return _mm256_castsi256_ps(_mm256_set1_epi32(yes ? -1 : 0));
}
/// a where x > 0, else b
[[gnu::always_inline]] inline F where_positive(F x, F a, F b) {
  return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ));
}

struct Pair {
  F x, y;
};
struct Triple {
  F x, y, z;
};

[[gnu::always_inline]] inline F two_halves(__m128 low, __m128 high) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}
/// {x, y} of 8 targets.
[[gnu::always_inline]] inline Pair gather_pairs(const float* base, const std::size_t* i) {
  const F a = two_halves(two_pairs(base, i[0], i[1]), two_pairs(base, i[4], i[5]));
  const F b = two_halves(two_pairs(base, i[2], i[3]), two_pairs(base, i[6], i[7]));
  return {_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xDD)};
}
/// {x, y, z} of 8 targets with four floats each.
[[gnu::always_inline]] inline Triple gather_triples(const float* base, const std::size_t* i) {
  const auto both = [&](int k) {
    return two_halves(_mm_load_ps(at16(base, i[k])), _mm_load_ps(at16(base, i[4 + k])));
  };
  const F a = both(0), b = both(1), c = both(2), d = both(3);
  const F ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
  return {_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE),
          _mm256_shuffle_ps(_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d), 0x44)};
}
[[gnu::always_inline]] inline F gather_singles(const float* base, const std::size_t* i) {
  return _mm256_setr_ps(*at4(base, i[0]), *at4(base, i[1]), *at4(base, i[2]), *at4(base, i[3]),
                        *at4(base, i[4]), *at4(base, i[5]), *at4(base, i[6]), *at4(base, i[7]));
}

[[gnu::always_inline]] inline void scatter_add(float* input, const std::size_t* i, F w) {
  scatter_add(input, i, _mm256_castps256_ps128(w));
  scatter_add(input, i + 4, _mm256_extractf128_ps(w, 1));
}

template <int L, bool Gated, bool Soft, bool Own>
void visit(std::byte* row, std::size_t chunks, const RowConstants& k, const RowTargets& targets, float* input,
           const NextRow& next) noexcept {
  constexpr int W = 8;
  constexpr RowShape shape{.lanes = L, .plastic = true, .gated = Gated, .soft = Soft, .own = Own};
  constexpr std::size_t bytes = static_cast<std::size_t>(L) * (2 + 4 * (1 + Gated + Soft + Own));
  const F D = all(k.D), c0_d = all(k.c0_d), eta_J = all(k.eta_J), eta_c0 = all(k.eta_c0),
          eta_c0_G = all(k.eta_c0_G), kY = all(k.kY), c1_d = all(k.c1_d), eta_c1 = all(k.eta_c1),
          eta_c1_G = all(k.eta_c1_G), kept = ones_if(k.keep_e), lo = all(k.dw_min), hi = all(k.dw_max),
          base = all(k.w0);
  for (std::size_t c = 0; c < chunks; ++c, row += bytes) {
    fetch<bytes>(next, c);
    const auto* index = reinterpret_cast<const std::uint16_t*>(row);
    auto* dw_at = reinterpret_cast<float*>(row + shape.dw_at());
    auto* e_at = reinterpret_cast<float*>(row + shape.e_at());
    auto* z_at = reinterpret_cast<float*>(row + shape.z_at());
    for (int g = 0; g < L; g += W) {
      const std::size_t i[W] = {index[g],     index[g + 1], index[g + 2], index[g + 3],
                                index[g + 4], index[g + 5], index[g + 6], index[g + 7]};
      F w0 = base, dw_lo = lo, dw_hi = hi;
      if constexpr (Own) {
        w0 = load(reinterpret_cast<const float*>(row + shape.w0_at()) + g);
        dw_lo = _mm256_sub_ps(lo, w0);
        dw_hi = _mm256_sub_ps(hi, w0);
      }
      const F dw = load(dw_at + g);
      F delivered;
      if constexpr (Gated) {
        const auto [Y, A, B] = gather_triples(targets.now, i);
        const auto [Ap, Bp] = gather_pairs(targets.frame, i);
        const F e = load(e_at + g);
        const F change = _mm256_fmadd_ps(eta_J, e, _mm256_fmadd_ps(eta_c0_G, Ap, _mm256_mul_ps(eta_c0, Bp)));
        const F taken = _mm256_fmadd_ps(eta_c1_G, A, _mm256_mul_ps(eta_c1, B));
        F w1;
        if constexpr (Soft) {
          const F total = _mm256_add_ps(change, load(z_at + g));
          const F room = where_positive(total, _mm256_sub_ps(dw_hi, dw), _mm256_sub_ps(dw, dw_lo));
          w1 = clip(_mm256_fmadd_ps(room, total, dw), dw_lo, dw_hi);
          store(dw_at + g, w1);
          store(z_at + g, _mm256_sub_ps(_mm256_setzero_ps(), taken));
        } else {
          w1 = clip(_mm256_add_ps(dw, change), dw_lo, dw_hi);
          store(dw_at + g, _mm256_sub_ps(w1, taken));
        }
        // What e~ and the sum hold of the last visit cancels first, while nothing is rounded.
        const F left = _mm256_fmadd_ps(D, e, _mm256_fmadd_ps(c0_d, Ap, _mm256_and_ps(kept, e)));
        const F e1 = _mm256_fmadd_ps(kY, Y, left);
        store(e_at + g, _mm256_fnmadd_ps(c1_d, A, e1));
        delivered = _mm256_add_ps(w0, w1);
      } else {
        const auto [Y, A] = gather_pairs(targets.now, i);
        const F Ap = gather_singles(targets.frame, i);
        if constexpr (Soft) {
          const F up = _mm256_fmadd_ps(eta_c0, Ap, load(z_at + g));
          const F room = where_positive(up, _mm256_sub_ps(dw_hi, dw), _mm256_sub_ps(dw, dw_lo));
          F w1 = clip(_mm256_fmadd_ps(room, up, dw), dw_lo, dw_hi);
          const F down = _mm256_mul_ps(kY, Y);
          const F left = where_positive(down, _mm256_sub_ps(dw_hi, w1), _mm256_sub_ps(w1, dw_lo));
          w1 = clip(_mm256_fmadd_ps(left, down, w1), dw_lo, dw_hi);
          store(dw_at + g, w1);
          store(z_at + g, _mm256_sub_ps(_mm256_setzero_ps(), _mm256_mul_ps(eta_c1, A)));
          delivered = _mm256_add_ps(w0, w1);
        } else {
          F w1 = clip(_mm256_fmadd_ps(eta_c0, Ap, dw), dw_lo, dw_hi);
          w1 = clip(_mm256_fmadd_ps(kY, Y, w1), dw_lo, dw_hi);
          store(dw_at + g, _mm256_fnmadd_ps(eta_c1, A, w1));
          delivered = _mm256_add_ps(w0, w1);
        }
      }
      scatter_add(input, i, delivered);
    }
  }
  if (next.chunks) fetch_rest<bytes>(next, chunks);
}

template <int L, bool Own>
void deliver(const std::byte* row, std::size_t chunks, float w, float* input, const NextRow& next) noexcept {
  constexpr std::size_t bytes = static_cast<std::size_t>(L) * (Own ? 6 : 2);
  const __m128 weight_of_all = _mm_set_ss(w);
  for (std::size_t c = 0; c < chunks; ++c, row += bytes) {
    fetch<bytes>(next, c);
    const auto* index = reinterpret_cast<const std::uint16_t*>(row);
    if constexpr (Own) {
      const auto* weight = reinterpret_cast<const float*>(row + 2 * L);
      for (int g = 0; g < L; ++g) add_at(input, index[g], _mm_load_ss(weight + g));
    } else {
      for (int g = 0; g < L; ++g) add_at(input, index[g], weight_of_all);
    }
  }
  if (next.chunks) fetch_rest<bytes>(next, chunks);
}

template <int L, bool Gated, bool Soft>
VisitRow pick(bool own) {
  return own ? &visit<L, Gated, Soft, true> : &visit<L, Gated, Soft, false>;
}
template <int L>
VisitRow pick(const RowShape& s) {
  if (s.gated) return s.soft ? pick<L, true, true>(s.own) : pick<L, true, false>(s.own);
  return s.soft ? pick<L, false, true>(s.own) : pick<L, false, false>(s.own);
}
}  // namespace

bool machine_is_wide() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

VisitRow visit_row(const RowShape& shape, bool wide) {
  if (wide && machine_is_wide())
    if (const VisitRow loop = visit_row_wide(shape)) return loop;
  return shape.lanes == 16 ? pick<16>(shape) : pick<8>(shape);
}

DeliverRow deliver_row(const RowShape& shape) {
  if (shape.lanes == 16) return shape.own ? &deliver<16, true> : &deliver<16, false>;
  return shape.own ? &deliver<8, true> : &deliver<8, false>;
}

}  // namespace labile
