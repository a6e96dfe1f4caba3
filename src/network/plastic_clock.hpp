/// What all synapses of a plastic projection share in time: presynaptic traces, the gate's integral, epochs,
/// and from these the constants of a row visit.
///
/// Time is cut into epochs of epoch_steps() (tau_plus) on absolute multiples; sums of a target's spikes are
/// kept for the last frames() epochs. A source that was silent for almost that long is visited without
/// delivering (a refresh), so that no visit ever needs a frame that is gone.
///
/// A spike of the source is processed at the target when its effect arrives, delay_ms after it was fired. The
/// synapse sees it dendritic_ms earlier; so gates and spikes of the target are fed in dendritic_ms (twice
/// that for the target's own spikes) later than they happen, and everything here is in the time of
/// processing.
#pragma once

#include <span>
#include <vector>

#include "core/archive.hpp"
#include "modulators/gate_integral.hpp"
#include "network/exp_table.hpp"
#include "network/time.hpp"
#include "plasticity/row_kernel.hpp"
#include "plasticity/rule.hpp"

namespace labile {

/// One spike of a source, or a refresh.
struct PreEvent {
  std::uint32_t source;
  bool deliver;           // false: a refresh
  std::uint32_t gap;      // steps since the source's last event
  float x_before, x_now;  // presynaptic trace just after the last event, and just after this one
  float depress;          // A2_minus + A3_minus r2, 0 for a refresh
  float D;                // decay of the eligibility over the gap, as RowConstants have it
  bool keep_e;
};

/// What one spike of a target adds to its sums, by live frame (0 = the present epoch).
struct PostStep {
  static constexpr int kLiveMost = 32;
  float y = 0;  // added to Y
  float a[kLiveMost],
      b[kLiveMost];  // added to A and B of the frame `age` epochs back; times the amplitude
};

class PlasticClock {
 public:
  /// How long things are, in steps, which follows from the rule alone but for the rings.
  struct Sizes {
    Sizes(const RuleForm& rule, double dt_ms, Step max_delay, Step window);
    Step epoch;
    int frames, live;
    Step events, past, window;  // rings, powers of two
    Step history;               // of the gate's integral
  };
  /// Memory of a clock like that, but for spikes on their way.
  [[nodiscard]] static std::size_t bytes_for(const RuleForm& rule, double dt_ms, int sources, Step max_delay,
                                             Step window);
  /// `sources` units fire into the projection; `max_delay` and `window` in steps.
  PlasticClock(const RuleForm& rule, double dt_ms, int sources, Step dendritic, Step max_delay, Step window);

  [[nodiscard]] const RuleForm& rule() const { return rule_; }
  [[nodiscard]] Step epoch_steps() const { return epoch_; }
  [[nodiscard]] int frames() const { return frames_; }
  /// Frames that a target's spike still adds to; older ones are frozen.
  [[nodiscard]] int live_frames() const { return live_; }
  [[nodiscard]] Step post_lag() const { return 2 * dendritic_; }
  [[nodiscard]] Step gate_lag() const { return dendritic_; }
  [[nodiscard]] Step reference_steps() const { return integral_.reference_steps(); }
  [[nodiscard]] bool gated() const { return rule_.gated; }

  /// Serial part of a window, for steps first .. last, in order: the gate between steps and amplitudes at
  /// them.
  void push_gate(double g_from, double g_to) { integral_.push(g_from, g_to); }
  /// Amplitudes multiply A_plus and A_minus at step n; call after push_gate for n.
  void prepare(Step n, double plus, double minus);

  /// The sources that fired in step n, ascending; adds refreshes where due. Call for every step in order.
  void fire(Step n, std::span<const std::uint32_t> fired);
  [[nodiscard]] std::span<const PreEvent> events(Step n) const {
    return events_[static_cast<std::size_t>(n & event_mask_)];
  }

  /// Constants for a visit at n caused by `e` (of an earlier step).
  [[nodiscard]] RowConstants constants(const PreEvent& e, Step n) const noexcept;
  /// The frame of the epoch that a recent step belongs to; 1 <= n0.
  [[nodiscard]] int frame_at(Step n0) const noexcept {
    return past_[static_cast<std::size_t>(n0 & past_mask_)].frame;
  }

