/// Win-stay: P(same option as before | that was rewarded), over all pairs of trials of the block: with the
/// next trial, or with the next of the same state (next = "state"), where each state is learned by itself.
/// Source: den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030.
/// Differs from it: pairs with a missing choice are left out; where options have one feature each, as letters
/// do that change sides, stay is by that feature.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct WinStay : Pairing {
  static constexpr Info info{"win_stay", "share of rewards after which the same option is chosen again",
                             "den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030"};
  static constexpr const char *label = "win-stay", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<WinStay>> table() { return pairing_table<WinStay>(); }
  Sample operator()(const BlockView& b) const {
    return share_of_repeats(
        b, *this, [](double outcome) { return outcome > 0; },
        [&](int t, int u) { return same_choice(b, t, u); });
  }
};
}  // namespace
MetricEntry win_stay() {
  return metric_entry<WinStay>();
}
}  // namespace labile
