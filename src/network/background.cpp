#include "network/background.hpp"

#include <fmt/format.h>
#include <immintrin.h>

#include <array>
#include <cmath>

#include "core/math.hpp"
#include "core/random.hpp"
#include "plasticity/row_kernel.hpp"

namespace labile {
namespace {

/// Philox4x32 with 7 rounds for eight counters {first + lane, step low, step high and entity, purpose}. Seven
/// rounds are the fewest that pass BigCrush (Salmon et al. 2011, Table 2); noise needs the most numbers.
struct Words {
  __m256i w[4];
};
inline Words noise_words(std::uint64_t seed, Purpose purpose, std::uint32_t entity, Step n,
                         std::uint32_t first) {
  // One 32-bit word in each 64-bit lane, eight counters in two registers; upper halves are never looked at.
  const auto all = [](std::uint32_t x) { return _mm256_set1_epi64x(x); };
  const __m256i lane = _mm256_setr_epi64x(0, 2, 4, 6), m0 = all(kPhiloxM0), m1 = all(kPhiloxM1);
  const __m256i step = all(static_cast<std::uint32_t>(n)), who = all(entity);
  const __m256i what = all(static_cast<std::uint32_t>(purpose) ^ (static_cast<std::uint32_t>(n >> 32) << 8));
  __m256i c[2][4] = {{_mm256_add_epi64(all(first), lane), step, who, what},
                     {_mm256_add_epi64(all(first + 1), lane), step, who, what}};
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 7; ++round) {
    for (auto& x : c) {
      const __m256i p0 = _mm256_mul_epu32(x[0], m0), p1 = _mm256_mul_epu32(x[2], m1);
      x[0] = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(x[1], all(k0)));
      x[2] = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(x[3], all(k1)));
      x[1] = p1;
      x[3] = p0;
    }
    k0 += kPhiloxW0;
    k1 += kPhiloxW1;
  }
  Words r;
  for (int w = 0; w < 4; ++w) r.w[w] = _mm256_blend_epi32(c[0][w], _mm256_slli_epi64(c[1][w], 32), 0xAA);
  return r;
}
/// Calls f(offset of eight neurons, their words) for neurons first .. first + count.
template <class F>
inline void for_words(std::uint64_t seed, Purpose purpose, std::uint32_t entity, Step n, int first, int count,
                      F&& f) {
  for (int i = 0; i < count; i += 32) {
    const Words words = noise_words(seed, purpose, entity, n, static_cast<std::uint32_t>(first + i) / 4);
    for (int w = 0; w < 4; ++w)
      if (i + 8 * w < count) f(i + 8 * w, words.w[w]);
  }
}
}  // namespace

