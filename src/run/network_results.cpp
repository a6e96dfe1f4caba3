/// What a run of a network's card leaves: results.json, manifest.json and lines for people.
#include <fmt/format.h>

#include <cmath>

#include "run/json.hpp"
#include "run/network_run.hpp"

namespace labile {
namespace {
using json::interval;
using json::Json;
using json::number;

std::vector<std::string> ids(const NetworkCard& card) {
  std::vector<std::string> r;
  for (const auto& m : card.measures) r.push_back(m.id);
  return r;
}

Json weights(const Network::WeightSummary& w) {
  return {{"n", w.n},
          {"mean", number(w.mean)},
          {"sd", number(w.sd)},
          {"min", number(w.min)},
          {"max", number(w.max)}};
}

Json summary_json(const NetworkCell& c) {
  const NetworkSummary& s = c.summary;
  Json populations = Json::array(), projections = Json::array(), chosen = Json::array();
  for (const auto& p : s.populations)
    populations.push_back(
        {{"name", p.name}, {"size", p.size}, {"rate_hz", number(p.rate_hz)}, {"cv_isi", number(p.cv_isi)}});
  for (const auto& p : s.projections)
    projections.push_back({{"name", p.name},
                           {"unit", p.unit},
                           {"plastic", p.plastic},
                           {"before", weights(p.before)},
                           {"after", weights(p.after)}});
  for (const auto& k : s.chosen)
    chosen.push_back({{"projection", k.projection},
                      {"source", k.source},
                      {"target", k.target},
                      {"weight", number(k.weight)},
                      {"above", k.above},
                      {"ties", k.ties},
                      {"of", k.of},
                      {"rewards", k.rewards}});
  Json traces = Json::array();
  for (const auto& t : s.traces) {
    Json values = Json::array();
    for (const double x : t.value()) values.push_back(number(x));
    traces.push_back({{"kind", t.kind},
                      {"name", t.name},
                      {"unit", t.unit},
                      {"about", t.about},
                      {"every_ms", number(t.every_ms())},
                      {"t_ms", t.t_ms()},
                      {"value", values}});
  }
  return {{"condition", c.condition},
          {"traces", traces},
          {"populations", populations},
          {"projections", projections},
          {"chosen", chosen},
          {"model_s", s.model_s},
          {"build_s", s.build_s},
          {"run_s", s.run_s},
          {"synapses", s.memory.synapses},
          {"plastic_synapses", s.memory.plastic_synapses},
          {"bytes", s.memory.total_bytes},
          {"events", s.events},
          {"plastic_events", s.plastic_events}};
}

Json cell_json(const NetworkResult& r, const NetworkCell& c) {
  Json metrics = Json::object(), each = Json::object();
  for (std::size_t m = 0; m < c.values.size(); ++m) {
    metrics[r.card.measures[m].id] = interval(c.values[m]);
    Json values = Json::array();
    for (const auto& s : c.samples[m]) values.push_back(s.den > 0 ? number(s.num / s.den) : Json(nullptr));
    each[r.card.measures[m].id] = values;
  }
  return {{"variant", ""},         {"agent", "network"}, {"condition", c.condition},
          {"source", "simulated"}, {"data", ""},         {"subjects", r.card.seeds},
          {"metrics", metrics},    {"networks", each},   {"curves", Json::array()}};
}

Json metric_list(const NetworkCard& card) {
  Json r = Json::array();
  for (const auto& m : card.measures) {
    const MeasureInfo& info = measure_kinds()[static_cast<std::size_t>(m.kind)];
    std::string label = m.id == info.name ? info.label : m.id;
    r.push_back({{"id", m.id},
                 {"label", label},
                 {"unit", info.unit},
                 {"key", info.name},
                 {"about", info.about},
                 {"direction", "none"}});
  }
  return r;
}

Json manifest_of(const NetworkResult& result) {
  Json m = json::manifest(result.card.seed, result.threads, result.wall_s, result.peak_mb);
  double model_s = 0, run_s = 0;
  for (const auto& c : result.cells) {
    model_s += c.summary.model_s;
    run_s += c.summary.run_s;
  }
  m["networks"] = result.card.seeds * static_cast<int>(result.card.conditions.size());
  m["times_real_time"] = number(model_s / run_s);
  return m;
}

/// Nothing, kB, MB or GB.
std::string bytes_text(double b) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  int k = 0;
  while (b >= 1000 && k < 4) {
    b /= 1000;
    ++k;
  }
  return fmt::format("{:.3g} {}", b, units[k]);
}

}  // namespace

