#include "core/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace labile {
namespace {
int edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int same = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + same});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}
std::string folded(std::string_view s) {
  std::string r;
  for (const char c : s)
    if (c != '_' && c != '-' && c != ' ') r += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return r;
}
}  // namespace

std::string Where::text() const {
  std::string r = file;
  if (line > 0) r += fmt::format(":{}", line);
  if (line > 0 && column > 0) r += fmt::format(":{}", column);
  if (!key.empty()) r += (r.empty() ? "" : ": ") + key;
  return r;
}

Error::Error(const Where& where, const std::string& message)
    : std::runtime_error(where.text().empty() ? message : where.text() + ": " + message),
      placed_(!where.file.empty()) {}

std::string nearest(std::string_view name, std::span<const std::string> known) {
  const std::string wanted = folded(name);
  std::string best;
  int best_distance = static_cast<int>(std::max<std::size_t>(2, wanted.size() / 3)) + 1;
  for (const auto& k : known) {
    const int d = edit_distance(wanted, folded(k));
    if (d < best_distance) {
      best_distance = d;
      best = k;
    }
  }
  return best;
}

std::string suggest(std::string_view name, std::span<const std::string> known) {
  if (const auto best = nearest(name, known); !best.empty()) return fmt::format("; did you mean '{}'?", best);
  return known.empty() ? std::string{} : fmt::format("; known: {}", fmt::join(known, ", "));
}

}  // namespace labile
