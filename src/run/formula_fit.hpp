/// Formulas on a data set: which rows are whose, what formulas make of their columns, and their effects in a fit.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bayes/effects.hpp"
#include "record/data_set.hpp"

namespace labile {

/// What is asked, by a command's options or a card's keys.
struct FormulaSpec {
  std::vector<std::string> formulas = {};                            // "alpha ~ drug * session"
  std::vector<std::pair<std::string, std::string>> references = {};  // column and level
  double effect_prior = 1;                                           // sd of the prior of effects
  bool drop_missing = false;  // subjects without a covariate are left out
  bool in_card = false;       // messages name keys of cards, not options
};

/// What formulas ask of a data set.
struct FormulaFit {
  std::vector<int> subject_of;                   // [unit]
  std::vector<std::string> subjects;             // [subject]
  std::vector<std::string> within;               // columns that differ within subjects
  std::vector<std::vector<std::string>> values;  // [unit][column of within]
  std::vector<Coding> codings;                   // [formula]
};

/// Cuts subjects into units where columns differ within them (`data` then has a unit where it had a subject), and codes the columns. Notes
/// are added to the data's. Throws Error where a column lacks values, changes within blocks, or a design has no rank. Without formulas
/// every subject is a unit.
[[nodiscard]] FormulaFit formula_fit(const FormulaSpec& spec, DataSet& data);
/// The formulas' designs of parameters that this learner has.
[[nodiscard]] std::vector<NamedDesign> designs_of(const FormulaFit& formulas, const LearnerEntry& learner);
[[nodiscard]] std::vector<ParamEffects> effects_of(const FormulaFit& formulas, const GroupFit& fit);

}  // namespace labile
