/// Lose-shift: P(another option than on the trial before | that trial was not rewarded), over all trials of
/// the block. Source: den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030. Differs from it: pairs with a
/// missing choice are left out; shift is by option, not by its features.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct LoseShift {
  static constexpr Info info{"lose_shift", "share of unrewarded trials after which another option is chosen",
                             "den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030"};
  static constexpr const char *label = "lose-shift", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<LoseShift>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    return share_of_pairs(
        b, 0, [&](int t) { return b.choice[t] >= 0 && b.choice[t + 1] >= 0 && unpaid(b, t); },
        [&](int t) { return b.choice[t + 1] != b.choice[t]; });
  }
};
}  // namespace
MetricEntry lose_shift() {
  return metric_entry<LoseShift>();
}
}  // namespace labile
