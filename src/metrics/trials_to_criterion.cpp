/// Trials to criterion: trials up to the end of the first run of `run` right choices; the block's length when
/// none comes.
/// Source: flex_circuit.py met() `ttc`. Differs from it: a missing choice breaks the run.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct TrialsToCriterion {
  static constexpr Info info{"trials_to_criterion", "trials until the first run of right choices is complete",
                             "reference circuit, column ttc"};
  static constexpr const char *label = "trials to criterion", *unit = "trials", *direction = "lower",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int run = 8;
  static std::vector<Field<TrialsToCriterion>> table() {
    return {{"run",
             "trials",
             &TrialsToCriterion::run,
             {1, 1000},
             "right choices in a row that meet the criterion"}};
  }
  Sample operator()(const BlockView& b) const {
    if (!any_judged(b)) return {};
    return {static_cast<double>(std::min(b.size(), first_run(b, run) + run)), 1};
  }
};
}  // namespace
MetricEntry trials_to_criterion() {
  return metric_entry<TrialsToCriterion>();
}
}  // namespace labile
