/// First-trial accuracy: share of right choices where a state is shown for the first time in the block,
/// before anything could be learned about it there. Above chance it is transfer.
///
/// Source: Collins & Frank (2013), doi:10.1037/a0030852. Differs from it: nothing. Not defined where no states
/// are shown.
#include <bitset>

#include "metrics/block.hpp"

namespace labile {
namespace {
struct FirstTrialAccuracy {
  static constexpr Info info{"first_trial_accuracy", "share of right choices at the first showing of a state",
                             "doi:10.1037/a0030852"};
  static constexpr const char *label = "first-trial accuracy", *unit = "1", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<FirstTrialAccuracy>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    if (b.state.empty()) return s;
    std::bitset<kMaxStates> seen;
    for (int t = 0; t < b.size(); ++t) {
      const auto state = static_cast<std::size_t>(b.state[t]);
      if (seen[state]) continue;
      seen[state] = true;
      s.num += right(b, t) ? 1 : 0;
      s.den += judged(b, t) ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry first_trial_accuracy() {
  return metric_entry<FirstTrialAccuracy>();
}
}  // namespace labile
