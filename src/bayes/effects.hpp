/// What a formula's coefficients mean on the parameter's own scale: the median subject's value in every cell of the factors, and
/// differences between cells.
#pragma once

#include "bayes/coding.hpp"
#include "bayes/group_fit.hpp"

namespace labile {

struct GroupEffect {
  std::string name;  // "drug[citalopram]"; "drug: citalopram - placebo, session 2"
  DrawSummary value;
  double above_0 = 0;         // share of draws
  std::vector<double> draws;  // [chain][iteration]
};
struct GroupCell {
  std::vector<std::pair<std::string, std::string>> at;  // factor and level; empty where there are no factors
  DrawSummary value;
};
/// Of one parameter.
struct ParamEffects {
  std::string param, unit, formula;
  std::vector<GroupEffect> coefficients;  // before T
  /// Of effects that differ between subjects: by how much (sigma, before T).
  std::vector<std::pair<std::string, DrawSummary>> spreads;
  /// T(mu + x b), numbers at their mean.
  std::vector<GroupCell> cells;
  /// On the parameter's scale. Of each factor between its levels (all pairs up to five levels, else with the reference), averaged evenly
  /// over the other factors, and apart for each cell of those that it interacts with; how much a difference differs between
  /// levels of a factor; of each number, from one sd below its mean to one above.
  std::vector<GroupEffect> differences;
};

/// `coding` [parameter estimated]: null where it has no formula.
[[nodiscard]] std::vector<ParamEffects> effects_of(const GroupFit& fit,
                                                   std::span<const Coding* const> coding);

}  // namespace labile
