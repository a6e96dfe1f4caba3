#include "pharmacology/constant.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.hpp"
#include "toml/read_keys.hpp"

namespace labile {
namespace {
const std::vector<std::string>& words() {
  static const std::vector<std::string> list{"checked", "recalled", "unsure", "guess", "ours", "card"};
  return list;
}
double number(const Node& node, const Bounds& bounds) {
  const auto* x = node.kind == Node::Kind::value ? std::get_if<double>(&node.value) : nullptr;
  if (!x) throw Error(node.where, fmt::format("wants a number, got {}", node.what()));
  const double value = *x;
  if (!(value >= bounds.lo && value <= bounds.hi))
    throw Error(node.where, fmt::format("{} is not within {} to {}", value, bounds.lo, bounds.hi));
  return value;
}
}  // namespace

Constant read_constant(const Node& table, const std::string& key, const Bounds& bounds,
                       std::string_view about) {
  const Node& node = required(table, key, about);
  if (node.kind != Node::Kind::table) return {number(node, bounds), "card", "", ""};
  refuse_unknown_keys(node, {"value", "sure", "source", "doi"}, "a constant");
  return read_constant_beside(node, "value", bounds, about);
}

Constant read_constant_beside(const Node& table, const std::string& key, const Bounds& bounds,
                              std::string_view about) {
  const Node& node = required(table, key, about);
  if (node.kind == Node::Kind::table) return read_constant(table, key, bounds, about);
  Constant r{number(node, bounds), "card", "", ""};
  for (const auto& [name, to] : {std::pair{"sure", &r.sure}, {"source", &r.source}, {"doi", &r.doi}})
    if (const Node* n = table.find(name)) *to = text_of(*n);
  if (std::ranges::find(words(), r.sure) == words().end())
    throw Error(where_of(table, "sure"),
                fmt::format("'{}' does not say how sure a number is{}; known: {}", r.sure,
                            suggest(r.sure, words()), fmt::join(words(), ", ")));
  return r;
}

Constant read_constant_or(const Node& table, const std::string& key, const Bounds& bounds,
                          std::string_view about, const Constant& standard) {
  return table.find(key) ? read_constant(table, key, bounds, about) : standard;
}

}  // namespace labile
