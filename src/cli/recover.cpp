/// `labile recover`: can this learner's parameters be told from choices in this task?
#include "run/recover.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.hpp"
#include "cli/data.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;

constexpr double kPoor = 0.5, kTradeOff = 0.5;  // r below which a parameter is named; |r| of errors likewise

/// "alpha=0.1:0.9"
DrawRange parse_range(const std::string& text) {
  const auto equals = text.find('='), colon = text.find(':', equals == std::string::npos ? 0 : equals);
  DrawRange r;
  const auto number = [](std::string_view s, double& x) {
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), x);
    return ec == std::errc{} && end == s.data() + s.size() && std::isfinite(x);
  };
  if (equals == std::string::npos || colon == std::string::npos ||
      !number(std::string_view(text).substr(equals + 1, colon - equals - 1), r.low) ||
      !number(std::string_view(text).substr(colon + 1), r.high))
    throw Error(fmt::format("--range '{}': write NAME=LOW:HIGH, as in alpha=0.1:0.9", text));
  r.name = text.substr(0, equals);
  return r;
}

Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}
Json numbers(const std::vector<double>& list) {
  Json r = Json::array();
  for (const double x : list) r.push_back(number(x));
  return r;
}

Json json_of(const Recovery& r) {
  Json params = Json::array();
  for (const auto& p : r.params)
    params.push_back({{"name", p.name},
                      {"unit", p.unit},
                      {"r", number(p.r)},
                      {"bias", number(p.bias)},
                      {"rmse", number(p.rmse)},
                      {"at_bound", number(p.at_bound)},
                      {"truth", numbers(p.truth)},
                      {"fitted", numbers(p.fitted)}});
  Json errors = Json::array();
  for (const auto& row : r.error_r) errors.push_back(numbers(row));
  return {{"learner", r.learner}, {"task", r.task},        {"subjects", r.subjects},
          {"trials", r.trials},   {"parameters", params},  {"error_correlations", errors},
          {"invalid", r.invalid}, {"unfitted", r.unfitted}};
}

void print(const Recovery& r, const std::string& method) {
  fmt::print("\n{} on {}: {} subjects of at most {} decisions, {}\n\n", r.learner, r.task, r.subjects,
             r.trials, method == "ml" ? "maximum likelihood" : "maximum a posteriori");
  fmt::print("  {:<16} {:>6} {:>10} {:>10} {:>10}\n", "parameter", "r", "bias", "rmse", "at bound");
  for (const auto& p : r.params)
    fmt::print("  {:<16} {:>6.2f} {:>+10.3g} {:>10.3g} {:>9.0f}%\n", p.name, p.r, p.bias, p.rmse,
               100 * p.at_bound);
  fmt::print("\n");
  for (const auto& p : r.params)
    if (!(p.r >= kPoor))
      fmt::print("  {} is not identified by this design: r = {:.2f}, below {}.\n", p.name, p.r, kPoor);
  for (std::size_t a = 0; a < r.params.size(); ++a)
    for (std::size_t b = a + 1; b < r.params.size(); ++b)
      if (std::abs(r.error_r[a][b]) >= kTradeOff)
        fmt::print("  {} and {} trade off: their errors correlate at {:.2f}.\n", r.params[a].name,
                   r.params[b].name, r.error_r[a][b]);
  if (r.invalid > 0)
    fmt::print("  {} subject(s) drew parameters that are invalid for this learner and were left out.\n",
               r.invalid);
  if (r.unfitted > 0) fmt::print("  {} subject(s) could not be fitted.\n", r.unfitted);
}

std::string table(const Recovery& r) {
  std::string csv = "subject,parameter,unit,truth,fitted\n";
  for (const auto& p : r.params)
    for (std::size_t s = 0; s < p.truth.size(); ++s)
      csv += fmt::format("{},{},{},{},{}\n", s, p.name, p.unit, p.truth[s],
                         std::isnan(p.fitted[s]) ? "" : fmt::format("{}", p.fitted[s]));
  return csv;
}
}  // namespace

int recover_command(const RecoverArgs& a) {
  const auto& entry = find_learner(a.model, Where{"--model", 0, 0, ""});
  RecoverOptions o;
  o.task = a.task;
  o.task_settings = parse_settings(a.set, "--set");
  o.subjects = a.subjects;
  for (const auto& r : a.ranges) o.ranges.push_back(parse_range(r));
  o.fit.method = a.method == "ml" ? FitMethod::ml : FitMethod::map;
  o.fit.starts = a.starts;
  o.fit.seed = a.seed;
  o.fit.threads = a.jobs > 0 ? a.jobs : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  ProgressLine line(!a.json);
  o.progress = [&](double share, const std::string& what) { line.show(share, what); };
  const Recovery r = recover(entry, o);
  line.clear();
  if (!a.out.empty()) write_file(a.out, table(r));
  if (a.json)
    fmt::print("{}\n", json_of(r).dump(1));
  else
    print(r, a.method);
  if (!a.out.empty() && !a.json) fmt::print("{}: true and fitted values, a row each\n", a.out);
  return 0;
}

}  // namespace labile
