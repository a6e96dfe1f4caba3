#include "circuits/catalogue.hpp"

namespace labile {

#define ENTRY(name) LearnerEntry name();
#include "circuits/catalogue.def"
#undef ENTRY

std::span<const LearnerEntry> all_circuits() {
  static const std::vector<LearnerEntry> entries{
#define ENTRY(name) name(),
#include "circuits/catalogue.def"
#undef ENTRY
  };
  return entries;
}

}  // namespace labile
