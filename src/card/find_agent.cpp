#include "card/find_agent.hpp"

#include <fmt/format.h>

#include "circuits/catalogue.hpp"
#include "learners/catalogue.hpp"

namespace labile {

const LearnerEntry& find_agent(std::string_view name, const Where& where) {
  if (name.find('+') != std::string_view::npos) return find_learner(name, where);
  std::vector<std::string> known;
  for (const auto& list : {all_learners(), all_circuits()})
    for (const auto& e : list) {
      if (name == e.info.name) return e;
      known.emplace_back(e.info.name);
    }
  throw Error(where, fmt::format("no learner or circuit is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
