/// A hierarchical fit with what it was made of, as `labile fit`, cards and reports show it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "metrics/evaluate.hpp"
#include "run/formula_fit.hpp"
#include "run/predictive.hpp"

namespace labile {

struct GroupResult {
  std::string model;  // the learner with its parts
  const LearnerEntry* learner = nullptr;
  GroupFitOptions options;  // without progress
  FormulaSpec asked;
  FormulaFit formulas;
  GroupFit fit;
  std::vector<std::vector<double>> rows;  // [unit] posterior means, in table order
  std::vector<double> loglik;             // [unit] there
  std::vector<int> trials;                // [unit] that enter its likelihood
  std::vector<ParamEffects> effects;      // of formulas
};

/// Fits `data` as formulas cut it (formula_fit). Throws as fit_group() does. `options.designs` are filled in.
[[nodiscard]] GroupResult group_result(const LearnerEntry& learner, const std::string& model,
                                       const DataSet& data, const FormulaSpec& asked, FormulaFit formulas,
                                       GroupFitOptions options);

/// What `labile fit --json` prints.
[[nodiscard]] nlohmann::ordered_json json_of(const GroupResult& result);
/// CSV: a row a unit, for each parameter its mean, sd and 95% interval.
[[nodiscard]] std::string fit_table(const GroupResult& result);
/// CSV: a row a quantity of the group, and of formulas each cell and difference ("alpha: drug placebo, session 2"), with diagnostics.
[[nodiscard]] std::string group_table(const GroupResult& result);

/// A metric that predictive checks compare, as it was asked for.
struct CheckedMetric {
  std::string name;
  MetricRequest request;
};
/// What learners with parameters from the posterior do on the subjects' own schedules, one learner a unit. Throws as check_predictions()
/// does. `options.replicates` is cut to the number of draws.
[[nodiscard]] PredictiveChecks check_posterior(const GroupResult& result, const DataSet& data,
                                               std::span<const CheckedMetric> metrics,
                                               PredictiveOptions options);
[[nodiscard]] nlohmann::ordered_json json_of(const PredictiveChecks& checks,
                                             std::span<const std::string> subjects,
                                             std::span<const CheckedMetric> metrics);

}  // namespace labile
