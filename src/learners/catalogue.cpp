#include "learners/catalogue.hpp"

#include <fmt/format.h>

namespace labile {

#define ENTRY(name) LearnerEntry name();
#include "learners/catalogue.def"
#undef ENTRY

std::span<const LearnerEntry> all_learners() {
  static const std::vector<LearnerEntry> entries{
#define ENTRY(name) name(),
#include "learners/catalogue.def"
#undef ENTRY
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
