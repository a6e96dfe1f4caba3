/// What fits write beside their parameters, and what their commands share.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/data.hpp"
#include "cli/output.hpp"
#include "run/group_result.hpp"

namespace labile {

/// Chains, warm-up, draws and what steers them, as the command line has them.
[[nodiscard]] GroupFitOptions sampler_settings(const DataArgs& args);
/// Settings of a whole hierarchical fit as the command line has them; `line` shows how far it is and must outlive it.
[[nodiscard]] GroupFitOptions group_options(const DataArgs& args, const LearnerEntry& learner,
                                            ProgressLine& line);

/// Priors of --group of this learner's parameters.
[[nodiscard]] std::vector<NamedGroup> groups_of(const DataArgs& args, const LearnerEntry& learner);
/// Refusals that need no data: a --group that cannot be read, is of no learner's parameter, or leaves a parameter's bounds.
void check_groups(const DataArgs& args, const std::vector<const LearnerEntry*>& learners);
/// Throws Error where the method would not heed an option, so where chains are asked for and there are none.
void refuse_idle_options(const DataArgs& args);

/// `labile compare --method bayes`, once the data are read.
int compare_bayes_command(const DataArgs& args, const DataSet& data,
                          const std::vector<const LearnerEntry*>& learners);

/// What `labile fit` tells of model after model.
class ToldFits {
 public:
  explicit ToldFits(const DataArgs& args) : a_(args) {}
  /// Model after model; with --json prints them in the end, also those before one that fails.
  void each(const std::function<void(std::size_t)>& fit_model);
  /// The fit first, as JSON with the data's notes or printed, since what is written beside it may fail; then its table (--out).
  void tell(const DataSet& data, const std::string& model,
            const std::function<nlohmann::ordered_json()>& json, const std::function<void()>& print,
            const std::string& table);
  void add(nlohmann::ordered_json model) { all_.push_back(std::move(model)); }
  /// To the last model's.
  void add(const char* key, nlohmann::ordered_json value) { all_.back()[key] = std::move(value); }

 private:
  void print() const;
  const DataArgs& a_;
  std::vector<nlohmann::ordered_json> all_;
};

/// The file of one model: the same name, after the model's where there are several.
[[nodiscard]] std::filesystem::path file_of_model(const DataArgs& args, const std::string& file,
                                                  const std::string& model);

/// The table that was read, row for row and in its order, with the learner's numbers at these parameters [subject][parameter in table
/// order]: what replay() gives (contract/replay.hpp). Where formulas cut subjects into units, `rows` are those of units. Rows of subjects
/// that could not be fitted (NaN) have none. `formulas` may be null. A name that the table has gets "fit_" in front; two decisions a row, "_1" and "_2" at its end. Returns a sentence for people.
std::string write_trial_table(const DataArgs& args, const DataSet& data, const LearnerEntry& learner,
                              const std::vector<std::vector<double>>& rows, const FormulaFit* formulas,
                              const std::filesystem::path& file);

/// FOLDER/MODEL-1.csv, ... (CmdStan) and FOLDER/MODEL.nc (netCDF). Returns a sentence for people.
std::string write_draws(const DataArgs& args, const DataSet& data, const GroupResult& result);

/// Predictive checks of --check, from a fit or, without one, from the prior with these formulas. `print`: for people; else only the JSON.
[[nodiscard]] nlohmann::ordered_json check_fit_predictions(const DataArgs& args, const DataSet& data,
                                                           const LearnerEntry& learner,
                                                           const FormulaFit& formulas, const GroupResult* fit,
                                                           bool print);
/// Throws Error where --check cannot be done on these data, as it would after the fits.
void refuse_checks(const DataArgs& args, const DataSet& data,
                   const std::vector<const LearnerEntry*>& learners);
/// Columns that --check wants kept where the file has them.
[[nodiscard]] std::vector<std::string> columns_for_checks(const DataArgs& args);

}  // namespace labile
