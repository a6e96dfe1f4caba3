#include "plasticity/row_kernel.hpp"

#include <immintrin.h>

#include <algorithm>

#include "plasticity/row_access.hpp"

namespace labile {
namespace {

using Float8 = __m256;
using Float4 = __m128;

/// 8 or 4 lanes; the loops below are written once on it.
template <int L>
struct Lanes;
template <>
struct Lanes<8> {
  using F = Float8;
  static F load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, F x) { _mm256_storeu_ps(p, x); }
  static F all(float x) { return _mm256_set1_ps(x); }
  static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F clip(F x, F lo, F hi) { return _mm256_min_ps(hi, _mm256_max_ps(lo, x)); }
  /// a where x > 0, else b
  static F where_positive(F x, F a, F b) {
    return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ));
  }
};
template <>
struct Lanes<4> {
  using F = Float4;
  static F load(const float* p) { return _mm_loadu_ps(p); }
  static void store(float* p, F x) { _mm_storeu_ps(p, x); }
  static F all(float x) { return _mm_set1_ps(x); }
  static F fma(F a, F b, F c) { return _mm_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) { return _mm_fnmadd_ps(a, b, c); }
  static F add(F a, F b) { return _mm_add_ps(a, b); }
  static F sub(F a, F b) { return _mm_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm_mul_ps(a, b); }
  static F clip(F x, F lo, F hi) { return _mm_min_ps(hi, _mm_max_ps(lo, x)); }
  static F where_positive(F x, F a, F b) {
    return _mm_blendv_ps(b, a, _mm_cmp_ps(x, _mm_setzero_ps(), _CMP_GT_OQ));
  }
};

template <class F>
struct Pair {
  F x, y;
};
template <class F>
struct Triple {
  F x, y, z;
};

inline Pair<Float4> gather_pairs(const float* base, const std::uint16_t* i, Lanes<4>) {
  const Float4 a = two_pairs(base, i[0], i[1]), b = two_pairs(base, i[2], i[3]);
  return {_mm_shuffle_ps(a, b, 0x88), _mm_shuffle_ps(a, b, 0xDD)};
}
inline Pair<Float8> gather_pairs(const float* base, const std::uint16_t* i, Lanes<8>) {
  const Float8 a = _mm256_insertf128_ps(_mm256_castps128_ps256(two_pairs(base, i[0], i[1])),
                                        two_pairs(base, i[4], i[5]), 1);
  const Float8 b = _mm256_insertf128_ps(_mm256_castps128_ps256(two_pairs(base, i[2], i[3])),
                                        two_pairs(base, i[6], i[7]), 1);
  return {_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xDD)};
}
inline Triple<Float4> gather_triples(const float* base, const std::uint16_t* i, Lanes<4>) {
  const Float4 a = _mm_load_ps(at16(base, i[0])), b = _mm_load_ps(at16(base, i[1]));
  const Float4 c = _mm_load_ps(at16(base, i[2])), d = _mm_load_ps(at16(base, i[3]));
  const Float4 ab = _mm_unpacklo_ps(a, b), cd = _mm_unpacklo_ps(c, d);
  return {_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab),
          _mm_movelh_ps(_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d))};
}
inline Triple<Float8> gather_triples(const float* base, const std::uint16_t* i, Lanes<8>) {
  const auto both = [&](int k) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_load_ps(at16(base, i[k]))),
                                _mm_load_ps(at16(base, i[4 + k])), 1);
  };
  const Float8 a = both(0), b = both(1), c = both(2), d = both(3);
  const Float8 ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
  return {_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE),
          _mm256_shuffle_ps(_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d), 0x44)};
}
inline Float4 gather_singles(const float* base, const std::uint16_t* i, Lanes<4>) {
  return _mm_setr_ps(*at4(base, i[0]), *at4(base, i[1]), *at4(base, i[2]), *at4(base, i[3]));
}
inline Float8 gather_singles(const float* base, const std::uint16_t* i, Lanes<8>) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(gather_singles(base, i, Lanes<4>{})),
                              gather_singles(base, i + 4, Lanes<4>{}), 1);
}

inline void scatter_add(float* input, const std::uint16_t* i, Float8 w) {
  scatter_add(input, i, _mm256_castps256_ps128(w));
  scatter_add(input, i + 4, _mm256_extractf128_ps(w, 1));
}

