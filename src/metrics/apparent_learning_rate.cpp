/// Apparent learning rate: how far a report moved, over how far the outcome lay from the report before. A
/// median, over all outcomes that were more than `min_error` away.
///
/// Of outcome X with the report R before it and R' after it the rate is (R' - R) / (X - R). Where reports
/// come before their trial's outcome, R' is the next trial's; in records with report_after, R is the last
/// trial's. `from` and `to` take only outcomes that many trials after the world changed: 0 is the first
/// outcome of the changed world, the first trial of a block. The first block of a session counts from its
/// start, whose own outcome follows no change and is then left out.
///
/// Source: Nassar et al. (2010), doi:10.1523/JNEUROSCI.0822-10.2010; for probabilities Foucault & Meyniel
/// (2024), doi:10.1162/opmi_a_00139. Differs from them: trials count from the true change.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ApparentLearningRate {
  double min_error = 0;
  int from = 0, to = -1;

  static constexpr Info info{"apparent_learning_rate",
                             "how far reports move towards the outcome, of its error",
                             "Nassar et al. (2010) doi:10.1523/JNEUROSCI.0822-10.2010"};
  static constexpr const char *label = "apparent learning rate", *unit = "1", *direction = "none",
                              *blocks = "session";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<ApparentLearningRate>> table() {
    using M = ApparentLearningRate;
    return {{"min_error", "outcome", &M::min_error, {0, 1e9}, "errors up to this are left out"},
            {"from", "trials", &M::from, {0, 1e6}, "from this many trials after a change"},
            {"to", "trials", &M::to, {-1, 1e6}, "up to this many trials after a change; -1 = without end"}};
  }
  void collect(const BlockView& b, std::vector<double>& rates) const {
    if (b.report.empty()) return;
    int since = 0;                           // trials since the last change
    const int lag = b.report_after ? 1 : 0;  // the report before outcome t stands in row t - lag
    for (int t = 0; t + 1 - lag < b.size(); ++t) {
      since = t > 0 && b.block_of[t] == b.block_of[t - 1] ? since + 1 : 0;
      if (t < lag || !asked(t, since)) continue;
      const double before = b.report[t - lag], step = b.report[t - lag + 1] - before;
      const double error = b.outcome[t] - before;
      if (std::abs(error) > min_error && !std::isnan(step)) rates.push_back(step / error);
    }
  }

 private:
  [[nodiscard]] bool asked(int t, int since) const {
    return (from == 0 && to < 0) || (t > 0 && since >= from && (to < 0 || since <= to));
  }
};
}  // namespace
MetricEntry apparent_learning_rate() {
  return metric_entry<ApparentLearningRate>();
}
}  // namespace labile
