/// Parameters of people drawn from the prior of their group: what a model says before any data.
#pragma once

#include <cstdint>

#include "bayes/group_model.hpp"

namespace labile {

/// [unit][parameter in table order] of group number `group`, a function of (model, seed, group). `subject_of` [unit] says whose rows are
/// one subject's: those share how far it is from its group.
[[nodiscard]] std::vector<std::vector<double>> prior_rows(const GroupModel& model,
                                                          std::span<const int> subject_of, std::uint64_t seed,
                                                          std::uint32_t group);

}  // namespace labile
