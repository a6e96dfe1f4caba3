/// Hierarchical fits as JSON.
#include <fmt/format.h>

#include <cmath>

#include "run/group_result.hpp"
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
Json json_of(const GroupEffect& e) {
  Json r{{"name", e.name}};
  r.update(json_of(e.value));
  r["above_0"] = number(e.above_0);
  return r;
}
Json json_of(const Predicted& p) {
  return {{"observed", number(p.observed)}, {"mean", number(p.mean)}, {"q2.5", number(p.low)},
          {"q97.5", number(p.high)},        {"p", number(p.p)},       {"replicates", p.replicates}};
}

/// Adds "formula", "cells" and "effects".
void add_effects(Json& to, const std::vector<ParamEffects>& effects) {
  if (effects.empty()) return;
  Json formula = Json::object(), cells = Json::object(), all = Json::object();
  for (const auto& e : effects) {
    formula[e.param] = e.formula;
    Json of = Json::array(), coefficients = Json::array(), differences = Json::array();
    for (const auto& c : e.cells) {
      Json at = Json::object();
      for (const auto& [factor, level] : c.at) at[factor] = level;
      Json cell{{"at", at}};
      cell.update(json_of(c.value));
      of.push_back(cell);
    }
    for (const auto& x : e.coefficients) coefficients.push_back(json_of(x));
    for (const auto& x : e.differences) differences.push_back(json_of(x));
    cells[e.param] = of;
    all[e.param] = {{"coefficients", coefficients}, {"differences", differences}};
    for (const auto& [name, x] : e.spreads) all[e.param]["spreads"][name] = json_of(x);
  }
  to["formula"] = formula;
  to["cells"] = cells;
  to["effects"] = all;
}

}  // namespace

Json json_of(const GroupResult& f) {
  const auto& g = f.fit;
  const auto& formulas = f.formulas;
  const auto& a = f.options;
  Json group = Json::object(), each = Json::array(), own = Json::object();
  for (const auto& q : g.group) {
    group[q.name] = json_of(q.summary);
    if (!std::isnan(q.prior_overlap)) group[q.name]["prior_overlap"] = q.prior_overlap;
  }
  for (std::size_t k = 0; k < g.params.size(); ++k) own[g.params[k].name] = number(g.own_share[k]);
  for (std::size_t s = 0; s < f.rows.size(); ++s) {
    Json params = Json::object(), se = Json::object(), all = Json::object();
    for (std::size_t k = 0; k < f.learner->params.size(); ++k)
      params[f.learner->params[k].name] = number(f.rows[s][k]);
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
         {"of", predicts(*f.learner)},
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

Json json_of(const PredictiveChecks& checks, std::span<const std::string> subjects,
             std::span<const CheckedMetric> metrics) {
  Json list = Json::object();
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const auto& c = checks.checks[m];
    Json each = Json::object();
    for (std::size_t s = 0; s < c.each.size(); ++s) each[subjects[s]] = json_of(c.each[s]);
    Json one = json_of(c.group);
    one["unit"] = metrics[m].request.entry->unit;
    one["subjects_defined"] = c.defined;
    one["subjects_outside"] = c.outside;
    one["subjects"] = std::move(each);
    list[metrics[m].name] = std::move(one);
  }
  return {
      {"task", checks.task}, {"replicates", checks.replicates}, {"notes", checks.notes}, {"metrics", list}};
}

}  // namespace labile
