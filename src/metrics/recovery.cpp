/// Recovery: share of answers 1 on the first trials of the block over that on the last trials of the
/// session's first block. In a test after extinction it says how much of the old response is back. Source:
/// renewal and spontaneous recovery, Bouton (2004) doi:10.1101/lm.78804. Differs from it: a ratio to the end
/// of acquisition, of means over subjects; responding at the end of extinction is not taken off.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Recovery {
  static constexpr Info info{"recovery", "responding in the block over that at the end of acquisition",
                             "Bouton (2004) doi:10.1101/lm.78804"};
  static constexpr const char *label = "recovery", *unit = "1", *direction = "none", *blocks = "last";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int trials = 10, acquired = 10;
  static std::vector<Field<Recovery>> table() {
    return {
        {"trials", "trials", &Recovery::trials, {1, 10000}, "trials from the start of the block"},
        {"acquired", "trials", &Recovery::acquired, {1, 10000}, "trials up to the end of the first block"}};
  }
  Sample operator()(const BlockView& b) const {
    if (!b.first) return {};
    const Sample now = share_of_option(b, 1, 0, std::min(trials, b.size()));
    const Sample then = share_of_option(*b.first, 1, last(*b.first, acquired), b.first->size());
    if (now.den == 0 || then.den == 0) return {};
    return {now.num / now.den, then.num / then.den};
  }
};
}  // namespace
MetricEntry recovery() {
  return metric_entry<Recovery>();
}
}  // namespace labile
