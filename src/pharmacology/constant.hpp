/// A number of the literature with how sure it is: what the tables of modulators and drugs are made of.
#pragma once

#include <string>

#include "core/params.hpp"
#include "toml/toml_tree.hpp"

namespace labile {

struct Constant {
  double value = 0;
  std::string sure = "card";  // checked, recalled, unsure, guess, ours; card: written without a word about it
  std::string source, doi;
};

/// What constants may be: no number of the tables comes near 1e-12 or 1e12.
inline constexpr Bounds kPositive{1e-12, 1e12}, kShare{0, 1};

/// The entry `key` of a table: a number, or { value, sure, source, doi }. Throws Error (file, line, key, bound) when it is missing, not
/// within `bounds`, or `sure` is no word of the list.
[[nodiscard]] Constant read_constant(const toml_tree::Node& table, const std::string& key,
                                     const Bounds& bounds, std::string_view about);
/// The same, or `standard` where the table lacks it.
[[nodiscard]] Constant read_constant_or(const toml_tree::Node& table, const std::string& key,
                                        const Bounds& bounds, std::string_view about,
                                        const Constant& standard);
/// The same, where a plain number's sure, source and doi stand beside it in `table`, for several constants of one source.
[[nodiscard]] Constant read_constant_beside(const toml_tree::Node& table, const std::string& key,
                                            const Bounds& bounds, std::string_view about);

}  // namespace labile
