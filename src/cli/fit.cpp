/// `labile fit` and `labile loglik`: learners and choices, one subject at a time.
#include "fit/fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "card/find_agent.hpp"
#include "cli/data.hpp"
#include "cli/fit_formula.hpp"
#include "cli/fit_outputs.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "learners/catalogue.hpp"
#include "record/write.hpp"
#include "run/json.hpp"
#include "run/methods.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;

FitOptions single_options(const DataArgs& a, const LearnerEntry& entry) {
  FitOptions o;
  o.method = a.method == "ml" ? FitMethod::ml : FitMethod::map;
  o.starts = a.starts;
  o.seed = a.seed;
  o.overrides = held(a, entry);
  o.threads = thread_count(a.jobs);
  return o;
}
ModelFit fit_model(const DataArgs& a, const DataSet& data, const std::string& model) {
  const auto& entry = find_learner(model, Where{"--model", 0, 0, ""});
  FitSpec spec;
  spec.id = spec.model = model;
  spec.method = a.method;
  spec.starts = a.starts;
  ModelFit f{std::move(spec),
             a.data,
             {},
             {},
             data.trials.subjects,
             fit_subjects(entry, data.subjects, single_options(a, entry))};
  for (const auto& p : entry.params) {
    f.names.push_back(p.name);
    f.units.push_back(p.unit);
  }
  return f;
}

/// Names, the first few of many.
std::string some(const std::vector<std::string>& names) {
  const auto n = std::min<std::size_t>(names.size(), 5);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(n), ", "),
                     n < names.size() ? ", ..." : "");
}

Json json_of(const ModelFit& f) {
  Json subjects = Json::array();
  for (std::size_t s = 0; s < f.fits.size(); ++s) {
    Json params = Json::object(), se = Json::object();
    for (std::size_t k = 0; k < f.names.size() && k < f.fits[s].params.size(); ++k) {
      params[f.names[k]] = number(f.fits[s].params[k]);
      se[f.names[k]] = number(f.fits[s].se[k]);
    }
    subjects.push_back({{"subject", f.subjects[s]},
                        {"params", params},
                        {"se", se},
                        {"loglik", number(f.fits[s].loglik)},
                        {"aic", number(f.fits[s].aic)},
                        {"bic", number(f.fits[s].bic)},
                        {"trials", f.fits[s].trials},
                        {"converged", f.fits[s].converged},
                        {"at_bound", f.fits[s].at_bound},
                        {"note", f.fits[s].note}});
  }
  return {{"model", f.spec.model},
          {"method", f.spec.method},
          {"of", predicts(find_learner(f.spec.model))},
          {"subjects", subjects}};
}

