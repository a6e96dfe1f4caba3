/// Trials in a block: how many there were; of a stage that ends at a criterion, the trials it took.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct TrialsInBlock {
  static constexpr Info info{"trials_in_block", "number of trials of the block or stage", "design"};
  static constexpr const char *label = "trials", *unit = "trials", *direction = "none", *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<TrialsInBlock>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    if (b.size() == 0) return {};
    return {static_cast<double>(b.size()), 1};
  }
};
}  // namespace
MetricEntry trials_in_block() {
  return metric_entry<TrialsInBlock>();
}
}  // namespace labile
