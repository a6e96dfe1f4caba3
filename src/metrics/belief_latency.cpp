/// Belief latency: trials after a switch until another context leads than at the end of the block before; the
/// block's length when none does. 0: the first outcome was enough.
/// Source: design. Differs from it: any other context counts, right or not.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct BeliefLatency {
  static constexpr Info info{"belief_latency", "trials after a switch until another context leads", "design"};
  static constexpr const char *label = "belief latency", *unit = "trials", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"slot"}; }
  static std::vector<Field<BeliefLatency>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    if (b.size() == 0 || b.signals_before.empty() || b.signals_before[0].empty()) return {};
    const double before = b.signals_before[0].back();
    if (std::isnan(before)) return {};
    int t = 0;
    while (t < b.size() && (std::isnan(b.signals[0][t]) || b.signals[0][t] == before)) ++t;
    return {static_cast<double>(t), 1};
  }
};
}  // namespace
MetricEntry belief_latency() {
  return metric_entry<BeliefLatency>();
}
}  // namespace labile
