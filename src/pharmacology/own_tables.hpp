/// Modulators and drugs that a card may use: those of its own [[modulator]] and [[drug]] tables, and the ready ones that it does not replace.
#pragma once

#include <string>
#include <vector>

#include "pharmacology/formulary.hpp"
#include "pharmacology/modulator_info.hpp"

namespace labile {

struct PharmacologyTables {
  std::vector<ModulatorInfo> modulators;  // the card's own first
  std::vector<Drug> drugs;
  std::vector<std::string> own_modulators;  // names
  std::vector<std::string> text;            // of the card's own tables, canonical
};
/// Throws Error with file and line.
[[nodiscard]] PharmacologyTables read_pharmacology(const toml_tree::Node& root);

}  // namespace labile
