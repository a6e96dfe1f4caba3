#include "modulators/field.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
void check_positive(const char* what, double value) {
  if (!(value > 0 && std::isfinite(value)))
    throw Error(fmt::format("field: {} = {} must be a finite time > 0 ms", what, value));
}
void check_finite(const char* what, double value) {
  if (!std::isfinite(value)) throw Error(fmt::format("field: {} = {} must be a finite number", what, value));
}
}  // namespace

ModulatorField::ModulatorField(const Params& params, double dt_ms)
    : params_(params), lost_(expm1(-dt_ms / params.tau_ms)), left_(params.tonic), right_(params.tonic) {
  check_positive("tau", params.tau_ms);
  check_positive("dt", dt_ms);
  check_finite("tonic", params.tonic);
  check_finite("quantum", params.quantum);
}

void ModulatorField::step(double released, double pulse) noexcept {
  if (held_) {
    left_ = right_;
    return;
  }
  excess_ = fma(excess_, lost_, excess_);
  left_ = params_.tonic + excess_;
  excess_ += fma(params_.quantum, released, pulse);
  right_ = params_.tonic + excess_;
}

void ModulatorField::clamp(double value) {
  check_finite("the held value", value);
  held_ = true;
  right_ = value;
  excess_ = value - params_.tonic;
}

}  // namespace labile
