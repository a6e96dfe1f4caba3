/// Every neuron model there is, by name.
#pragma once

#include <span>
#include <string_view>

#include "neurons/neuron.hpp"

namespace labile {

[[nodiscard]] std::span<const NeuronEntry> all_neurons();
/// Throws Error with the nearest known name.
[[nodiscard]] const NeuronEntry& find_neuron(std::string_view name, const Where& where = {});

}  // namespace labile
