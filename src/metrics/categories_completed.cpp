/// Categories completed: blocks of a session that end with `run` right choices in a row. In `card_sorting`
/// they are the categories (run = 10), in `set_shifting` the stages passed (run = 6).
///
/// Source: Heaton et al. (1993), Wisconsin Card Sorting Test manual. Differs from it: nothing.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct CategoriesCompleted {
  static constexpr Info info{"categories_completed", "blocks that ended with enough right choices in a row",
                             "Heaton et al. (1993), Wisconsin Card Sorting Test manual"};
  static constexpr const char *label = "categories completed", *unit = "1", *direction = "higher",
                              *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {}; }
  int run = 10;
  static std::vector<Field<CategoriesCompleted>> table() {
    return {
        {"run", "trials", &CategoriesCompleted::run, {1, 1000}, "right choices in a row that complete one"}};
  }
  Sample operator()(const BlockView& b) const {
    if (b.size() == 0) return {};
    bool completed = b.size() >= run;
    for (int t = last(b, run); t < b.size(); ++t) completed = completed && right(b, t);
    // A session counts once, with its first block.
    return {completed ? 1.0 : 0.0, b.block == 0 ? 1.0 : 0.0};
  }
};
}  // namespace
MetricEntry categories_completed() {
  return metric_entry<CategoriesCompleted>();
}
}  // namespace labile
