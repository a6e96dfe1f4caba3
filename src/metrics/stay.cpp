/// Stay: how often the first choice of a two-step trial repeats that of the trial before, after the outcomes
/// and transitions asked for.
///
/// Source: Daw et al. (2011), doi:10.1016/j.neuron.2011.02.027, figure 2. Differs
/// from it: trials before a missed decision are left out.
#include "metrics/two_step.hpp"

namespace labile {
namespace {
struct Stay {
  static constexpr Info info{"stay", "share of first choices repeated in the two-step task",
                             "doi:10.1016/j.neuron.2011.02.027"};
  static constexpr const char *label = "stay", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  std::string outcome = "any", transition = "any";
  static std::vector<Field<Stay>> table() {
    return {{"outcome",
             "1",
             &Stay::outcome,
             {},
             "outcome after which choices are counted",
             {},
             {"any", "reward", "no reward"}},
            {"transition",
             "1",
             &Stay::transition,
             {},
             "transition after which choices are counted",
             {},
             {"any", "common", "rare"}}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for_each_two_step_pair(b, [&](bool stay, bool rewarded, bool common) {
      if (outcome != "any" && rewarded != (outcome == "reward")) return;
      if (transition != "any" && common != (transition == "common")) return;
      s.den += 1;
      s.num += stay ? 1 : 0;
    });
    return s;
  }
};
}  // namespace
MetricEntry stay() {
  return metric_entry<Stay>();
}
}  // namespace labile
