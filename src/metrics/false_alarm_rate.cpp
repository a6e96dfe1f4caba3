/// False-alarm rate: share of yes on the trials without a signal, of one duration or of all.
/// Source: Green & Swets (1966), Signal Detection Theory and Psychophysics. Differs from it: nothing.
#include "metrics/detection.hpp"

namespace labile {
namespace {
struct FalseAlarmRate {
  static constexpr Info info{"false_alarm_rate",
                             "share of trials without a signal that were answered with yes",
                             "Green & Swets (1966)"};
  static constexpr const char *label = "false alarms", *unit = "1", *direction = "lower", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"duration"}; }
  double duration = -1;
  static std::vector<Field<FalseAlarmRate>> table() {
    return {
        {"duration", "ms", &FalseAlarmRate::duration, {-1, 1e6}, "of trials of this duration; -1: of all"}};
  }
  Sample operator()(const BlockView& b) const { return yes_share(b, 0, duration); }
};
}  // namespace
MetricEntry false_alarm_rate() {
  return metric_entry<FalseAlarmRate>();
}
}  // namespace labile
