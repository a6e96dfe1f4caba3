/// What delta rules share: one prediction error of the chosen option, whose features all move by the same
/// step.
#pragma once

#include "contract/learner.hpp"

namespace labile {

/// u[option] = beta times the summed values of its features.
template <class T>
void scaled_values(const Trial<T>& x, const T& beta, const T* v, T* u) {
  for (int o = 0; o < x.options(); ++o) u[o] = beta * summed(x, v, o);
}
/// The outcome less the summed value of the chosen option.
template <class T>
[[gnu::always_inline]] inline T prediction_error(const Trial<T>& x, const T* v) {
  T value[kMaxOptions];
  for (int o = 0; o < x.options(); ++o) value[o] = summed(x, v, o);
  return x.outcome - chosen_of(x, value);
}
/// Adds `step` to the value of every feature of the chosen option.
template <class T>
void move_chosen(const Trial<T>& x, T* values, const T& step) {
  for_each_feature(x, values, [&](T& v, Mask<T> chosen) { v = select(chosen, v + step, v); });
}

}  // namespace labile
