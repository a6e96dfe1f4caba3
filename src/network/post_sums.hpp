/// Running sums over the spikes of a block of targets, from which any synapse's change since its last visit
/// follows without a history (plasticity/row_kernel.hpp says how).
#pragma once

#include <span>

#include "network/memory.hpp"
#include "network/plastic_clock.hpp"

namespace labile {

class PostSums {
 public:
  /// `targets` neurons; row indices may reach padded_targets(targets), which stays zero.
  PostSums(const PlasticClock& clock, int targets);

  /// Before the arrivals of step n: moves the reference, opens an epoch.
  void begin_step(Step n);
  /// After the arrivals of step n: the targets that fired in it. They enter the clock's post_lag() later.
  void enter(Step n, std::span<const std::uint16_t> fired);

  [[nodiscard]] RowTargets targets(int frame) const { return {now_, frame_at(frame)}; }
  /// A and B of a frame, for a reader.
  struct Sums {
    float A, B;
  };
  [[nodiscard]] Sums sums(int frame, int target) const {
    const float* f = frame_at(frame);
    if (clock_->gated()) return {f[2 * target], f[2 * target + 1]};
    return {f[target], 0};
  }
  /// Forgets the targets' spikes as potentiation sees them; Y stays.
  void clear();
  [[nodiscard]] std::size_t bytes() const { return memory_.bytes(); }

  // For checkpoints: what is kept of one target, in numbers of the same meaning whatever block it is in.
  [[nodiscard]] std::size_t kept() const;  // how many
  void save(int target, double* to) const;
  void load(int target, const double* from);
  /// Spikes on their way to the synapse: [step & mask] targets.
  [[nodiscard]] std::vector<std::vector<std::uint16_t>>& waiting() { return waiting_; }

 private:
  [[nodiscard]] float* frame_at(int frame) const {
    return frames_ + static_cast<std::ptrdiff_t>(frame) * frame_floats_;
  }
  void add(const PostStep& s, Step n, std::span<const std::uint16_t> fired);

  const PlasticClock* clock_;
  int targets_;
  std::ptrdiff_t frame_floats_;
  LargeArray memory_;
  float* now_;               // [targets]{Y, A, B, 0}, ungated {Y, A}: the present epoch
  float* frames_;            // [frame][targets]{A, B}, ungated {A}
  std::vector<double> o2_;   // [targets] slow postsynaptic trace just after the last spike; triplets only
  std::vector<Step> o2_at_;  // [targets]
  std::vector<std::vector<std::uint16_t>> waiting_;  // [step & mask] spikes on their way to the synapse
  Step waiting_mask_ = 0;
};

/// Targets of a block in memory, with room for the target that padding points at.
[[nodiscard]] inline int padded_targets(int targets) {
  return (targets + 15) / 16 * 16 + 16;
}
/// The target that padding points at.
[[nodiscard]] inline int dummy_target(int targets) {
  return padded_targets(targets) - 16;
}

}  // namespace labile
