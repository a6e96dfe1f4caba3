/// Win-stay on the best option: P(next choice right | right choice, rewarded), on the last
/// `trials` trials.
/// Source: flex_circuit.py met() `WS`. Differs from it: pairs with a missing choice are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct WinStayBest {
  static constexpr Info info{"win_stay_best",
                             "share of rewarded right choices followed by a right one, late in the block",
                             "reference circuit, column WS"};
  static constexpr const char *label = "win-stay, best option", *unit = "1", *direction = "higher",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int trials = 40;
  static std::vector<Field<WinStayBest>> table() {
    return {{"trials", "trials", &WinStayBest::trials, {2, 10000}, "trials up to the end of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    return share_of_pairs(
        b, last(b, trials), [&](int t) { return right(b, t) && judged(b, t + 1) && paid(b, t); },
        [&](int t) { return right(b, t + 1); });
  }
};
}  // namespace
MetricEntry win_stay_best() {
  return metric_entry<WinStayBest>();
}
}  // namespace labile
