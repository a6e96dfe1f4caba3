/// [modulation], [[nucleus]], [[exchange]], [[modulator]] and [[drug]] of a network's card.
#pragma once

#include "network/spec.hpp"
#include "toml/read_keys.hpp"

namespace labile {

/// Reads them; empty where the card has none. `populations` are those that nuclei may name. Throws Error with line and column.
[[nodiscard]] ModulationSpec read_modulation(const Node& root,
                                             const std::vector<PopulationSpec>& populations);

}  // namespace labile
