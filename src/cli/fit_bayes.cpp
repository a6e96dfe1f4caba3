/// `labile fit` by hierarchical Bayes: the whole group at once, with its diagnostics.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bayes/group_fit.hpp"
#include "card/find_agent.hpp"
#include "cli/data.hpp"
#include "cli/fit_formula.hpp"
#include "cli/fit_outputs.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "learners/catalogue.hpp"
#include "record/write.hpp"
#include "run/json.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;

Json json_of(const DrawSummary& s) {
  return {{"mean", number(s.mean)},         {"sd", number(s.sd)},       {"q2.5", number(s.q2_5)},
          {"median", number(s.median)},     {"q97.5", number(s.q97_5)}, {"ess_bulk", number(s.ess_bulk)},
          {"ess_tail", number(s.ess_tail)}, {"rhat", number(s.rhat)},   {"mcse_mean", number(s.mcse_mean)},
          {"mcse_sd", number(s.mcse_sd)}};
}
Json json_of(const Estimate& e) {
  return {{"estimate", number(e.value)}, {"se", number(e.se)}};
}

/// One model's fit with what it was made of.
struct Fitted {
  std::string model;
  const LearnerEntry* entry;
  GroupFit fit;
  std::vector<std::vector<double>> rows;   // [subject] posterior means, in table order
  std::vector<double> loglik;              // [subject] there
  std::vector<int> trials;                 // [subject] that enter its likelihood
  std::vector<ParamEffects> effects = {};  // of formulas
};

}  // namespace

GroupFitOptions sampler_settings(const DataArgs& a) {
  GroupFitOptions o;
  o.chains = a.chains;
  o.warmup = a.warmup;
  o.draws = a.draws;
  o.adapt_delta = a.adapt_delta;
  o.max_depth = a.max_depth;
  o.seed = a.seed;
  return o;
}
GroupFitOptions group_options(const DataArgs& a, const LearnerEntry& entry, ProgressLine& line) {
  GroupFitOptions o = sampler_settings(a);
  o.overrides = held(a, entry);
  for (const auto& g : a.groups) o.groups.push_back(parse_group(g));
  o.threads = thread_count(a.jobs);
  o.progress = [&line](double share, const std::string& what) { line.show(share, what); };
  return o;
}

