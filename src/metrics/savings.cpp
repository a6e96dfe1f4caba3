/// Savings: 1 - trials to criterion in the block over those in the session's first block. Above 0, what was
/// learned once is learned faster.
/// Source: Ebbinghaus (1885), in the form of the design: 1 - TTC2 / TTC1. Differs from it: a block without
/// the criterion counts with its length, so both blocks should be as long; a ratio of means over subjects.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Savings {
  static constexpr Info info{"savings", "trials to criterion saved against the first block",
                             "Ebbinghaus (1885)"};
  static constexpr const char *label = "savings", *unit = "1", *direction = "higher", *blocks = "last";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int run = 8;
  static std::vector<Field<Savings>> table() {
    return {{"run", "trials", &Savings::run, {1, 1000}, "right choices in a row that meet the criterion"}};
  }
  Sample operator()(const BlockView& b) const {
    if (!b.first || !any_judged(b) || !any_judged(*b.first)) return {};
    const double again = to_criterion(b), once = to_criterion(*b.first);
    return {once - again, once};
  }
  [[nodiscard]] int to_criterion(const BlockView& b) const {
    return std::min(b.size(), first_run(b, run) + run);
  }
};
}  // namespace
MetricEntry savings() {
  return metric_entry<Savings>();
}
}  // namespace labile
