/// A data set as the command line names it: read, with notes printed, ready for likelihoods.
#pragma once

#include "card/find_agent.hpp"
#include "cli/commands.hpp"
#include "contract/agent.hpp"
#include "core/params.hpp"
#include "fit/fit.hpp"
#include "record/data_set.hpp"

namespace labile {

/// Throws Error when the file is not found or wrong.
/// `inputs`: columns that models must be shown.
[[nodiscard]] DataSet load_data(const DataArgs& args, const ModelInputs& inputs = {});
/// Throws Error when a subject's trials belong to several conditions: a likelihood takes one sequence.
void refuse_joined_conditions(const DataSet& data);
/// Parameters of each subject, in the order of `subjects` and of the learner's table, from a CSV file with a
/// column subject and one a parameter. `notes` gets what was not read. Throws Error with file and line.
[[nodiscard]] std::vector<std::vector<double>> parameter_table(const std::string& file,
                                                               const LearnerEntry& learner,
                                                               const std::vector<std::string>& subjects,
                                                               std::vector<std::string>& notes);
/// Parameters of this learner that --hold holds.
[[nodiscard]] std::vector<FitOverride> held(const DataArgs& args, const LearnerEntry& learner);
[[nodiscard]] bool has_param(const LearnerEntry& learner, const std::string& name);
/// Throws Error when none of the learners has the parameter that `option` names.
void refuse_unknown_param(const std::string& option, const std::string& name,
                          const std::vector<const LearnerEntry*>& learners);
/// Throws Error when --hold names a parameter that none of the learners has.
void check_held(const DataArgs& args, const std::vector<const LearnerEntry*>& learners);
/// "name=value" pairs as settings; "[a,b]" is a list.
[[nodiscard]] Settings parse_settings(const std::vector<std::string>& pairs, const std::string& option);

}  // namespace labile
