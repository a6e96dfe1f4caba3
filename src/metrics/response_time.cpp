/// Response time: mean over the choices made.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ResponseTime {
  static constexpr Info info{"response_time", "mean response time", "design"};
  static constexpr const char *label = "response time", *unit = "s", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<ResponseTime>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      const bool answered = b.choice[t] >= 0 || (!b.report.empty() && !std::isnan(b.report[t]));
      if (!answered || std::isnan(b.rt_s[t])) continue;
      s.num += b.rt_s[t];
      s.den += 1;
    }
    return s;
  }
};
}  // namespace
MetricEntry response_time() {
  return metric_entry<ResponseTime>();
}
}  // namespace labile
