/// Philox4x32-10: a keyed bijection of 128-bit counters that serves as the source of every random bit.
///
/// Source: Salmon, Moraes, Dror, Shaw (2011) SC '11, doi:10.1145/2063384.2063405.
/// Differs from it: nothing; checked against the authors' known answers in tests/unit/random_test.cpp.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "core/simd.hpp"

namespace labile {

inline constexpr std::uint32_t kPhiloxM0 = 0xD2511F53, kPhiloxM1 = 0xCD9E8D57;
inline constexpr std::uint32_t kPhiloxW0 = 0x9E3779B9, kPhiloxW1 = 0xBB67AE85;

/// Four random words from a counter of four words and a key of two.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::uint64_t key) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kPhiloxM0} * c[0], p1 = std::uint64_t{kPhiloxM1} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += kPhiloxW0;
    k1 += kPhiloxW1;
  }
  return c;
}

/// The keys of the ten rounds, for four counters at once: worked out once for many blocks of one seed.
struct PhiloxKeys {
  explicit PhiloxKeys(std::uint64_t key) {
    auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (auto& pair : round) {
      pair = {_mm256_set1_epi64x(k0), _mm256_set1_epi64x(k1)};
      k0 += kPhiloxW0;
      k1 += kPhiloxW1;
    }
  }
  struct Pair {
    __m256i first, second;
  };
  std::array<Pair, 10> round;
};

/// philox() for four counters at once; each 64-bit lane holds one 32-bit word.
inline std::array<Index4, 4> philox4(std::array<Index4, 4> c, const PhiloxKeys& keys) {
  const __m256i m0 = _mm256_set1_epi64x(kPhiloxM0), m1 = _mm256_set1_epi64x(kPhiloxM1);
  __m256i c0 = (__m256i)c[0].i, c1 = (__m256i)c[1].i, c2 = (__m256i)c[2].i, c3 = (__m256i)c[3].i;
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  for (const auto& key : keys.round) {
    // _mm256_mul_epu32 reads the low halves only, so the words need no masking between rounds.
    const __m256i p0 = _mm256_mul_epu32(c0, m0), p1 = _mm256_mul_epu32(c2, m1);
    c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c1, key.first));
    c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c3, key.second));
    c1 = p1;
    c3 = p0;
  }
  return {Index4((RawInts)_mm256_and_si256(c0, low)), Index4((RawInts)_mm256_and_si256(c1, low)),
          Index4((RawInts)_mm256_and_si256(c2, low)), Index4((RawInts)_mm256_and_si256(c3, low))};
}
inline std::array<Index4, 4> philox4(std::array<Index4, 4> c, std::uint64_t key) {
  return philox4(c, PhiloxKeys(key));
}

}  // namespace labile
