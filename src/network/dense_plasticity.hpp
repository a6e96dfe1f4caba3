/// The step clock: every synapse of a bundle brought up to date every step, bounds included. Slow, and
/// without any of the event clock's algebra: what others are checked against.
#pragma once

#include <span>

#include "network/bundle.hpp"
#include "network/plastic_clock.hpp"

namespace labile {

class DensePlasticity {
 public:
  DensePlasticity(const PlasticClock& clock, Bundle& bundle, std::span<const std::uint32_t> delays,
                  int sources, int targets);
  /// From step n - 1 to n: the gate turns eligibility into weight.
  void advance(Step n, const RowConstants& fixed);
  /// A spike arrives over row (source, k) in step n: depression, delivery, and the trace's increment.
  void arrive(Step n, const PreEvent& event, std::size_t k, const RowConstants& fixed, float* input);
  /// The targets that fired in step n, after the arrivals.
  void enter(Step n, std::span<const std::uint16_t> fired, const RowConstants& fixed);

  struct Trace {
    double value = 0;  // just after the last event
    Step at = 0;
  };
  // For checkpoints: of one target, and what is kept of sources (a trace stays as it began where they have no row).
  static constexpr std::size_t kKept = 4;
  void save(int target, double* to) const;
  void load(int target, const double* from);
  [[nodiscard]] std::vector<Trace>& sources() { return x_; }
  /// Spikes on their way to the synapse: [step & mask] targets.
  [[nodiscard]] std::vector<std::vector<std::uint16_t>>& waiting() { return waiting_; }

 private:
  void change(std::uint32_t chunk, int lane, double by, const RowConstants& fixed);
  const PlasticClock* clock_;
  Bundle* bundle_;
  std::size_t delays_;
  std::vector<Trace> x_;     // [source x delay] presynaptic trace as this row's synapses see it
  std::vector<Trace> y_;     // [target]
  std::vector<Trace> o2_;    // [target]
  std::vector<float> jump_;  // [target] amplitude of potentiation of those that fired now, else 0
  std::vector<std::vector<std::uint16_t>> waiting_;  // [step & mask] spikes on their way to the synapse
  Step waiting_mask_ = 0;
  std::vector<std::uint32_t> row_of_chunk_;
};

}  // namespace labile
