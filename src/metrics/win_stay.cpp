/// Win-stay: P(same option as on the trial before | that trial was rewarded), over all trials of the block.
/// Source: den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030.
/// Differs from it: pairs with a missing choice are left out; stay is by option, not by its features.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct WinStay {
  static constexpr Info info{"win_stay", "share of rewards after which the same option is chosen again",
                             "den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030"};
  static constexpr const char *label = "win-stay", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<WinStay>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    return share_of_pairs(
        b, 0, [&](int t) { return b.choice[t] >= 0 && b.choice[t + 1] >= 0 && paid(b, t); },
        [&](int t) { return b.choice[t + 1] == b.choice[t]; });
  }
};
}  // namespace
MetricEntry win_stay() {
  return metric_entry<WinStay>();
}
}  // namespace labile
