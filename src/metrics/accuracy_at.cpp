/// Accuracy at a value of a number shown: share of right choices where `column` is `value`, as at set size 3;
/// with `either_sign` where its size is, as at a coherence of 12.8% to either side, a point of the psychometric
/// function.
/// Source: design. Differs from it: missing choices are left out; values within 1e-9 are equal.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct AccuracyAt {
  static constexpr Info info{"accuracy_at", "share of right choices where a number shown has one value",
                             "design"};
  static constexpr const char *label = "accuracy at a value", *unit = "1", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = true;
  [[nodiscard]] std::vector<std::string> needs() const { return {column}; }
  std::string column = "set_size";
  double value = 3;
  bool either_sign = false;
  static std::vector<Field<AccuracyAt>> table() {
    return {{"column", "1", &AccuracyAt::column, {}, "name of the number"},
            {"value", "1", &AccuracyAt::value, {-1e300, 1e300}, "its value"},
            {"either_sign", "1", &AccuracyAt::either_sign, {}, "whether -value counts as well"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      const double shown = either_sign ? std::abs(b.signals[0][t]) : b.signals[0][t];
      if (!(std::abs(shown - value) < 1e-9) || !judged(b, t)) continue;
      s.den += 1;
      s.num += right(b, t) ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry accuracy_at() {
  return metric_entry<AccuracyAt>();
}
}  // namespace labile
