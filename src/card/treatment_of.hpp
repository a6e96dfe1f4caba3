/// What a condition of a card does through modulators.
#pragma once

#include "card/card.hpp"
#include "pharmacology/treatment.hpp"

namespace labile {

/// Its doses and lesions of nuclei; `drugs` has all that it names, and must outlive it.
[[nodiscard]] Treatment treatment_of(const Condition& condition, const std::vector<Drug>& drugs);

/// What doses and lesions of nuclei set handles to, a sentence for each condition that has some.
[[nodiscard]] std::vector<std::string> modulator_notes(const Card& card);

}  // namespace labile
