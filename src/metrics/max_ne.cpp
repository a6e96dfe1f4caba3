/// Peak noradrenaline: the largest value of signal `ne` on the first `trials` trials of the block.
/// Source: flex_circuit.py met() `maxNE`. Differs from it: missing values are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct MaxNe {
  static constexpr Info info{"max_ne", "largest noradrenaline signal right after the rule changed",
                             "reference circuit, column maxNE"};
  static constexpr const char *label = "peak noradrenaline", *unit = "1", *direction = "none",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"ne"}; }
  int trials = 15;
  static std::vector<Field<MaxNe>> table() {
    return {{"trials", "trials", &MaxNe::trials, {1, 10000}, "trials from the start of the block"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < std::min(trials, b.size()); ++t) {
      const double ne = b.signals[0][t];
      if (!std::isnan(ne)) s = {s.den > 0 ? std::max(s.num, ne) : ne, 1};
    }
    return s;
  }
};
}  // namespace
MetricEntry max_ne() {
  return metric_entry<MaxNe>();
}
}  // namespace labile
