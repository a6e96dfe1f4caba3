/// Reading one table of a card: its own keys are declared as parameters, so that bounds, units and types are
/// checked and worded as they are for models.
#pragma once

#include <initializer_list>

#include "toml/toml_tree.hpp"

namespace labile {

using Node = toml_tree::Node;

/// Throws Error unless the node is a table.
void require_table(const Node& node);
/// Throws Error when the table has a key that is neither in `known` nor in `nested`; `owner` is how messages
/// call the table.
void refuse_unknown_keys(const Node& table, const std::vector<std::string>& known, std::string_view owner);
/// The entry `key`, which must exist and must not be empty text; `about` says what to write.
const Node& required(const Node& table, const std::string& key, std::string_view about);
/// A setting out of a value or a list of numbers or of texts.
[[nodiscard]] Setting setting_of(const Node& node);
/// Every entry of a table but those named.
[[nodiscard]] Settings settings_of(const Node& table, const std::vector<std::string>& except = {});
/// A list of texts.
[[nodiscard]] std::vector<std::string> texts_of(const Node& node);
/// The text of a value that has been checked to be text.
[[nodiscard]] std::string text_of(const Node& node);
/// Tables of [[key]], none when the card has none.
[[nodiscard]] std::vector<const Node*> tables_of(const Node& root, std::string_view key);
/// `where` of a table's entry, or of the table when the entry is not written.
[[nodiscard]] Where where_of(const Node& table, const std::string& key);

/// Fills a struct from a table's own keys; `nested` are keys that are read elsewhere.
template <class S>
S read_keys(const Node& node, const std::vector<Field<S>>& table, const std::vector<std::string>& nested,
            std::string_view owner) {
  require_table(node);
  std::vector<std::string> known = nested;
  for (const auto& f : table) known.emplace_back(f.name);
  refuse_unknown_keys(node, known, owner);
  return read_params(table, settings_of(node, nested), owner);
}

/// Calls `build`; an Error that does not say where gets `where`.
template <class F>
auto located(const Where& where, F&& build) {
  try {
    return build();
  } catch (const Error& e) {
    if (e.placed()) throw;
    throw Error(where, e.what());
  }
}

}  // namespace labile
