/// Subjects with given parameters, played one by one: what recovery of parameters and of models simulates.
#pragma once

#include <functional>
#include <vector>

#include "contract/agent.hpp"
#include "core/random.hpp"
#include "fit/fit.hpp"
#include "record/trials.hpp"
#include "run/simulate.hpp"

namespace labile {

/// Records with what likelihoods take of them. Neither copied nor moved apart: spans point within.
struct PlayedRows {
  std::vector<Trials> record;                    // [row]; empty where play was impossible
  std::vector<std::vector<std::uint8_t>> fresh;  // [row]
  std::vector<SubjectTrials> subjects;           // those that played
  std::vector<std::size_t> of;                   // [one of them] its row
  int trials = 0;                                // decisions of one subject at most
  [[nodiscard]] int invalid() const { return static_cast<int>(record.size() - subjects.size()); }
};

/// Subject `first` + i plays with rows[i] (table order), under luck of that number. A row that is invalid for the learner is left
/// out; what stops the learner at its defaults throws Error.
[[nodiscard]] PlayedRows play_rows(const LearnerEntry& learner, const std::string& task,
                                   const Settings& settings, const std::vector<std::vector<double>>& rows,
                                   std::uint64_t seed, int threads, int first = 0);

/// A draw from a parameter's prior, held within its bounds. `counter` is the parameter's own. Throws Error where the
/// prior hardly reaches them; `advice` ends the sentence.
[[nodiscard]] double draw_prior(const ParamInfo& p, const Draw& draw, std::uint32_t counter,
                                const std::string& advice);
/// The first word of draw_prior()'s numbers for this counter: one uniform draw in its place.
[[nodiscard]] double draw_uniform(double low, double high, const Draw& draw, std::uint32_t counter);

/// mu and sigma of a group by its priors.
struct GroupValues {
  double mu = 0, sigma = 0;
};
[[nodiscard]] GroupValues draw_group(const Group& g, const Draw& draw, std::uint32_t counter);

}  // namespace labile
