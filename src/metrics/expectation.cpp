/// Expectation: mean of signal `expectation`, what the agent expected before the outcome came, over the first
/// or last trials of the block. Source: associative strength V of Rescorla & Wagner (1972). Differs from it:
/// missing values are left out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Expectation {
  static constexpr Info info{"expectation", "outcome expected before it came", "Rescorla & Wagner (1972)"};
  static constexpr const char *label = "expectation", *unit = "outcome", *direction = "none",
                              *blocks = "last";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"expectation"}; }
  int first = 0, last = 0;
  static std::vector<Field<Expectation>> table() { return part_of_block<Expectation>(); }
  Sample operator()(const BlockView& b) const {
    Sample s;
    const auto [from, to] = part_of(b, first, last);
    for (int t = from; t < to; ++t)
      if (const double v = b.signals[0][t]; !std::isnan(v)) s.num += v, s.den += 1;
    return s;
  }
};
}  // namespace
MetricEntry expectation() {
  return metric_entry<Expectation>();
}
}  // namespace labile
