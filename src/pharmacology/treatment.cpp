#include "pharmacology/treatment.hpp"

#include <algorithm>

#include "toml/read_keys.hpp"

namespace labile {

void give(Modulation& to, const Treatment& treatment) {
  for (const auto& l : treatment.lesions)
    located(l.where, [&] { to.lesion(l.modulator, l.share, l.uptake, l.regions); });
  const auto add = [&](bool chronic) {
    for (const auto& d : treatment.doses)
      if (d.chronic == chronic) located(d.where, [&] { to.add(*d.drug, d.amount, d.since_h, d.regions); });
  };
  add(true);
  if (const auto first = std::ranges::find(treatment.doses, true, &GivenDose::chronic);
      first != treatment.doses.end())
    located(first->where, [&] { to.desensitize(); });
  add(false);
}

}  // namespace labile
