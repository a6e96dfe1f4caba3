/// Lose-shift: P(another option than before | that was not rewarded), over all pairs of trials of the block:
/// with the next trial, or with the next of the same state (next = "state"). Unrewarded is an outcome up to
/// `loss`: below zero where ties are neither.
/// Source: den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030. Differs from it: pairs with a missing
/// choice are left out; where options have one feature each, shift is by that feature.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct LoseShift : Pairing {
  static constexpr Info info{"lose_shift", "share of unrewarded trials after which another option is chosen",
                             "den Ouden et al. (2013) doi:10.1016/j.neuron.2013.08.030"};
  static constexpr const char *label = "lose-shift", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<LoseShift>> table() { return pairing_table<LoseShift>(); }
  Sample operator()(const BlockView& b) const {
    return share_of_repeats(
        b, *this, [&](double outcome) { return outcome <= loss; },
        [&](int t, int u) { return !same_choice(b, t, u); });
  }
};
}  // namespace
MetricEntry lose_shift() {
  return metric_entry<LoseShift>();
}
}  // namespace labile
