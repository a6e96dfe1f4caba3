/// Choose A: how often the stimulus that was right most often in training is chosen over new rivals (all but
/// B, with which it was trained). High where learning came from what was right.
/// Source: Frank, Seeberger & O'Reilly (2004), doi:10.1126/science.1102941. Differs from it: nothing.
#include "metrics/letters.hpp"

namespace labile {
namespace {
struct ChooseA {
  static constexpr Info info{"choose_a", "share of choices of A against all but B",
                             "doi:10.1126/science.1102941"};
  static constexpr const char *label = "choose A", *unit = "1", *direction = "none", *blocks = "reversal";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int letter = 0, rival = 1;
  static std::vector<Field<ChooseA>> table() {
    return {{"letter", "1", &ChooseA::letter, {0, kMaxFeatures - 1}, "the letter A, as a feature"},
            {"rival", "1", &ChooseA::rival, {0, kMaxFeatures - 1}, "the letter it was trained with"}};
  }
  Sample operator()(const BlockView& b) const { return letter_chosen(b, letter, rival); }
};
}  // namespace
MetricEntry choose_a() {
  return metric_entry<ChooseA>();
}
}  // namespace labile