Background::Background(const BackgroundSpec& spec, double dt_ms, std::uint64_t seed, std::uint32_t entity,
                       bool wide)
    : seed_(seed), entity_(entity), add_few_(wide && machine_is_wide() ? &add_few_wide : &add_few) {
  if (!(spec.rate_hz >= 0) || !std::isfinite(spec.rate_hz))
    throw Error(spec.where, fmt::format("rate must be at least 0 Hz, here {}", spec.rate_hz));
  if (!std::isfinite(spec.weight))
    throw Error(spec.where, fmt::format("weight must be finite, here {}", spec.weight));
  const double mean = spec.rate_hz * dt_ms * 1e-3;
  if (mean > 100)
    throw Error(spec.where, fmt::format("rate {} Hz is {} spikes a step of {} ms; at most 100", spec.rate_hz,
                                        mean, dt_ms));
  // Probabilities up to a tail below 2^-40, then the alias method (Walker 1977; Vose 1991).
  std::vector<double> p;
  double term = exp(-mean), sum = 0;
  for (int k = 0;; ++k) {
    p.push_back(term);
    sum += term;
    term *= mean / (k + 1);
    if (k > mean && term < 0x1p-40) break;
  }
  while ((std::size_t{1} << bits_) < p.size()) ++bits_;
  const std::size_t n = std::size_t{1} << bits_;
  p.resize(n, 0.0);
  threshold_.assign(n, 0);
  own_.resize(n);
  other_.resize(n);
  std::vector<std::uint8_t> alias;
  std::vector<std::size_t> small, large;
  for (std::size_t i = 0; i < n; ++i) {
    p[i] *= static_cast<double>(n) / sum;
    (p[i] < 1 ? small : large).push_back(i);
    own_[i] = static_cast<float>(static_cast<double>(i) * spec.weight);
    other_[i] = own_[i];
    alias.push_back(static_cast<std::uint8_t>(i));
  }
  const double scale = 0x1p32;
  const auto set = [&](std::size_t i, double share, std::size_t other) {
    threshold_[i] = static_cast<std::uint32_t>(std::min(share * scale, scale - 1));
    other_[i] = own_[other];
    alias[i] = static_cast<std::uint8_t>(other);
  };
  while (!small.empty() && !large.empty()) {
    const std::size_t s = small.back(), l = large.back();
    small.pop_back();
    set(s, p[s], l);
    p[l] -= 1 - p[s];
    if (p[l] < 1) {
      large.pop_back();
      small.push_back(l);
    }
  }
  for (const std::size_t i : small) set(i, 1, i);
  for (const std::size_t i : large) set(i, 1, i);
  if (bits_ != 4) return;
  few_.seed = seed;
  few_.entity = entity;
  few_.weight = static_cast<float>(spec.weight);
  for (std::size_t i = 0; i < 16; ++i) {
    few_.threshold[i] = threshold_[i];
    few_.low[i] = static_cast<std::uint8_t>(threshold_[i] >> 20);
    few_.high[i] = static_cast<std::uint8_t>(threshold_[i] >> 28);
    few_.other[i] = alias[i];
  }
}

std::uint16_t FewSpikes::settle_tie(Step n, std::uint32_t neuron, std::uint16_t column) const noexcept {
  const Draw draw{seed ^ 0x9E3779B97F4A7C15ull, Purpose::background, neuron};
  const std::uint32_t more =
      draw.bits(static_cast<std::uint32_t>(n), entity ^ static_cast<std::uint32_t>(n >> 32) << 16)[0];
  return (more >> 12) < (threshold[column] & 0xFFFFFu) ? column : other[column];
}

void add_few(const FewSpikes& t, Step n, int first, int count, float* input) noexcept {
  const auto table = [](const std::uint8_t* x) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(x)));
  };
  const __m256i table_low = table(t.low), table_high = table(t.high), table_other = table(t.other);
  const __m256i no_high = _mm256_set1_epi16(static_cast<short>(0x8000)), no_low = _mm256_set1_epi16(0x0080);
  const __m256 weight = _mm256_set1_ps(t.weight);
  for (int i = 0; i < count; i += 64) {
    const Words words =
        noise_words(t.seed, Purpose::background, t.entity, n, static_cast<std::uint32_t>(first + i) / 8);
    for (int w = 0; w < 4 && i + 16 * w < count; ++w) {
      const __m256i u = words.w[w];
      const __m256i column = _mm256_srli_epi16(u, 12), rest = _mm256_and_si256(u, _mm256_set1_epi16(0xFFF));
      const __m256i at_low = _mm256_or_si256(column, no_high);
      const __m256i at_high = _mm256_or_si256(_mm256_slli_epi16(column, 8), no_low);
      const __m256i limit =
          _mm256_or_si256(_mm256_shuffle_epi8(table_low, at_low), _mm256_shuffle_epi8(table_high, at_high));
      const __m256i spare = _mm256_shuffle_epi8(table_other, at_low);
      __m256i k = _mm256_blendv_epi8(spare, column, _mm256_cmpgt_epi16(limit, rest));
      const __m256i tie = _mm256_cmpeq_epi16(limit, rest);
      if (!_mm256_testz_si256(tie, tie)) {
        alignas(32) std::array<std::uint16_t, 16> tied, columns, value;
        _mm256_store_si256(reinterpret_cast<__m256i*>(tied.data()), tie);
        _mm256_store_si256(reinterpret_cast<__m256i*>(columns.data()), column);
        _mm256_store_si256(reinterpret_cast<__m256i*>(value.data()), k);
        for (std::size_t j = 0; j < 16; ++j)
          if (tied[j])
            value[j] = t.settle_tie(
                n, static_cast<std::uint32_t>(first + i + 16 * w) + static_cast<std::uint32_t>(j),
                columns[j]);
        k = _mm256_load_si256(reinterpret_cast<const __m256i*>(value.data()));
      }
      float* to = input + i + 16 * w;
      const __m256 a = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(k)));
      const __m256 b = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm256_extracti128_si256(k, 1)));
      _mm256_storeu_ps(to, _mm256_fmadd_ps(a, weight, _mm256_loadu_ps(to)));
      _mm256_storeu_ps(to + 8, _mm256_fmadd_ps(b, weight, _mm256_loadu_ps(to + 8)));
    }
  }
}

