/// Noradrenaline latency: trials after a switch until signal `ne` first exceeds `threshold`; the block's
/// length when it never does.
///
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct NeLatency {
  static constexpr Info info{"ne_latency", "trials after a switch until noradrenaline bursts", "design"};
  static constexpr const char *label = "noradrenaline latency", *unit = "trials", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"ne"}; }
  double threshold = 0.5;
  static std::vector<Field<NeLatency>> table() {
    return {{"threshold", "1", &NeLatency::threshold, {0, 1e6}, "level that counts as a burst"}};
  }
  Sample operator()(const BlockView& b) const {
    if (b.size() == 0) return {};
    int t = 0;
    while (t < b.size() && !(b.signals[0][t] > threshold)) ++t;
    return {static_cast<double>(t), 1};
  }
};
}  // namespace
MetricEntry ne_latency() {
  return metric_entry<NeLatency>();
}
}  // namespace labile
