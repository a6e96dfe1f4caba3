/// Accuracy at one strength of evidence: share of right choices where |coherence| is the one asked for, a
/// point of the psychometric function.
///
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct AccuracyAtCoherence {
  static constexpr Info info{"accuracy_at_coherence", "share of right choices at one coherence", "design"};
  static constexpr const char *label = "accuracy at a coherence", *unit = "1", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"coherence"}; }
  double coherence = 0.128;
  static std::vector<Field<AccuracyAtCoherence>> table() {
    return {{"coherence",
             "1",
             &AccuracyAtCoherence::coherence,
             {0, 1},
             "size of the coherence, whatever its side"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      if (!judged(b, t) || !(std::abs(std::abs(b.signals[0][t]) - coherence) < 1e-9)) continue;
      s.num += right(b, t) ? 1 : 0;
      s.den += 1;
    }
    return s;
  }
};
}  // namespace
MetricEntry accuracy_at_coherence() {
  return metric_entry<AccuracyAtCoherence>();
}
}  // namespace labile
