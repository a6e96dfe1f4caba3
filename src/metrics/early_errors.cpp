/// Early errors: errors on the first `trials` trials of the block.
/// Source: flex_circuit.py met() `e10`. Differs from it: missing choices are no errors.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct EarlyErrors {
  static constexpr Info info{"early_errors", "errors right after the rule changed",
                             "reference circuit, column e10"};
  static constexpr const char *label = "early errors", *unit = "errors", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int trials = 10;
  static std::vector<Field<EarlyErrors>> table() {
    return {{"trials", "trials", &EarlyErrors::trials, {1, 10000}, "trials from the start of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    double errors = 0;
    for (int t = 0; t < std::min(trials, b.size()); ++t) errors += wrong(b, t) ? 1 : 0;
    return {errors, 1};
  }
};
}  // namespace
MetricEntry early_errors() {
  return metric_entry<EarlyErrors>();
}
}  // namespace labile
