/// Avoid B: how often the stimulus that was wrong most often in training is left for new rivals (all but A,
/// with which it was trained). High where learning came from what was wrong.
/// Source: Frank, Seeberger & O'Reilly (2004), doi:10.1126/science.1102941. Differs from it: nothing.
#include "metrics/letters.hpp"

namespace labile {
namespace {
struct AvoidB {
  static constexpr Info info{"avoid_b", "share of choices against B, where A is not shown",
                             "doi:10.1126/science.1102941"};
  static constexpr const char *label = "avoid B", *unit = "1", *direction = "none", *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int letter = 1, rival = 0;
  static std::vector<Field<AvoidB>> table() {
    return {{"letter", "1", &AvoidB::letter, {0, kMaxFeatures - 1}, "the letter B, as a feature"},
            {"rival", "1", &AvoidB::rival, {0, kMaxFeatures - 1}, "the letter it was trained with"}};
  }
  Sample operator()(const BlockView& b) const {
    const Sample chosen = letter_chosen(b, letter, rival);
    return {chosen.den - chosen.num, chosen.den};
  }
};
}  // namespace
MetricEntry avoid_b() {
  return metric_entry<AvoidB>();
}
}  // namespace labile
