/// Formulas of effects on parameters, as R, bambi and brms users write them, read into terms.
///
///   "alpha ~ drug * session + scale(age) + (1 | subject)"     "lr_pos, lr_neg ~ drug"
///
/// `+` adds terms and `-` takes them away, `a:b` is an interaction, `a * b` is `a + b + a:b`, parentheses distribute. A variable
/// is a column, or scale(x), center(x), number(x), factor(x) or C(x), sum(x) of one. Names with other characters than letters,
/// digits, '_' and '.' stand in backticks. The intercept is the group's mean mu: always there, so `1` changes nothing and
/// `0` is refused. `(1 | subject)` is always there too; `(1 + session | subject)` lets the effect of session differ between subjects.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace labile {

/// A column as a formula takes it.
struct Variable {
  enum Kind { plain, scale, center, number, factor, sum } kind = plain;
  std::string column;
  /// "age", "scale(age)"; factors go by their column, since levels tell them apart.
  [[nodiscard]] std::string name() const;
  bool operator==(const Variable&) const = default;
};

struct Formula {
  std::string text;
  std::vector<std::string> params;  // left of ~
  std::vector<Variable> variables;  // in the order in which they appear
  std::vector<std::vector<int>>
      terms;  // each a product of variables, rising; main effects first; no intercept
  std::vector<std::vector<int>> slopes;  // those of `terms` whose effect differs between subjects
  std::vector<std::string> grouping;     // what stands right of a bar
};

/// Throws Error with the formula and the word that is wrong.
[[nodiscard]] Formula parse_formula(const std::string& text);

[[nodiscard]] std::vector<Formula> parse_formulas(std::span<const std::string> texts);

/// The columns that formulas name, each once.
[[nodiscard]] std::vector<std::string> columns_of(std::span<const Formula> formulas);

/// Throws Error where a formula is of a parameter that is not among those `estimated`, or two are of one.
void check_params(std::span<const Formula> formulas, const std::vector<std::string>& estimated);
/// Throws Error where a reference (column, level) is of a column that no formula names, or two are of one.
void check_references(std::span<const Formula> formulas,
                      const std::vector<std::pair<std::string, std::string>>& references);

}  // namespace labile
