/// Validity effect: how much longer responses take where the cue misled than where it told the truth.
///
/// A trial is valid where the side called best (that the predictive cue points to) is the one that was right.
/// Of each block: mean response time of its invalid trials less that of its valid ones, weighed by the number
/// of invalid trials. Blocks without either kind do not count.
///
/// Source: Posner (1980), doi:10.1080/00335558008248231. Differs from it: which cue counts may change.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct ValidityEffect {
  static constexpr Info info{"validity_effect", "response time after misleading cues less after true ones",
                             "doi:10.1080/00335558008248231"};
  static constexpr const char *label = "validity effect", *unit = "s", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {"cue_0"}; }
  int skip = 0;
  static std::vector<Field<ValidityEffect>> table() {
    return {
        {"skip", "trials", &ValidityEffect::skip, {0, 1e5}, "trials left out at the start of each block"}};
  }
  Sample operator()(const BlockView& b) const {
    double sum[2] = {0, 0}, n[2] = {0, 0};
    for (int t = skip; t < b.size() && !b.right.empty(); ++t) {
      if (b.choice[t] < 0 || std::isnan(b.rt_s[t]) || b.best[t] < 0 || b.right[t] < 0) continue;
      const int valid = b.best[t] == b.right[t];
      sum[valid] += b.rt_s[t];
      n[valid] += 1;
    }
    if (n[0] == 0 || n[1] == 0) return {};
    return {n[0] * (sum[0] / n[0] - sum[1] / n[1]), n[0]};
  }
};
}  // namespace
MetricEntry validity_effect() {
  return metric_entry<ValidityEffect>();
}
}  // namespace labile
