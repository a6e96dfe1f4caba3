/// Lose-shift after a misleading loss: P(next choice wrong | right choice, no reward), on the last
/// `trials` trials.
/// Source: flex_circuit.py met() `LS`. Differs from it: pairs with a missing choice are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct LoseShiftMisleading {
  static constexpr Info info{"lose_shift_misleading",
                             "share of unrewarded right choices followed by a wrong one, late in the block",
                             "reference circuit, column LS"};
  static constexpr const char *label = "lose-shift, misleading loss", *unit = "1", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int trials = 40;
  static std::vector<Field<LoseShiftMisleading>> table() {
    return {
        {"trials", "trials", &LoseShiftMisleading::trials, {2, 10000}, "trials up to the end of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    return share_of_pairs(
        b, last(b, trials), [&](int t) { return right(b, t) && judged(b, t + 1) && unpaid(b, t); },
        [&](int t) { return wrong(b, t + 1); });
  }
};
}  // namespace
MetricEntry lose_shift_misleading() {
  return metric_entry<LoseShiftMisleading>();
}
}  // namespace labile
