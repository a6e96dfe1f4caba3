/// Draws of a hierarchical fit as files that other packages read: CmdStan's CSV, one a chain, and netCDF as ArviZ lays it out.
///
/// Quantities, by parameter NAME: of the group group_NAME (T(mu), the median subject's value), mu_NAME and sigma_NAME (before T), b_NAME
/// (coefficients, where there is a design), tau_NAME (how they differ between subjects), corr_NAME_OTHER (over subjects, where they may
/// correlate); of units NAME, on the natural scale. All are doubles in full.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bayes/group_fit.hpp"

namespace labile {

/// What files say of where draws come from.
struct ExportInfo {
  std::string model, data, version;
  std::vector<std::string> units;  // [unit] names
};

/// Version of the Stan headers whose sampler made the draws.
struct StanVersion {
  int major, minor, patch;
};
[[nodiscard]] StanVersion stan_version();

/// A number of every draw: of the group, or one a unit.
struct ExportedQuantity {
  std::string name;
  int param = -1;  // of a unit's parameter; -1 = of the group
  int size = 0;    // of a list of coefficients; 0 = one number
  int of = 0;      // the parameter whose group it is
  enum class How { median, mu, sigma, effect, tau, correlation } how = How::median;
  int with = 0;  // of a correlation: the other parameter
};
/// Those of the group, then those of units. Throws Error where two would have one name.
[[nodiscard]] std::vector<ExportedQuantity> exported_quantities(const Posterior& posterior);
/// Element i of a quantity of the group, or unit i's.
[[nodiscard]] double exported_value(const Posterior& posterior, const ExportedQuantity& quantity,
                                    std::span<const double> q, int i);

/// One chain as CmdStan writes it, with the header, the adapted step size and metric, and times. lp__ is the log density over what the
/// sampler moves (labile's standardized values, so not that of a Stan program). Throws Error when the disk refuses.
void write_cmdstan(const GroupFit& fit, const GroupFitOptions& options, const ExportInfo& info, int chain,
                   const std::filesystem::path& file);

/// netCDF-4 with groups posterior, sample_stats, log_likelihood and observed_data; dimensions chain, draw, subject ("unit" where subjects
/// have several rows of parameters), observation. Log-likelihoods of decisions are worked out again, unit by unit: 8 bytes a
/// decision and draw before compression on the disk, 1024 decisions at a time in memory; left out where `log_likelihood` is false.
void write_netcdf(const GroupFit& fit, const GroupFitOptions& options, const ExportInfo& info,
                  bool log_likelihood, const std::filesystem::path& file);

}  // namespace labile
