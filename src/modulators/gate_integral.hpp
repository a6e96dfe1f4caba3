/// The gate integral: what every synapse of one (gate, tau_e, region) needs of the gate, kept once.
///
///   J(n0, n1) = integral over [t_n0, t_n1] of exp(-(s - t_n0)/tau_e) g(s) ds
///
/// g is linear within a step, from its right limit at t_{n-1} to its left limit at t_n; push() integrates
/// that exactly. References: r moves every `reference_steps()` (2 tau_e or less) on absolute multiples;
/// relative to it
///   decay(n) = exp(-(t_n - r)/tau_e),   since(n) = integral over [r, t_n] of exp(-(s - r)/tau_e) g(s) ds
/// A step n that is a multiple belongs to the segment that starts there (decay 1, since 0). Then
///   J(n0, n1) = (since(n1) - since(n0)) / decay(n0)
/// within a segment. From a step of an earlier segment into the newest, J is what was collected up to the
/// newest reference, kept per step and carried on when the reference moves, and what came since; other spans
/// chain the whole integrals of the segments between. Sums are kept as pairs of doubles, so that the integral
/// of a short span keeps its precision however long tau_e and the run are.
#pragma once

#include <cstdint>
#include <vector>

#include "core/archive.hpp"
#include "core/math.hpp"

namespace labile {

class GateIntegral {
 public:
  /// Keeps at least `history_steps` steps back from the newest: 48 bytes a step, rounded up to a power of
  /// two. Throws Error unless tau_e_ms > 0, dt_ms > 0, both finite, and history_steps >= 0.
  /// References move every min(about 2 tau_e, `most` steps), where `most` > 0.
  GateIntegral(double tau_e_ms, double dt_ms, std::int64_t history_steps, std::int64_t most = 0);
  /// Memory for that, but for the whole integrals of segments, 16 bytes each.
  [[nodiscard]] static std::size_t bytes_for(std::int64_t history_steps);
  /// Adds step n = newest() + 1, from t_{n-1} to t_n.
  void push(double g_from, double g_to) noexcept;
  [[nodiscard]] std::int64_t newest() const { return newest_; }
  /// J in ms times the gate's unit; 0 <= n0 <= n1 <= newest(), n0 >= newest() - history_steps. J(n, n) = 0.
  /// Error: about 1e-15 of the same integral of |g|, and 1e-22 tau_e of the largest |g|. Cost: 3 ns when n1
  /// lies in the newest segment, else the segments between are chained, until what is left is negligible.
  [[nodiscard]] double integral(std::int64_t n0, std::int64_t n1) const noexcept {
    const auto i = static_cast<std::size_t>(n0 & mask_);
    if (n1 >= newest_start_ && n0 < newest_start_) return fma(ends_[i].left, since(n1), ends_[i].integral);
    if (n0 >= newest_start_ || n0 / every_ == n1 / every_) {
      const Step& from = steps_[i];
      const Step& to = steps_[static_cast<std::size_t>(n1 & mask_)];
      return ((to.since - from.since) + (to.rest - from.rest)) * from.inverse;
    }
    return chained(n0, n1);
  }
  [[nodiscard]] std::int64_t reference_steps() const { return every_; }
  [[nodiscard]] double decay(std::int64_t n) const noexcept {
    return steps_[static_cast<std::size_t>(n & mask_)].decay;
  }
  [[nodiscard]] double since(std::int64_t n) const noexcept {
    return steps_[static_cast<std::size_t>(n & mask_)].since;
  }
  /// When n > 0 is a multiple of reference_steps(): what sums relative to the old reference are moved by.
  /// B' = B + A * integral, A' = A * factor, with factor = exp(-R dt/tau_e) and the old segment's whole
  /// integral.
  struct Move {
    double factor, integral;
  };
  [[nodiscard]] Move move_at(std::int64_t n) const noexcept;
  void keep(Archive& a) {
    a(newest_, newest_start_, newest_segment_);
    a.each(steps_);
    a.each(ends_);
    a.each(segments_);
  }

 private:
  /// A sum is since + rest, with |rest| below half a unit in the last place of since.
  struct alignas(32) Step {
    double decay = 1, inverse = 1, since = 0, rest = 0;
  };
  struct Segment {
    double whole = 0, rest = 0;
  };
  /// Of a step n0 before the newest segment: J(n0, newest reference), and exp(-(newest reference -
  /// t_n0)/tau_e).
  struct End {
    double integral = 0, left = 0;
  };
  void carry_on(double whole, double rest) noexcept;
  [[nodiscard]] double chained(std::int64_t n0, std::int64_t n1) const noexcept;
  [[nodiscard]] const Segment& segment(std::int64_t index) const noexcept {
    return segments_[static_cast<std::size_t>(index & segment_mask_)];
  }

  double per_step_;                             // dt / tau_e
  double from_weight_, to_weight_;              // of a step's two limits, relative to its start; ms
  double factor_;                               // exp(-R dt/tau_e)
  std::int64_t every_;                          // R, steps
  std::int64_t newest_ = 0, newest_start_ = 0;  // newest step, and where its segment starts
  std::int64_t newest_segment_ = 0;             // newest_start_ / R
  std::int64_t mask_, segment_mask_;
  std::int64_t carried_;           // steps back beyond which the rest is negligible
  std::vector<Step> steps_;        // [step & mask]
  std::vector<End> ends_;          // [step & mask]
  std::vector<Segment> segments_;  // [segment & segment mask], whole integrals of past ones
};

}  // namespace labile