std::string results_json(const NetworkResult& result) {
  const NetworkCard& card = result.card;
  Json conditions = Json::array(), cells = Json::array(), networks = Json::array();
  for (const auto& c : card.conditions) conditions.push_back(c.name);
  for (const auto& c : result.cells) {
    cells.push_back(cell_json(result, c));
    networks.push_back(summary_json(c));
  }
  return json::text({{"title", card.title},
                     {"about", card.about},
                     {"tuned_on", card.tuned_on},
                     {"variants", {""}},
                     {"agents", {"network"}},
                     {"conditions", conditions},
                     {"metrics", metric_list(card)},
                     {"cells", cells},
                     {"effects", json::effects(result.effects, ids(card))},
                     {"predictions", json::predictions(result.predictions)},
                     {"fits", Json::array()},
                     {"networks", networks},
                     {"notes", result.notes},
                     {"card", {{"text", canonical_text(card)}, {"hash", card_hash(card)}}},
                     {"manifest", manifest_of(result)}});
}

std::string manifest_json(const NetworkResult& result) {
  Json m = manifest_of(result);
  m["card"] = {{"text", canonical_text(result.card)}, {"hash", card_hash(result.card)}};
  return json::text(m);
}

std::string summary_text(const NetworkResult& result) {
  std::string r;
  for (const auto& c : result.cells) {
    const NetworkSummary& s = c.summary;
    if (result.cells.size() > 1 || result.card.seeds > 1)
      r += fmt::format("{}{}\n", c.condition, result.card.seeds > 1 ? ", the first network" : "");
    for (const auto& p : s.populations)
      r += fmt::format("  {:<16} {:>8} units   {:>8.3g} Hz{}\n", p.name, p.size, p.rate_hz,
                       std::isfinite(p.cv_isi) ? fmt::format("   CV of intervals {:.2f}", p.cv_isi) : "");
    for (const auto& p : s.projections) {
      const std::string unit = p.unit.empty() ? "" : " " + p.unit;
      r += fmt::format("  {:<16} {:>8} synapses, weight {:.4g} +- {:.3g}{}", p.name, p.before.n,
                       p.before.mean, p.before.sd, unit);
      r +=
          p.plastic ? fmt::format(", at the end {:.4g} +- {:.3g}{}\n", p.after.mean, p.after.sd, unit) : "\n";
    }
    for (const auto& k : s.chosen)
      r += fmt::format(
          "  chosen synapse {} -> {} of {}: weight {:.4g}, {} of {} above it, {} as high; {} rewards\n",
          k.source, k.target, k.projection, k.weight, k.above, k.of, k.ties, k.rewards);
    r += fmt::format("  {:.4g} s in {:.3g} s: {:.3g} times real time; built in {:.2g} s; {}", s.model_s,
                     s.run_s, s.model_s / s.run_s, s.build_s,
                     bytes_text(static_cast<double>(s.memory.total_bytes)));
    if (s.memory.plastic_synapses > 0)
      r +=
          fmt::format(", {:.1f} bytes a plastic synapse", static_cast<double>(s.memory.plastic_bytes) /
                                                              static_cast<double>(s.memory.plastic_synapses));
    r += "\n";
  }
  return r;
}

}  // namespace labile
