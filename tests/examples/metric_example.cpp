/// Longest streak: the most right choices in a row within the block.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct LongestStreak {
  static constexpr Info info{"longest_streak", "most right choices in a row", "design"};
  static constexpr const char *label = "longest streak", *unit = "trials", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<LongestStreak>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    int run = 0, longest = 0;
    for (int t = 0; t < b.size(); ++t) {
      run = right(b, t) ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return {static_cast<double>(longest), 1};
  }
};
}  // namespace
MetricEntry longest_streak() {
  return metric_entry<LongestStreak>();
}
}  // namespace labile
