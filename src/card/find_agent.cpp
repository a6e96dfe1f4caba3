#include "card/find_agent.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "circuits/catalogue.hpp"
#include "learners/catalogue.hpp"

namespace labile {

const LearnerEntry& find_agent(std::string_view name, const Where& where) {
  if (const LearnerEntry* e = learner_named(name, where)) return *e;
  auto known = learner_names();
  for (const auto& e : all_circuits()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no learner or circuit is called '{}'{}", name, suggest(name, known)));
}

std::vector<std::string> inputs_of(std::span<const std::string> models) {
  std::vector<std::string> r;
  for (const auto& model : models)
    for (const auto& name : find_agent(model).inputs)
      if (std::find(r.begin(), r.end(), name) == r.end()) r.push_back(name);
  return r;
}

}  // namespace labile
