#include "cli/fit_formula.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labile {
FormulaSpec formula_spec(const DataArgs& a) {
  FormulaSpec r{a.formulas, {}, a.effect_prior, a.drop_missing};
  for (const auto& text : a.references) {
    const auto eq = text.find('=');
    if (eq == std::string::npos || eq == 0 || eq + 1 == text.size())
      throw Error(fmt::format("--reference {}: write COLUMN=LEVEL, such as drug=placebo", text));
    r.references.emplace_back(text.substr(0, eq), text.substr(eq + 1));
  }
  return r;
}

std::vector<std::string> formula_columns(const DataArgs& a) {
  return columns_of(parse_formulas(a.formulas));
}

void check_formulas(const DataArgs& a, const std::vector<const LearnerEntry*>& learners) {
  if (a.correlated && a.method != "bayes")
    throw Error(fmt::format("--correlated belongs to --method bayes; {} fits each subject alone", a.method));
  if (a.formulas.empty()) {
    if (!a.references.empty() || a.drop_missing || a.effect_prior != 1)
      throw Error("--reference, --effect-prior and --drop-missing belong to --formula, and there is none");
    return;
  }
  if (a.method != "bayes")
    throw Error(fmt::format("--formula belongs to --method bayes; {} fits each subject alone", a.method));
  std::vector<std::string> known;
  for (const auto* l : learners)
    for (const auto& p : group_model(*l, held(a, *l)).params)
      if (std::find(known.begin(), known.end(), p.name) == known.end()) known.push_back(p.name);
  const auto formulas = parse_formulas(a.formulas);
  check_params(formulas, known);
  check_references(formulas, formula_spec(a).references);
}

}  // namespace labile
