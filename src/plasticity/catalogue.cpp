#include "plasticity/catalogue.hpp"

#include <fmt/format.h>

namespace labile {

#define ENTRY(name) RuleEntry name();
#include "plasticity/catalogue.def"
#undef ENTRY

std::span<const RuleEntry> all_rules() {
  static const std::vector<RuleEntry> entries{
#define ENTRY(name) name(),
#include "plasticity/catalogue.def"
#undef ENTRY
  };
  return entries;
}

const RuleEntry& find_rule(std::string_view name, const Where& where) {
  std::vector<std::string> known;
  for (const auto& e : all_rules()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no plasticity rule is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
