/// Noise that each neuron gets for itself: Poisson spikes of a given rate and weight, and current drawn anew
/// each step. Draws are keyed by (seed, population, neuron, step).
#pragma once

#include <cstdint>
#include <vector>

#include "network/spec.hpp"
#include "network/time.hpp"

namespace labile {

/// Poisson numbers up to 15 by the alias method with 16 columns, four bits choosing the column and twelve
/// saying whether it is left. Where the twelve do not decide (once in 4096) further bits do: see settle_tie.
struct FewSpikes {
  std::uint64_t seed = 0;
  std::uint32_t entity = 0;
  float weight = 0;
  std::uint32_t threshold[16] = {};  // below: stay in the column; of 2^32
  alignas(16) std::uint8_t low[16] = {}, high[16] = {},
                           other[16] = {};  // upper twelve bits; the other outcome

  /// The number for a neuron whose twelve bits equal the threshold's.
  [[nodiscard]] std::uint16_t settle_tie(Step n, std::uint32_t neuron, std::uint16_t column) const noexcept;
};
/// Adds step n's spikes to input[0, count) of neurons first ..; the wide one needs AVX-512. Same bits.
void add_few(const FewSpikes& t, Step n, int first, int count, float* input) noexcept;
void add_few_wide(const FewSpikes& t, Step n, int first, int count, float* input) noexcept;

/// Poisson spikes into one port.
class Background {
 public:
  /// `entity` tells this input apart from others of the network; `wide` as in Execution. Throws Error above
  /// 100 spikes a step.
  Background(const BackgroundSpec& spec, double dt_ms, std::uint64_t seed, std::uint32_t entity, bool wide);
  /// Adds step n's spikes to input[0, count), for neurons first .. of the population; first is a multiple of
  /// 64 and the array has room for count rounded up to a multiple of 16.
  void add(Step n, int first, int count, float* input) const noexcept;

 private:
  std::uint64_t seed_;
  std::uint32_t entity_;
  FewSpikes few_;
  void (*add_few_)(const FewSpikes&, Step, int, int, float*) noexcept;
  int bits_ = 4;                          // log2 of the table's size
  std::vector<std::uint32_t> threshold_;  // [2^bits] below: take `own`, else `other`
  std::vector<float> own_, other_;        // [2^bits] weight times number of spikes
};

/// Uniform or normal current.
class Noise {
 public:
  Noise(const NoiseSpec& spec, std::uint64_t seed, std::uint32_t entity);
  void add(Step n, int first, int count, float* current) const noexcept;

 private:
  NoiseSpec spec_;
  std::uint64_t seed_;
  std::uint32_t entity_;
};

}  // namespace labile
