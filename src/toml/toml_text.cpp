#include "toml/toml_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace labile {
namespace {

std::string in_quotes(std::string_view text) {
  std::string r = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      r += '\\';
      r += c;
    } else if (c == '\n') {
      r += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      r += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      r += c;
    }
  }
  return r + "\"";
}
/// The shortest number that reads back the same; no negative zero, which TOML's whole numbers lack.
std::string number(double x) {
  return fmt::format("{}", x == 0 ? 0.0 : x);
}

template <class T, class F>
std::string list(const std::vector<T>& items, F&& text) {
  std::vector<std::string> r;
  for (const auto& x : items) r.push_back(text(x));
  return fmt::format("[{}]", fmt::join(r, ", "));
}

}  // namespace

std::string toml_text(const Value& v) {
  if (const auto* x = std::get_if<double>(&v)) return number(*x);
  if (const auto* b = std::get_if<bool>(&v)) return *b ? "true" : "false";
  if (const auto* t = std::get_if<std::string>(&v)) return in_quotes(*t);
  if (const auto* l = std::get_if<std::vector<double>>(&v)) return list(*l, number);
  return list(std::get<std::vector<std::string>>(v), in_quotes);
}

std::string toml_text(const toml_tree::Node& node) {
  using Kind = toml_tree::Node::Kind;
  if (node.kind == Kind::value) return toml_text(node.value);
  if (node.kind == Kind::list)
    return list(node.items, [](const toml_tree::Node& item) { return toml_text(item); });
  std::vector<std::string> entries;
  for (const auto& m : node.members)
    entries.push_back(fmt::format("{} = {}", toml_key(m.name), toml_text(m.node)));
  return entries.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(entries, ", "));
}

std::string toml_key(std::string_view key) {
  const std::string_view bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  const bool plain = !key.empty() && key.find_first_not_of(bare) == std::string_view::npos;
  return plain ? std::string(key) : in_quotes(key);
}

void TomlWriter::header(std::string_view text) {
  text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", text);
}

void TomlWriter::line(std::string_view key, const Value& v) {
  raw(key, toml_text(v));
}

void TomlWriter::raw(std::string_view key, std::string_view value) {
  text_ += fmt::format("{} = {}\n", toml_key(key), value);
}

}  // namespace labile
