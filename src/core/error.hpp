/// The two ways to fail: Error is the user's input and says what to write instead; Bug is ours.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace labile {

/// Where a value was written: a file with line and column, or a command-line option.
struct Where {
  std::string file;  // empty when the value has no file
  int line = 0, column = 0;
  std::string key;  // dotted key, e.g. "task.p_better"

  /// "card.toml:12:3: task.p_better", or as much of it as is known.
  [[nodiscard]] std::string text() const;
};

/// Bad input: card, parameter, data, file, fit. Exit code 2.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  Error(const Where& where, const std::string& message);
  /// A message that says where already.
  [[nodiscard]] static Error of_place(const std::string& message) {
    Error e(message);
    e.placed_ = true;
    return e;
  }
  /// Whether the message says where: a file or an option.
  [[nodiscard]] bool placed() const { return placed_; }

 private:
  bool placed_ = false;
};

/// The user asked to stop (Ctrl-C). Exit code 130.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(const std::string& message) : std::runtime_error(message) {}
};

/// Labile's own mistake. Exit code 3.
class Bug : public std::logic_error {
 public:
  explicit Bug(const std::string& message) : std::logic_error(message) {}
};

/// The known name closest to `name` (edit distance, transpositions count one), or "" when none is near.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> known);

/// "; did you mean 'x'?" when something is near, else "; known: a, b, c".
[[nodiscard]] std::string suggest(std::string_view name, std::span<const std::string> known);

}  // namespace labile
