/// Perseverative errors: errors until the end of the first window of `window` trials with `threshold` right
/// choices; all errors of the block when no window has them.
/// Source: Jones & Mishkin (1972), stages of reversal; flex_circuit.py met() `pers`.
/// Differs from it: windows slide trial by trial; missing choices are neither right nor wrong.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct PerseverativeErrors {
  static constexpr Info info{"perseverative_errors", "errors before choices leave the old rule",
                             "Jones & Mishkin (1972) doi:10.1016/0014-4886(72)90030-1"};
  static constexpr const char *label = "perseverative errors", *unit = "errors", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int window = 10;
  int threshold = 3;
  static std::vector<Field<PerseverativeErrors>> table() {
    return {{"window", "trials", &PerseverativeErrors::window, {1, 1000}, "length of the sliding window"},
            {"threshold",
             "trials",
             &PerseverativeErrors::threshold,
             {1, 1000},
             "right choices that end the stage"}};
  }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    double errors = 0;
    int in_window = 0;
    for (int t = 0; t < b.size(); ++t) {
      errors += wrong(b, t) ? 1 : 0;
      in_window += right(b, t) ? 1 : 0;
      if (t >= window) in_window -= right(b, t - window) ? 1 : 0;
      if (t >= window - 1 && in_window >= threshold) break;
    }
    return {errors, 1};
  }
};
}  // namespace
MetricEntry perseverative_errors() {
  return metric_entry<PerseverativeErrors>();
}
}  // namespace labile
