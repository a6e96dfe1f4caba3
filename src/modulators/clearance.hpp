/// How a modulator leaves the extracellular space: transporters that saturate, and what is lost in proportion.
///
///   dC/dt = J - sum over transporters of Vmax C / (Km (1 + I/Ki) + C) - k C
///
/// one C [µM] a region; J [µM/s] is a steady source (tonic release, a releaser), I an inhibitor of uptake, k hydrolysis or another loss.
/// Several transporters may serve one region (noradrenaline's takes up dopamine in cortex). Without transporters a step is exact; with them
/// it is a fourth-order Runge-Kutta method in substeps of at most 1/20 of the fastest time constant, which keeps steady states to rounding and
/// values positive, and is wrong by less than 1e-6 of C at any step. Source: Michaelis & Menten kinetics as in Wightman & Zimmerman (1990)
/// Brain Res Rev 15:135, doi:10.1016/0165-0173(90)90015-G.
#pragma once

#include <span>
#include <vector>

#include "core/archive.hpp"
#include "core/simd.hpp"

namespace labile {

class Clearance {
 public:
  /// `regions` places, each with a C of its own; a step of dt_ms. Throws Error unless regions > 0 and dt_ms is finite and > 0.
  Clearance(int regions, double dt_ms);
  /// One more transporter: Vmax [region] in µM/s, 0 where there is none, and Km in µM. Its number, from 0. Throws Error unless Vmax is
  /// finite and >= 0 and Km is finite and > 0.
  int add_transporter(std::span<const double> vmax, double km);
  /// Vmax of a transporter, e.g. after its terminals degenerated.
  void set_vmax(int transporter, int region, double vmax);
  /// Inhibitor of a transporter: I/Ki >= 0.
  void set_inhibition(int transporter, int region, double relative);
  /// k in 1/s, >= 0.
  void set_loss(int region, double per_s);
  /// J in µM/s, >= 0. Cheap, from step to step.
  void set_source(int region, double source);
  /// All of them [region], each finite and >= 0, which is not looked at.
  void set_sources(std::span<const double> source);
  /// C [region] in µM, >= 0, from one step to the next. Throws Error when constants are so fast that a step needs more than 10,000 substeps.
  void step(std::span<double> c);
  /// C where nothing changes any more: J equals what is cleared. Infinite where J is more than transporters take and nothing else is lost.
  [[nodiscard]] double steady(int region) const;
  /// What transporters and loss take at c, µM/s.
  [[nodiscard]] double cleared(int region, double c) const;
  [[nodiscard]] int regions() const { return regions_; }
  [[nodiscard]] int substeps();
  void keep(Archive& a);

 private:
  void prepare();

  struct Transporter {
    double km;
    std::vector<double> vmax, inhibition;  // [region]
  };
  int regions_;
  double dt_s_;
  std::vector<Transporter> transporters_;
  std::vector<double> loss_, source_;  // [region]
  // What a step reads, for four regions at a time: [four], and [four][transporter].
  bool ready_ = false;
  int substeps_ = 1;
  std::vector<Vec> four_loss_, four_source_, four_vmax_, four_km_;
  std::vector<Vec> decay_, arrives_;  // without transporters: C' = C decay + J arrives
};

}  // namespace labile
