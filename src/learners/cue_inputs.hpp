/// What learners of cues in compound share. A trial shows up to eight cues (numbers cue_0 to cue_7: 0 and 1,
/// or graded; a missing one is not shown) and then an outcome comes or does not: option 1 predicts that it
/// comes, option 0 that it does not. What came is the option that was right (binary_input.hpp), so learning
/// does not depend on the answer. V is the learner's expectation of the outcome, P(1) = logistic(beta (V -
/// theta)).
#pragma once

#include <string>

#include "contract/learner_entry.hpp"
#include "learners/binary_input.hpp"

namespace labile {

inline constexpr int kCues = 8;

/// The columns that a learner of cues is shown, and what it does without a choice.
template <class L>
struct CueLearner {
  static constexpr bool learns_when_told = true;
  static constexpr const char* own_task = "pavlovian";
  static constexpr std::array inputs{"cue_0"};
  static constexpr std::array optional_inputs{"cue_1", "cue_2", "cue_3", "cue_4", "cue_5", "cue_6", "cue_7"};
  static void check(const Layout& l) { check_binary(l, L::info.name); }
  template <class P, class S, class T>
  static void missed(const P& p, S& s, const Trial<T>& x) {
    learn_if_known(x, s, [&](S& then) { L::learn(p, then, x); });
  }
};

template <class T>
T cue(const Trial<T>& x, int i) {
  const T shown = x.input[static_cast<std::size_t>(i)];
  return select(shown == shown, shown, T(0.0));
}

/// Sum of the weights of the cues shown.
template <class T>
T summed_cues(const Trial<T>& x, const T* weight) {
  T sum(0.0);
  for (int i = 0; i < kCues; ++i) sum += weight[i] * cue(x, i);
  return sum;
}

/// Utilities of "it will not come" and "it will come".
template <class T>
void prediction_utilities(const T& beta, const T& theta, const T& expectation, T* u) {
  u[0] = T(0.0);
  u[1] = beta * (expectation - theta);
}

/// The parameters that all of them have.
template <class T>
struct CueResponse {
  T beta = T(5.0), theta = T(0.5), dopamine = T(0.0);
};
template <class P>
void add_response(std::vector<Field<P>>& t) {
  const auto own = [](double P::*m) { return m; };
  t.push_back(
      {"beta", "1", own(&P::beta), {0, 100}, "inverse temperature of the answer", gamma_prior(1.2, 5.0)});
  t.push_back({"theta",
               "outcome",
               own(&P::theta),
               {-10, 10},
               "expectation at which both answers are as likely",
               fixed_prior()});
  t.push_back({"dopamine",
               "outcome",
               own(&P::dopamine),
               {-10, 10},
               "added to every prediction error",
               fixed_prior()});
}

/// A learner whose expectation is the sum of one value a cue, State::v, each 0 at the start.
template <class L>
struct CueValues : CueLearner<L> {
  template <class P, class S, class T>
  static void utility(const P& p, const S& s, const Trial<T>& x, T* u) {
    prediction_utilities(p.beta, p.theta, summed_cues(x, s.v), u);
  }
  template <class S>
  static S at_zero() {
    S s;
    s.expectation = s.delta = 0.0;
    for (auto& v : s.v) v = 0.0;
    return s;
  }
  static std::vector<SignalInfo> expectation_signal() {
    return {{"expectation", "outcome expected before it came", "outcome"}};
  }
};

/// Signals of one number a cue: "value_0" to "value_7".
inline void add_cue_signals(std::vector<SignalInfo>& list, const char* name, const char* label) {
  for (int i = 0; i < kCues; ++i)
    list.push_back({fmt::format("{}_{}", name, i), fmt::format("{} of cue {}", label, i), "1"});
}

/// One whose cues also have a learning rate each, State::a, that starts at Params::alpha0.
template <class L>
struct CueValuesAndRates : CueValues<L> {
  template <class T>
  struct State {
    T expectation, a[kCues], v[kCues];
    T delta;
  };
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.expectation)[signal];
  }
  template <template <class> class P, class T>
  static State<T> start(const P<T>& p, const Layout&) {
    auto s = CueValues<L>::template at_zero<State<T>>();
    for (auto& a : s.a) a = p.alpha0;
    return s;
  }
  static std::vector<SignalInfo> signals_of(const char* rate) {
    auto r = CueValues<L>::expectation_signal();
    add_cue_signals(r, rate, rate);
    return r;
  }
};

}  // namespace labile
