/// Omission dip: minus the mean of signal `delta` where the option that was best was not right, so that an
/// expected outcome was left out.
/// Source: dips of dopamine neurons, Schultz et al. (1997) doi:10.1126/science.275.5306.1593. Differs from
/// it: the prediction error itself, without the floor of firing rates.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct OmissionDip {
  static constexpr Info info{"omission_dip", "depth of the prediction error where an outcome was left out",
                             "Schultz et al. (1997) doi:10.1126/science.275.5306.1593"};
  static constexpr const char *label = "dip at omissions", *unit = "outcome", *direction = "none",
                              *blocks = "last";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"delta"}; }
  static std::vector<Field<OmissionDip>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      const double delta = b.signals[0][t];
      if (b.right.empty() || b.best[t] != 1 || b.right[t] != 0 || std::isnan(delta)) continue;
      s.num -= delta;
      s.den += 1;
    }
    return s;
  }
};
}  // namespace
MetricEntry omission_dip() {
  return metric_entry<OmissionDip>();
}
}  // namespace labile