namespace {

Fitted fit_model(const DataArgs& a, const DataSet& data, const FormulaFit& formulas, const std::string& model,
                 ProgressLine& line) {
  const auto& entry = find_learner(model, Where{"--model", 0, 0, ""});
  auto options = group_options(a, entry, line);
  options.designs = designs_of(formulas, entry);
  options.correlated = a.correlated;
  Fitted f{model, &entry, fit_group(entry, data.subjects, formulas.subject_of, options), {}, {}, {}};
  line.clear();
  f.effects = effects_of(formulas, f.fit);
  const auto standard = group_model(entry, held(a, entry)).standard;
  for (std::size_t s = 0; s < data.subjects.size(); ++s) {
    auto row = standard;
    for (std::size_t k = 0; k < f.fit.params.size(); ++k)
      row[static_cast<std::size_t>(f.fit.params[k].at)] = f.fit.unit[k][s].mean;
    f.loglik.push_back(entry.likelihood->value(row, data.subjects[s], {}));
    f.rows.push_back(std::move(row));
    f.trials.push_back(count_entering(entry, data.subjects[s]));
  }
  if (const auto without = std::count(f.trials.begin(), f.trials.end(), 0); without > 0)
    f.fit.warnings.push_back(
        formulas.within.empty()
            ? fmt::format("{} subject(s) have nothing that enters, {}: their values are the group's", without,
                          none_enters(entry))
            : fmt::format(
                  "{} unit(s) have nothing that enters, {}: their values come from the subject's other "
                  "conditions and the group",
                  without, none_enters(entry)));
  return f;
}

Json json_of(const Fitted& f, const DataArgs& a, const FormulaFit& formulas) {
  const auto& g = f.fit;
  Json group = Json::object(), each = Json::array(), own = Json::object();
  for (const auto& q : g.group) group[q.name] = json_of(q.summary);
  for (std::size_t k = 0; k < g.params.size(); ++k) own[g.params[k].name] = number(g.own_share[k]);
  for (std::size_t s = 0; s < f.rows.size(); ++s) {
    Json params = Json::object(), se = Json::object(), all = Json::object();
    for (std::size_t k = 0; k < f.entry->params.size(); ++k)
      params[f.entry->params[k].name] = number(f.rows[s][k]);
    for (std::size_t k = 0; k < g.params.size(); ++k) {
      se[g.params[k].name] = number(g.unit[k][s].sd);
      all[g.params[k].name] = json_of(g.unit[k][s]);
    }
    Json one{{"subject", formulas.subjects[static_cast<std::size_t>(formulas.subject_of[s])]}};
    for (std::size_t c = 0; c < formulas.within.size(); ++c)
      one["condition"][formulas.within[c]] = formulas.values[s][c];
    one.update(Json{{"params", params},
                    {"se", se},
                    {"posterior", all},
                    {"loglik", number(f.loglik[s])},
                    {"trials", f.trials[s]}});
    each.push_back(std::move(one));
  }
  Json bfmi = Json::array();
  for (const double x : g.e_bfmi) bfmi.push_back(number(x));
  Json r{{"model", f.model},
         {"method", "bayes"},
         {"of", predicts(*f.entry)},
         {"settings",
          {{"chains", g.chains.size()},
           {"warmup", a.warmup},
           {"draws", a.draws},
           {"adapt_delta", a.adapt_delta},
           {"max_depth", a.max_depth},
           {"seed", a.seed}}},
         {"group", group},
         {"own_share", own},
         {"diagnostics",
          {{"divergences", g.divergences},
           {"max_depth_hits", g.depth_hits},
           {"e_bfmi", bfmi},
           {"max_rhat", number(g.worst_rhat)},
           {"min_ess_bulk", number(g.least_bulk)},
           {"min_ess_tail", number(g.least_tail)},
           {"warnings", g.warnings},
           {"weak", g.weak}}},
         {"loo",
          {{"elpd", json_of(g.loo.elpd)},
           {"p", json_of(g.loo.p)},
           {"looic", json_of(g.loo.looic)},
           {"observations", g.observations},
           {"k_threshold", number(g.loo.threshold)},
           {"k_above", g.loo.unreliable}}},
         {"waic",
          {{"elpd", json_of(g.waic.elpd)},
           {"p", json_of(g.waic.p)},
           {"waic", json_of(g.waic.waic)},
           {"p_above_0.4", g.waic.unreliable}}},
         {"timing",
          {{"wall_s", g.wall_s},
           {"start_cpu_s", g.laplace_s},
           {"warmup_cpu_s", g.warmup_s},
           {"sampling_cpu_s", g.sampling_s},
           {"checks_cpu_s", g.predict_s},
           {"gradients", g.gradients}}}};
  add_effects(r, f.effects);
  r["subjects"] = each;
  return r;
}

void print_fit(const Fitted& f, const DataArgs& a, const FormulaFit& formulas) {
  const auto& g = f.fit;
  fmt::print(
      "\n{} (hierarchical Bayes): {} subjects{}, {} {}; {} chains of {} draws after {} of warm-up, "
      "{:.1f} s\n",
      f.model, formulas.subjects.size(),
      formulas.within.empty() ? "" : fmt::format(" in {} units", f.rows.size()), g.observations,
      predicts(*f.entry), g.chains.size(), a.draws, a.warmup, g.wall_s);
  fmt::print("  {:<18} {:>10}   {:<20} {:>9} {:>7} {:>7}\n", "median subject", "mean", "95% interval",
             "spread", "R-hat", "ESS");
  for (const auto& p : g.params) {
    const auto of = [&](const std::string& name) {
      return std::find_if(g.group.begin(), g.group.end(), [&](const auto& q) { return q.name == name; })
          ->summary;
    };
    const auto x = of(p.name), spread = of(fmt::format("sigma[{}]", p.name)),
               mu = of(fmt::format("mu[{}]", p.name));
    fmt::print("  {:<18} {:>10}   {:<20} {:>9} {:>7.3f} {:>7.0f}\n",
               p.unit == "1" ? p.name : fmt::format("{}, {}", p.name, p.unit), text_of(x.mean),
               fmt::format("{} to {}", text_of(x.q2_5), text_of(x.q97_5)), text_of(spread.mean),
               std::max(mu.rhat, spread.rhat), std::min(mu.ess_bulk, spread.ess_bulk));
  }
  fmt::print("  spread: sigma of people around the group, before the parameter's transform\n");
  if (!g.loo.points.empty())
    fmt::print("  leave-one-out: elpd {:.1f} (se {:.1f}), {:.1f} effective parameters; WAIC elpd {:.1f}\n",
               g.loo.elpd.value, g.loo.elpd.se, g.loo.p.value, g.waic.elpd.value);
  print_correlations(g);
  print_effects(f.effects, a.effect_prior);
  for (const auto& w : g.weak) fmt::print("  weak: {}\n", w);
  for (const auto& w : g.warnings) fmt::print("  warning: {}\n", w);
  if (g.warnings.empty())
    fmt::print("  checks passed: R-hat at most {:.3f}, at least {:.0f} effective draws, no divergence\n",
               g.worst_rhat, std::min(g.least_bulk, g.least_tail));
}

/// CSV: a row a subject, for each parameter its mean, sd and 95% interval.
std::string table_of(const Fitted& f, const FormulaFit& formulas) {
  std::string r = "subject";
  for (const auto& c : formulas.within) r += "," + csv_field(c);
  for (const auto& p : f.fit.params) r += fmt::format(",{0},{0}_sd,{0}_q2.5,{0}_q97.5", p.name);
  r += ",loglik,trials\n";
  for (std::size_t s = 0; s < f.rows.size(); ++s) {
    r += csv_field(formulas.subjects[static_cast<std::size_t>(formulas.subject_of[s])]);
    for (const auto& value : formulas.values[s]) r += "," + csv_field(value);
    for (std::size_t k = 0; k < f.fit.params.size(); ++k) {
      const auto& x = f.fit.unit[k][s];
      r += fmt::format(",{:.10g},{:.10g},{:.10g},{:.10g}", x.mean, x.sd, x.q2_5, x.q97_5);
    }
    r += fmt::format(",{:.10g},{}\n", f.loglik[s], f.trials[s]);
  }
  return r;
}

/// Draws, trials with the learner's numbers, a methods paragraph: what was asked for.
void write_beside(const DataArgs& a, const DataSet& data, const Fitted& f, const FormulaFit& formulas) {
  const auto say = [&](const std::string& said) {
    if (!a.json) fmt::print("{}\n", said);
  };
  if (!a.draws_out.empty()) say(write_draws(a, data, f.model, f.fit));
  if (!a.trials_out.empty())
    say(write_trial_table(a, data, *f.entry, f.rows, file_of_model(a, a.trials_out, f.model)));
  if (a.methods_out.empty()) return;
  const auto file = file_of_model(a, a.methods_out, f.model);
  write_file(file, methods_text(a, data, f.model, f.fit, formulas.codings));
  say(fmt::format("{}: a methods paragraph", file.string()));
}
void print_json(const Json& all) {
  fmt::print("{}\n", (all.size() == 1 ? all[0] : all).dump(1));
}
}  // namespace

