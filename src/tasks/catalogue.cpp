#include "tasks/catalogue.hpp"

#include <fmt/format.h>

namespace labile {

#define ENTRY(name) TaskEntry name();
#include "tasks/catalogue.def"
#undef ENTRY

std::span<const TaskEntry> all_tasks() {
  static const std::vector<TaskEntry> entries{
#define ENTRY(name) name(),
#include "tasks/catalogue.def"
#undef ENTRY
  };
  return entries;
}

const TaskEntry& find_task(std::string_view name, const Where& where) {
  std::vector<std::string> known;
  for (const auto& e : all_tasks()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no task is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
