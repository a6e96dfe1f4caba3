/// Learning rate of reports: slope, through the origin, of the change of the report on the prediction error,
///   sum of (report[t + 1] - report[t]) error[t] / sum of error[t]^2,   error = outcome - report,
/// over errors larger than `threshold`. `since_change` keeps the trials that many after a change point (0:
/// the outcome that brought it), where the column `block` counts these.
///
/// Source: Nassar et al. (2010),
/// doi:10.1523/JNEUROSCI.0822-10.2010. Differs from it: a slope, not a mean of ratios; the last trial of a
/// block is left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ReportLearningRate {
  static constexpr Info info{"report_learning_rate", "change of the report per unit of prediction error",
                             "doi:10.1523/JNEUROSCI.0822-10.2010"};
  static constexpr const char *label = "learning rate of reports", *unit = "1", *direction = "none",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  double threshold = 0;
  int since_change = -1;
  static std::vector<Field<ReportLearningRate>> table() {
    using M = ReportLearningRate;
    return {{"threshold", "outcome", &M::threshold, {0, 1e6}, "errors no larger than this are left out"},
            {"since_change", "trials", &M::since_change, {-1, 1e6}, "trials since the block began; -1: all"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    if (b.report.empty()) return s;
    for (int t = 0; t + 1 < b.size(); ++t) {
      if (since_change >= 0 && t != since_change) continue;
      const double error = b.outcome[t] - b.report[t], change = b.report[t + 1] - b.report[t];
      if (!(std::abs(error) > threshold) || std::isnan(change)) continue;
      s.num += change * error;
      s.den += error * error;
    }
    return s;
  }
};
}  // namespace
MetricEntry report_learning_rate() {
  return metric_entry<ReportLearningRate>();
}
}  // namespace labile
