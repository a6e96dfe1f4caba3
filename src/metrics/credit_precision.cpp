/// Credit precision: share of the plasticity that falls on the relevant dimension of the chosen option.
/// Source: flex_circuit.py met() `prec`. Differs from it: trials without both signals are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct CreditPrecision {
  static constexpr Info info{"credit_precision",
                             "share of the weight change that goes to the relevant feature",
                             "reference circuit, column prec"};
  static constexpr const char *label = "credit precision", *unit = "1", *direction = "higher",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"credit_relevant", "credit_total"}; }
  static std::vector<Field<CreditPrecision>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      if (std::isnan(b.signals[0][t]) || std::isnan(b.signals[1][t])) continue;
      s.num += b.signals[0][t];
      s.den += b.signals[1][t];
    }
    return s;
  }
};
}  // namespace
MetricEntry credit_precision() {
  return metric_entry<CreditPrecision>();
}
}  // namespace labile
