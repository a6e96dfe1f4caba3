/// Responding: share of answers 1, "it will come", over the first or last trials of the block.
/// Source: the suppression ratio and the share of trials with a response of conditioning, see Bouton (2004)
/// doi:10.1101/lm.78804. Differs from them: a prediction stands for the response; missing choices are left
/// out.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Responding {
  static constexpr Info info{"responding", "share of answers that the outcome will come",
                             "Bouton (2004) doi:10.1101/lm.78804"};
  static constexpr const char *label = "responding", *unit = "1", *direction = "none", *blocks = "last";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int first = 0, last = 0;
  static std::vector<Field<Responding>> table() { return part_of_block<Responding>(); }
  Sample operator()(const BlockView& b) const {
    const auto [from, to] = part_of(b, first, last);
    return share_of_ones(b, from, to);
  }
};
}  // namespace
MetricEntry responding() {
  return metric_entry<Responding>();
}
}  // namespace labile
