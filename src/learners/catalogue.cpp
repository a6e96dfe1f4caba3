#include "learners/catalogue.hpp"

#include <fmt/format.h>

namespace labile {

LearnerEntry dual_learning_rate();
LearnerEntry flex();
LearnerEntry hmm_reversal();
LearnerEntry leaky_competing_accumulator();
LearnerEntry rescorla_wagner();

std::span<const LearnerEntry> all_learners() {
  static const std::vector<LearnerEntry> entries{
      rescorla_wagner(),
      dual_learning_rate(),
      hmm_reversal(),
      flex(),
      leaky_competing_accumulator(),
  };
  return entries;
}

const LearnerEntry& find_learner(std::string_view name, const Where& where) {
  std::vector<std::string> known;
  for (const auto& e : all_learners()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no learner or agent is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
