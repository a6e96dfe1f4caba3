/// How much of a modulator the units of a nucleus release: vesicles run out, and autoreceptors hold back.
///
///   a spike of unit j adds  Q/N R_j (1 - a)   and  R_j -= p R_j;   between spikes dR_j/dt = (1 - R_j)/tau
///
/// N is how many units were built, so that a spike of every one adds Q [µM] and a lesion leaves the others as they are. a, 0 to 1, is what
/// the region's autoreceptors take off (a_max times their activation). With p = 0 vesicles do not run out. For a nucleus known by
/// its mean rate alone, all units as one: dR/dt = (1 - R)/tau - p rate R, whose steady state is 1/(1 + p tau rate).
/// Source: design.
#pragma once

#include <cstdint>
#include <vector>

#include "core/archive.hpp"

namespace labile {

class Release {
 public:
  struct Params {
    double quantum = 0.1;  // Q, µM, >= 0
    double p = 0;          // share of a unit's vesicles that a spike takes, 0 to 1
    double tau_s = 4;      // of their recovery, > 0
  };
  /// Throws Error unless units > 0, dt_ms > 0 and parameters are in range.
  Release(int units, const Params& params, double dt_ms);
  /// What a spike of `unit` [0, units) at step n adds, µM, before autoreceptors. Steps of a unit's spikes do not fall.
  double spike(int unit, std::int64_t n);
  /// What all units together add in a step at a mean rate [Hz] of each, µM, before autoreceptors. A nucleus has either spikes or a rate.
  double rate(double hz);
  /// As after a long time at this rate.
  void settle(double hz) { pool_ = 1 / (1 + params_.p * params_.tau_s * hz); }
  /// Share of a unit's vesicles that is ready at step n.
  [[nodiscard]] double ready(int unit, std::int64_t n) const;
  /// Of a nucleus known by its rate.
  [[nodiscard]] double ready() const { return pool_; }
  void keep(Archive& a) {
    a.each(pools_);
    a(pool_);
  }
  [[nodiscard]] int units() const { return static_cast<int>(pools_.size()); }

 private:
  struct Pool {
    double ready = 1;
    std::int64_t at = 0;  // step that `ready` is of
  };
  Params params_;
  double dt_s_;
  std::vector<Pool> pools_;  // [unit]
  double pool_ = 1;
};

}  // namespace labile
