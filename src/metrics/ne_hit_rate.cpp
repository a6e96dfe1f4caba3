/// Hit rate of noradrenaline: share of switches after which signal `ne` exceeds `threshold` on one of the first
/// `within` trials, the first of which brings the first outcome under the new rule.
///
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct NeHitRate {
  static constexpr Info info{"ne_hit_rate", "share of switches that noradrenaline bursts on at once",
                             "design"};
  static constexpr const char *label = "noradrenaline hit rate", *unit = "1", *direction = "higher",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"ne"}; }
  double threshold = 0.5;
  int within = 3;
  static std::vector<Field<NeHitRate>> table() {
    using M = NeHitRate;
    return {{"threshold", "1", &M::threshold, {0, 1e6}, "level that counts as a burst"},
            {"within", "trials", &M::within, {1, 10000}, "trials from the start of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    if (b.size() == 0) return {};
    Sample s{0, 1};
    for (int t = 0; t < std::min(within, b.size()); ++t)
      if (b.signals[0][t] > threshold) s.num = 1;
    return s;
  }
};
}  // namespace
MetricEntry ne_hit_rate() {
  return metric_entry<NeHitRate>();
}
}  // namespace labile
