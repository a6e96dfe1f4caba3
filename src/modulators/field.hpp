/// A modulator's concentration in one region: releases add, and it decays to its tonic level.
///
///   dC/dt = -(C - tonic)/tau,   C += quantum at each release, C += amount at a pulse
///
/// Solved exactly: C_n- = tonic + (C_{n-1}+ - tonic) exp(-dt/tau), C_n+ = C_n- + what arrives at t_n. Kept is
/// the excess over tonic, so that rounding errors are relative to it and decay with it. Source: Izhikevich
/// (2007) Cereb Cortex 17:2443, doi:10.1093/cercor/bhl152: dD/dt = -D/tau_d + DA(t). Differs from it: a tonic
/// level to which C decays (there a constant part of DA(t)), one C a region, and C can be held at a value.
#pragma once

#include "core/archive.hpp"

namespace labile {

class ModulatorField {
 public:
  struct Params {
    double tau_ms = 200;  // of the decay to tonic; > 0
    double tonic = 0;     // level without releases
    double quantum = 0;   // what one release adds
  };
  /// Starts at tonic. Throws Error unless tau_ms > 0, dt_ms > 0 and all are finite.
  ModulatorField(const Params& params, double dt_ms);
  /// From t_n to t_{n+1}, where `released` releases and a pulse of `pulse` arrive. Held: neither changes it.
  void step(double released, double pulse = 0) noexcept;
  /// C just before what arrives at the present step, and just after it.
  [[nodiscard]] double left() const noexcept { return left_; }
  [[nodiscard]] double right() const noexcept { return right_; }
  /// Holds C at `value` from the present step's right limit on, whatever is released. Throws Error unless
  /// finite.
  void clamp(double value);
  /// C decays from the held value, and hears releases, from the present step on.
  void unclamp() noexcept { held_ = false; }
  [[nodiscard]] bool clamped() const noexcept { return held_; }
  [[nodiscard]] const Params& params() const noexcept { return params_; }
  void keep(Archive& a) { a(excess_, left_, right_, held_); }

 private:
  Params params_;
  double lost_;        // exp(-dt/tau) - 1
  double excess_ = 0;  // right limit less tonic
  double left_, right_;
  bool held_ = false;
};

}  // namespace labile
