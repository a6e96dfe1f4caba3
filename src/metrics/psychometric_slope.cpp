/// Psychometric slope: how fast the log odds of option 1 rise with signed coherence.
///
/// One value a subject and block, averaged over them: the maximum-likelihood slope b of P(1) = logistic(a + b
/// coherence), by Newton's method. Where choices separate perfectly, or do not vary, it is not defined.
/// For drift diffusion from the middle between bounds at -b and b the slope is 2 b v.
///
/// Source: Palmer, Huk & Shadlen (2005), doi:10.1167/5.5.1. Differs from it: a bias a is fitted too.
#include "core/math.hpp"
#include "metrics/block.hpp"

namespace labile {
namespace {
struct PsychometricSlope {
  static constexpr Info info{"psychometric_slope", "rise of the log odds of option 1 with signed coherence",
                             "doi:10.1167/5.5.1"};
  static constexpr const char *label = "psychometric slope", *unit = "1", *direction = "none",
                              *blocks = "all";
  static constexpr bool pooled = false;
  static std::vector<std::string> needs() { return {"coherence"}; }
  static std::vector<Field<PsychometricSlope>> table() { return {}; }
  Sample operator()(const BlockView& b) const {
    double bias = 0, slope = 0;
    for (int iteration = 0; iteration < 50; ++iteration) {
      double g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
      for (int t = 0; t < b.size(); ++t) {
        const double c = b.signals[0][t];
        if (b.choice[t] < 0 || std::isnan(c)) continue;
        const double p = logistic(bias + slope * c), off = (b.choice[t] == 1) - p, w = p * (1 - p);
        g0 += off;
        g1 += off * c;
        h00 += w;
        h01 += w * c;
        h11 += w * c * c;
      }
      const double det = h00 * h11 - h01 * h01;
      if (!(det > 1e-9)) return {};
      const double d0 = (h11 * g0 - h01 * g1) / det, d1 = (h00 * g1 - h01 * g0) / det;
      bias += d0;
      slope += d1;
      if (std::abs(slope) > 1e4) return {};
      if (std::abs(d0) + std::abs(d1) < 1e-10 * (1 + std::abs(slope))) return {slope, 1};
    }
    return {};
  }
};
}  // namespace
MetricEntry psychometric_slope() {
  return metric_entry<PsychometricSlope>();
}
}  // namespace labile