void Background::add(Step n, int first, int count, float* input) const noexcept {
  if (bits_ == 4) {
    add_few_(few_, n, first, count, input);
    return;
  }
  const __m256i flip = _mm256_set1_epi32(static_cast<int>(0x80000000u));
  for_words(seed_, Purpose::background, entity_, n, first, count, [&](int at, __m256i u) {
    const __m256i column = _mm256_srli_epi32(u, 32 - bits_);
    const __m256i rest = _mm256_xor_si256(_mm256_slli_epi32(u, bits_), flip);
    const __m256i t = _mm256_xor_si256(
        _mm256_i32gather_epi32(reinterpret_cast<const int*>(threshold_.data()), column, 4), flip);
    const __m256 k = _mm256_blendv_ps(_mm256_i32gather_ps(other_.data(), column, 4),
                                      _mm256_i32gather_ps(own_.data(), column, 4),
                                      _mm256_castsi256_ps(_mm256_cmpgt_epi32(t, rest)));
    _mm256_storeu_ps(input + at, _mm256_add_ps(_mm256_loadu_ps(input + at), k));
  });
}

Noise::Noise(const NoiseSpec& spec, std::uint64_t seed, std::uint32_t entity)
    : spec_(spec), seed_(seed), entity_(entity) {
  if (!std::isfinite(spec.mean_pA) || !std::isfinite(spec.amplitude_pA))
    throw Error(spec.where, "noise: mean and amplitude must be finite");
}

void Noise::add(Step n, int first, int count, float* current) const noexcept {
  const auto mean = static_cast<float>(spec_.mean_pA), amplitude = static_cast<float>(spec_.amplitude_pA);
  for_words(seed_, Purpose::noise, entity_, n, first, count, [&](int at, __m256i u) {
    __m256 draw;
    if (spec_.kind == NoiseSpec::Kind::uniform) {
      // 24 bits, midpoints: (k + 1/2) / 2^24 - 1/2
      const __m256 k = _mm256_cvtepi32_ps(_mm256_srli_epi32(u, 8));
      draw = _mm256_fmadd_ps(k, _mm256_set1_ps(0x1p-24f), _mm256_set1_ps(0x1p-25f - 0.5f));
    } else {
      alignas(32) std::array<std::uint32_t, 8> word;
      alignas(32) std::array<float, 8> x;
      _mm256_store_si256(reinterpret_cast<__m256i*>(word.data()), u);
      for (std::size_t i = 0; i < 8; ++i)
        x[i] = static_cast<float>(normal_quantile(Draw::uniform32(word[i])));
      draw = _mm256_load_ps(x.data());
    }
    const __m256 value = _mm256_fmadd_ps(draw, _mm256_set1_ps(amplitude), _mm256_set1_ps(mean));
    _mm256_storeu_ps(current + at, _mm256_add_ps(_mm256_loadu_ps(current + at), value));
  });
}

}  // namespace labile
