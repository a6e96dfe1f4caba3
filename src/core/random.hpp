/// Random draws keyed by identity: a draw is a function of (seed, purpose, entity, counter, word), never of
/// the thread, the order of calls or who else draws.
///
/// Philox's key is the seed; its counter is {counter, index, entity, purpose}. A subject's draw at trial t
/// for purpose p is bits(seed, p, subject, t); further draws of the same trial use another index.
#pragma once

#include <array>
#include <cstdint>

#include "core/philox.hpp"

namespace labile {

/// What a draw is for. Appending is safe; renumbering changes every result.
enum class Purpose : std::uint32_t {
  luck = 1,         // which options would pay on this trial
  stimulus = 2,     // what is shown
  schedule = 3,     // when rules change
  choice = 4,       // an agent's choice
  perception = 5,   // an agent's encoding noise
  dynamics = 6,     // noise inside a continuous-time agent
  contingency = 7,  // random stimulation
  lesion = 8,       // which units or entries a lesion takes
  start = 9,        // optimizer starts
  bootstrap = 10,   // resampled subjects
  timing = 11,      // inter-trial intervals
  parameters = 12,  // parameters drawn from a distribution
  connection = 13,  // who is connected to whom
  weight = 14,      // starting weights
  delay = 15,       // delays of synapses
  initial = 16,     // starting states of neurons
  background = 17,  // Poisson input of a neuron's own
  noise = 18,       // current noise of a neuron's own
  emission = 19,    // spikes of source populations
  protocol = 20,    // what an experiment's protocol draws
  sampler = 21,     // a chain of a Bayesian fit
};

struct Draw {
  std::uint64_t seed;
  Purpose purpose;
  std::uint32_t entity;

  [[nodiscard]] std::array<std::uint32_t, 4> bits(std::uint32_t counter, std::uint32_t index = 0) const {
    return philox({counter, index, entity, static_cast<std::uint32_t>(purpose)}, seed);
  }
  /// Uniform on (0, 1), 53 bits, never 0 or 1.
  [[nodiscard]] double uniform(std::uint32_t counter, std::uint32_t index = 0) const {
    const auto w = bits(counter, index);
    return uniform53(w[0], w[1]);
  }
  /// Standard normal by inversion: one draw, one value, monotone in the underlying uniform.
  [[nodiscard]] double normal(std::uint32_t counter, std::uint32_t index = 0) const;
  /// Exponential with mean 1.
  [[nodiscard]] double exponential(std::uint32_t counter, std::uint32_t index = 0) const;
  /// Integer on [0, n), exactly uniform up to a bias below n / 2^64.
  [[nodiscard]] std::uint32_t below(std::uint32_t n, std::uint32_t counter, std::uint32_t index = 0) const;
  /// Gamma with the given shape > 0 and scale 1 (Marsaglia and Tsang 2000, by rejection over the index).
  [[nodiscard]] double gamma(double shape, std::uint32_t counter, std::uint32_t index = 0) const;
  [[nodiscard]] double beta(double a, double b, std::uint32_t counter, std::uint32_t index = 0) const;

  /// Two 32-bit words to a double on (0, 1): the 52-bit grid's midpoints.
  static double uniform53(std::uint32_t hi, std::uint32_t lo) {
    const std::uint64_t u = (std::uint64_t{hi} << 20) | (lo >> 12);
    return (static_cast<double>(u) + 0.5) * 0x1p-52;
  }
  /// One 32-bit word to a double on (0, 1): midpoints of a grid of 2^32.
  static double uniform32(std::uint32_t w) { return (static_cast<double>(w) + 0.5) * 0x1p-32; }
};

/// uniform32 for four lanes; each lane of `w` holds a 32-bit word.
inline Vec uniform32(Index4 w) {
  const RawDoubles d = (RawDoubles)(w.i | (RawInts)Vec(0x1p52).v) - Vec(0x1p52).v;
  return Vec((d + 0.5) * 0x1p-32);
}

/// bits() for four entities at once; `seed` as a number, or as its keys where many blocks are drawn.
template <class Seed>
std::array<Index4, 4> bits4(const Seed& seed, Purpose purpose, Index4 entity, std::uint32_t counter,
                            std::uint32_t index = 0) {
  return philox4({Index4(counter), Index4(index), entity, Index4(static_cast<std::uint32_t>(purpose))}, seed);
}

}  // namespace labile
