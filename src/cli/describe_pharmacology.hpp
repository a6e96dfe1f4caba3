/// `labile describe modulator` and `describe drug`: constants with how sure they are, and what a drug does at rest.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pharmacology/modulation.hpp"

namespace labile {

void print_modulator(const ModulatorInfo& m);
void print_drug(const Drug& d);
[[nodiscard]] nlohmann::ordered_json modulator_json(const ModulatorInfo& m);
[[nodiscard]] nlohmann::ordered_json drug_json(const Drug& d);

}  // namespace labile
