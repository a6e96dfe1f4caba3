#include "run/fit_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bayes/diagnostics.hpp"
#include "core/normal.hpp"
#include "run/json.hpp"

namespace labile::json {
namespace {

/// Counts of equal bins over what all draws but the outermost 0.1% span.
struct Bins {
  static constexpr int kBins = 48;
  double low = 0, width = 0;

  explicit Bins(std::vector<double> draws) {
    std::sort(draws.begin(), draws.end());
    low = sorted_quantile(draws, 0.0005);
    const double high = sorted_quantile(draws, 0.9995);
    width = (high - low) / kBins;
  }
  [[nodiscard]] Json counts(const std::vector<double>& draws) const {
    std::vector<int> n(kBins, 0);
    for (const double x : draws)
      ++n[static_cast<std::size_t>(width > 0 ? std::clamp((x - low) / width, 0.0, kBins - 1.0) : 0)];
    return n;
  }
  [[nodiscard]] Json edges() const {
    Json r = Json::array();
    for (int i = 0; i <= kBins; ++i) r.push_back(number(low + i * width));
    return r;
  }
};

/// Share of the prior of T(mu) in each bin: mu is normal.
Json prior_shares(const Group& g, const Bins& bins) {
  const auto below = [&](double x) { return normal_cdf((to_line(g, x) - g.mu_mean) / g.mu_sd); };
  Json r = Json::array();
  for (int i = 0; i < Bins::kBins; ++i)
    r.push_back(number(below(bins.low + (i + 1) * bins.width) - below(bins.low + i * bins.width)));
  return r;
}

/// [chain][bin] how many of a chain's draws have a rank, among all chains' draws, in that twentieth: level where chains agree.
Json rank_counts(const std::vector<double>& draws, int chains) {
  constexpr std::size_t kBins = 20;
  std::vector<std::size_t> order(draws.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return draws[a] < draws[b]; });
  const std::size_t iterations = draws.size() / static_cast<std::size_t>(chains);
  std::vector<std::vector<int>> n(static_cast<std::size_t>(chains), std::vector<int>(kBins, 0));
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    ++n[order[rank] / iterations][rank * kBins / order.size()];
  return n;
}

const PosteriorQuantity& quantity(const GroupFit& f, const std::string& name) {
  return *std::find_if(f.group.begin(), f.group.end(), [&](const auto& q) { return q.name == name; });
}

Json parameter(const GroupResult& r, std::size_t k) {
  const auto& p = r.fit.params[k];
  const auto& q = quantity(r.fit, p.name);
  const Bins bins(q.draws);
  Json subjects = Json::array();
  for (std::size_t u = 0; u < r.rows.size(); ++u) {
    const auto& x = r.fit.unit[k][u];
    std::string name = r.formulas.subjects[static_cast<std::size_t>(r.formulas.subject_of[u])];
    for (const auto& value : r.formulas.values[u]) name += ", " + value;
    subjects.push_back(
        {{"subject", name}, {"mean", number(x.mean)}, {"low", number(x.q2_5)}, {"high", number(x.q97_5)}});
  }
  return {
      {"name", p.name},
      {"unit", p.unit},
      {"own_share", number(r.fit.own_share[k])},
      {"histogram",
       {{"edges", bins.edges()}, {"counts", bins.counts(q.draws)}, {"prior", prior_shares(p.group, bins)}}},
      {"ranks", rank_counts(q.draws, static_cast<int>(r.fit.chains.size()))},
      {"subjects", subjects}};
}

Json recovery_of(const Recovery& r) {
  Json params = Json::array();
  for (const auto& p : r.params) {
    Json points = Json::array();
    for (std::size_t s = 0; s < p.truth.size(); ++s)
      points.push_back({number(p.truth[s]), number(p.fitted[s])});
    params.push_back({{"name", p.name},
                      {"unit", p.unit},
                      {"r", number(p.r)},
                      {"bias", number(p.bias)},
                      {"rmse", number(p.rmse)},
                      {"slope", number(p.slope)},
                      {"truth_sd", number(p.truth_sd)},
                      {"covered_90", number(p.coverage[1])},
                      {"points", points}});
  }
  Json trade_offs = Json::array();
  for (std::size_t i = 0; i < r.params.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (std::abs(r.error_r[i][j]) >= 0.5)
        trade_offs.push_back(
            {{"a", r.params[j].name}, {"b", r.params[i].name}, {"r", number(r.error_r[i][j])}});
  return {{"task", r.task}, {"parameters", params}, {"trade_offs", trade_offs}, {"warnings", r.warnings}};
}
}  // namespace

Json report_of(const CardFit& f) {
  Json r{{"id", f.spec.id},
         {"data", f.data},
         {"of", f.spec.of},
         {"group_name", f.group()},
         {"variant", f.variant},
         {"agent", f.agent},
         {"condition", f.condition},
         {"units", f.result.rows.size()},
         {"subjects", f.result.formulas.subjects.size()},
         {"observations", f.result.fit.observations}};
  Json fit = json_of(f.result);
  fit["predicts"] = fit["of"];
  fit.erase("of");
  fit.erase("subjects");
  r.update(fit);
  Json parameters = Json::array();
  for (std::size_t k = 0; k < f.result.fit.params.size(); ++k) parameters.push_back(parameter(f.result, k));
  r["parameters"] = parameters;
  if (f.check) {
    r["check"] = json_of(*f.check, f.trials->trials.subjects, f.checked);
    for (auto& metric : r["check"]["metrics"]) metric.erase("subjects");
  }
  if (f.recovery) r["recovery"] = recovery_of(*f.recovery);
  r["methods"] = f.methods;
  return r;
}

namespace {
/// elpd of each decision, in the order of the file's rows, whatever order its units have.
struct Decisions {
  std::vector<std::size_t> row;
  std::vector<double> elpd;
};
Decisions decisions_of(const CardFit& f) {
  const DataSet& d = *f.trials;
  std::vector<std::pair<std::size_t, double>> all;
  std::size_t next = 0;
  for (std::size_t u = 0; u < d.subjects.size(); ++u)
    for (std::size_t t = 0; t < d.subjects[u].size(); ++t) {
      if (!observed(*f.result.learner, d.subjects[u], t)) continue;
      const std::size_t at = d.trials.first[u] + t;
      all.emplace_back(d.origin.empty() ? at : d.origin[at], f.result.fit.loo.points[next++].elpd);
    }
  std::sort(all.begin(), all.end());
  Decisions r;
  for (const auto& [row, elpd] : all) {
    r.row.push_back(row);
    r.elpd.push_back(elpd);
  }
  return r;
}
}  // namespace

Json comparisons_of(const std::vector<CardFit>& fits) {
  Json all = Json::array();
  std::vector<Decisions> decisions;
  for (const auto& f : fits) decisions.push_back(decisions_of(f));
  std::vector<bool> done(fits.size(), false);
  const auto alike = [&](std::size_t a, std::size_t b) {
    return fits[a].group() == fits[b].group() && decisions[a].row == decisions[b].row &&
           std::string_view(predicts(*fits[a].result.learner)) == predicts(*fits[b].result.learner);
  };
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (done[i]) continue;
    std::vector<std::size_t> those;
    for (std::size_t j = i; j < fits.size(); ++j)
      if (!done[j] && alike(i, j)) those.push_back(j);
    for (const auto j : those) done[j] = true;
    if (those.size() < 2) continue;
    std::vector<std::vector<double>> elpd;
    for (const auto j : those) elpd.push_back(decisions[j].elpd);
    const auto weights = stacking_weights(elpd);
    Json models = Json::array();
    for (const auto& m : rank_models(elpd)) {
      const auto& f = fits[those[static_cast<std::size_t>(m.model)]];
      models.push_back({{"id", f.spec.id},
                        {"model", f.spec.model},
                        {"elpd", number(f.result.fit.loo.elpd.value)},
                        {"se", number(f.result.fit.loo.elpd.se)},
                        {"behind", number(-m.elpd_diff)},
                        {"behind_se", number(m.se_diff)},
                        {"stacking", number(weights[static_cast<std::size_t>(m.model)])},
                        {"unreliable", f.result.fit.loo.unreliable}});
    }
    all.push_back(
        {{"group", fits[i].group()}, {"observations", fits[i].result.fit.observations}, {"models", models}});
  }
  return all;
}

}  // namespace labile::json
