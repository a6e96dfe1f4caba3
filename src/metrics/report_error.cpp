/// Report error: mean distance of reports from what they should have been, a column `hidden` of the record:
/// the probability or mean that outcomes came from, as it stands in the row of the report.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ReportError {
  static constexpr Info info{"report_error", "mean distance of reports from the truth", "design"};
  static constexpr const char *label = "error of reports", *unit = "outcome", *direction = "lower",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"hidden"}; }
  static std::vector<Field<ReportError>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < static_cast<int>(b.report.size()); ++t) {
      const double off = std::abs(b.report[t] - b.signals[0][t]);
      if (std::isnan(off)) continue;
      s.num += off;
      s.den += 1;
    }
    return s;
  }
};
}  // namespace
MetricEntry report_error() {
  return metric_entry<ReportError>();
}
}  // namespace labile