void print_fit(const ModelFit& f) {
  double loglik = 0, aic = 0, bic = 0;
  int trials = 0, unconverged = 0, at_bound = 0;
  std::map<std::string, std::vector<std::string>> unfitted, noted;  // why -> who
  std::vector<std::string> impossible;
  for (std::size_t i = 0; i < f.fits.size(); ++i) {
    const auto& s = f.fits[i];
    if (s.before_t0 > 0) impossible.push_back(f.subjects[i]);
    if (!std::isfinite(s.loglik)) {
      unfitted[s.note].push_back(f.subjects[i]);
      continue;
    }
    loglik += s.loglik;
    aic += s.aic;
    bic += s.bic;
    trials += s.trials;
    unconverged += !s.converged;
    at_bound += !s.at_bound.empty();
    if (!s.note.empty()) noted[s.note].push_back(f.subjects[i]);
  }
  const LearnerEntry& learner = find_learner(f.spec.model);
  const bool density = learner.reports || learner.timed;
  fmt::print("\n{} ({}): {} subjects, {} {}\n  log-likelihood {:.3f}, AIC {:.1f}, BIC {:.1f}{}\n",
             f.spec.model, f.spec.method == "ml" ? "maximum likelihood" : "maximum a posteriori",
             f.fits.size(), trials, predicts(learner), loglik, aic, bic,
             density ? " (of densities: not comparable with those of choices)" : "");
  for (const auto& [why, who] : unfitted)
    fmt::print("  {} subject(s) could not be fitted, {}: {}\n", who.size(), why, some(who));
  if (!impossible.empty())
    fmt::print("  {} subject(s) have responses at or before their t0, which cannot be: {}\n",
               impossible.size(), some(impossible));
  for (std::size_t k = 0; k < f.names.size(); ++k) {
    std::vector<double> x;
    for (const auto& s : f.fits)
      if (k < s.params.size() && std::isfinite(s.params[k])) x.push_back(s.params[k]);
    if (x.empty()) continue;
    std::sort(x.begin(), x.end());
    const auto quantile = [&](double q) {
      const double at = q * static_cast<double>(x.size() - 1);
      const auto i = static_cast<std::size_t>(at);
      return i + 1 < x.size() ? x[i] + (at - static_cast<double>(i)) * (x[i + 1] - x[i]) : x.back();
    };
    fmt::print("  {:<16} median {:.4g}, middle half {:.4g} to {:.4g}\n", f.names[k], quantile(0.5),
               quantile(0.25), quantile(0.75));
  }
  for (const auto& [what, who] : noted) fmt::print("  {} subject(s): {}: {}\n", who.size(), what, some(who));
  if (at_bound) fmt::print("  {} subject(s) have a parameter at a bound\n", at_bound);
  if (unconverged) fmt::print("  {} subject(s) did not converge\n", unconverged);
}
/// Outputs and checks that this method has not.
void refuse_absent_outputs(const DataArgs& a) {
  const bool bayes = a.method == "bayes";
  if (!bayes && !a.group_out.empty())
    throw Error(fmt::format("--group-out: --method {} knows no group", a.method));
  if (!bayes && !a.draws_out.empty())
    throw Error(fmt::format("--draws-out: --method {} has no draws", a.method));
  if (!bayes && (!a.checks.empty() || a.prior_only))
    throw Error(fmt::format("{}: is for --method bayes", a.prior_only ? "--prior-only" : "--check"));
  if (a.checks.empty() && (a.prior_only || !a.task.empty() || !a.task_set.empty()))
    throw Error(fmt::format("{}: goes with --check METRIC,...", a.prior_only     ? "--prior-only"
                                                                : a.task.empty() ? "--set"
                                                                                 : "--task"));
  if (a.prior_only && !(a.group_out.empty() && a.draws_out.empty() && a.trials_out.empty() &&
                        a.methods_out.empty() && a.out.empty()))
    throw Error("--prior-only: fits nothing, so there is nothing to write");
}
/// Before anything is fitted: files that would replace the data, and folders that are not there.
void refuse_targets(const DataArgs& a, const DataSet& data) {
  namespace fs = std::filesystem;
  std::error_code none;
  std::map<fs::path, std::string> taken;  // file -> its option
  for (const auto& [option, target] : {std::pair("--out", a.out),
                                       {"--group-out", a.group_out},
                                       {"--trials-out", a.trials_out},
                                       {"--methods", a.methods_out}}) {
    if (target.empty()) continue;
    const fs::path folder = fs::path(target).parent_path();
    if (!folder.empty() && !fs::is_directory(folder, none))
      throw Error(fmt::format("{} {}: there is no folder {}", option, target, folder.string()));
    if (fs::exists(target, none) && !fs::is_regular_file(target, none) && !fs::is_directory(target, none))
      continue;  // devices and pipes take several
    if (const auto [other, fresh] = taken.emplace(fs::absolute(target).lexically_normal(), option); !fresh)
      throw Error(fmt::format("{} {}: is the file of {}", option, target, other->second));
    for (const auto& m : a.models) {
      const auto file = file_of_model(a, target, m);
      if (fs::equivalent(file, data.path, none))
        throw Error(fmt::format("{} {}: that file holds the data", option, target));
      if (fs::is_directory(file, none))
        throw Error(fmt::format("{} {}: is a folder; name a file", option, target));
    }
  }
  if (a.draws_out.empty()) return;
  fs::create_directories(a.draws_out, none);
  if (!fs::is_directory(a.draws_out, none))
    throw Error(fmt::format("--draws-out {}: is no folder", a.draws_out));
}
void add_missing(ModelInputs& inputs, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (std::find(inputs.needed.begin(), inputs.needed.end(), name) == inputs.needed.end() &&
        std::find(inputs.optional.begin(), inputs.optional.end(), name) == inputs.optional.end())
      inputs.optional.push_back(name);
}

