/// Hit rate: share of yes on the trials with a signal, of one duration or of all.
/// Source: Green & Swets (1966), Signal Detection Theory and Psychophysics. Differs from it: nothing.
#include "metrics/detection.hpp"

namespace labile {
namespace {
struct HitRate {
  static constexpr Info info{"hit_rate", "share of signals that were answered with yes",
                             "Green & Swets (1966)"};
  static constexpr const char *label = "hit rate", *unit = "1", *direction = "higher", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"duration"}; }
  double duration = -1;
  static std::vector<Field<HitRate>> table() {
    return {{"duration", "ms", &HitRate::duration, {-1, 1e6}, "of trials of this duration; -1: of all"}};
  }
  Sample operator()(const BlockView& b) const { return yes_share(b, 1, duration); }
};
}  // namespace
MetricEntry hit_rate() {
  return metric_entry<HitRate>();
}
}  // namespace labile
