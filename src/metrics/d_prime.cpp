/// Sensitivity d': normal quantile of the hit rate less that of the false-alarm rate, over all trials or
/// those of one duration.
///
/// One value a subject and block, averaged over them: rates are (yes + 1/2) / (trials + 1), so that a rate of
/// 0 or 1 has a finite quantile.
///
/// Source: Green & Swets (1966), Signal Detection Theory and Psychophysics; the correction of rates: Hautus
/// (1995), doi:10.3758/BF03203619. Differs from them: nothing.
#include "core/math.hpp"
#include "metrics/detection.hpp"

namespace labile {
namespace {
struct DPrime {
  static constexpr Info info{"d_prime", "sensitivity: hits against false alarms", "doi:10.3758/BF03203619"};
  static constexpr const char *label = "d'", *unit = "1", *direction = "higher", *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"duration"}; }
  double duration = -1;
  static std::vector<Field<DPrime>> table() {
    return {{"duration", "ms", &DPrime::duration, {-1, 1e6}, "of trials of this duration; -1: of all"}};
  }
  Sample operator()(const BlockView& b) const {
    const Sample hits = yes_share(b, 1, duration), alarms = yes_share(b, 0, duration);
    if (hits.den == 0 || alarms.den == 0) return {};
    const auto z = [](const Sample& s) { return normal_quantile((s.num + 0.5) / (s.den + 1)); };
    return {z(hits) - z(alarms), 1};
  }
};
}  // namespace
MetricEntry d_prime() {
  return metric_entry<DPrime>();
}
}  // namespace labile
