/// results.json and the cards that come with Labile.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "embedded/cards.hpp"
#include "run/drug_json.hpp"
#include "run/fit_report.hpp"
#include "run/json.hpp"

namespace labile {
namespace json {

Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}
Json interval(const Interval& i) {
  return {{"value", number(i.value)}, {"low", number(i.low)}, {"high", number(i.high)}, {"n", i.n}};
}

Json effects(const std::vector<CellEffect>& effects, const std::vector<std::string>& metrics) {
  Json r = Json::array();
  for (const auto& e : effects)
    r.push_back({{"variant", e.variant},
                 {"agent", e.agent},
                 {"condition", e.condition},
                 {"against", e.against},
                 {"metric", metrics[static_cast<std::size_t>(e.metric)]},
                 {"ratio", interval(e.ratio)},
                 {"difference", interval(e.difference)},
                 {"d", std::isfinite(e.d) ? Json{{"value", e.d}, {"low", nullptr}, {"high", nullptr}}
                                          : Json(nullptr)}});
  return r;
}

Json predictions(const std::vector<Judged>& predictions) {
  Json r = Json::array();
  for (const auto& j : predictions) {
    Json contrast = Json::array();
    if (!j.prediction.treated.empty()) contrast.push_back(j.prediction.treated);
    if (!j.prediction.control.empty()) contrast.push_back(j.prediction.control);
    r.push_back({{"claim", j.prediction.claim},
                 {"variant", j.variant},
                 {"agent", j.agent},
                 {"condition", j.prediction.condition},
                 {"metric", j.prediction.metric},
                 {"fit", j.prediction.fit},
                 {"effect", j.prediction.effect},
                 {"contrast", contrast},
                 {"relation", j.prediction.relation_text},
                 {"value", number(j.effect.value)},
                 {"low", number(j.effect.low)},
                 {"high", number(j.effect.high)},
                 {"verdict", j.verdict},
                 {"reason", j.reason},
                 {"anchor", j.prediction.anchor},
                 {"tuned", j.prediction.tuned}});
  }
  return r;
}

Json manifest(std::uint64_t seed, int threads, double wall_s, double peak_mb) {
  utsname host{};
  uname(&host);
  char now[32];
  const std::time_t t = std::time(nullptr);
  std::strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&t));
  return {{"version", LABILE_VERSION},
          {"build", LABILE_BUILD},
          {"compiler", LABILE_COMPILER},
          {"flags", LABILE_FLAGS},
          {"seed", seed},
          {"host", host.nodename},
          {"threads", threads},
          {"wall_s", wall_s},
          {"peak_mb", peak_mb},
          {"finished", now}};
}

