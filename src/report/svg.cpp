#include "report/svg.hpp"

#include <cmath>
#include <cstdio>

namespace labile {
namespace {
std::string number(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", x);
  return buffer;
}
std::string pair(SvgPoint p) {
  return number(p.x) + "," + number(p.y);
}
bool finite(SvgPoint p) {
  return std::isfinite(p.x) && std::isfinite(p.y);
}
std::string escaped(std::string_view words) {
  std::string r;
  for (const char c : words)
    r += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return r;
}
}  // namespace

Svg::Svg(double width, double height) : width_(width), height_(height) {}

void Svg::text(SvgPoint at, std::string_view words, const char* anchor, double size, const char* color,
               double turn) {
  parts_ += "<text ";
  if (turn != 0)
    parts_ += "transform=\"translate(" + pair(at) + ") rotate(" + number(turn) + ")\"";
  else
    parts_ += "x=\"" + number(at.x) + "\" y=\"" + number(at.y) + "\"";
  parts_ += std::string(" text-anchor=\"") + anchor + "\" font-size=\"" + number(size) + "\" fill=\"" +
            color + "\">" + escaped(words) + "</text>\n";
}

void Svg::line(std::span<const SvgPoint> points, const char* color, double width, const char* dash) {
  std::string path;
  bool pen = false;
  for (const auto& p : points) {
    if (finite(p)) path += (pen ? "L" : "M") + pair(p);
    pen = finite(p);
  }
  parts_ += "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + color + "\" stroke-width=\"" +
            number(width) + "\"";
  if (*dash) parts_ += std::string(" stroke-dasharray=\"") + dash + "\"";
  parts_ += "/>\n";
}

void Svg::area(std::span<const SvgPoint> outline, const char* fill) {
  std::string path;
  for (const auto& p : outline)
    if (finite(p)) path += (path.empty() ? "M" : "L") + pair(p);
  parts_ += "<path d=\"" + path + "Z\" fill=\"" + fill + "\"/>\n";
}

void Svg::box(SvgPoint corner, double width, double height, const char* stroke) {
  parts_ += "<rect x=\"" + number(corner.x) + "\" y=\"" + number(corner.y) + "\" width=\"" + number(width) +
            "\" height=\"" + number(height) + "\" fill=\"none\" stroke=\"" + stroke + "\"/>\n";
}

void Svg::dots(std::span<const SvgPoint> at, const char* color, double radius) {
  std::string path;
  for (const auto& p : at)
    if (finite(p)) path += "M" + pair(p) + "h0";
  parts_ += "<path d=\"" + path + "\" stroke=\"" + color + "\" stroke-width=\"" + number(2 * radius) +
            "\" stroke-linecap=\"round\"/>\n";
}

std::string Svg::text_of() const {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width_) + "\" height=\"" +
         number(height_) + "\" font-family=\"sans-serif\"><rect width=\"" + number(width_) + "\" height=\"" +
         number(height_) + "\" fill=\"white\"/>\n" + parts_ + "</svg>\n";
}

}  // namespace labile
