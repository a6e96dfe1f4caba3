#include "card/treatment_of.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace labile {
namespace {
std::string in_words(const Manipulation& m, const std::vector<Drug>& drugs) {
  const std::string where = m.regions.empty() ? "" : fmt::format(" in {}", fmt::join(m.regions, ", "));
  if (m.op != Manipulation::Op::dose)
    return fmt::format("{}% of {} lost{}{}", 100 * m.amount, m.modulator, m.uptake ? " with its uptake" : "",
                       where);
  return fmt::format("{} {} of {}{}{}{}", m.amount, find_drug(m.drug, drugs).unit, m.drug,
                     m.hours < 0 ? " at its peak" : fmt::format(" after {} h", m.hours),
                     m.chronic ? ", chronic" : "", where);
}
}  // namespace

std::vector<std::string> modulator_notes(const Card& card) {
  std::vector<std::string> notes;
  for (const auto& c : card.conditions) {
    std::vector<std::string> done, handles;
    for (const auto& m : c.manipulations) {
      if (m.through_modulators())
        done.push_back(in_words(m, card.pharmacology.drugs));
      else if (m.derived)
        handles.push_back(fmt::format("{} {:.3g}", m.target, m.amount));
    }
    if (!done.empty())
      notes.push_back(
          fmt::format("Condition '{}': {}: {}.", c.name, fmt::join(done, " and "), fmt::join(handles, ", ")));
  }
  return notes;
}

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
