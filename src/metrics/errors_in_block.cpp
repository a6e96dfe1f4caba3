/// Errors in a block: how many wrong choices there were.
/// Source: design. Differs from it: missing choices are no errors.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ErrorsInBlock {
  static constexpr Info info{"errors_in_block", "number of wrong choices in the block or stage", "design"};
  static constexpr const char *label = "errors", *unit = "errors", *direction = "lower", *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<ErrorsInBlock>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    double errors = 0;
    for (int t = 0; t < b.size(); ++t) errors += wrong(b, t) ? 1 : 0;
    return {errors, 1};
  }
};
}  // namespace
MetricEntry errors_in_block() {
  return metric_entry<ErrorsInBlock>();
}
}  // namespace labile