/// --trials-out and --methods of a fit of single subjects.
void write_beside(const DataArgs& a, const DataSet& data, const ModelFit& f) {
  const auto& entry = find_learner(f.spec.model);
  std::vector<std::vector<double>> rows;
  for (const auto& s : f.fits)
    rows.push_back(s.params.empty() ? std::vector<double>(entry.params.size(), std::nan("")) : s.params);
  if (!a.trials_out.empty()) {
    const auto said =
        write_trial_table(a, data, entry, rows, nullptr, file_of_model(a, a.trials_out, f.spec.model));
    if (!a.json) fmt::print("{}\n", said);
  }
  if (!a.methods_out.empty())
    write_file(file_of_model(a, a.methods_out, f.spec.model),
               methods_text(data, f.spec.model, entry, single_options(a, entry), rows));
}
/// Of several models some may not have a formula's parameter.
void note_formulas_left_alone(const FormulaFit& f, const std::vector<const LearnerEntry*>& learners,
                              std::vector<std::string>& notes) {
  for (const auto& c : f.codings)
    for (const auto& p : c.formula().params)
      for (const auto* l : learners)
        if (!has_param(*l, p))
          notes.push_back(fmt::format("'{}' has no parameter '{}': formula \"{}\" changes nothing in it",
                                      l->info.name, p, c.formula().text));
}
void fit_and_write(const DataArgs& a, const DataSet& data, const std::string& model, ToldFits& all) {
  const auto f = fit_model(a, data, model);
  all.tell(
      data, model, [&] { return json_of(f); }, [&] { print_fit(f); }, fit_table(f));
  write_beside(a, data, f);
}
}  // namespace

void ToldFits::each(const std::function<void(std::size_t)>& fit_model) {
  try {
    for (std::size_t m = 0; m < a_.models.size(); ++m) fit_model(m);
  } catch (const std::exception&) {
    print();
    throw;
  }
  print();
}
void ToldFits::tell(const DataSet& data, const std::string& model, const std::function<Json()>& json,
                    const std::function<void()>& print, const std::string& table) {
  if (a_.json) {
    all_.push_back(json());
    all_.back()["notes"] = data.notes;
  } else {
    print();
  }
  if (a_.out.empty()) return;
  const auto file = file_of_model(a_, a_.out, model);
  write_file(file, table);
  if (!a_.json) fmt::print("{}: one row a subject\n", file.string());
}
void ToldFits::print() const {
  if (!a_.json || all_.empty()) return;
  fmt::print("{}\n", (a_.models.size() == 1 ? all_[0] : Json(all_)).dump(1));
}

