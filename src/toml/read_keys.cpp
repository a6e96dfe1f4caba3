#include "toml/read_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labile {

void require_table(const Node& node) {
  if (node.kind != Node::Kind::table)
    throw Error(node.where, fmt::format("expected a table, found {}", node.what()));
}

void refuse_unknown_keys(const Node& table, const std::vector<std::string>& known, std::string_view owner) {
  for (const auto& m : table.members)
    if (std::find(known.begin(), known.end(), m.name) == known.end())
      throw Error(m.where, fmt::format("{} has no key '{}'{}", owner, m.name, suggest(m.name, known)));
}

const Node& required(const Node& table, const std::string& key, std::string_view about) {
  const Node* n = table.find(key);
  if (!n) throw Error(where_of(table, key), fmt::format("is missing; {}", about));
  if (n->kind == Node::Kind::value && n->value == Value(std::string{}))
    throw Error(n->where, fmt::format("is empty; {}", about));
  return *n;
}

Setting setting_of(const Node& node) {
  if (node.kind == Node::Kind::value) return {node.value, node.where};
  if (node.kind == Node::Kind::table)
    throw Error(node.where, "expected a number, text, true or false or a list, found a table");
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const auto& item : node.items) {
    if (const auto* x = std::get_if<double>(&item.value); x && item.kind == Node::Kind::value)
      numbers.push_back(*x);
    else if (const auto* t = std::get_if<std::string>(&item.value); t && item.kind == Node::Kind::value)
      texts.push_back(*t);
    else
      throw Error(item.where, fmt::format("a list holds numbers or text, found {}", item.what()));
  }
  if (!numbers.empty() && !texts.empty())
    throw Error(node.where, "the list mixes numbers and text; write one kind");
  if (!texts.empty()) return {texts, node.where};
  return {numbers, node.where};
}

Settings settings_of(const Node& table, const std::vector<std::string>& except) {
  require_table(table);
  Settings r;
  for (const auto& m : table.members)
    if (std::find(except.begin(), except.end(), m.name) == except.end()) r[m.name] = setting_of(m.node);
  return r;
}

std::vector<std::string> texts_of(const Node& node) {
  std::vector<std::string> r;
  if (node.kind != Node::Kind::list)
    throw Error(node.where, fmt::format("expected a list of text, found {}", node.what()));
  for (const auto& item : node.items) r.push_back(text_of(item));
  return r;
}

std::string text_of(const Node& node) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (node.kind != Node::Kind::value || !text)
    throw Error(node.where, fmt::format("expected text, found {}", node.what()));
  return *text;
}

std::vector<const Node*> tables_of(const Node& root, std::string_view key) {
  std::vector<const Node*> r;
  const Node* list = root.find(key);
  if (!list) return r;
  if (list->kind != Node::Kind::list)
    throw Error(list->where, fmt::format("expected tables, each under [[{}]], found {}", key, list->what()));
  for (const auto& item : list->items) {
    require_table(item);
    r.push_back(&item);
  }
  return r;
}

Where where_of(const Node& table, const std::string& key) {
  if (const Node* n = table.find(key)) return n->where;
  Where w = table.where;
  w.key = w.key.empty() ? key : w.key + "." + key;
  return w;
}

}  // namespace labile
