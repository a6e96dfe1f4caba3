/// What is known of a modulator: release, clearance, receptors, each number with how sure it is. The four that come ready stand in
/// modulators.toml; read_modulators reads a user's own with the same keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pharmacology/constant.hpp"

namespace labile {

struct Regional {
  std::string region;  // "default": wherever no line is
  Constant value;
};
struct TransporterInfo {
  std::string name;
  std::string of;              // modulator whose terminals carry it, and lose it with a lesion
  Constant km;                 // µM
  std::vector<Regional> vmax;  // µM/s
};
struct ReceptorInfo {
  std::string name, does;
  Constant ec50, tau, hill;            // µM, ms, 1
  std::vector<Regional> density = {};  // of full, 1 without a line; a region with 0 lacks it
  [[nodiscard]] double density_in(std::string_view region) const;
};
struct AutoreceptorInfo {
  std::string name;          // drugs at the receptor of this name act on it too
  Constant ec50, tau, hill;  // µM, ms, 1
  Constant most;             // share of release that it takes off when all are activated
  Constant desensitizes;     // share of `most` that is lost when it is all activated for weeks
  // Region whose concentration it senses, for release everywhere (cell bodies); "": each region its own (terminals).
  std::string at;
};
struct ModulatorInfo {
  std::string name, short_name, nucleus, enzyme;  // enzyme: what hydrolyses it; "" where nothing does
  Constant tonic_hz, burst_hz, quantum, p, tau_vesicles, diffusion, loss;
  std::vector<Regional> innervation;  // what a region receives of a release, 1 without a line
  std::vector<TransporterInfo> transporters;
  std::vector<ReceptorInfo> receptors;
  std::vector<AutoreceptorInfo> autoreceptors;

  /// Vmax of a transporter in a region, 0 where it has none.
  [[nodiscard]] static double vmax(const TransporterInfo& t, std::string_view region);
  [[nodiscard]] double received(std::string_view region) const;
};

/// [[modulator]] tables, a user's or our own file's. Throws Error with file and line.
[[nodiscard]] std::vector<ModulatorInfo> read_modulators(const toml_tree::Node& root);
/// The four that come ready.
[[nodiscard]] const std::vector<ModulatorInfo>& ready_modulators();
/// By name or short name. Throws Error with the nearest known name.
[[nodiscard]] const ModulatorInfo& find_modulator(std::string_view name,
                                                  const std::vector<ModulatorInfo>& among);

}  // namespace labile
