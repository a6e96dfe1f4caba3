/// Named drugs: what they act on, at which concentrations and doses, each number with how sure it is. They stand in formulary.toml; read_drugs reads a user's
/// own with the same keys.
///
/// How much of a drug is at a target is given relative to its dissociation constant there, A/K: dose / ed50 at the target that the dose was measured at, at
/// the peak, times K of that target / K of this one; before and after the peak it follows the drug's course in plasma. So half of that target's places are
/// taken at ed50 where nothing competes, or beside the modulator at rest (`in_vivo`, Modulation::add).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modulators/pharmacokinetics.hpp"
#include "pharmacology/constant.hpp"

namespace labile {

enum class DrugAction {
  agonist,
  partial_agonist,
  antagonist,
  uptake_inhibitor,
  cholinesterase_inhibitor,
  releaser,
  precursor,
  depletion
};
[[nodiscard]] std::string_view text_of(DrugAction a);
/// Agonists, partial agonists, antagonists.
[[nodiscard]] bool occupies_receptors(DrugAction a);
[[nodiscard]] DrugAction action_of(std::string_view text, const Where& where);

struct DrugTarget {
  std::string site;  // receptor, transporter, enzyme; of releasers, precursors and depletion the modulator
  DrugAction action = DrugAction::antagonist;
  double efficacy = 1;                                             // of agonists
  enum class On { both, receptors, autoreceptors } on = On::both;  // which of a name's are meant
  std::optional<Constant> ki = {};                                 // nM; none where nothing is bound
  // Dose that takes half of this site, where it was measured apart from the drug's main one.
  std::optional<Constant> ed50 = {};
};
struct Drug {
  std::string name, does, unit, note;
  std::vector<DrugTarget> targets;
  std::string dose_site;
  bool in_vivo = false;  // ed50 was measured while the modulator competed: it is K (1 + x at rest), not K
  std::optional<Constant> ed50 = {};  // dose that takes half of `dose_site` at its peak
  // Share lost to depletion, or gained from a precursor, at the usual dose.
  std::optional<Constant> effect = {};
  std::optional<Constant> usual = {};  // dose of one session in studies
  // Of plasma: time of the peak (none: all is there at once), half-life of elimination, exchange with tissue (none: one compartment).
  std::optional<Constant> peak_h = {}, half_life_h = {}, to_tissue_per_h = {}, from_tissue_per_h = {};

  /// A/K at a target, `since_h` after one dose taken at once; at its peak without a time. Throws Error where no half-occupying dose is known, or a time
  /// is asked of a drug whose course is not.
  [[nodiscard]] double relative(const DrugTarget& target, double dose,
                                std::optional<double> since_h = {}) const;
  /// Of depletion the share of the modulator that is lost, of a precursor the share that is gained, of a dose at that time: doses of depletion leave what
  /// is left of what was left; gains are in proportion. Throws Error where the effect of a usual dose is not known.
  [[nodiscard]] double share(const DrugTarget& target, double dose, std::optional<double> since_h = {}) const;
  /// Course in plasma, 1 at its peak.
  [[nodiscard]] double course(double since_h) const;

 private:
  void check(double dose) const;
};

/// [[drug]] tables, a user's or our own file's. Throws Error with file and line.
[[nodiscard]] std::vector<Drug> read_drugs(const toml_tree::Node& root);
[[nodiscard]] const std::vector<Drug>& formulary();
/// Throws Error with the nearest known name.
[[nodiscard]] const Drug& find_drug(std::string_view name, const std::vector<Drug>& among);

}  // namespace labile
