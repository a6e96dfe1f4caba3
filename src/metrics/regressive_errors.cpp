/// Regressive errors: percent of wrong choices from the switch lag on.
/// Source: flex_circuit.py met() `reg`. Differs from it: missing choices are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct RegressiveErrors {
  static constexpr Info info{"regressive_errors",
                             "errors after the switch, in percent of the trials after it",
                             "reference circuit, column reg"};
  static constexpr const char *label = "regressive errors", *unit = "%", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int run = 4;
  static std::vector<Field<RegressiveErrors>> table() {
    return {{"run",
             "trials",
             &RegressiveErrors::run,
             {1, 1000},
             "right choices in a row that count as switched"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = first_run(b, run); t < b.size(); ++t) {
      s.num += wrong(b, t) ? 100 : 0;
      s.den += judged(b, t) ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry regressive_errors() {
  return metric_entry<RegressiveErrors>();
}
}  // namespace labile
