/// What a condition of a card does through modulators.
#pragma once

#include "contract/manipulation.hpp"
#include "pharmacology/treatment.hpp"

namespace labile {

/// Its doses and lesions of nuclei; `drugs` has all that it names, and must outlive it.
[[nodiscard]] Treatment treatment_of(const Condition& condition, const std::vector<Drug>& drugs);

}  // namespace labile
