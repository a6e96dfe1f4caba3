/// Small pictures that stand alone: lines, areas, dots and words of one SVG file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace labile {

struct SvgPoint {
  double x = 0, y = 0;
};

/// Pixels from the upper left corner. Points that are not finite break lines and leave out dots.
class Svg {
 public:
  Svg(double width, double height);
  void text(SvgPoint at, std::string_view words, const char* anchor = "start", double size = 11,
            const char* color = "#222", double turn = 0);
  void line(std::span<const SvgPoint> points, const char* color = "#222", double width = 1.2,
            const char* dash = "");
  void area(std::span<const SvgPoint> outline, const char* fill);
  void box(SvgPoint corner, double width, double height, const char* stroke = "#bbb");
  /// Dots of one look are one path: a tenth of the size of circles.
  void dots(std::span<const SvgPoint> at, const char* color, double radius = 1.6);
  [[nodiscard]] std::string text_of() const;

 private:
  double width_, height_;
  std::string parts_;
};

/// One panel's linear scale: values to pixels.
struct SvgAxis {
  double low = 0, high = 1;   // values
  double from = 0, to = 100;  // pixels
  [[nodiscard]] double operator()(double value) const {
    return from + (to - from) * (value - low) / (high - low);
  }
};

}  // namespace labile