  // For the targets' sums.
  [[nodiscard]] const PostStep& post(Step n) const {
    return post_[static_cast<std::size_t>(n & window_mask_)];
  }
  [[nodiscard]] float y_per_epoch() const { return y_per_epoch_; }
  [[nodiscard]] GateIntegral::Move move_at(Step n) const { return integral_.move_at(n); }
  [[nodiscard]] double o2_decay(Step n) const { return slow_post_(n); }
  // For the step clock: amplitudes at n, and decays over n steps.
  [[nodiscard]] double eligibility_decay(Step n) const { return decay_e_(n); }
  [[nodiscard]] double plus(Step n) const { return plus_[static_cast<std::size_t>(n & window_mask_)]; }
  [[nodiscard]] double minus(Step n) const { return minus_[static_cast<std::size_t>(n & window_mask_)]; }
  [[nodiscard]] double plus_decay(Step n) const { return decay_plus_(n); }
  [[nodiscard]] double minus_decay(Step n) const { return decay_minus_(n); }

  /// What the synapses of `source` with a delay of d steps have become by time n, from what they store and
  /// their target's sums of the frame: e = decay e~ + e_per_A A; the stored dw (with soft bounds: z, before
  /// the bounds' factor) has changed by w_per_e e~ + w_per_A A + w_per_B B.
  struct Reading {
    int frame = 0;
    double decay = 0, e_per_A = 0, w_per_e = 0, w_per_A = 0, w_per_B = 0;
  };
  [[nodiscard]] Reading reading(std::uint32_t source, Step d, Step n) const;
  [[nodiscard]] double gate_integral(Step n0, Step n1) const { return integral_.integral(n0, n1); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void keep(Archive& a) {
    a(integral_);
    for (auto* x : {&x_, &r2_, &plus_, &minus_}) a.each(*x);
    a.each(last_);
    a.each(events_);
    a.each(past_);
    a.each(at_);
    a.each(post_);
  }

 private:
  PlasticClock(const RuleForm& rule, double dt_ms, int sources, Step dendritic, const Sizes& sizes);
  void add(Step n, std::uint32_t source, bool deliver);
  /// The event that last visited the synapses of `source` with a delay of d steps, as of time n.
  struct Last {
    Step at;       // when
    double trace;  // presynaptic trace just after it
  };
  [[nodiscard]] Last last_visit(std::uint32_t source, Step d, Step n) const;

  RuleForm rule_;
  Step dendritic_, epoch_;
  int frames_, live_;
  std::size_t bytes_;
  Step sweep_ = 0;
  ExpTable decay_e_, decay_plus_, decay_minus_, decay_x_, slow_post_;
  GateIntegral integral_;
  std::vector<double> rise_plus_;   // [epoch] exp(+n dt/tau_plus)
  std::vector<double> fall_plus_;   // [epoch] exp(-n dt/tau_plus)
  std::vector<double> rise_minus_;  // [epoch] exp(+n dt/tau_minus)
  std::vector<double> fall_minus_;  // [epoch]
  double fall_per_epoch_ = 0;       // exp(-epoch/tau_plus)
  float y_per_epoch_ = 0;
  // sources
  std::vector<double> x_, r2_;                 // [source] traces just after the last event
  std::vector<Step> last_;                     // [source] step of the last event
  std::vector<std::vector<PreEvent>> events_;  // [step & mask]
  Step event_mask_ = 0;
  // Steps looked up instead of divided: as far back as a last visit can lie.
  struct Past {
    double rise;  // exp(+(n - anchor)/tau_plus)
    int frame;
  };
  std::vector<Past> past_;  // [step & mask]
  Step past_mask_ = 0;
  // window
  struct Now {
    double decay, since;   // d and G
    double rise, depress;  // of c1; amplitude of depression times the decay of Y since the anchor
  };
  std::vector<Now> at_;               // [step & mask]
  std::vector<PostStep> post_;        // [step & mask]
  std::vector<double> plus_, minus_;  // [step & mask] amplitudes
  Step window_mask_ = 0;
};

}  // namespace labile
