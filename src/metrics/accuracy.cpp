/// Accuracy: share of right choices over the whole block.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Accuracy {
  static constexpr Info info{"accuracy", "share of right choices, whatever the outcome", "design"};
  static constexpr const char *label = "accuracy", *unit = "1", *direction = "higher", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<Accuracy>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      s.num += right(b, t) ? 1 : 0;
      s.den += judged(b, t) ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry accuracy() {
  return metric_entry<Accuracy>();
}
}  // namespace labile
