/// Shift cost: trials of one block minus trials of another of the same subject. With the stages of
/// `set_shifting` (ED is block 5, ID block 3) it is the cost of a shift to another dimension.
/// Source: Birrell & Brown (2000), doi:10.1523/JNEUROSCI.20-11-04320.2000. Differs from it: a subject that
/// did not reach `block` has no value; not defined for bandits, which have no dimensions.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ShiftCost {
  static constexpr Info info{"shift_cost", "trials of one block beyond those of another",
                             "doi:10.1523/JNEUROSCI.20-11-04320.2000"};
  static constexpr const char *label = "shift cost", *unit = "trials", *direction = "lower", *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int block = 5, against = 3;
  static std::vector<Field<ShiftCost>> table() {
    return {{"block", "1", &ShiftCost::block, {0, 1e6}, "block whose trials count, from 0"},
            {"against", "1", &ShiftCost::against, {0, 1e6}, "block whose trials are taken off"}};
  }
  Sample operator()(const BlockView& b) const {
    const double n = b.feature.empty() ? 0 : b.size();
    return {(b.block == block ? n : 0) - (b.block == against ? n : 0), n > 0 && b.block == block ? 1.0 : 0.0};
  }
};
}  // namespace
MetricEntry shift_cost() {
  return metric_entry<ShiftCost>();
}
}  // namespace labile
