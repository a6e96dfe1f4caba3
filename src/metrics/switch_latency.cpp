/// Switch latency: trials after a change until the agent attends to the cue that counts now.
///
/// First trial of the first run of `run` trials on which signal `expected` (the side that the agent's cue
/// points to) is the side called best, which the predictive cue points to; the block's length without such a
/// run. Another cue points the same way by chance with probability 2^-run.
///
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct SwitchLatency {
  static constexpr Info info{"switch_latency", "trials until the cue that counts now is attended to",
                             "design"};
  static constexpr const char *label = "switch latency", *unit = "trials", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"expected"}; }
  int run = 8;
  static std::vector<Field<SwitchLatency>> table() {
    return {{"run", "trials", &SwitchLatency::run, {1, 1000}, "trials in a row that show it"}};
  }
  Sample operator()(const BlockView& b) const {
    int run_now = 0;
    for (int t = 0; t < b.size(); ++t) {
      const bool same = b.best[t] >= 0 && b.signals[0][t] == b.best[t];
      run_now = same ? run_now + 1 : 0;
      if (run_now == run) return {static_cast<double>(t - run + 1), 1};
    }
    return {static_cast<double>(b.size()), b.size() > 0 ? 1.0 : 0.0};
  }
};
}  // namespace
MetricEntry switch_latency() {
  return metric_entry<SwitchLatency>();
}
}  // namespace labile
