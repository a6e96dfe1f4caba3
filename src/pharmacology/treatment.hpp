/// What is done to the modulators of a condition: doses and lesions of nuclei, together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "pharmacology/modulation.hpp"

namespace labile {

struct GivenDose {
  const Drug* drug;
  double amount;                          // in the drug's unit
  std::optional<double> since_h = {};     // without it, at its peak
  std::vector<std::string> regions = {};  // none: everywhere
  bool chronic = false;                   // taken long enough for autoreceptors to desensitize
  Where where = {};                       // for messages
};
struct GivenLesion {
  std::string modulator;  // whose nucleus loses a share of its units
  double share;
  bool uptake = false;
  std::vector<std::string> regions = {};
  Where where = {};
};
struct Treatment {
  std::vector<GivenDose> doses;
  std::vector<GivenLesion> lesions = {};
};

/// Lesions first; then chronic doses, with weeks to desensitize beside the lesions; then acute ones. Throws Error, at the dose or lesion, as
/// Modulation::add, lesion and settle do.
void give(Modulation& to, const Treatment& treatment);

}  // namespace labile
