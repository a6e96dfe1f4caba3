/// Accuracy in a state: share of right choices where one state (cue, stimulus, context) is shown.
/// Source: design. Differs from it: missing choices are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct AccuracyInState {
  static constexpr Info info{"accuracy_in_state", "share of right choices where one state is shown",
                             "design"};
  static constexpr const char *label = "accuracy in a state", *unit = "1", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int state = 0;
  static std::vector<Field<AccuracyInState>> table() {
    return {{"state", "1", &AccuracyInState::state, {0, kMaxStates - 1}, "the state, from 0"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    if (b.state.empty()) return s;
    for (int t = 0; t < b.size(); ++t) {
      if (b.state[t] != state || !judged(b, t)) continue;
      s.den += 1;
      s.num += right(b, t) ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry accuracy_in_state() {
  return metric_entry<AccuracyInState>();
}
}  // namespace labile
