/// Accuracy before: share of right choices on the last `trials` trials of the block before.
/// Source: flex_circuit.py met() `pre`. Differs from it: never reaches further back than one block.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct AccuracyBefore {
  static constexpr Info info{"accuracy_before", "share of right choices just before the rule changed",
                             "reference circuit, column pre"};
  static constexpr const char *label = "accuracy before", *unit = "1", *direction = "higher",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int trials = 30;
  static std::vector<Field<AccuracyBefore>> table() {
    return {{"trials", "trials", &AccuracyBefore::trials, {1, 10000}, "trials up to the rule change"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    const int n = static_cast<int>(b.correct_before.size());
    for (int t = std::max(0, n - trials); t < n; ++t) {
      s.num += b.correct_before[t] == 1 ? 1 : 0;
      s.den += b.correct_before[t] >= 0 ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry accuracy_before() {
  return metric_entry<AccuracyBefore>();
}
}  // namespace labile
