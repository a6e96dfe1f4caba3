/// Noise that each neuron gets for itself: Poisson spikes of a given rate and weight, and current drawn anew
/// each step. Draws are keyed by (seed, population, neuron, step).
#pragma once

#include <cstdint>
#include <vector>

#include "network/spec.hpp"

namespace labile {

using Step = std::int64_t;

/// Poisson spikes into one port.
class Background {
 public:
  /// `entity` tells this input apart from others of the network. Throws Error above 100 spikes a step.
  Background(const BackgroundSpec& spec, double dt_ms, std::uint64_t seed, std::uint32_t entity);
  /// Adds step n's spikes to input[0, count), for neurons first .. of the population; first is a multiple of
  /// 32 and the array is padded to one.
  void add(Step n, int first, int count, float* input) const noexcept;

 private:
  void add_few(Step n, int first, int count, float* input) const noexcept;
  std::uint64_t seed_;
  std::uint32_t entity_;
  float weight_;
  std::vector<std::uint8_t> alias_;       // [2^bits] number of spikes of the other outcome
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
