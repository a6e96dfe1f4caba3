#include "neurons/catalogue.hpp"

#include <fmt/format.h>

namespace labile {

#define ENTRY(name) NeuronEntry name();
#include "neurons/catalogue.def"
#undef ENTRY

std::span<const NeuronEntry> all_neurons() {
  static const std::vector<NeuronEntry> entries{
#define ENTRY(name) name(),
#include "neurons/catalogue.def"
#undef ENTRY
  };
  return entries;
}

const NeuronEntry& find_neuron(std::string_view name, const Where& where) {
  std::vector<std::string> known;
  for (const auto& e : all_neurons()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no neuron model is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
