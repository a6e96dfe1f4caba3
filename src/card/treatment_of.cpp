#include "card/treatment_of.hpp"

namespace labile {

Treatment treatment_of(const Condition& condition, const std::vector<Drug>& drugs) {
  Treatment r;
  for (const auto& m : condition.manipulations) {
    if (!m.through_modulators()) continue;
    if (m.op == Manipulation::Op::lesion)
      r.lesions.push_back({m.modulator, m.amount, m.uptake, m.regions, m.where});
    else
      r.doses.push_back({&find_drug(m.drug, drugs), m.amount,
                         m.hours < 0 ? std::nullopt : std::optional(m.hours), m.regions, m.chronic, m.where});
  }
  return r;
}

}  // namespace labile
