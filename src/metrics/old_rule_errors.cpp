/// Old-rule errors: wrong choices of a session that the rule of the block before would call right; the
/// perseverative errors of card sorting.
/// Source: Heaton et al. (1993), Wisconsin Card Sorting Test manual. Differs from it: nothing counts in the
/// first category, where the manual lets a run of unambiguous errors set the rule that is held on to; an
/// error that matches the old rule and another dimension too counts whatever comes before and after it.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct OldRuleErrors {
  static constexpr Info info{"old_rule_errors", "errors by the rule that held before, in a session",
                             "Heaton et al. (1993), Wisconsin Card Sorting Test manual"};
  static constexpr const char *label = "old-rule errors", *unit = "errors", *direction = "lower",
                              *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<OldRuleErrors>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    double errors = 0;
    for (int t = 0; t < b.size(); ++t) errors += wrong(b, t) && b.choice[t] == b.old_best[t] ? 1 : 0;
    // A session counts once, with its first block.
    return {errors, b.block == 0 ? 1.0 : 0.0};
  }
};
}  // namespace
MetricEntry old_rule_errors() {
  return metric_entry<OldRuleErrors>();
}
}  // namespace labile
