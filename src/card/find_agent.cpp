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

ModelInputs inputs_of(std::span<const std::string> models) {
  ModelInputs r;
  const auto add = [](std::vector<std::string>& list, const std::string& name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  };
  for (const auto& model : models) {
    const auto& entry = find_agent(model);
    for (const auto& name : entry.inputs) add(r.needed, name);
    for (const auto& name : entry.optional_inputs) add(r.optional, name);
  }
  std::erase_if(r.optional, [&](const std::string& name) {
    return std::find(r.needed.begin(), r.needed.end(), name) != r.needed.end();
  });
  return r;
}

}  // namespace labile
