/// `labile recover`: can this learner's parameters be told from choices in this task?
#include "run/recover.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/data.hpp"
#include "cli/output.hpp"
#include "cli/plots.hpp"
#include "core/output_file.hpp"
#include "learners/catalogue.hpp"
#include "run/json.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;

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

Json numbers(const std::vector<double>& list) {
  Json r = Json::array();
  for (const double x : list) r.push_back(number(x));
  return r;
}

Json json_of(const Recovery& r) {
  Json params = Json::array(), group = Json::array();
  for (const auto& p : r.params) {
    Json j{{"name", p.name},
           {"unit", p.unit},
           {"r", number(p.r)},
           {"bias", number(p.bias)},
           {"rmse", number(p.rmse)},
           {"slope", number(p.slope)},
           {"true_sd", number(p.truth_sd)}};
    if (r.group.empty()) {
      j["at_bound"] = number(p.at_bound);
    } else {
      Json coverage = Json::array();
      for (std::size_t c = 0; c < p.coverage.size(); ++c)
        coverage.push_back({{"interval", kRecoveredIntervals[c]}, {"covered", number(p.coverage[c])}});
      j["coverage"] = coverage;
      j["shrinkage"] = number(p.shrinkage);
    }
    j["truth"] = numbers(p.truth);
    j["fitted"] = numbers(p.fitted);
    params.push_back(j);
  }
  const auto posterior = [](double truth, const DrawSummary& s) {
    return Json{{"truth", number(truth)}, {"mean", number(s.mean)},   {"sd", number(s.sd)},
                {"q2.5", number(s.q2_5)}, {"q97.5", number(s.q97_5)}, {"rhat", number(s.rhat)}};
  };
  for (const auto& g : r.group)
    group.push_back({{"name", g.name},
                     {"mu", posterior(g.mu, g.mu_posterior)},
                     {"sigma", posterior(g.sigma, g.sigma_posterior)}});
  Json errors = Json::array();
  for (const auto& row : r.error_r) errors.push_back(numbers(row));
  Json j{{"learner", r.learner}, {"task", r.task},        {"subjects", r.subjects},
         {"trials", r.trials},   {"parameters", params},  {"error_correlations", errors},
         {"invalid", r.invalid}, {"unfitted", r.unfitted}};
  if (!r.group.empty()) {
    j["group"] = group;
    j["warnings"] = r.warnings;
  }
  return j;
}

void print_group(const Recovery& r) {
  fmt::print("\n  {:<16} {:>8} {:>10}   {:<20} {:>10}   {}\n", "group, before T", "true mu", "mean",
             "95% interval", "true sigma", "95% interval of sigma");
  const auto range = [](const DrawSummary& s) { return fmt::format("{:.3g} to {:.3g}", s.q2_5, s.q97_5); };
  const auto truth = [](double x) { return std::isnan(x) ? std::string("-") : fmt::format("{:.3g}", x); };
  for (const auto& g : r.group)
    fmt::print("  {:<16} {:>8} {:>10.3g}   {:<20} {:>10}   {}\n", g.name, truth(g.mu), g.mu_posterior.mean,
               range(g.mu_posterior), truth(g.sigma), range(g.sigma_posterior));
  fmt::print(
      "  Subjects share the group's error, so this is one data set's coverage; `labile calibrate` is of "
      "many.\n");
}

void print(const Recovery& r, const std::string& method) {
  const bool bayes = !r.group.empty();
  fmt::print("\n{} on {}: {} subjects of at most {} decisions, {}\n\n", r.learner, r.task, r.subjects,
             r.trials,
             bayes            ? "hierarchical Bayes"
             : method == "ml" ? "maximum likelihood"
                              : "maximum a posteriori");
  fmt::print("  {:<16} {:>6} {:>10} {:>10} {:>7}   {}\n", "parameter", "r", "bias", "rmse", "slope",
             bayes ? "intervals of 50, 90, 95% cover  shrinkage" : "at bound");
  for (const auto& p : r.params) {
    fmt::print("  {:<16} {:>6.2f} {:>+10.3g} {:>10.3g} {:>7.2f}   ", p.name, p.r, p.bias, p.rmse, p.slope);
    if (bayes)
      fmt::print("{:>13.0f}% {:>5.0f}% {:>5.0f}%  {:>11.0f}%\n", 100 * p.coverage[0], 100 * p.coverage[1],
                 100 * p.coverage[2], 100 * p.shrinkage);
    else
      fmt::print("{:>7.0f}%\n", 100 * p.at_bound);
  }
  if (bayes) print_group(r);
  fmt::print("\n");
  for (const auto& p : r.params)
    if (!(p.r >= kPoor))
      fmt::print(
          "  {} cannot be identified at this design: r = {:.2f}, below {} (its true values have an sd of "
          "{:.2g}).\n",
          p.name, p.r, kPoor, p.truth_sd);
  for (std::size_t a = 0; a < r.params.size(); ++a)
    for (std::size_t b = a + 1; b < r.params.size(); ++b)
      if (std::abs(r.error_r[a][b]) >= kTradeOff)
        fmt::print("  {} and {} trade off: their errors correlate at {:.2f}.\n", r.params[a].name,
                   r.params[b].name, r.error_r[a][b]);
  if (r.invalid > 0)
    fmt::print("  {} subject(s) drew parameters that are invalid for this learner and were left out.\n",
               r.invalid);
  if (r.unfitted > 0) fmt::print("  {} subject(s) could not be fitted.\n", r.unfitted);
  for (const auto& w : r.warnings) fmt::print("  warning: {}\n", w);
}

