/// `labile report DIR`: the page again, from results.json alone.
#include "report/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cli/commands.hpp"
#include "core/error.hpp"
#include "core/output_file.hpp"

namespace labile {

int report_command(const std::string& folder) {
  const std::filesystem::path dir = folder, results = dir / "results.json";
  if (!std::filesystem::exists(results))
    throw Error(
        fmt::format("{}: no results.json here; `labile run CARD --out {}` writes one", folder, folder));
  const std::string text = read_file(results);
  if (!nlohmann::json::accept(text))
    throw Error(fmt::format("{}: is not JSON, so it is not what `labile run` wrote", results.string()));
  try {
    write_file(dir / "report.html", report_page(text));
  } catch (const std::invalid_argument& e) {
    throw Error(fmt::format("{}: {}", results.string(), e.what()));
  }
  fmt::print("Report: {}\n", (std::filesystem::absolute(dir) / "report.html").lexically_normal().string());
  return 0;
}

}  // namespace labile
