#include "modulators/pharmacokinetics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
/// (exp(-a t) - exp(-b t)) / (b - a), t exp(-a t) where they are equal.
double between(double a, double b, double t) {
  const double slow = std::min(a, b), apart = std::abs(a - b);
  if (apart * t < 1e-12) return t * exp(-slow * t);
  return -exp(-slow * t) * expm1(-apart * t) / apart;
}
}  // namespace

Course::Course(const Kinetics& kinetics, std::vector<Dose> doses) : k_(kinetics), doses_(std::move(doses)) {
  const auto check = [](const char* what, double x, bool zero) {
    if (!(std::isfinite(x) && (zero ? x >= 0 : x > 0)))
      throw Error(
          fmt::format("pharmacokinetics: {} = {} must be a finite number {} 0", what, x, zero ? ">=" : ">"));
  };
  check("elimination", k_.elimination_per_h, false);
  check("absorption", k_.absorption_per_h, true);
  check("to_tissue", k_.to_tissue_per_h, true);
  check("from_tissue", k_.from_tissue_per_h, k_.to_tissue_per_h == 0);
  check("per_dose", k_.per_dose, false);
  for (const auto& d : doses_) {
    check("a dose", d.amount, true);
    check("a dose's time", d.at_h, true);
  }
  const double ke = k_.elimination_per_h, k12 = k_.to_tissue_per_h, k21 = k_.from_tissue_per_h;
  fast_ = slow_ = ke;
  share_ = 1;
  if (k12 == 0) return;
  const double sum = ke + k12 + k21, root = std::sqrt(sum * sum - 4 * ke * k21);
  fast_ = (sum + root) / 2;
  slow_ = ke * k21 / fast_;  // (sum - root) / 2 without its cancellation
  share_ = (fast_ - k21) / (fast_ - slow_);
}

double Course::of_one(double t) const {
  const double ka = k_.absorption_per_h;
  if (ka == 0) return share_ * exp(-fast_ * t) + (1 - share_) * exp(-slow_ * t);
  return ka * (share_ * between(ka, fast_, t) + (1 - share_) * between(ka, slow_, t));
}

double Course::concentration(double t_h) const {
  double sum = 0;
  for (const auto& d : doses_)
    if (t_h >= d.at_h) sum += k_.per_dose * d.amount * of_one(t_h - d.at_h);
  return sum;
}

double Course::peak_h() const {
  if (k_.to_tissue_per_h > 0) throw Bug("the peak of two compartments has no closed form");
  const double ka = k_.absorption_per_h, ke = k_.elimination_per_h;
  if (ka == 0) return 0;
  if (std::abs(ka - ke) < 1e-9 * ke) return 1 / ke;
  return log(ka / ke) / (ka - ke);
}

}  // namespace labile
