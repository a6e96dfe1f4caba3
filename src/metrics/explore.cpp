/// Exploration: share of choices of another option than the one with the largest estimate. Estimates are
/// those of a Kalman filter on what the subject itself has seen:
///   chosen: k = v / (v + payoff_sd^2), m += k (r - m), v <- (1 - k) v;  then of all options
///   m <- decay m + (1 - decay) center, v <- decay^2 v + drift_sd^2
/// from m = center and v = drift_sd^2 / (1 - decay^2) at the start of the block.
/// Source: Daw et al. (2006), doi:10.1038/nature04766. Differs from it: parameters of the walk, not fitted
/// ones; choices among estimates that are equal count as exploiting; not defined where no payoff exceeds 1,
/// since the filter is of points.
#include "metrics/block.hpp"

namespace labile {
namespace {
struct Explore {
  static constexpr Info info{"explore", "share of choices that are not of the best estimate",
                             "doi:10.1038/nature04766"};
  static constexpr const char *label = "exploration", *unit = "1", *direction = "none", *blocks = "all";
  static constexpr bool pooled = true;
  static std::vector<std::string> needs() { return {}; }
  double decay = 0.9836, center = 50, drift_sd = 2.8, payoff_sd = 4;
  static std::vector<Field<Explore>> table() {
    return {
        {"decay", "1", &Explore::decay, {0, 0.999999}, "what a mean keeps of its distance from the center"},
        {"center", "points", &Explore::center, {-1e6, 1e6}, "where means return to"},
        {"drift_sd", "points", &Explore::drift_sd, {0, 1e6}, "step of the walk"},
        {"payoff_sd", "points", &Explore::payoff_sd, {1e-6, 1e6}, "spread of payoffs around their mean"}};
  }
  Sample operator()(const BlockView& b) const {
    Sample s;
    if (std::none_of(b.outcome.begin(), b.outcome.end(), [](double r) { return r > 1; })) return s;
    double m[kMaxOptions], v[kMaxOptions];
    const int options = b.layout ? std::min(b.layout->options, kMaxOptions) : 0;
    std::fill_n(m, kMaxOptions, center);
    std::fill_n(v, kMaxOptions, drift_sd * drift_sd / (1 - decay * decay));
    for (int t = 0; t < b.size(); ++t) {
      const int c = b.choice[t];
      if (c >= 0 && c < options) {
        s.den += 1;
        s.num += m[c] < *std::max_element(m, m + options) ? 1 : 0;
        if (!std::isnan(b.outcome[t])) {
          const double k = v[c] / (v[c] + payoff_sd * payoff_sd);
          m[c] += k * (b.outcome[t] - m[c]);
          v[c] *= 1 - k;
        }
      }
      for (int o = 0; o < options; ++o) {
        m[o] = decay * m[o] + (1 - decay) * center;
        v[o] = decay * decay * v[o] + drift_sd * drift_sd;
      }
    }
    return s;
  }
};
}  // namespace
MetricEntry explore() {
  return metric_entry<Explore>();
}
}  // namespace labile
