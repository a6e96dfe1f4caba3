/// Values as TOML text in one fixed form, for canonical cards.
#pragma once

#include <string>
#include <string_view>

#include "toml/toml_tree.hpp"

namespace labile {

/// The shortest text that reads back as the same value.
[[nodiscard]] std::string toml_text(const Value& v);
/// Tables inline.
[[nodiscard]] std::string toml_text(const toml_tree::Node& node);
/// A key, quoted where TOML wants it.
[[nodiscard]] std::string toml_key(std::string_view key);

/// Collects lines "key = value" under headers.
class TomlWriter {
 public:
  /// `text` with its brackets: "[task]", "[[metric]]".
  void header(std::string_view text);
  void line(std::string_view key, const Value& v);
  void line(std::string_view key, const char* v) { line(key, Value(std::string(v))); }
  /// `value` is TOML already.
  void raw(std::string_view key, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace labile
