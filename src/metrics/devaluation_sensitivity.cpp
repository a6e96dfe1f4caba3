/// Sensitivity to devaluation: 1 - responding in the block over responding on the last `window` decisions of
/// the block before. 0: as much as before (a habit); 1: none any more. What extinction alone takes off is the
/// value with the outcome not devalued.
/// Source: normalised responding as in Adams (1982), doi:10.1080/14640748208400878. Differs from it: the
/// baseline is the end of training.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct DevaluationSensitivity {
  static constexpr Info info{"devaluation_sensitivity",
                             "share of responding lost against the end of training",
                             "doi:10.1080/14640748208400878"};
  static constexpr const char *label = "devaluation sensitivity", *unit = "1", *direction = "none",
                              *blocks = "reversal";
  static constexpr bool pooled = false;
  // Not read; but where nobody showed what the outcome is worth, nothing was devalued.
  static std::vector<std::string> needs() { return {"outcome_value"}; }
  int option = 1, window = 60;
  static std::vector<Field<DevaluationSensitivity>> table() {
    using M = DevaluationSensitivity;
    return {{"option", "1", &M::option, {0, kMaxOptions - 1}, "the response"},
            {"window", "trials", &M::window, {1, 1e6}, "decisions at the end of training"}};
  }
  Sample operator()(const BlockView& b) const {
    const auto before =
        b.choice_before.last(std::min(b.choice_before.size(), static_cast<std::size_t>(window)));
    const auto then = static_cast<double>(std::count(before.begin(), before.end(), option));
    const auto now = static_cast<double>(std::count(b.choice.begin(), b.choice.end(), option));
    if (then == 0 || b.size() == 0) return {};
    return {1 - now / b.size() / (then / static_cast<double>(before.size())), 1};
  }
};
}  // namespace
MetricEntry devaluation_sensitivity() {
  return metric_entry<DevaluationSensitivity>();
}
}  // namespace labile