int fit_bayes_command(const DataArgs& a, const DataSet& data, const FormulaFit& formulas) {
  Json all = Json::array();
  for (const auto& model : a.models) {
    if (a.prior_only) {
      const auto& entry = find_learner(model, Where{"--model", 0, 0, ""});
      if (!a.json) fmt::print("\n{}:\n", model);
      auto check = check_fit_predictions(a, data, entry, nullptr, !a.json, designs_of(formulas, entry));
      all.push_back({{"model", model}, {"method", "prior"}, {"check", std::move(check)}});
      continue;
    }
    ProgressLine line(!a.json);
    const auto f = fit_model(a, data, formulas, model, line);
    // The fit first: what is written beside it may fail.
    if (a.json)
      all.push_back(json_of(f, a, formulas));
    else
      print_fit(f, a, formulas);
    try {
      if (!a.out.empty()) {
        const auto file = file_of_model(a, a.out, model);
        write_file(file, table_of(f, formulas));
        if (!a.json) fmt::print("{}: one row a subject\n", file.string());
      }
      write_beside(a, data, f, formulas);
      if (!a.checks.empty()) {
        auto check = check_fit_predictions(a, data, *f.entry, &f.fit, !a.json);
        if (a.json) all.back()["check"] = std::move(check);
      }
    } catch (const Error&) {
      if (a.json) print_json(all);
      throw;
    }
  }
  if (a.json) print_json(all);
  return 0;
}

}  // namespace labile
