/// A receptor in every region: how much of it is activated by the modulator and by drugs that compete for it.
///
///   theta = (x + S) / (x + T) * (x + T)^n / ((x + T)^n + (1 + B)^n),   dr/dt = (theta - r) / tau
///
/// x = C/EC50 of the modulator; of agonists S = sum of efficacy * A/K_A and T = sum of A/K_A; of antagonists B = sum of B/K_B; n the
/// Hill coefficient. With n = 1, (x + S) / (1 + x + T + B): Gaddum (1957) Pharmacol Rev 9:211. A partial agonist (efficacy below 1) activates
/// where there is little modulator and takes its place where there is much. r is exact for a theta that is linear within the step.
#pragma once

#include <span>
#include <vector>

#include "core/archive.hpp"

namespace labile {

/// What drugs do at a receptor in a region, all relative to their dissociation constants; see above.
struct Occupants {
  double stimulus = 0;  // S
  double agonist = 0;   // T >= S where efficacies are at most 1
  double blocker = 0;   // B
};

/// theta of x = C/EC50 >= 0.
[[nodiscard]] double activation(double x, double hill, const Occupants& drugs);

class ReceptorField {
 public:
  struct Params {
    double ec50 = 1;      // µM, > 0
    double hill = 1;      // > 0
    double tau_ms = 100;  // > 0
  };
  /// Regions without the receptor are given density 0: r stays 0 there. density [region] scales r, >= 0. r starts at 0. Throws
  /// Error on values out of range.
  ReceptorField(const Params& params, std::span<const double> density, double dt_ms);
  void set_drugs(int region, const Occupants& drugs);
  /// r at its value for C [region], as after a long time.
  void settle(std::span<const double> c);
  /// C [region] in µM where the next step begins: just after what arrived at the last one, or after drugs changed.
  void begin_at(std::span<const double> c);
  /// A step at whose end C is `to` [region] in µM, just before what arrives then; it begins where the last one ended, or where begin_at() said.
  void step(std::span<const double> to);
  /// r times density.
  [[nodiscard]] double activation(int region) const { return r_[static_cast<std::size_t>(region)]; }
  /// Where activation() is kept, as long as this lives.
  [[nodiscard]] const double* address(int region) const { return &r_[static_cast<std::size_t>(region)]; }
  [[nodiscard]] const Params& params() const { return params_; }
  void keep(Archive& a) {
    for (auto* x : {&r_, &stimulus_, &taken_, &theta_}) a.each(*x);
    a.each(drugs_);
  }

 private:
  [[nodiscard]] double theta(std::size_t region, double c) const;
  void check(std::span<const double> c) const;
  Params params_;
  double kept_, from_weight_, to_weight_;  // r' = kept r + from_weight theta_from + to_weight theta_to
  std::vector<double> density_, r_;        // [region] r times density
  std::vector<Occupants> drugs_;           // [region]
  double per_ec50_;
  std::vector<double> stimulus_, taken_;  // [region] S; 1 + B + T
  std::vector<double> theta_;             // [region] where the next step begins, times density
};

}  // namespace labile
