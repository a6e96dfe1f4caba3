#include "cli/plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/svg.hpp"

namespace labile {
namespace {
constexpr const char *kGood = "#0072b2", *kBad = "#d55e00", *kBand = "#dfe9f0", *kPale = "#bbb";

/// Where panel k of a grid begins.
struct Grid {
  int columns;
  double left, top, wide, high;
  [[nodiscard]] SvgPoint corner(std::size_t k) const {
    const auto c = static_cast<std::size_t>(columns);
    return {left + wide * static_cast<double>(k % c), top + high * static_cast<double>(k / c)};
  }
  [[nodiscard]] double height(std::size_t panels) const {
    const auto c = static_cast<std::size_t>(columns);
    return top + high * static_cast<double>((panels + c - 1) / c);
  }
};
}  // namespace

std::string calibration_picture(const CalibrationSummary& s, const std::string& title) {
  const auto panels = s.quantities.size();
  const Grid grid{std::min(6, static_cast<int>(panels)), 50, 66, 150, 120};
  constexpr double kWide = 120, kHigh = 76;
  Svg svg(60 + 150.0 * std::max(grid.columns, 4), grid.height(panels) + 16);
  svg.text({16, 22}, fmt::format("{}: {} replicates", title, s.replicates), "start", 13);
  svg.text(
      {16, 40},
      "Share of ranks below each place, less the place itself; shaded: where all of it stays in 95 of 100 "
      "calibrated quantities",
      "start", 10);
  const double n = s.replicates, cells = s.cells;
  const auto off = [&](int count, int i) { return count / n - i / cells; };
  double most = 0;
  for (int i = 0; i <= s.cells; ++i) {
    const auto at = static_cast<std::size_t>(i);
    most = std::max({most, off(s.band.hi[at], i), -off(s.band.lo[at], i)});
    for (const auto& q : s.quantities) most = std::max(most, std::abs(off(q.ranks.below[at], i)));
  }
  for (std::size_t k = 0; k < panels; ++k) {
    const auto& q = s.quantities[k];
    const auto [x0, y0] = grid.corner(k);
    const SvgAxis x{0, cells, x0, x0 + kWide}, y{-1.05 * most, 1.05 * most, y0 + kHigh, y0};
    std::vector<SvgPoint> band, found;
    bool out = false;
    for (int i = 0; i <= s.cells; ++i) {
      const auto at = static_cast<std::size_t>(i);
      band.push_back({x(i), y(off(s.band.hi[at], i))});
      found.push_back({x(i), y(off(q.ranks.below[at], i))});
      out = out || q.ranks.below[at] < s.band.lo[at] || q.ranks.below[at] > s.band.hi[at];
    }
    for (int i = s.cells; i >= 0; --i)
      band.push_back({x(i), y(off(s.band.lo[static_cast<std::size_t>(i)], i))});
    svg.area(band, kBand);
    svg.line(std::vector<SvgPoint>{{x(0), y(0)}, {x(cells), y(0)}}, kPale, 1);
    svg.line(found, out ? kBad : kGood, 1.4);
    svg.box({x0, y0}, kWide, kHigh);
    svg.text({x0, y0 - 5}, q.name, "start", 11, out ? kBad : "#222");
    svg.text({x0 + kWide - 4, y0 + kHigh - 4}, fmt::format("p {:.2g}", q.ranks.p), "end", 9, "#666");
    svg.text({x0, y0 + kHigh + 12}, "0", "middle", 9, "#666");
    svg.text({x0 + kWide, y0 + kHigh + 12}, fmt::format("{}", s.cells - 1), "middle", 9, "#666");
    if (k % static_cast<std::size_t>(grid.columns) == 0)
      for (const double v : {-most, most})
        svg.text({x0 - 4, y(v) + 3}, fmt::format("{:+.2f}", v), "end", 9, "#666");
  }
  return svg.text_of();
}

std::string scatter_picture(const std::vector<ScatterPanel>& panels, const std::string& title,
                            const std::string& note) {
  const Grid grid{std::min(4, std::max(1, static_cast<int>(panels.size()))), 56, 60, 190, 190};
  constexpr double kSize = 130;
  Svg svg(66 + 190.0 * std::max(grid.columns, 2), grid.height(panels.size()) + 10);
  svg.text({16, 18}, title, "start", 13);
  svg.text({16, 34}, note, "start", 10);
  for (std::size_t k = 0; k < panels.size(); ++k) {
    const auto& p = panels[k];
    const auto [x0, y0] = grid.corner(k);
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t i = 0; i < p.truth.size(); ++i)
      for (const double v : {p.truth[i], p.fitted[i]})
        if (std::isfinite(v) && std::isfinite(p.fitted[i])) {
          low = std::min(low, v);
          high = std::max(high, v);
        }
    svg.text({x0, y0 - 6}, p.unit == "1" ? p.name : fmt::format("{} ({})", p.name, p.unit));
    svg.text({x0 + kSize, y0 - 6}, p.note, "end", 10, "#666");
    svg.box({x0, y0}, kSize, kSize);
    if (!(low <= high)) continue;
    if (low == high) low -= 0.5, high += 0.5;
    const SvgAxis x{low, high, x0, x0 + kSize}, y{low, high, y0 + kSize, y0};
    svg.line(std::vector<SvgPoint>{{x(low), y(low)}, {x(high), y(high)}}, kPale, 1);
    std::vector<SvgPoint> dots;
    const auto inside = [&](double v) { return y(std::clamp(v, low, high)); };
    for (std::size_t i = 0; i < p.truth.size(); ++i) {
      if (!p.low.empty() && std::isfinite(p.fitted[i]))
        svg.line(std::vector<SvgPoint>{{x(p.truth[i]), inside(p.low[i])}, {x(p.truth[i]), inside(p.high[i])}},
                 "#9ec5de", 0.8);
      dots.push_back({x(p.truth[i]), y(p.fitted[i])});
    }
    svg.dots(dots, kGood);
    svg.text({x0, y0 + kSize + 13}, fmt::format("{:.3g}", low), "middle", 10);
    svg.text({x0 + kSize, y0 + kSize + 13}, fmt::format("{:.3g}", high), "middle", 10);
    svg.text({x0 + kSize / 2, y0 + kSize + 13}, "true", "middle", 10);
    svg.text({x0 - 8, y0 + kSize / 2}, "fitted", "middle", 10, "#222", -90);
  }
  return svg.text_of();
}

}  // namespace labile
