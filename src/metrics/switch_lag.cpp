/// Switch lag: the first trial of the first run of `run` right choices; the block's length when none comes.
/// Source: flex_circuit.py met() `lag`. Differs from it: a missing choice breaks the run.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct SwitchLag {
  static constexpr Info info{"switch_lag", "trial on which the first run of right choices begins",
                             "reference circuit, column lag"};
  static constexpr const char *label = "switch lag", *unit = "trials", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int run = 4;
  static std::vector<Field<SwitchLag>> table() {
    return {{"run", "trials", &SwitchLag::run, {1, 1000}, "right choices in a row that count as switched"}};
  }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    return {static_cast<double>(first_run(b, run)), 1};
  }
};
}  // namespace
MetricEntry switch_lag() {
  return metric_entry<SwitchLag>();
}
}  // namespace labile