/// A row a subject and parameter; of method bayes with its intervals.
std::string table(const Recovery& r) {
  std::string csv = "subject,parameter,unit,truth,fitted";
  if (!r.group.empty())
    for (const double i : kRecoveredIntervals) csv += fmt::format(",low_{0:.0f},high_{0:.0f}", 100 * i);
  csv += "\n";
  for (const auto& p : r.params)
    for (std::size_t s = 0; s < p.truth.size(); ++s) {
      csv += fmt::format("{},{},{},{},{}", s, p.name, p.unit, p.truth[s],
                         std::isnan(p.fitted[s]) ? "" : fmt::format("{}", p.fitted[s]));
      if (!p.intervals.empty())
        for (const auto& i : p.intervals[s])
          csv += std::isnan(i.low) ? ",," : fmt::format(",{},{}", i.low, i.high);
      csv += "\n";
    }
  return csv;
}

std::string picture(const Recovery& r) {
  std::vector<ScatterPanel> panels;
  for (const auto& p : r.params) {
    ScatterPanel x{p.name, p.unit, fmt::format("r {:.2f}", p.r), p.truth, p.fitted, {}, {}};
    for (const auto& i : p.intervals) {
      x.low.push_back(i[1].low);
      x.high.push_back(i[1].high);
    }
    panels.push_back(std::move(x));
  }
  return scatter_picture(panels, fmt::format("{} on {}", r.learner, r.task),
                         fmt::format("{} subjects of {} decisions{}", r.subjects, r.trials,
                                     r.group.empty() ? "" : "; lines: 90% intervals"));
}
}  // namespace

int recover_command(const RecoverArgs& a) {
  if (!a.models.empty()) return recover_models_command(a);
  if (a.model.empty())
    throw Error("recover: give --model NAME for its parameters, or --models A,B,... to tell models apart");
  const auto& entry = find_learner(a.model, Where{"--model", 0, 0, ""});
  const bool bayes = a.method == "bayes";
  RecoverOptions o;
  o.task = a.task;
  o.task_settings = parse_settings(a.set, "--set");
  constexpr int kSubjects = 200, kInGroup = 50;
  o.subjects = a.subjects > 0 ? a.subjects : bayes ? kInGroup : kSubjects;
  for (const auto& r : a.ranges) o.ranges.push_back(parse_range(r));
  o.fit.method = a.method == "ml" ? FitMethod::ml : FitMethod::map;
  o.fit.starts = a.starts;
  o.fit.seed = a.seed;
  o.fit.threads = thread_count(a.jobs);
  o.group.chains = a.chains;
  o.group.warmup = a.warmup;
  o.group.draws = a.draws;
  o.group.groups = parse_groups(a.groups);
  if (!bayes && !a.groups.empty()) throw Error("--group is of --method bayes");
  ProgressLine line(!a.json);
  o.progress = [&](double share, const std::string& what) { line.show(share, what); };
  const Recovery r = bayes ? recover_group(entry, o) : recover(entry, o);
  line.clear();
  if (!a.out.empty()) write_file(a.out, table(r));
  if (!a.plot.empty()) write_file(a.plot, picture(r));
  if (a.json)
    fmt::print("{}\n", json_of(r).dump(1));
  else
    print(r, a.method);
  if (!a.out.empty() && !a.json) fmt::print("{}: true and fitted values, a row each\n", a.out);
  if (!a.plot.empty() && !a.json) fmt::print("{}: a picture of them\n", a.plot);
  return 0;
}

}  // namespace labile
