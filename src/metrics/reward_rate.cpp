/// Reward rate: mean outcome of the choices made.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct RewardRate {
  static constexpr Info info{"reward_rate", "mean outcome of a choice", "design"};
  static constexpr const char *label = "reward rate", *unit = "outcome", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<RewardRate>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      if (b.choice[t] < 0 || std::isnan(b.outcome[t])) continue;
      s.num += b.outcome[t];
      s.den += 1;
    }
    return s;
  }
};
}  // namespace
MetricEntry reward_rate() {
  return metric_entry<RewardRate>();
}
}  // namespace labile