int fit_command(const DataArgs& a) {
  // Refusals first: reading a large file to say no is rude.
  for (const auto& m : a.models) {
    const auto& entry = find_learner(m, Where{"--model", 0, 0, ""});
    if (!entry.likelihood) throw Error(fmt::format("'{}' cannot be fitted: {}", m, entry.no_likelihood));
  }
  std::vector<const LearnerEntry*> learners;
  for (const auto& m : a.models) learners.push_back(&find_learner(m));
  check_held(a, learners);
  check_groups(a, learners);
  check_formulas(a, learners);
  refuse_absent_outputs(a);
  refuse_idle_options(a);
  auto inputs = inputs_of(a.models);
  if (!a.checks.empty()) add_missing(inputs, columns_for_checks(a));
  auto data = load_data(a, inputs);
  refuse_targets(a, data);
  const auto tell = [&] {
    refuse_joined_conditions(data);
    for (auto& n : doubts(learners, data.subjects)) data.notes.push_back(std::move(n));
    if (a.json) return;
    for (const auto& n : data.notes) fmt::print("note: {}\n", n);
  };
  if (a.method == "bayes") {
    const auto formulas = formula_fit(formula_spec(a), data);
    refuse_checks(a, data, learners);
    note_formulas_left_alone(formulas, learners, data.notes);
    tell();
    return fit_bayes_command(a, data, formulas);
  }
  tell();
  ToldFits all(a);
  all.each([&](std::size_t m) { fit_and_write(a, data, a.models[m], all); });
  return 0;
}

int loglik_command(const DataArgs& a) {
  const auto& entry = find_learner(a.models.front(), Where{"--model", 0, 0, ""});
  if (!entry.likelihood)
    throw Error(fmt::format("'{}' has no likelihood: {}", a.models.front(), entry.no_likelihood));
  if (a.surprise && !entry.surprise)
    throw Error(fmt::format("'{}' is no model of sequences: its inputs have no surprise", a.models.front()));
  const bool table = a.params.size() == 1 && a.params[0].find('=') == std::string::npos;
  std::vector<double> params;
  if (!table) params = param_row(entry, parse_settings(a.params, "--params"));
  auto data = load_data(a, inputs_of(a.models));
  refuse_joined_conditions(data);
  std::vector<double> each(data.subjects.size());
  std::vector<std::vector<double>> rows(each.size(), params);
  if (table) rows = parameter_table(a.params[0], entry, data.trials.subjects, data.notes);
  check_trials(entry, data.subjects);
  std::vector<std::string> idle;  // subjects without anything to score
  double total = 0;
  for (std::size_t s = 0; s < rows.size(); ++s) {
    each[s] = a.surprise ? entry.surprise(rows[s], data.subjects[s], {})
                         : loglik_total(entry, rows[s], std::span(data.subjects).subspan(s, 1));
    if (std::isnan(each[s]))
      data.notes.push_back(fmt::format("subject {}: these parameters are invalid for '{}' on these trials",
                                       data.trials.subjects[s], entry.info.name));
    total += each[s];
    if (!a.surprise && count_entering(entry, data.subjects[s]) == 0) idle.push_back(data.trials.subjects[s]);
    if (const int n = before_t0(entry, rows[s], data.subjects[s]); n > 0)
      data.notes.push_back(fmt::format("subject {}: {} response(s) came at or before t0, which cannot be",
                                       data.trials.subjects[s], n));
  }
  if (!idle.empty())
    data.notes.push_back(
        fmt::format("{} subject(s) stand at 0, for {}: {}", idle.size(), none_enters(entry), some(idle)));
  if (a.json) {
    Json subjects = Json::object();
    for (std::size_t s = 0; s < each.size(); ++s) subjects[data.trials.subjects[s]] = number(each[s]);
    Json p = Json::object();
    for (std::size_t k = 0; k < params.size(); ++k) p[entry.params[k].name] = params[k];
    if (table) p = a.params[0];
    fmt::print("{}\n", Json{{"model", a.models.front()},
                            {"of", a.surprise ? std::string("surprise of inputs")
                                              : fmt::format("log-likelihood of {}", predicts(entry))},
                            {"params", p},
                            {"total", number(total)},
                            {"subjects", subjects}}
                           .dump(1));
    return 0;
  }
  for (const auto& n : data.notes) fmt::print("note: {}\n", n);
  for (std::size_t s = 0; s < each.size(); ++s)
    fmt::print("{},{:.12g}\n", csv_field(data.trials.subjects[s]), each[s]);
  fmt::print("total,{:.12g}\n", total);
  return 0;
}

}  // namespace labile
