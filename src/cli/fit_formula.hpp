/// `labile fit --formula`: which rows are whose, what formulas make of their columns, and what is printed of it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bayes/effects.hpp"
#include "cli/data.hpp"

namespace labile {

/// What formulas ask of a data set.
struct FormulaFit {
  std::vector<int> subject_of;                   // [unit]
  std::vector<std::string> subjects;             // [subject]
  std::vector<std::string> within;               // columns that differ within subjects
  std::vector<std::vector<std::string>> values;  // [unit][column of within]
  std::vector<Coding> codings;                   // [formula]
};

/// Columns that the formulas name. Throws Error where a formula cannot be read.
[[nodiscard]] std::vector<std::string> formula_columns(const DataArgs& args);
/// Refusals that need no data: options without a formula, parameters that no learner estimates, one with two formulas.
void check_formulas(const DataArgs& args, const std::vector<const LearnerEntry*>& learners);
/// Cuts subjects into units where columns differ within them (`data` then has a unit where it had a subject), and codes the columns. Notes
/// are added to the data's. Throws Error where a column lacks values, changes within blocks, or a design has no rank. Without formulas
/// every subject is a unit.
[[nodiscard]] FormulaFit formula_fit(const DataArgs& args, DataSet& data);
/// The formulas' designs of parameters that this learner has.
[[nodiscard]] std::vector<NamedDesign> designs_of(const FormulaFit& formulas, const LearnerEntry& learner);
[[nodiscard]] std::vector<ParamEffects> effects_of(const FormulaFit& formulas, const GroupFit& fit);

/// Of parameters over people, where they were let.
void print_correlations(const GroupFit& fit);
void print_effects(const std::vector<ParamEffects>& effects, double prior_sd);
/// Adds "formula", "cells" and "effects".
void add_effects(nlohmann::ordered_json& to, const std::vector<ParamEffects>& effects);

/// `labile fit --method bayes`, once the data are read.
int fit_bayes_command(const DataArgs& args, const DataSet& data, const FormulaFit& formulas);

}  // namespace labile
