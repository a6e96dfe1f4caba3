/// A drug's concentration after doses: one or two compartments, into the blood at once or by mouth, in closed form.
///
///   one compartment, bolus   c(t) = F D/V exp(-ke t)
///   one, by mouth            c(t) = F D/V ka (exp(-ke t) - exp(-ka t)) / (ka - ke)      (Bateman 1910); ka t exp(-ka t) where ka = ke
///   two                      the same with exp(-ke t) replaced by w exp(-alpha t) + (1 - w) exp(-beta t) of the exchange k12, k21
///
/// Doses add up. Source: Gibaldi & Perrier (1982) Pharmacokinetics, chapters 1 and 2.
#pragma once

#include <vector>

namespace labile {

struct Kinetics {
  double elimination_per_h = 0;  // ke, > 0
  double absorption_per_h = 0;   // ka; 0: all is there at once
  double to_tissue_per_h = 0;    // k12; 0: one compartment
  double from_tissue_per_h = 0;  // k21, > 0 with k12
  double per_dose = 1;           // F/V: concentration that one unit of dose would give at once, > 0
};
struct Dose {
  double amount = 0;  // >= 0
  double at_h = 0;    // >= 0
};

class Course {
 public:
  /// Throws Error where a constant or a dose is out of range.
  Course(const Kinetics& kinetics, std::vector<Dose> doses);
  /// In the unit of F D/V; 0 before the first dose. A dose given at `t_h` counts from then on.
  [[nodiscard]] double concentration(double t_h) const;
  /// Time after a single dose at which it is highest, h. One compartment; 0 for a bolus.
  [[nodiscard]] double peak_h() const;

 private:
  [[nodiscard]] double of_one(double since_h) const;
  Kinetics k_;
  double fast_, slow_, share_;  // alpha, beta, w
  std::vector<Dose> doses_;
};

}  // namespace labile
