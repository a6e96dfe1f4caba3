/// add_few of background.cpp for AVX-512, compiled with its flags and chosen at run time: the same bits.
#include <immintrin.h>

#include <array>

#include "core/philox.hpp"
#include "core/random.hpp"
#include "network/background.hpp"

namespace labile {

void add_few_wide(const FewSpikes& t, Step n, int first, int count, float* input) noexcept {
  const auto all = [](std::uint32_t x) { return _mm512_set1_epi64(x); };
  const auto table = [](const std::uint8_t* x) {
    return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(x)));
  };
  const __m512i table_low = table(t.low), table_high = table(t.high), table_other = table(t.other);
  const __m512i no_high = _mm512_set1_epi16(static_cast<short>(0x8000)), no_low = _mm512_set1_epi16(0x0080);
  const __m512i twelve = _mm512_set1_epi16(0xFFF);
  const __m512 weight = _mm512_set1_ps(t.weight);
  const __m512i m0 = all(kPhiloxM0), m1 = all(kPhiloxM1);
  // Counters in the order of background.cpp: lane j of its first register is counter 2 j, of its second 2 j
  // + 1.
  const __m512i lane = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  const __m512i step = all(static_cast<std::uint32_t>(n)), who = all(t.entity);
  const __m512i what =
      all(static_cast<std::uint32_t>(Purpose::background) ^ (static_cast<std::uint32_t>(n >> 32) << 8));
  for (int i = 0; i < count; i += 64) {
    __m512i c0 = _mm512_add_epi64(all(static_cast<std::uint32_t>(first + i) / 8), lane), c1 = step, c2 = who,
            c3 = what;
    std::uint32_t k0 = static_cast<std::uint32_t>(t.seed), k1 = static_cast<std::uint32_t>(t.seed >> 32);
    for (int round = 0; round < 7; ++round) {
      const __m512i p0 = _mm512_mul_epu32(c0, m0), p1 = _mm512_mul_epu32(c2, m1);
      c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c1, all(k0), 0x96);  // xor of three
      c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c3, all(k1), 0x96);
      c1 = p1;
      c3 = p0;
      k0 += kPhiloxW0;
      k1 += kPhiloxW1;
    }
    // Halves of each word vector join as they do there: low words of the first register, high of the second.
    const auto joined = [](__m512i x) {
      return _mm256_blend_epi32(_mm512_castsi512_si256(x),
                                _mm256_slli_epi64(_mm512_extracti64x4_epi64(x, 1), 32), 0xAA);
    };
    const __m512i pairs[2] = {_mm512_inserti64x4(_mm512_castsi256_si512(joined(c0)), joined(c1), 1),
                              _mm512_inserti64x4(_mm512_castsi256_si512(joined(c2)), joined(c3), 1)};
    for (int w = 0; w < 2 && i + 32 * w < count; ++w) {
      const __m512i u = pairs[w];
      const __m512i column = _mm512_srli_epi16(u, 12), rest = _mm512_and_si512(u, twelve);
      const __m512i at_low = _mm512_or_si512(column, no_high);
      const __m512i at_high = _mm512_or_si512(_mm512_slli_epi16(column, 8), no_low);
      const __m512i limit =
          _mm512_or_si512(_mm512_shuffle_epi8(table_low, at_low), _mm512_shuffle_epi8(table_high, at_high));
      const __m512i spare = _mm512_shuffle_epi8(table_other, at_low);
      __m512i k = _mm512_mask_blend_epi16(_mm512_cmpgt_epi16_mask(limit, rest), spare, column);
      if (const __mmask32 tie = _mm512_cmpeq_epi16_mask(limit, rest)) {
        alignas(64) std::array<std::uint16_t, 32> columns, value;
        _mm512_store_si512(columns.data(), column);
        _mm512_store_si512(value.data(), k);
        for (std::size_t j = 0; j < 32; ++j)
          if (tie >> j & 1)
            value[j] = t.settle_tie(
                n, static_cast<std::uint32_t>(first + i + 32 * w) + static_cast<std::uint32_t>(j),
                columns[j]);
        k = _mm512_load_si512(value.data());
      }
      float* to = input + i + 32 * w;
      const __m512 a = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(k)));
      const __m512 b = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(k, 1)));
      _mm512_storeu_ps(to, _mm512_fmadd_ps(a, weight, _mm512_loadu_ps(to)));
      if (i + 32 * w + 16 < count)
        _mm512_storeu_ps(to + 16, _mm512_fmadd_ps(b, weight, _mm512_loadu_ps(to + 16)));
    }
  }
}

}  // namespace labile
