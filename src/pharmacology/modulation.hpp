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
#include "modulators/diffusion.hpp"
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

  /// A nucleus whose units spike one by one and reach some regions (all where none are named). There it stands in for the modulator's rate from now
  /// on; several that reach one region share its releases by their units. Its number, from 0.
  int add_nucleus(std::string_view modulator, int units, std::span<const std::string> regions = {});
  /// A spike of a nucleus's unit at step n; arrive() releases it.
  void spike(int nucleus, int unit, std::int64_t n);
  /// Concentrations from just before what was released at the present step to just after it.
  void arrive();
  /// The share of a nucleus's units that is lost so far, and whether their terminals' transporters go with them (once lost, they stay lost); spikes are the
  /// caller's to silence. Throws Error where nothing would clear a modulator any more.
  void lose_units(int nucleus, double share, bool uptake);

  /// Rate of a nucleus from the next step on, Hz. Not heard where add_nucleus() has one that spikes.
  void set_rate(std::string_view modulator, double hz);
  /// What a drug does in some regions (all where none are named), added to what is there already. `relative` is A/K. Throws Error, naming
  /// what is known, where no region has the site, an action does not go with it, or a region is unknown.
  void add(const DrugTarget& target, double relative, std::span<const std::string> regions = {});
  /// All targets of a drug that this system has. Throws Error where it has none of them.
  void add(const Drug& drug, double dose, std::optional<double> since_h = {},
           std::span<const std::string> regions = {});
  /// Spreads between two regions of equal volume: dC_a/dt = rate (C_b - C_a) and the reverse; adds to what is there. For all modulators, or one. Before
  /// drugs and lesions: what they start from is taken anew. Throws Error unless the rate is 0 to 100 per s and the regions are two that there are.
  void exchange(std::string_view a, std::string_view b, double rate_per_s, std::string_view modulator = {});
  /// A share of a nucleus's units that is lost, as felt in these regions; `uptake`: their transporters are lost with them.
  /// Throws Error where there is no such transporter, or nothing would clear a modulator any more.
  void lesion(std::string_view modulator, double share, bool uptake = false,
              std::span<const std::string> regions = {});
  /// Weeks go by with what is there: each autoreceptor loses as much of its `desensitizes` as its steady activation is above that at rest. Takes the
  /// steady state; what is added afterwards is acute.
  void desensitize();
  /// A/K at a target of a drug, as add() gives it.
  [[nodiscard]] double relative(const Drug& drug, const DrugTarget& target, double dose,
                                std::optional<double> since_h = {}) const;
  /// Takes all drugs and lesions back.
  void clear();
  /// To the steady state at the present rates. Throws Error where there is none.
  void settle();
  void step();

  [[nodiscard]] double concentration(std::string_view modulator, std::string_view region) const;
  [[nodiscard]] double activation(std::string_view modulator, std::string_view receptor,
                                  std::string_view region) const;
  /// Where a value stands: a concentration, or (receptor >= 0) an activation.
  struct Place {
    int modulator = 0, receptor = -1, region = 0;
  };
  /// All that can be read, as "DA.striatum" (concentrations, µM) and "D1.striatum" (activations), and where it stands.
  [[nodiscard]] std::vector<std::pair<std::string, Place>> places() const;
  /// Where the value is kept, as long as this lives and is not assigned to.
  [[nodiscard]] const double* address(const Place& at) const {
    const Field& f = fields_[static_cast<std::size_t>(at.modulator)];
    return at.receptor < 0 ? &f.c[static_cast<std::size_t>(at.region)]
                           : f.receptors[static_cast<std::size_t>(at.receptor)].address(at.region);
  }
  void keep(Archive& a);
  [[nodiscard]] const std::vector<std::string>& regions() const { return regions_; }
  [[nodiscard]] const std::vector<ModulatorInfo>& modulators() const { return info_; }

 private:
  struct Autoreceptor {
    ReceptorField field;
    int at;                         // region, -1: each its own
    std::vector<double> kept = {};  // [region] share of `most` that is not desensitized
    std::vector<double> rest = {};  // [region] activation without drugs
  };
  struct Field {
    Release release;
    Clearance clearance;
    double hz;
    // [region] what depletion leaves of release; what precursors add to it, as a share
    std::vector<double> quantum = {}, gained = {};
    std::vector<double> c = {};  // [region] µM
    std::vector<double>
        arriving = {},
        added = {};  // [region] µM/s that a releaser adds: with all terminals of the striatum; here
    std::vector<double> reach = {},
                        let = {};  // [region] of a release of 1: without autoreceptors; share that they leave
    std::vector<double> sources = {};         // [region] scratch
    std::vector<double> exchange = {};        // [region][region] 1/s; empty: none
    std::vector<Diffusion> half_spread = {};  // half a step of it; none or one
    bool moved = true;                        // receptors have not heard of C or drugs as they are now
    std::vector<double> received = {};        // [region] share of a release that arrives
    // [region] share of units, and of terminals with transporters, that live; 1 + inhibitors of the enzyme
    std::vector<double> alive = {}, terminals = {}, enzyme = {};
    std::vector<int> spiking = {};  // [region] units of nuclei that spike; 0: the rate holds
    std::vector<ReceptorField> receptors = {};
    std::vector<Autoreceptor> autoreceptors = {};
    std::vector<std::vector<double>> inhibition = {};                            // [transporter][region]
    std::vector<std::vector<Occupants>> at_receptor = {}, at_autoreceptor = {};  // [receptor][region]
  };
  struct Nucleus {
    std::size_t field;
    Release release;
    std::vector<std::size_t> regions;
    double lost = 0, terminals_lost = 0;  // shares of units
    double released = 0;                  // µM, in regions that it reaches alone, since arrive()
  };
  [[nodiscard]] std::size_t region(std::string_view name) const;
  [[nodiscard]] std::size_t index(std::string_view modulator) const;
  [[nodiscard]] std::vector<std::size_t> mask(std::span<const std::string> names) const;
  /// 1 + x at rest of the receptor that the drug's dose was measured at: there it is taken half although the modulator competes.
  [[nodiscard]] double competition(const Drug& drug) const;
  /// Whether a region here has the site.
  bool give(const DrugTarget& target, double relative, std::span<const std::size_t> where);
  [[noreturn]] void refuse(const DrugTarget& target) const;
  /// What depletion, precursors and lesions leave of a release, and then autoreceptors as they are.
  static void know_reach(Field& f);
  /// Shares that nuclei which spike have of a field in a region, less those of units that are lost, or whose terminals are.
  [[nodiscard]] double living(std::size_t field, std::size_t region, double Nucleus::*lost) const;
  void remember_rest();  // of autoreceptors
  void know_let(Field& f, const ModulatorInfo& m) const;
  void set_uptake(std::size_t modulator, std::size_t region);
  void know_added(std::size_t field, std::size_t region);
  void refuse_without_transporter(std::size_t modulator, std::span<const std::size_t> where) const;
  [[noreturn]] void refuse_flood(std::size_t modulator, std::size_t region) const;
  bool occupy(const DrugTarget& target, double relative, std::span<const std::size_t> where);

  std::vector<ModulatorInfo> info_;
  std::vector<std::string> regions_;
  double dt_ms_;
  std::vector<Field> fields_;
  std::vector<Nucleus> nuclei_;
};

}  // namespace labile
