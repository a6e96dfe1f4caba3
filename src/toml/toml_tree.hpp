/// A card's text as a tree in which every value knows where it was written. Only toml_tree.cpp knows toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/params.hpp"

namespace labile::toml_tree {

struct Member;

/// A value, a list or a table.
struct Node {
  enum class Kind { value, list, table } kind = Kind::value;
  Value value;                  // kind value: number, truth value or text
  std::vector<Node> items;      // kind list
  std::vector<Member> members;  // kind table
  Where where;

  /// The entry of a table, or null.
  [[nodiscard]] const Node* find(std::string_view name) const;
  /// How messages call this kind of node: "a table", "a number (3)".
  [[nodiscard]] std::string what() const;
};
struct Member {
  std::string name;
  Where where;  // of the key
  Node node;
};

/// Parses TOML; `name` is what messages call the text. Throws Error with line and column.
[[nodiscard]] Node parse(std::string_view text, const std::string& name);

/// Gives every node its dotted key again, after members were added by hand.
void name_keys(Node& root);

/// Puts a value at a dotted path: "task.p_better", "agent.Flex.params.K" or "agent.0.params.K". `text` is
/// TOML; a bare word is text. Tables on the way are made; items of lists must exist.
void set(Node& root, const std::string& path, const std::string& text);
/// The same with a value that was read before; `where` is where messages say it was written.
void set(Node& root, const std::string& path, Node value, const Where& where);

}  // namespace labile::toml_tree
