/// Choice share: of all choices, how many were of one option, or of an option that shows one feature.
/// Source: design. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ChoiceShare {
  int option = 0, feature = -1;

  static constexpr Info info{"choice_share", "share of choices that are of one option", "design"};
  static constexpr const char *label = "choices of the option", *unit = "1", *direction = "none",
                              *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  static std::vector<Field<ChoiceShare>> table() {
    using M = ChoiceShare;
    return {{"option", "1", &M::option, {0, kMaxOptions - 1}, "the option, counted from 0"},
            {"feature",
             "1",
             &M::feature,
             {-1, kMaxFeatures - 1},
             "instead, options with this feature, counted from 0 through all dimensions; -1 = by option"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) {
      if (b.choice[t] < 0) continue;
      s.den += 1;
      s.num += feature < 0 ? b.choice[t] == option : has_feature(b, t);
    }
    return s;
  }

 private:
  [[nodiscard]] bool has_feature(const BlockView& b, int t) const {
    if (b.feature.empty()) return b.choice[t] == feature;
    const int dims = b.layout->dims(), first = (t * b.layout->options + b.choice[t]) * dims;
    for (int d = 0; d < dims; ++d)
      if (b.feature[first + d] == feature) return true;
    return false;
  }
};
}  // namespace
MetricEntry choice_share() {
  return metric_entry<ChoiceShare>();
}
}  // namespace labile
