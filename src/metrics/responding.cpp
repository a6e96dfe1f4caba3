/// Responding: share of decisions at which one option, the response, is chosen, over the first or last trials
/// of the block: "it will come" in conditioning, a press in free operant tasks.
/// Source: the suppression ratio and the share of trials with a response of conditioning, see Bouton (2004)
/// doi:10.1101/lm.78804. Differs from them: a prediction may stand for the response; a missing choice is left
/// out, or counts as no response where `missing` says so.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Responding {
  static constexpr Info info{"responding", "share of decisions at which the response is made",
                             "Bouton (2004) doi:10.1101/lm.78804"};
  static constexpr const char *label = "responding", *unit = "1", *direction = "none", *blocks = "last";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  int option = 1, first = 0, last = 0;
  std::string missing = "left out";
  static std::vector<Field<Responding>> table() {
    auto t = part_of_block<Responding>();
    t.push_back({"option", "1", &Responding::option, {0, kMaxOptions - 1}, "the response"});
    t.push_back({"missing",
                 "1",
                 &Responding::missing,
                 {},
                 "what a missing choice is",
                 {},
                 {"left out", "no response"}});
    return t;
  }
  Sample operator()(const BlockView& b) const {
    const auto [from, to] = part_of(b, first, last);
    Sample s = share_of_option(b, option, from, to);
    if (missing == "no response") s.den = to - from;
    return s;
  }
};
}  // namespace
MetricEntry responding() {
  return metric_entry<Responding>();
}
}  // namespace labile
