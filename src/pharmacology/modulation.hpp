/// Modulators in named regions under drugs and lesions: from the rates of their nuclei to what receptors do.
///
///   release -> autoreceptors -> clearance -> receptors, one step after the other; see the files of src/modulators for equations
///
/// One thread; a pure function of what it is told. Concentrations are µM, activations 0 to 1.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modulators/clearance.hpp"
#include "modulators/receptor.hpp"
#include "modulators/release.hpp"
#include "pharmacology/formulary.hpp"
#include "pharmacology/modulator_info.hpp"

namespace labile {

class Modulation {
 public:
  /// Regions are any names; their uptake is the modulators' for that name. All start in the steady state of their tonic rates. Throws
  /// Error where a modulator is released faster than a region can clear it.
  Modulation(std::vector<ModulatorInfo> modulators, std::vector<std::string> regions, double dt_ms);

  /// Rate of a nucleus from the next step on, Hz.
  void set_rate(std::string_view modulator, double hz);
  /// What a drug does in some regions (all where none are named), added to what is there already. `relative` is A/K. Throws Error, naming
  /// what is known, where no region has the site, an action does not go with it, or a region is unknown.
  void add(const DrugTarget& target, double relative, std::span<const std::string> regions = {});
  /// All targets of a drug that this system has. Throws Error where it has none of them.
  void add(const Drug& drug, double dose, std::optional<double> since_h = {},
           std::span<const std::string> regions = {});
  /// A share of a nucleus's units that is lost, as felt in these regions; `uptake`: their transporters are lost with them.
  void lesion(std::string_view modulator, double share, bool uptake = false,
              std::span<const std::string> regions = {});
  /// Takes all drugs and lesions back.
  void clear();
  /// To the steady state at the present rates. Throws Error where there is none.
  void settle();
  void step();

  [[nodiscard]] double concentration(std::string_view modulator, std::string_view region) const;
  [[nodiscard]] double activation(std::string_view modulator, std::string_view receptor,
                                  std::string_view region) const;
  [[nodiscard]] const std::vector<std::string>& regions() const { return regions_; }
  [[nodiscard]] const std::vector<ModulatorInfo>& modulators() const { return info_; }

 private:
  struct Autoreceptor {
    ReceptorField field;
    int at;  // region, -1: each its own
  };
  struct Field {
    Release release;
    Clearance clearance;
    double hz;
    // [region] what depletion leaves of release; what precursors add to it, as a share
    std::vector<double> quantum = {}, gained = {};
    std::vector<double> c = {}, before = {}, arriving = {};  // [region] µM; µM/s that a releaser adds
    std::vector<double> received = {};                       // [region] share of a release that arrives
    std::vector<double> alive = {}, enzyme = {};  // [region] share of units; 1 + inhibitors of the enzyme
    std::vector<ReceptorField> receptors = {};
    std::vector<Autoreceptor> autoreceptors = {};
    std::vector<std::vector<double>> inhibition = {};                            // [transporter][region]
    std::vector<std::vector<Occupants>> at_receptor = {}, at_autoreceptor = {};  // [receptor][region]
  };
  [[nodiscard]] std::size_t region(std::string_view name) const;
  [[nodiscard]] std::size_t index(std::string_view modulator) const;
  [[nodiscard]] std::vector<std::size_t> mask(std::span<const std::string> names) const;
  /// What a region's autoreceptors leave of release.
  [[nodiscard]] double let_through(const Field& f, const ModulatorInfo& m, std::size_t region) const;
  /// 1 + x at rest of the receptor that the drug's dose was measured at: there it is taken half although the modulator competes.
  [[nodiscard]] double competition(const Drug& drug) const;
  /// Whether a region here has the site.
  bool give(const DrugTarget& target, double relative, std::span<const std::size_t> where);
  [[noreturn]] void refuse(const DrugTarget& target) const;
  /// J of a region: what a nucleus that releases `released` [µM/s] where it is intact gives there, and what releasers add.
  [[nodiscard]] double source(const Field& f, const ModulatorInfo& m, std::size_t region,
                              double released) const;
  bool occupy(const DrugTarget& target, double relative, std::span<const std::size_t> where);

  std::vector<ModulatorInfo> info_;
  std::vector<std::string> regions_;
  double dt_ms_;
  std::vector<Field> fields_;
  std::vector<std::vector<double>> rest_;  // [modulator][region] µM, without drugs
};

}  // namespace labile
