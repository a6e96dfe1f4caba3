/// False switches: percent of transitions on the last `trials` trials in which the active context slot
/// changes. Source: flex_circuit.py met() `fsw`. Differs from it: transitions to or from a missing value are
/// left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct FalseSwitches {
  static constexpr Info info{"false_switches",
                             "changes of the active context late in the block, when no rule changed",
                             "reference circuit, column fsw"};
  static constexpr const char *label = "false switches", *unit = "%", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"slot"}; }
  int trials = 40;
  static std::vector<Field<FalseSwitches>> table() {
    return {{"trials", "trials", &FalseSwitches::trials, {2, 10000}, "trials up to the end of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    const auto slot = b.signals[0];
    Sample s = share_of_pairs(
        b, last(b, trials), [&](int t) { return !std::isnan(slot[t]) && !std::isnan(slot[t + 1]); },
        [&](int t) { return slot[t + 1] != slot[t]; });
    s.num *= 100;
    return s;
  }
};
}  // namespace
MetricEntry false_switches() {
  return metric_entry<FalseSwitches>();
}
}  // namespace labile
