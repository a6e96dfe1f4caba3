/// Modulators in regions as a network steps them: spikes of its nuclei arrive, gates and drives listen.
///
/// A step goes from just after what arrived at t_{n-1} to just before what arrives at t_n (advance), then to just after it (arrive). Concentrations
/// jump there, receptors do not.
#pragma once

#include "network/spec.hpp"
#include "network/time.hpp"
#include "network/unit.hpp"
#include "pharmacology/modulation.hpp"

namespace labile {

class RegionalModulation {
 public:
  /// Throws Error at the `where` of the part that is wrong.
  RegionalModulation(const ModulationSpec& spec, const std::vector<Population>& populations, double dt_ms);
  RegionalModulation(const RegionalModulation&) = delete;
  RegionalModulation& operator=(const RegionalModulation&) = delete;
  /// All names that gates may use.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Which of them are used, in this order, from now on.
  void listen(const std::vector<std::string>& names);
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_names_; }
  /// Whether the k-th of heard() jumps at a release.
  [[nodiscard]] bool jumps(std::size_t k) const { return jumps_[k]; }
  /// Present values of heard(), or of those that jump.
  void read(std::span<double> out) const {
    for (std::size_t k = 0; k < heard_.size(); ++k) out[k] = *heard_[k];
  }
  void read_jumps(std::span<double> out) const {
    for (const std::size_t k : jumping_) out[k] = *heard_[k];
  }
  [[nodiscard]] double value(std::string_view name) const;

  void advance() { modulation_.step(); }
  void arrive(const std::vector<Population>& populations, Step n);

  struct Nucleus {
    const NucleusSpec* spec;
    int population, number;
    Step release_delay = 1;
  };
  [[nodiscard]] std::vector<Nucleus>& nuclei() { return nuclei_; }
  [[nodiscard]] Modulation& modulation() { return modulation_; }

 private:
  Modulation modulation_;
  std::vector<std::pair<std::string, Modulation::Place>> places_;
  std::vector<Nucleus> nuclei_;
  std::vector<std::string> heard_names_;
  std::vector<const double*> heard_;  // where its values are kept
  std::vector<bool> jumps_;
  std::vector<std::size_t> jumping_;
};

}  // namespace labile
