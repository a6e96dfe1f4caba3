/// Model-based index: reward by transition interaction of staying in the two-step task,
///   [P(stay | reward, common) - P(stay | reward, rare)] - [P(stay | none, common) - P(stay | none, rare)].
/// 0 for a learner that ignores what leads where, above 0 for one that plans.
/// Source: Daw et al. (2011), doi:10.1016/j.neuron.2011.02.027. Differs from it: a difference of shares, not
/// a regression weight; subjects without trials in one of the four cells have no value.
#include "metrics/two_step.hpp"

namespace labile {
namespace {
struct ModelBasedIndex {
  static constexpr Info info{"model_based_index", "reward by transition interaction of staying",
                             "doi:10.1016/j.neuron.2011.02.027"};
  static constexpr const char *label = "model-based index", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<ModelBasedIndex>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    Sample cell[2][2];  // [rewarded][common]
    for_each_two_step_pair(b, [&](bool stay, bool rewarded, bool common) {
      cell[rewarded][common].den += 1;
      cell[rewarded][common].num += stay ? 1 : 0;
    });
    double share[2][2];
    for (int r = 0; r < 2; ++r)
      for (int c = 0; c < 2; ++c) {
        if (cell[r][c].den == 0) return {};
        share[r][c] = cell[r][c].num / cell[r][c].den;
      }
    return {share[1][1] - share[1][0] - share[0][1] + share[0][0], 1};
  }
};
}  // namespace
MetricEntry model_based_index() {
  return metric_entry<ModelBasedIndex>();
}
}  // namespace labile
