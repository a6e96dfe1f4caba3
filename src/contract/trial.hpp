/// What a learner meets on one trial, for one subject (T = double or Dual) or four at once (T = Vec).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/math.hpp"

namespace labile {

inline constexpr int kMaxOptions = 8;    // options on one trial
inline constexpr int kMaxFeatures = 64;  // sum of arities over the feature dimensions
inline constexpr int kMaxStates = 16;    // states shown one at a time: stimuli, cues, contexts, rooms

/// Options are described by features: `dims` dimensions, dimension d with `arity[d]` values. A bandit is one
/// dimension whose feature is the option itself. Features of all dimensions are numbered through:
/// value v of dimension d is feature offset[d] + v.
struct Layout {
  int options = 2;
  std::vector<int> arity{2};
  std::vector<int> offset{0};
  bool feature_is_option = true;
  int states = 1;  // what is shown before a choice is one of them

  [[nodiscard]] int dims() const { return static_cast<int>(arity.size()); }
  [[nodiscard]] int features() const { return offset.back() + arity.back(); }
  /// A bandit with n options.
  static Layout bandit(int n, int states = 1) { return {n, {n}, {0}, true, states}; }
  /// Options made of features with the given arities.
  static Layout featured(int options, std::vector<int> arity) {
    std::vector<int> offset;
    int sum = 0;
    for (const int a : arity) {
      offset.push_back(sum);
      sum += a;
    }
    return {options, std::move(arity), std::move(offset), false, 1};
  }
};

/// One decision. `feature` holds, for option o and dimension d, the feature's number (see Layout) at
/// [o * dims + d]; it is empty for a bandit, where option o has the one feature o.
template <class T>
struct Trial {
  const Layout* layout;
  std::span<const Index<T>> feature;
  Index<T> choice;                // [0, options); meaningless where nothing was chosen
  T outcome;                      // of the chosen option; meaningless where it was not shown
  Mask<T> fresh;                  // values start afresh before this trial
  Index<T> state = Index<T>(0);   // what was shown, of layout->states
  int stage = 0;                  // which decision of its trial this is, where a trial has several
  Index<T> right = Index<T>(-1);  // option that was right, where that is known whatever was chosen; else -1
  T report = T(kNaN);             // continuous response, where the task asks for one
  std::span<const T> input = {};  // numbers shown, those that the learner asks for, in its order
  T rt = T(kNaN);                 // response time, s; NaN = not known

  [[nodiscard]] int options() const { return layout->options; }
};

template <class T>
Index<T> constant(std::int64_t x) {
  return Index<T>(x);
}

/// What summed() gives where options are described by features.
template <class T>
T summed_features(const Trial<T>& x, const T* weight, int option) {
  const Layout& l = *x.layout;
  T sum(0.0);
  for (int d = 0; d < l.dims(); ++d) {
    const Index<T> f = x.feature[option * l.dims() + d];
    T w = weight[l.offset[d]];
    for (int v = 1; v < l.arity[d]; ++v)
      w = select(f == constant<T>(l.offset[d] + v), weight[l.offset[d] + v], w);
    sum += w;
  }
  return sum;
}

/// Sum over dimensions of weight[feature of option o]: the value of an option described by its features.
template <class T>
[[gnu::always_inline]] inline T summed(const Trial<T>& x, const T* weight, int option) {
  return x.layout->feature_is_option ? weight[option] : summed_features(x, weight, option);
}

/// Pick values[choice] without a branch.
template <class T>
T chosen_of(const Trial<T>& x, const T* values) {
  T r = values[0];
  for (int o = 1; o < x.options(); ++o) r = select(x.choice == constant<T>(o), values[o], r);
  return r;
}

/// table[state][entry] of the state shown, without a branch; `width` entries a state.
template <class T>
T shown(const Trial<T>& x, const T* table, int width, int entry) {
  if constexpr (std::is_same_v<Index<T>, std::int64_t>) {
    return table[x.state * width + entry];
  } else {
    T r = table[entry];
    for (int s = 1; s < x.layout->states; ++s)
      r = select(x.state == constant<T>(s), table[s * width + entry], r);
    return r;
  }
}

/// Apply update(value, is_shown) to table[state][entry] of every state, or of the one that is shown.
template <class T, class F>
void for_each_state(const Trial<T>& x, T* table, int width, int entry, F&& update) {
  if constexpr (std::is_same_v<Index<T>, std::int64_t>) {
    update(table[x.state * width + entry], true);
  } else {
    for (int s = 0; s < x.layout->states; ++s) update(table[s * width + entry], x.state == constant<T>(s));
  }
}

/// What for_each_feature() does where options are described by features.
template <class T, class F>
void for_each_described(const Trial<T>& x, T* weight, F&& update) {
  const Layout& l = *x.layout;
  for (int d = 0; d < l.dims(); ++d) {
    Index<T> f = x.feature[d];
    for (int o = 1; o < l.options; ++o)
      f = select(x.choice == constant<T>(o), x.feature[o * l.dims() + d], f);
    for (int v = 0; v < l.arity[d]; ++v) update(weight[l.offset[d] + v], f == constant<T>(l.offset[d] + v));
  }
}

/// Apply update(weight, is_chosen_feature) to every weight; the mask tells whether the chosen option has it.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_feature(const Trial<T>& x, T* weight, F&& update) {
  if (x.layout->feature_is_option)
    for (int o = 0; o < x.layout->options; ++o) update(weight[o], x.choice == constant<T>(o));
  else
    for_each_described(x, weight, update);
}

/// A subject's trials as they enter a likelihood. All spans have one entry a trial.
struct SubjectTrials {
  Layout layout;
  std::span<const std::int32_t> choice;       // -1 = missing: no likelihood, no update
  std::span<const double> outcome;            // NaN = missing: likelihood, no update
  std::span<const std::uint8_t> fresh;        // 1 = values start afresh before this trial
  std::span<const std::int64_t> feature;      // [trial][option][dim], empty for a bandit
  std::span<const std::int32_t> state = {};   // from 0; empty = one state
  std::span<const std::int32_t> stage = {};   // empty = one decision a trial
  std::span<const std::int32_t> right = {};   // option that was right, -1 = unknown; empty = unknown
  std::span<const double> report = {};        // NaN = missing; empty = none asked for
  std::span<const std::uint8_t> scored = {};  // 0 = learned from, but left out of the likelihood; empty = all
  struct Column {
    std::string name;
    std::span<const double> values;
  };
  std::vector<Column> inputs = {};    // numbers shown, by name
  std::span<const double> rt_s = {};  // response time, s; NaN = missing; empty = none known
  bool report_after = false;          // reports were given after the outcome of their trial, not before

  [[nodiscard]] std::size_t size() const { return choice.size(); }
};

}  // namespace labile
