/// Responding rate: share of decisions at which one option, the response, is chosen.
/// Source: design. Differs from it: a missing choice is no response, and counts as a decision.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct RespondingRate {
  static constexpr Info info{"responding_rate", "share of decisions at which the response is made", "design"};
  static constexpr const char *label = "responding", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int option = 1;
  static std::vector<Field<RespondingRate>> table() {
    return {{"option", "1", &RespondingRate::option, {0, kMaxOptions - 1}, "the response"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    for (int t = 0; t < b.size(); ++t) s.num += b.choice[t] == option ? 1 : 0;
    s.den = b.size();
    return s;
  }
};
}  // namespace
MetricEntry responding_rate() {
  return metric_entry<RespondingRate>();
}
}  // namespace labile
