/// `labile fit --formula`: what the command line asks, and what is printed of effects.
#pragma once

#include "cli/data.hpp"
#include "run/formula_fit.hpp"

namespace labile {

/// Throws Error where a reference is not COLUMN=LEVEL.
[[nodiscard]] FormulaSpec formula_spec(const DataArgs& args);
/// Columns that the formulas name. Throws Error where a formula cannot be read.
[[nodiscard]] std::vector<std::string> formula_columns(const DataArgs& args);
/// Refusals that need no data: options without a formula, parameters that no learner estimates, one with two formulas.
void check_formulas(const DataArgs& args, const std::vector<const LearnerEntry*>& learners);

/// Of parameters over people, where they were let.
void print_correlations(const GroupFit& fit);
void print_effects(const std::vector<ParamEffects>& effects, double prior_sd);

/// `labile fit --method bayes`, once the data are read.
int fit_bayes_command(const DataArgs& args, const DataSet& data, const FormulaFit& formulas);

}  // namespace labile
