/// Late accuracy: share of right choices on the last `trials` trials of the block.
/// Source: flex_circuit.py met() `late`. Differs from it: missing choices are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct LateAccuracy {
  static constexpr Info info{"late_accuracy", "share of right choices at the end of the block",
                             "reference circuit, column late"};
  static constexpr const char *label = "late accuracy", *unit = "1", *direction = "higher",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int trials = 30;
  static std::vector<Field<LateAccuracy>> table() {
    return {{"trials", "trials", &LateAccuracy::trials, {1, 10000}, "trials up to the end of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = last(b, trials); t < b.size(); ++t) {
      s.num += right(b, t) ? 1 : 0;
      s.den += judged(b, t) ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry late_accuracy() {
  return metric_entry<LateAccuracy>();
}
}  // namespace labile
