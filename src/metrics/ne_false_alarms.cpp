/// False alarms of noradrenaline: percent of the last `trials` trials of the block, when no rule changed, on which
/// signal `ne` exceeds `threshold`.
///
/// Source: design. Differs from it: trials without a value are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct NeFalseAlarms {
  static constexpr Info info{"ne_false_alarms",
                             "bursts of noradrenaline late in the block, when no rule changed", "design"};
  static constexpr const char *label = "noradrenaline false alarms", *unit = "%", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"ne"}; }
  double threshold = 0.5;
  int trials = 40;
  static std::vector<Field<NeFalseAlarms>> table() {
    using M = NeFalseAlarms;
    return {{"threshold", "1", &M::threshold, {0, 1e6}, "level that counts as a burst"},
            {"trials", "trials", &M::trials, {1, 10000}, "trials up to the end of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = last(b, trials); t < b.size(); ++t) {
      const double ne = b.signals[0][t];
      if (std::isnan(ne)) continue;
      s.num += ne > threshold ? 100 : 0;
      ++s.den;
    }
    return s;
  }
};
}  // namespace
MetricEntry ne_false_alarms() {
  return metric_entry<NeFalseAlarms>();
}
}  // namespace labile
