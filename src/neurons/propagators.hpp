/// Exact steps of a leaky membrane driven by exponential and alpha currents, without cancellation at any
/// ratio of time constants.
///
/// With a membrane of time constant tau_m and capacitance C, one step of length h adds to V
///   from a constant current I        constant(h) I      = (tau_m / C)(1 - exp(-h/tau_m)) I
///   from I exp(-t/tau_s)             exponential(h) I   = (1/C) ∫ exp(-(h-s)/tau_m) exp(-s/tau_s) ds I
///   from D t exp(-t/tau_s)           alpha(h) D         = (1/C) ∫ exp(-(h-s)/tau_m) s exp(-s/tau_s) ds D
/// all integrals from 0 to h. With x = h (1/tau_m - 1/tau_s) they are
///   (h/C)  exp(-h/tau_m) phi1(x),  phi1(x) = ∫ exp(x t) dt   over 0..1 = (exp(x) - 1)/x
///   (h²/C) exp(-h/tau_m) phi2(x),  phi2(x) = ∫ t exp(x t) dt over 0..1 = (exp(x)(x - 1) + 1)/x²
///
/// Source: Rotter & Diesmann (1999) Biol Cybern 81:381, doi:10.1007/s004220050570 (exact integration).
/// Differs from it: phi1 and phi2 replace the difference of exponentials, so tau_s = tau_m is no special
/// case.
#pragma once

#include "core/math.hpp"

namespace labile {

inline double phi1(double x) {
  return x == 0 ? 1.0 : expm1(x) / x;
}
inline double phi2(double x) {
  if (abs(x) > 1) return (exp(x) * (x - 1) + 1) / (x * x);
  // sum x^k / (k! (k+2)); the first omitted term is below 3e-19.
  double sum = 0, term = 1;
  for (int k = 0; k < 19; ++k) {
    sum += term / (k + 2);
    term *= x / (k + 1);
  }
  return sum;
}

struct Membrane {
  double C_pf, tau_ms;

  [[nodiscard]] double decay(double h) const { return exp(-h / tau_ms); }
  [[nodiscard]] double constant(double h) const { return -expm1(-h / tau_ms) * tau_ms / C_pf; }
  [[nodiscard]] double exponential(double h, double tau_s) const {
    return h / C_pf * decay(h) * phi1(h * (1 / tau_ms - 1 / tau_s));
  }
  [[nodiscard]] double alpha(double h, double tau_s) const {
    return h * h / C_pf * decay(h) * phi2(h * (1 / tau_ms - 1 / tau_s));
  }
};

}  // namespace labile
