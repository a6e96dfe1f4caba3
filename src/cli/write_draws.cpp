/// `labile fit --draws-out`: draws of a fit as files that other tools read.
#include <fmt/format.h>

#include "bayes/export_draws.hpp"
#include "cli/fit_outputs.hpp"

namespace labile {

std::string write_draws(const DataArgs& a, const DataSet& data, const GroupResult& result) {
  const std::string& model = result.model;
  const GroupFit& f = result.fit;
  const std::filesystem::path folder = a.draws_out;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw Error(fmt::format("--draws-out {}: {}", folder.string(), failed.message()));
  const GroupFitOptions& o = result.options;
  const ExportInfo info{model, data.path.filename().string(), LABILE_VERSION, data.trials.subjects};
  for (std::size_t c = 0; c < f.chains.size(); ++c)
    write_cmdstan(f, o, info, static_cast<int>(c), folder / fmt::format("{}-{}.csv", model, c + 1));
  // Chains of an earlier fit, that readers would take for this one's.
  for (std::size_t c = f.chains.size() + 1;
       std::filesystem::remove(folder / fmt::format("{}-{}.csv", model, c)); ++c) {
  }
  write_netcdf(f, o, info, true, folder / (model + ".nc"));
  return fmt::format("{}: draws of {} chains, {}-1.csv to {}-{}.csv and {}.nc", folder.string(),
                     f.chains.size(), model, model, f.chains.size(), model);
}

std::filesystem::path file_of_model(const DataArgs& a, const std::string& file, const std::string& model) {
  std::filesystem::path r = file;
  if (a.models.size() > 1) r.replace_filename(model + "_" + r.filename().string());
  return r;
}

}  // namespace labile
