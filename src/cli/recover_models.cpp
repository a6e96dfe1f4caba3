/// `labile recover --models`: can these learners be told apart from choices in this task?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/data.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "learners/catalogue.hpp"
#include "run/json.hpp"
#include "run/model_recovery.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;
constexpr double kConfused =
    0.5;  // inversion below which a model that fits best is hardly the one that was simulated

Json json_of(const Confusion& c) {
  Json confusion = Json::array(), confusion_se = Json::array(), inversion = Json::array(),
       inversion_se = Json::array();
  for (std::size_t i = 0; i < c.count.size(); ++i) {
    Json rows[4] = {Json::array(), Json::array(), Json::array(), Json::array()};
    for (std::size_t j = 0; j < c.count.size(); ++j) {
      rows[0].push_back(number(c.confusion(i, j)));
      rows[1].push_back(number(c.confusion_se(i, j)));
      rows[2].push_back(number(c.inversion(i, j)));
      rows[3].push_back(number(c.inversion_se(i, j)));
    }
    confusion.push_back(rows[0]);
    confusion_se.push_back(rows[1]);
    inversion.push_back(rows[2]);
    inversion_se.push_back(rows[3]);
  }
  return {{"count", c.count},
          {"p_best_given_simulated", confusion},
          {"p_best_given_simulated_se", confusion_se},
          {"p_simulated_given_best", inversion},
          {"p_simulated_given_best_se", inversion_se}};
}

void print_matrix(const std::vector<std::string>& models, const std::string& title, const std::string& rows,
                  const std::function<std::string(std::size_t, std::size_t)>& cell) {
  std::size_t width = 14;
  for (const auto& m : models) width = std::max(width, m.size());
  fmt::print("\n  {}\n  {:<{}}", title, rows, width + 2);
  for (const auto& m : models) fmt::print("  {:>{}}", m, width);
  fmt::print("\n");
  for (std::size_t i = 0; i < models.size(); ++i) {
    fmt::print("  {:<{}}", models[i], width + 2);
    for (std::size_t j = 0; j < models.size(); ++j) fmt::print("  {:>{}}", cell(i, j), width);
    fmt::print("\n");
  }
}

void print_confusion(const ModelRecovery& r, const Confusion& c, const std::string& of, bool both) {
  const auto share = [](double p, double se) {
    return std::isnan(p) ? std::string("-") : fmt::format("{:.2f} ({:.2f})", p, se);
  };
  print_matrix(r.models, fmt::format("fitted best, share of {} that were simulated by (standard error)", of),
               "simulated", [&](auto i, auto j) { return share(c.confusion(i, j), c.confusion_se(i, j)); });
  if (both)
    print_matrix(r.models,
                 fmt::format("was simulated, share of {} that are fitted best by (standard error)", of),
                 "simulated", [&](auto i, auto j) { return share(c.inversion(i, j), c.inversion_se(i, j)); });
}

/// Models that a best fit does not speak for.
std::vector<std::string> confused(const ModelRecovery& r, const Confusion& c, const std::string& of) {
  std::vector<std::string> said;
  for (std::size_t j = 0; j < r.models.size(); ++j) {
    if (std::isnan(c.confusion(j, j))) continue;  // interrupted before it simulated any
    const double right = c.inversion(j, j);
    if (std::isnan(right)) {
      said.push_back(fmt::format("{} never fits best, not even {} that it simulated", r.models[j], of));
      continue;
    }
    if (right >= kConfused) continue;
    std::size_t other = j == 0 ? 1 : 0;
    for (std::size_t i = 0; i < r.models.size(); ++i)
      if (i != j && c.inversion(i, j) > c.inversion(other, j)) other = i;
    said.push_back(fmt::format(
        "of {} that {} fits best, {:.0f}% were simulated by it and {:.0f}% by {}: this design confuses them",
        of, r.models[j], 100 * right, 100 * c.inversion(other, j), r.models[other]));
  }
  return said;
}