std::string text(const Json& json) {
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace json

namespace {
using json::interval;
using json::Json;
using json::number;

Json numbers(const std::vector<double>& v) {
  Json r = Json::array();
  for (const double x : v) r.push_back(number(x));
  return r;
}

Json metric_list(const Card& card) {
  Json r = Json::array();
  for (const auto& m : card.metrics) {
    const auto& e = find_metric(m.metric, m.where);
    r.push_back({{"id", m.id},
                 {"label", m.id == m.metric ? std::string(e.label) : m.id},
                 {"unit", e.unit},
                 {"key", metric_key(m)},
                 {"about", e.info.about},
                 {"direction", e.direction}});
  }
  return r;
}

Json cell_json(const RunResult& result, const Cell& c) {
  Json metrics = Json::object();
  for (std::size_t m = 0; m < c.values.size(); ++m)
    metrics[result.card.metrics[m].id] = interval(c.values[m]);
  Json curves = Json::array();
  for (const auto& k : c.curves)
    curves.push_back({{"signal", k.signal},
                      {"label", k.label},
                      {"unit", k.unit},
                      {"x", k.x},
                      {"mean", numbers(k.mean)},
                      {"low", numbers(k.low)},
                      {"high", numbers(k.high)}});
  return {{"variant", c.variant}, {"agent", c.agent},       {"condition", c.condition}, {"source", c.source},
          {"data", c.data},       {"subjects", c.subjects}, {"metrics", metrics},       {"curves", curves}};
}

Json parameter_json(const ModelFit& f, std::size_t k) {
  std::vector<double> x;
  for (const auto& s : f.fits)
    if (k < s.params.size() && std::isfinite(s.params[k])) x.push_back(s.params[k]);
  if (x.empty()) return {{"name", f.names[k]}, {"unit", f.units[k]}};
  std::sort(x.begin(), x.end());
  const auto quantile = [&](double q) {
    return x[static_cast<std::size_t>(q * static_cast<double>(x.size() - 1) + 0.5)];
  };
  double mean = 0, square = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) square += (v - mean) * (v - mean);
  const double sd = x.size() > 1 ? std::sqrt(square / static_cast<double>(x.size() - 1)) : 0;
  Json edges = Json::array();
  std::vector<int> counts(20, 0);
  const double lo = x.front(), width = (x.back() - lo) / 20;
  for (int i = 0; i <= 20; ++i) edges.push_back(lo + i * width);
  for (const double v : x) ++counts[width > 0 ? std::min(19, static_cast<int>((v - lo) / width)) : 0];
  Json r{{"name", f.names[k]},      {"unit", f.units[k]},    {"mean", mean},         {"sd", sd},
         {"median", quantile(0.5)}, {"q25", quantile(0.25)}, {"q75", quantile(0.75)}};
  if (width > 0) r["histogram"] = {{"edges", edges}, {"counts", counts}};
  return r;
}

Json fits_json(const RunResult& result) {
  Json r = Json::array();
  for (const auto& f : result.fits) {
    double loglik = 0, aic = 0, bic = 0;
    int trials = 0, at_bound = 0, free = 0;
    for (const auto& s : f.fits) {
      if (!std::isfinite(s.loglik)) continue;
      loglik += s.loglik;
      aic += s.aic;
      bic += s.bic;
      trials += s.trials;
      at_bound += !s.at_bound.empty();
      free = static_cast<int>(std::lround((s.aic + 2 * s.loglik) / 2));
    }
    Json params = Json::array();
    for (std::size_t k = 0; k < f.names.size(); ++k) params.push_back(parameter_json(f, k));
    r.push_back({{"data", f.data},
                 {"model", f.spec.model},
                 {"method", f.spec.method},
                 {"subjects", f.fits.size()},
                 {"trials", trials},
                 {"loglik", loglik},
                 {"aic", aic},
                 {"bic", bic},
                 {"parameters_per_subject", free},
                 {"at_bound", at_bound},
                 {"parameters", params}});
  }
  return r;
}

}  // namespace

std::string results_json(const RunResult& result) {
  const Card& card = result.card;
  Json variants = Json::array(), agents = Json::array(), conditions = Json::array(), cells = Json::array();
  for (const auto& v : card.variants) variants.push_back(v.name);
  for (const auto& a : card.agents) agents.push_back(a.name);
  for (const auto& c : card.conditions) conditions.push_back(c.name);
  for (const auto& c : result.cells) cells.push_back(cell_json(result, c));
  Json group_fits = Json::array();
  for (const auto& f : result.group_fits) group_fits.push_back(json::report_of(f));
  std::vector<std::string> ids;
  for (const auto& m : card.metrics) ids.push_back(m.id);
  Json manifest = json::manifest(card.seed, result.threads, result.wall_s, result.peak_mb);
  manifest["decisions"] = result.decisions;
  Json r{{"title", card.title},
         {"about", card.about},
         {"tuned_on", card.tuned_on},
         {"variants", variants},
         {"agents", agents},
         {"conditions", conditions},
         {"metrics", metric_list(card)},
         {"cells", cells},
         {"effects", json::effects(result.effects, ids)},
         {"predictions", json::predictions(result.predictions)},
         {"fits", fits_json(result)},
         {"group_fits", group_fits},
         {"fit_comparisons", json::comparisons_of(result.group_fits)},
         {"notes", result.notes},
         {"card", {{"text", canonical_text(card)}, {"hash", card_hash(card)}}},
         {"manifest", manifest}};
  if (Json drugs = json::pharmacology(card); !drugs.empty()) r["pharmacology"] = std::move(drugs);
  return json::text(r);
}

std::string metric_key(const MetricSpec& m) {
  const auto& entry = find_metric(m.metric, m.where);
  std::string r = m.metric + ", " + (m.blocks.empty() ? std::string(entry.blocks) : m.blocks) + " blocks";
  for (const auto& p : entry.params) {  // a default that is written out is the same definition
    const auto it = m.settings.find(p.name);
    if (it != m.settings.end() && it->second.value != p.standard)
      r += ", " + p.name + " = " + to_text(it->second.value);
  }
  return r;
}

const std::string_view* embedded_card(std::string_view name) {
  for (const auto& [stem, text] : embedded::cards)
    if (stem == name) return &text;
  return nullptr;
}

std::vector<std::string> embedded_card_names() {
  std::vector<std::string> r;
  for (const auto& [stem, text] : embedded::cards) r.emplace_back(stem);
  return r;
}

}  // namespace labile
