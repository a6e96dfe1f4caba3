/// What a paper says of a fit, of what was really run.
#pragma once

#include "run/group_result.hpp"

namespace labile {

[[nodiscard]] std::string methods_text(const DataSet& data, const GroupResult& result);
/// Of fits of single subjects; `params` [subject], empty or NaN where one could not be fitted.
[[nodiscard]] std::string methods_text(const DataSet& data, const std::string& model,
                                       const LearnerEntry& learner, const FitOptions& options,
                                       std::span<const std::vector<double>> params);

}  // namespace labile