std::string table(const ModelRecovery& r) {
  std::string csv = "simulated,data_set,subject,best";
  for (const auto& m : r.models) csv += ",score_" + m;
  csv += "\n";
  for (const auto& s : r.each) {
    csv += fmt::format("{},{},{},{}", r.models[static_cast<std::size_t>(s.simulated)], s.data_set, s.subject,
                       s.best < 0 ? "" : r.models[static_cast<std::size_t>(s.best)]);
    for (const double x : s.score) csv += std::isfinite(x) ? fmt::format(",{:.12g}", x) : ",";
    csv += "\n";
  }
  return csv;
}
}  // namespace

int recover_models_command(const RecoverArgs& a) {
  if (!a.ranges.empty() || !a.groups.empty() || !a.plot.empty())
    throw Error("--range, --group and --plot are of one learner's recovery, with --model");
  std::vector<NamedLearner> models;
  for (const auto& m : a.models) models.push_back({m, &find_learner(m, Where{"--models", 0, 0, ""})});
  const bool bayes = a.method == "bayes";
  if (bayes != (a.criterion == "loo") && !a.criterion.empty())
    throw Error(
        fmt::format("--criterion {} does not go with --method {}: bayes has loo, map and ml have bic and aic",
                    a.criterion, a.method));
  ModelRecoveryOptions o;
  o.task = a.task;
  o.task_settings = parse_settings(a.set, "--set");
  if (a.subjects > 0) o.subjects = a.subjects;
  o.data_sets = a.data_sets;
  o.criterion = bayes ? Criterion::loo : a.criterion == "aic" ? Criterion::aic : Criterion::bic;
  o.fit.method = a.method == "ml" ? FitMethod::ml : FitMethod::map;
  o.fit.starts = a.starts;
  o.fit.seed = a.seed;
  o.fit.threads = thread_count(a.jobs);
  o.group.chains = a.chains;
  o.group.warmup = a.warmup;
  o.group.draws = a.draws;
  ProgressLine line(!a.json);
  o.progress = [&](double share, const std::string& what) { line.show(share, "models", what); };
  const auto r = recover_models(models, o);
  line.clear();
  const int asked = a.data_sets * static_cast<int>(models.size());
  const char* by = bayes ? "loo" : o.criterion == Criterion::aic ? "aic" : "bic";
  if (!a.out.empty()) write_file(a.out, table(r));
  auto warnings = confused(r, r.subjects, "subjects");
  for (auto& w : confused(r, r.data_sets, "data sets")) warnings.push_back(std::move(w));
  if (r.played < asked) warnings.push_back(fmt::format("interrupted: {} of {} data sets", r.played, asked));
  if (a.json) {
    fmt::print("{}\n", Json{{"models", r.models},
                            {"task", r.task},
                            {"decisions", r.trials},
                            {"method", a.method},
                            {"criterion", by},
                            {"data_sets", a.data_sets},
                            {"subjects_per_data_set", o.subjects},
                            {"subjects", json_of(r.subjects)},
                            {"groups", json_of(r.data_sets)},
                            {"invalid", r.invalid},
                            {"undecided", r.undecided},
                            {"fits_with_warnings", r.warned},
                            {"warnings", warnings}}
                           .dump(1));
    return r.played < asked ? 130 : 0;
  }
  fmt::print("\n{}: {} data sets of {} subjects of each learner, at most {} decisions; best by {}\n", r.task,
             a.data_sets, o.subjects, r.trials, by);
  print_confusion(r, r.subjects, "subjects", true);
  print_confusion(r, r.data_sets,
                  bayes ? "data sets (sum over subjects)" : "data sets (most frequent, random effects)",
                  false);
  fmt::print("\n");
  for (const auto& w : warnings) fmt::print("  warning: {}.\n", w);
  if (r.invalid > 0)
    fmt::print("  {} subject(s) drew parameters that are invalid and were left out.\n", r.invalid);
  if (r.undecided > 0)
    fmt::print("  {} subject(s) could not be fitted by every learner and count nowhere.\n", r.undecided);
  if (r.warned > 0)
    fmt::print("  {} hierarchical fit(s) have warnings; more --warmup and --draws may help.\n", r.warned);
  if (!a.out.empty()) fmt::print("{}: every subject's scores\n", a.out);
  return r.played < asked ? 130 : 0;
}

}  // namespace labile
