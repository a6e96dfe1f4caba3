/// A network's card as canonical text, and its hash.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/output_file.hpp"
#include "network/read_network.hpp"
#include "run/network_card_parts.hpp"
#include "toml/toml_text.hpp"

namespace labile {
namespace {

void write_list(TomlWriter& w, const char* key, const std::vector<int>& list) {
  if (!list.empty()) w.line(key, std::vector<double>(list.begin(), list.end()));
}

void write_protocol(TomlWriter& w, const ProtocolSpec& p) {
  using Kind = ProtocolSpec::Kind;
  w.header("[[protocol]]");
  w.line("kind", protocol_info(p.kind).name);
  if (!p.name.empty()) w.line("name", p.name);
  const auto& keys = protocol_info(p.kind);
  // A reward is a field's or a population's.
  const auto is_of = [&](const std::string& key) {
    if (p.kind != Kind::reward_on_coincidence) return true;
    if (key == "field" || key == "amount") return !p.field.empty();
    return (key != "population" && key != "value" && key != "width") || p.field.empty();
  };
  for (const auto* list : {&keys.needed, &keys.optional})
    for (const auto& key : *list) {
      if (!is_of(key)) continue;
      if (key == "field") w.line(key, p.field);
      if (key == "population") w.line(key, p.population);
      if (key == "projection") w.line(key, p.projections);
      if (key == "times" && !p.chronic) w.line(key, p.times_ms);
      if (key == "units") w.line(key, std::vector<double>(p.units.begin(), p.units.end()));
      if (key == "amount") w.line(key, p.amount);
      if (key == "value") w.line(key, p.value);
      if (key == "from") w.line(key, p.from_ms);
      if (key == "to" && p.to_ms >= 0) w.line(key, p.to_ms);
      if (key == "window") w.line(key, p.window_ms);
      if (key == "weight") w.line(key, p.weight);
      if (key == "share") w.line(key, p.share);
      if (key == "uptake") w.line(key, p.uptake);
      if (key == "width") w.line(key, p.width_ms);
      if (key == "interval" && p.count > 1) w.line(key, p.interval_ms);
      if (key == "count") w.line(key, static_cast<double>(p.count));
      if (key == "drug") w.line(key, p.drug);
      if (key == "hours" && p.hours) w.line(key, *p.hours);
      if (key == "chronic" && p.chronic) w.line(key, p.chronic);
      if (key == "regions" && !p.regions.empty()) w.line(key, p.regions);
      if (key == "delay" && p.kind == Kind::reward_on_coincidence) w.raw(key, distribution_text(p.delay_ms));
    }
}

void write_record(TomlWriter& w, const RecordSpec& r) {
  using Kind = RecordSpec::Kind;
  w.header("[[record]]");
  w.line(record_kinds()[static_cast<std::size_t>(r.kind)].name,
         r.kind == Kind::state ? r.variable : r.target);
  if (r.kind == Kind::state) w.line("of", r.target);
  write_list(w, "units", r.units);
  write_list(w, "sources", r.sources);
  if (!r.pairs.empty())
    w.raw("pairs", fmt::format("[{}]", fmt::join(
                                           [&] {
                                             std::vector<std::string> t;
                                             for (const auto& p : r.pairs)
                                               t.push_back(fmt::format("[{}, {}]", p[0], p[1]));
                                             return t;
                                           }(),
                                           ", ")));
  if (r.every_ms > 0) w.line("every", r.every_ms);
}

void write_measure(TomlWriter& w, const MeasureSpec& m) {
  w.header("[[measure]]");
  w.line("id", m.id);
  w.line("kind", measure_kinds()[static_cast<std::size_t>(m.kind)].name);
  if (!m.population.empty()) {
    w.line("population", m.population);
    w.line("from", m.from_ms);
    if (m.to_ms >= 0) w.line("to", m.to_ms);
  }
  if (is_trace(m.kind)) {
    w.line("of", m.of);
    w.line("from", m.from_ms);
    if (m.to_ms >= 0) w.line("to", m.to_ms);
    if (m.every_ms > 0) w.line("every", m.every_ms);
    if (m.kind == MeasureSpec::Kind::decay) w.line("part", m.part);
    if (m.since_ms >= 0) w.line("since", m.since_ms);
  }
  if (!m.projections.empty()) w.line("projection", m.projections);
  if (m.kind != MeasureSpec::Kind::chosen_in_top) return;
  w.line("top", m.top);
  w.line("ties", m.ties_against ? "against" : "for");
}

}  // namespace

std::string condition_text(const NetworkCondition& c) {
  TomlWriter w;
  w.line("duration", c.duration_ms);
  for (const auto& p : c.protocols) write_protocol(w, p);
  return network_text(c.network) + w.text();
}

std::string canonical_text(const NetworkCard& card) {
  TomlWriter w;
  w.line("title", card.title);
  w.line("about", card.about);
  w.line("tuned_on", card.tuned_on);
  w.line("seed", static_cast<double>(card.seed));
  w.line("seeds", static_cast<double>(card.seeds));
  const NetworkCondition& intact = card.conditions.front();
  w.header("[network]");
  w.line("dt", intact.network.dt_ms);
  w.line("duration", intact.duration_ms);
  TomlWriter rest;
  for (const auto& p : intact.protocols) write_protocol(rest, p);
  for (const auto& c : card.conditions) {
    if (c.set.empty()) continue;
    rest.header("[[condition]]");
    rest.line("name", c.name);
    rest.header("[condition.set]");
    for (const auto& [key, value] : c.set) rest.raw(key, toml_text(value));
  }
  for (const auto& r : card.records) write_record(rest, r);
  for (const auto& m : card.measures) write_measure(rest, m);
  for (const auto& p : card.predictions) {
    rest.header("[[prediction]]");
    rest.line("claim", p.claim);
    rest.line("metric", p.metric);
    rest.line("contrast", p.control.empty() ? std::vector<std::string>{p.treated}
                                            : std::vector<std::string>{p.treated, p.control});
    rest.line("relation", p.relation_text);
    rest.line("anchor", p.anchor);
    rest.line("tuned", p.tuned);
  }
  rest.header("[bootstrap]");
  rest.line("resamples", static_cast<double>(card.resamples));
  return w.text() + "\n" + network_text(intact.network) + "\n" + rest.text();
}

std::string card_hash(const NetworkCard& card) {
  // Files count by what they hold, wherever they lie.
  NetworkCard by_content = card;
  for (auto& condition : by_content.conditions)
    for (ProjectionSpec& p : condition.network.projections)
      if (!p.connect.file.empty()) p.connect.file = text_hash(read_file(p.connect.file));
  return text_hash(canonical_text(by_content));
}

}  // namespace labile
