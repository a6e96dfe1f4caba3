/// Perseverative index: P(choice is the option that the block before called best | error).
/// Source: a definition of ours. Differs from it: errors without a known old best are left
/// out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct PerseverativeIndex {
  static constexpr Info info{"perseverative_index", "share of errors that repeat the old rule", "design"};
  static constexpr const char *label = "perseverative index", *unit = "1", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<PerseverativeIndex>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      if (!wrong(b, t) || b.old_best[t] < 0) continue;
      s.den += 1;
      s.num += b.choice[t] == b.old_best[t] ? 1 : 0;
    }
    return s;
  }
};
}  // namespace
MetricEntry perseverative_index() {
  return metric_entry<PerseverativeIndex>();
}
}  // namespace labile
