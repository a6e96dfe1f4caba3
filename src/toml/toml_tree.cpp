#include "toml/toml_tree.hpp"

#include <fmt/format.h>

// toml++ 3.3 asserts on bad input such as "[ }", and with NDEBUG lets the compiler assume that there is none.
// Without its assertions it refuses such input by itself.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <cmath>
#include <optional>

namespace labile::toml_tree {
namespace {

constexpr double kExact = 9007199254740991;  // 2^53 - 1: beyond, a double skips whole numbers

/// How an item of a list is called in dotted keys: by its name where it has one, else by its number.
std::string label(const Node& item, std::size_t index) {
  for (const char* key : {"id", "name", "model"})
    if (const Node* n = item.find(key))
      if (const auto* text = std::get_if<std::string>(&n->value); text && !text->empty()) return *text;
  return fmt::format("{}", index);
}

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

/// Gives every node of a tree its dotted key.
void name_keys(Node& node, const std::string& path) {
  node.where.key = path;
  for (auto& m : node.members) {
    m.where.key = joined(path, m.name);
    name_keys(m.node, m.where.key);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i)
    name_keys(node.items[i], joined(path, label(node.items[i], i)));
}

Where position(const toml::source_region& source, const std::string& file) {
  return {file, static_cast<int>(source.begin.line), static_cast<int>(source.begin.column), ""};
}

Value scalar(const toml::node& n, const Where& where) {
  if (const auto* x = n.as_floating_point()) return x->get();
  if (const auto* x = n.as_boolean()) return x->get();
  if (const auto* x = n.as_string()) return x->get();
  if (const auto* x = n.as_integer()) {
    const auto number = static_cast<double>(x->get());
    if (std::abs(number) > kExact)
      throw Error(where, fmt::format("{} is too large; whole numbers go up to {}", x->get(), kExact));
    return number;
  }
  throw Error(where, "dates and times have no use in a card; write a number or text");
}

Node convert(const toml::node& n, const std::string& file) {
  Node r;
  r.where = position(n.source(), file);
  if (const auto* table = n.as_table()) {
    r.kind = Node::Kind::table;
    for (const auto& [key, value] : *table)
      r.members.push_back({std::string(key.str()), position(key.source(), file), convert(value, file)});
  } else if (const auto* list = n.as_array()) {
    r.kind = Node::Kind::list;
    for (const auto& item : *list) r.items.push_back(convert(item, file));
  } else {
    r.value = scalar(n, r.where);
  }
  return r;
}

/// Values from the command line have no line.
void forget_lines(Node& node) {
  node.where.line = node.where.column = 0;
  for (auto& m : node.members) {
    m.where.line = m.where.column = 0;
    forget_lines(m.node);
  }
  for (auto& item : node.items) forget_lines(item);
}

Node value_from(const std::string& text, const Where& where) {
  Node r;
  try {
    const toml::table table = toml::parse("x = " + text);
    if (table.size() == 1) {
      r = convert(*table.get("x"), where.file);
      forget_lines(r);
      return r;
    }
  } catch (const toml::parse_error& e) {
    const auto first = text.find_first_not_of(" \t");
    if (first != std::string::npos && std::string_view("[{\"'").find(text[first]) != std::string_view::npos)
      throw Error(where, fmt::format("'{}' is not TOML: {}", text, e.description()));
  }
  r.value = text;
  r.where.file = where.file;
  return r;
}

void put(Node& at, std::string_view path, Node value, const Where& where);

void put_in_table(Node& at, std::string_view path, Node value, const Where& where) {
  const auto dot = path.find('.');
  const std::string name(path.substr(0, dot));
  if (name.empty()) throw Error(where, "is not a dotted key; write --set task.p_better=0.8");
  auto it = at.members.begin();
  while (it != at.members.end() && it->name != name) ++it;
  if (it == at.members.end()) {
    Node made;
    made.kind = Node::Kind::table;
    made.where.file = where.file;
    it = at.members.insert(it, {name, made.where, made});
  }
  if (dot == std::string_view::npos) {
    it->where = {where.file, where.line, where.column, ""};
    it->node = std::move(value);
  } else {
    put(it->node, path.substr(dot + 1), std::move(value), where);
  }
}

void put_in_list(Node& at, std::string_view path, Node value, const Where& where) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < at.items.size(); ++i) {
    known.push_back(label(at.items[i], i));
    for (const auto& name : {known.back(), fmt::format("{}", i)}) {
      if (path == name) {
        at.items[i] = std::move(value);
        return;
      }
      if (path.starts_with(name + "."))
        return put(at.items[i], path.substr(name.size() + 1), std::move(value), where);
    }
  }
  const std::string wanted(path.substr(0, path.find('.')));
  throw Error(where, fmt::format("the card has no {} '{}'{}", at.where.key, wanted, suggest(wanted, known)));
}

void put(Node& at, std::string_view path, Node value, const Where& where) {
  if (at.kind == Node::Kind::table) return put_in_table(at, path, std::move(value), where);
  if (at.kind == Node::Kind::list) return put_in_list(at, path, std::move(value), where);
  throw Error(where, fmt::format("'{}' is {} in this card; nothing lies below it", at.where.key, at.what()));
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  for (const auto& m : members)
    if (m.name == name) return &m.node;
  return nullptr;
}

std::string Node::what() const {
  if (kind == Kind::table) return "a table";
  if (kind == Kind::list) return "a list";
  const char* type = value.index() == 0 ? "a number" : value.index() == 1 ? "a truth value" : "text";
  return fmt::format("{} ({})", type, to_text(value));
}

Node parse(std::string_view text, const std::string& name) {
  try {
    Node root = convert(toml::parse(text), name);
    root.where = {name, 0, 0, ""};
    name_keys(root, "");
    return root;
  } catch (const toml::parse_error& e) {
    throw Error(position(e.source(), name), fmt::format("is not TOML: {}", e.description()));
  }
}

void name_keys(Node& root) {
  name_keys(root, "");
}

void set(Node& root, const std::string& path, const std::string& text) {
  const Where where{"--set", 0, 0, path};
  set(root, path, value_from(text, where), where);
}

void set(Node& root, const std::string& path, Node value, const Where& where) {
  put(root, path, std::move(value), where);
  name_keys(root, "");
}

}  // namespace labile::toml_tree
