#include "modulators/receptor.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"
#include "modulators/linear_step.hpp"

namespace labile {
namespace {
double positive(const char* what, double x) {
  if (!(x > 0 && std::isfinite(x)))
    throw Error(fmt::format("receptor: {} = {} must be a finite number > 0", what, x));
  return x;
}
}  // namespace

double activation(double x, double hill, const Occupants& drugs) {
  const double bound = x + drugs.agonist;
  if (!(bound > 0)) return 0;
  const double free = 1 + drugs.blocker;
  if (hill == 1) return (x + drugs.stimulus) / (free + bound);
  return (x + drugs.stimulus) / bound / (1 + pow(free / bound, hill));
}

ReceptorField::ReceptorField(const Params& params, std::span<const double> density, double dt_ms)
    : params_(params),
      density_(density.begin(), density.end()),
      r_(density.size(), 0.0),
      drugs_(density.size()) {
  positive("EC50", params.ec50);
  positive("the Hill coefficient", params.hill);
  const LinearStep step(positive("dt", dt_ms) / positive("tau", params.tau_ms));
  for (const double d : density)
    if (!(d >= 0 && std::isfinite(d)))
      throw Error(fmt::format("receptor: density = {} must be a finite number >= 0", d));
  kept_ = step.kept;
  per_ec50_ = 1 / params.ec50;
  stimulus_.assign(density.size(), 0.0);
  taken_.assign(density.size(), 1.0);
  theta_.assign(density.size(), 0.0);
  to_weight_ = step.to;
  from_weight_ = step.from;
}

void ReceptorField::set_drugs(int region, const Occupants& drugs) {
  for (const double x : {drugs.stimulus, drugs.agonist, drugs.blocker})
    if (!(x >= 0 && std::isfinite(x)))
      throw Error(
          fmt::format("receptor: a drug at {} of its dissociation constant must be a finite number >= 0", x));
  const auto i = static_cast<std::size_t>(region);
  drugs_.at(i) = drugs;
  stimulus_[i] = drugs.stimulus;
  taken_[i] = 1 + drugs.blocker + drugs.agonist;
}

double ReceptorField::theta(std::size_t region, double c) const {
  return density_[region] * labile::activation(c / params_.ec50, params_.hill, drugs_[region]);
}
void ReceptorField::check(std::span<const double> c) const {
  if (c.size() != r_.size()) throw Bug(fmt::format("{} concentrations for {} regions", c.size(), r_.size()));
}

void ReceptorField::begin_at(std::span<const double> c) {
  check(c);
  for (std::size_t i = 0; i < r_.size(); ++i) theta_[i] = theta(i, c[i]);
}
void ReceptorField::settle(std::span<const double> c) {
  begin_at(c);
  r_ = theta_;
}

void ReceptorField::step(std::span<const double> to) {
  check(to);
  const std::size_t n = r_.size();
  if (params_.hill != 1) {
    for (std::size_t i = 0; i < n; ++i) {
      const double end = theta(i, to[i]);
      r_[i] = kept_ * r_[i] + from_weight_ * theta_[i] + to_weight_ * end;
      theta_[i] = end;
    }
    return;
  }
  // Without a power the loop goes four regions at a time.
  double* __restrict r = r_.data(), * __restrict begin = theta_.data();
  const double *__restrict c = to.data(), *__restrict stimulus = stimulus_.data(),
               *__restrict taken = taken_.data(), *__restrict density = density_.data();
  const double kept = kept_, from_weight = from_weight_, to_weight = to_weight_, per_ec50 = per_ec50_;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = c[i] * per_ec50;
    const double end = density[i] * ((x + stimulus[i]) / (x + taken[i]));
    r[i] = kept * r[i] + from_weight * begin[i] + to_weight * end;
    begin[i] = end;
  }
}

}  // namespace labile