template <int L, bool Gated, bool Soft, bool Own>
void visit(std::byte* row, std::size_t chunks, const RowConstants& k, const RowTargets& targets, float* input,
           const NextRow& next) noexcept {
  constexpr int W = L == 16 ? 8 : 4;
  using V = Lanes<W>;
  using F = typename V::F;
  constexpr RowShape shape{.lanes = L, .plastic = true, .gated = Gated, .soft = Soft, .own = Own};
  constexpr std::size_t bytes = static_cast<std::size_t>(L) * (2 + 4 * (1 + Gated + Soft + Own));
  const F D = V::all(k.D), c0_d = V::all(k.c0_d), eta_J = V::all(k.eta_J), eta_c0 = V::all(k.eta_c0),
          eta_c0_G = V::all(k.eta_c0_G), kY = V::all(k.kY), c1_d = V::all(k.c1_d), eta_c1 = V::all(k.eta_c1),
          eta_c1_G = V::all(k.eta_c1_G), lo = V::all(k.dw_min), hi = V::all(k.dw_max), base = V::all(k.w0);
  for (std::size_t c = 0; c < chunks; ++c, row += bytes) {
    fetch<bytes>(next, c);
    const auto* index = reinterpret_cast<const std::uint16_t*>(row);
    auto* dw_at = reinterpret_cast<float*>(row + shape.dw_at());
    auto* e_at = reinterpret_cast<float*>(row + shape.e_at());
    auto* z_at = reinterpret_cast<float*>(row + shape.z_at());
    for (int g = 0; g < L; g += W) {
      const std::uint16_t* i = index + g;
      F w0 = base, dw_lo = lo, dw_hi = hi;
      if constexpr (Own) {
        w0 = V::load(reinterpret_cast<const float*>(row + shape.w0_at()) + g);
        dw_lo = V::sub(lo, w0);
        dw_hi = V::sub(hi, w0);
      }
      const F dw = V::load(dw_at + g);
      F delivered;
      if constexpr (Gated) {
        const auto [Y, A, B] = gather_triples(targets.now, i, V{});
        const auto [Ap, Bp] = gather_pairs(targets.frame, i, V{});
        const F e = V::load(e_at + g);
        const F change = V::fma(eta_J, e, V::fma(eta_c0_G, Ap, V::mul(eta_c0, Bp)));
        const F taken = V::fma(eta_c1_G, A, V::mul(eta_c1, B));
        F w1;
        if constexpr (Soft) {
          const F total = V::add(change, V::load(z_at + g));
          const F room = V::where_positive(total, V::sub(dw_hi, dw), V::sub(dw, dw_lo));
          w1 = V::clip(V::fma(room, total, dw), dw_lo, dw_hi);
          V::store(dw_at + g, w1);
          V::store(z_at + g, V::sub(V::all(0), taken));
        } else {
          w1 = V::clip(V::add(dw, change), dw_lo, dw_hi);
          V::store(dw_at + g, V::sub(w1, taken));
        }
        const F e1 = V::fma(kY, Y, V::fma(c0_d, Ap, V::mul(D, e)));
        V::store(e_at + g, V::fnma(c1_d, A, e1));
        delivered = V::add(w0, w1);
      } else {
        const auto [Y, A] = gather_pairs(targets.now, i, V{});
        const F Ap = gather_singles(targets.frame, i, V{});
        if constexpr (Soft) {
          const F up = V::fma(eta_c0, Ap, V::load(z_at + g));
          const F room = V::where_positive(up, V::sub(dw_hi, dw), V::sub(dw, dw_lo));
          F w1 = V::clip(V::fma(room, up, dw), dw_lo, dw_hi);
          const F down = V::mul(kY, Y);
          const F left = V::where_positive(down, V::sub(dw_hi, w1), V::sub(w1, dw_lo));
          w1 = V::clip(V::fma(left, down, w1), dw_lo, dw_hi);
          V::store(dw_at + g, w1);
          V::store(z_at + g, V::sub(V::all(0), V::mul(eta_c1, A)));
          delivered = V::add(w0, w1);
        } else {
          F w1 = V::clip(V::fma(eta_c0, Ap, dw), dw_lo, dw_hi);
          w1 = V::clip(V::fma(kY, Y, w1), dw_lo, dw_hi);
          V::store(dw_at + g, V::fnma(eta_c1, A, w1));
          delivered = V::add(w0, w1);
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
  for (std::size_t c = 0; c < chunks; ++c, row += bytes) {
    fetch<bytes>(next, c);
    const auto* index = reinterpret_cast<const std::uint16_t*>(row);
    if constexpr (Own) {
      const auto* weight = reinterpret_cast<const float*>(row + 2 * L);
      for (int g = 0; g < L; ++g) *at4(input, index[g]) += weight[g];
    } else {
      for (int g = 0; g < L; ++g) *at4(input, index[g]) += w;
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
  return shape.lanes == 16 ? pick<16>(shape) : pick<4>(shape);
}

DeliverRow deliver_row(const RowShape& shape) {
  if (shape.lanes == 16) return shape.own ? &deliver<16, true> : &deliver<16, false>;
  return shape.own ? &deliver<4, true> : &deliver<4, false>;
}

}  // namespace labile
