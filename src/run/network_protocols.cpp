/// [[protocol]]: what is done to a running network, read and checked against its parts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "network/read_network.hpp"
#include "network/sources.hpp"
#include "pharmacology/treatment.hpp"
#include "plasticity/catalogue.hpp"
#include "run/network_card_parts.hpp"

namespace labile {
namespace {

/// Kinds of protocol in the order of ProtocolSpec::Kind, with their keys beside kind and name.
const std::vector<SectionInfo> kProtocols{
    {"pulse", "adds to a field at times", {"field", "amount", "times"}, {}},
    {"clamp", "holds a field at a value", {"field", "value"}, {"from", "to"}},
    {"rate",
     "sets the rate (Hz) of a Poisson population from times on",
     {"population", "value", "times"},
     {}},
    {"current",
     "sets an extra current (pA) into neurons from times on",
     {"population", "value", "times"},
     {}},
    {"silence", "units that fire no more from times on", {"population", "units", "times"}, {}},
    {"lesion",
     "a share of a population, drawn by the seed, that fires no more; of a nucleus with its uptake if wanted",
     {"population", "share", "times"},
     {"uptake"}},
    {"stimulate",
     "pulses of an extra rate (Hz, Poisson) or current (pA, neurons), in trains",
     {"population", "value", "times", "width"},
     {"interval", "count"}},
    {"dose",
     "a drug that is there from times on, as in [modulation]",
     {"drug", "amount"},
     {"hours", "chronic", "regions", "times"}},
    {"clear_eligibility", "sets the eligibilities of projections to 0 at times", {"projection", "times"}, {}},
    {"reward_on_coincidence",
     "chooses one synapse; whenever its target fires within a window after its source, a field rises later, "
     "or a "
     "population is stimulated",
     {"projection", "delay"},
     {"field", "amount", "population", "value", "width", "window", "weight"}},
};
/// Refuses protocols on populations and projections of a kind that they cannot act on.
void check_targets(const Node& node, const ProtocolSpec& p, const NetworkSpec& net) {
  using Kind = ProtocolSpec::Kind;
  const bool pulses = p.kind == Kind::stimulate || p.kind == Kind::reward_on_coincidence;
  if (!p.population.empty() && (p.kind == Kind::rate || p.kind == Kind::current || pulses)) {
    const std::string& model = population_named(net, p.population).model;
    const Where where = where_of(node, "population");
    if (pulses && model != "poisson" && source_named(model))
      throw Error(where, fmt::format("'{}' ({}) fires as it is told; neurons and Poisson sources can be "
                                     "stimulated",
                                     p.population, model));
    if (p.kind == Kind::rate && model != "poisson")
      throw Error(where,
                  fmt::format("'{}' ({}) has no rate to set; Poisson sources have", p.population, model));
    if (p.kind == Kind::current && source_named(model))
      throw Error(where, fmt::format("'{}' ({}) takes no current; neurons do", p.population, model));
  }
  if (p.projections.empty()) return;
  const Where where = where_of(node, "projection");
  for (const std::string& name : p.projections) {
    const ProjectionSpec& one = projection_named(net, name);
    if (p.kind == Kind::clear_eligibility && one.gate.empty())
      throw Error(where, fmt::format("'{}' ({}) has no eligibility", name, one.rule));
    if (p.kind != Kind::reward_on_coincidence) continue;
    if (one.source != projection_named(net, p.projections.front()).source)
      throw Error(where, fmt::format("'{}' and '{}' have different sources; the chosen synapse is drawn from "
                                     "those of one source",
                                     p.projections.front(), name));
  }
}

/// A drug that the modulators here answer to, in regions that there are.
void read_dose(const Node& node, const ModulationSpec& m, ProtocolSpec& p) {
  const Node& drug = *node.find("drug");
  p.drug = text_of(drug);
  const Drug& known = *located(drug.where, [&] { return &find_drug(p.drug, m.drugs); });
  if (m.regions.empty())
    throw Error(node.where, "a dose wants modulators in regions: write [modulation] with regions = [...]");
  p.amount = read_number(*node.find("amount"), number_info("amount", known.unit, {0, 1e9}));
  if (const Node* n = node.find("hours")) p.hours = read_number(*n, number_info("hours", "h", {0, 1e5}));
  if (const Node* n = node.find("regions")) {
    p.regions = texts_of(*n);
    if (p.regions.empty()) throw Error(n->where, "is empty; leave it out for everywhere");
  }
  located(node.where, [&] {
    Modulation probe(m.modulators, m.regions, 1);
    probe.add(known, p.amount, p.hours, p.regions);
  });
  const Node* times = node.find("times");
  if (!times) p.times_ms = {0};
  if (p.chronic && times)
    throw Error(times->where, "a chronic dose was there before the run; leave times out");
  if (p.chronic && p.hours)
    throw Error(where_of(node, "hours"), "counts from one dose; a chronic one is at its peak");
}

}  // namespace

std::vector<SectionInfo> protocol_kinds() {
  return kProtocols;
}
const SectionInfo& protocol_info(ProtocolSpec::Kind kind) {
  return kProtocols[static_cast<std::size_t>(kind)];
}

std::vector<std::string> one_or_more(const Node& node) {
  if (node.kind == Node::Kind::list) return texts_of(node);
  return {text_of(node)};
}

std::vector<int> read_units(const Node& node) {
  ParamInfo info = number_info("units", "1", {0, 2e9});
  info.type = ParamType::integers;
  info.standard = std::vector<double>{std::nan("")};
  const auto numbers = checked_numbers(info, setting_of(node));
  return {numbers.begin(), numbers.end()};
}

const PopulationSpec& population_named(const NetworkSpec& net, const std::string& name) {
  return *std::find_if(net.populations.begin(), net.populations.end(),
                       [&](const PopulationSpec& p) { return p.name == name; });
}
const ProjectionSpec& projection_named(const NetworkSpec& net, const std::string& name) {
  return *std::find_if(net.projections.begin(), net.projections.end(),
                       [&](const ProjectionSpec& p) { return p.name == name; });
}

void check_units(const NetworkSpec& net, const std::string& population, const std::vector<int>& units,
                 const Where& where) {
  const int size = population_named(net, population).size;
  for (const int u : units)
    if (u >= size) throw Error(where, fmt::format("'{}' has units 0 to {}, not {}", population, size - 1, u));
}

ProtocolSpec read_protocol(const Node& node, const NetworkCondition& c) {
  ProtocolSpec p;
  p.where = node.where;
  const auto names = names_of(kProtocols, &SectionInfo::name);
  const Node& kind = required(node, "kind", fmt::format("write one of {}", fmt::join(names, ", ")));
  const ParamInfo words{"kind", "1", ParamType::text, {}, "", "", {}, names};
  const auto word = checked_text(words, setting_of(kind));
  p.kind = static_cast<ProtocolSpec::Kind>(std::find(names.begin(), names.end(), word) - names.begin());
  const auto& keys = protocol_info(p.kind);
  std::vector<std::string> known{"kind", "name"};
  known.insert(known.end(), keys.needed.begin(), keys.needed.end());
  known.insert(known.end(), keys.optional.begin(), keys.optional.end());
  refuse_unknown_keys(node, known, fmt::format("protocol '{}'", word));
  for (const auto& key : keys.needed) (void)required(node, key, fmt::format("protocol '{}' needs it", word));
  const auto number = [&](const char* key, double& x, const char* unit, Bounds bounds = {}) {
    if (const Node* n = node.find(key)) x = read_number(*n, number_info(key, unit, bounds));
  };
  if (const Node* n = node.find("name")) p.name = text_of(*n);
  if (const Node* n = node.find("field")) {
    p.field = text_of(*n);
    require_part(c.network.fields, p.field, n->where, "field");
  }
  if (const Node* n = node.find("population")) {
    p.population = text_of(*n);
    require_part(c.network.populations, p.population, n->where, "population");
  }
  if (const Node* n = node.find("projection")) {
    p.projections = one_or_more(*n);
    for (const auto& name : p.projections) require_part(c.network.projections, name, n->where, "projection");
  }
  check_targets(node, p, c.network);
  if (const Node* n = node.find("times")) {
    ParamInfo info = number_info("times", "ms", {0, kLongest});
    info.type = ParamType::numbers;
    p.times_ms = checked_numbers(info, setting_of(*n));
  }
  if (const Node* n = node.find("units")) {
    p.units = read_units(*n);
    check_units(c.network, p.population, p.units, n->where);
  }
  const auto yes_or_no = [&](const char* key, bool& x) {
    const ParamInfo info{key, "1", ParamType::boolean, {}, "", false, {}, {}};
    if (const Node* n = node.find(key)) x = checked_boolean(info, setting_of(*n));
  };
  yes_or_no("chronic", p.chronic);
  if (p.kind == ProtocolSpec::Kind::dose)
    read_dose(node, c.network.modulation, p);
  else
    number("amount", p.amount, "1");
  number("share", p.share, "1", {0, 1});
  number("width", p.width_ms, "ms", {c.network.dt_ms, kLongest});
  number("interval", p.interval_ms, "ms", {c.network.dt_ms, kLongest});
  if (const Node* n = node.find("count")) {
    ParamInfo info = number_info("count", "1", {1, 1e6});
    info.type = ParamType::integer;
    p.count = checked_integer(info, setting_of(*n));
  }
  yes_or_no("uptake", p.uptake);
  if (const Node* n = node.find("uptake")) {
    const auto& nuclei = c.network.modulation.nuclei;
    if (p.uptake && std::ranges::find(nuclei, p.population, &NucleusSpec::population) == nuclei.end())
      throw Error(n->where, fmt::format("'{}' is no nucleus: it has no uptake to lose", p.population));
  }
  if (p.count > 1) (void)required(node, "interval", "write the time from one pulse's start to the next's");
  if (p.kind == ProtocolSpec::Kind::stimulate && p.count > 1 && p.interval_ms <= p.width_ms)
    throw Error(
        where_of(node, "interval"),
        fmt::format("pulses of {} ms every {} ms run into each other; interval must be longer than width",
                    p.width_ms, p.interval_ms));
  number("value", p.value,
         p.kind == ProtocolSpec::Kind::rate                             ? "Hz"
         : p.kind == ProtocolSpec::Kind::current                        ? "pA"
         : p.population.empty() || p.kind == ProtocolSpec::Kind::clamp  ? "1"
         : population_named(c.network, p.population).model == "poisson" ? "Hz"
                                                                        : "pA");
  number("from", p.from_ms, "ms", {0, kLongest});
  number("to", p.to_ms, "ms", {0, kLongest});
  number("window", p.window_ms, "ms", {c.network.dt_ms, 1e6});
  number("weight", p.weight, "1");
  if (p.kind == ProtocolSpec::Kind::reward_on_coincidence) {
    if (p.field.empty() == p.population.empty())
      throw Error(node.where, "what rewards? write field and amount, or population, value and width");
    for (const char* key : {"amount", "value", "width"}) {
      const bool wanted = (std::string_view(key) == "amount") != p.field.empty();
      if (wanted) (void)required(node, key, "a reward needs it");
      if (const Node* n = node.find(key); n && !wanted)
        throw Error(n->where, p.field.empty() ? "is for a field" : "is for a population");
    }
  }
  if (p.kind == ProtocolSpec::Kind::reward_on_coincidence)
    for (const std::string& name : p.projections) {
      const ProjectionSpec& one = projection_named(c.network, name);
      if (one.rule == "static") continue;
      const RuleForm rule = find_rule(one.rule).make(one.params);
      if (p.weight < rule.w_min || p.weight > rule.w_max)
        throw Error(where_of(node, "weight"), fmt::format("{} lies outside the bounds of '{}', {} to {}",
                                                          p.weight, name, rule.w_min, rule.w_max));
    }
  if (p.to_ms >= 0 && p.to_ms <= p.from_ms)
    throw Error(where_of(node, "to"),
                fmt::format("must come after from, here {} and {} ms", p.to_ms, p.from_ms));
  const bool poisson = !p.population.empty() && population_named(c.network, p.population).model == "poisson";
  if (poisson && p.width_ms > 0 && std::abs(p.value) > SourceSettings::kMostHz)
    throw Error(where_of(node, "value"),
                fmt::format("a rate must be at most {} Hz, here {}", SourceSettings::kMostHz, p.value));
  if (p.kind == ProtocolSpec::Kind::rate && !(p.value >= 0 && p.value <= SourceSettings::kMostHz))
    throw Error(where_of(node, "value"),
                fmt::format("a rate must be from 0 to {} Hz, here {}", SourceSettings::kMostHz, p.value));
  if (const Node* n = node.find("delay")) {
    p.delay_ms = read_distribution(*n, number_info("delay", "ms", {c.network.dt_ms, kLongest}));
    p.delay_ms.lo = std::max(p.delay_ms.lo, c.network.dt_ms);
  }
  return p;
}

void refuse_contradiction(const std::vector<ProtocolSpec>& all) {
  using Kind = ProtocolSpec::Kind;
  const ProtocolSpec& p = all.back();
  for (const ProtocolSpec& other : std::span(all).first(all.size() - 1)) {
    if (other.kind != p.kind) continue;
    const auto refuse = [&](const std::string& what) {
      throw Error(p.where,
                  fmt::format("contradicts the protocol in line {}: both {}", other.where.line, what));
    };
    if (p.kind == Kind::clamp && p.field == other.field) {
      const auto end = [](const ProtocolSpec& x) { return x.to_ms < 0 ? kLongest : x.to_ms; };
      if (p.from_ms < end(other) && other.from_ms < end(p)) refuse(fmt::format("hold field '{}'", p.field));
    }
    if ((p.kind == Kind::rate || p.kind == Kind::current) && p.population == other.population)
      for (const double t : p.times_ms)
        if (std::ranges::find(other.times_ms, t) != other.times_ms.end())
          refuse(fmt::format("set the {} of '{}' at {} ms", protocol_info(p.kind).name, p.population, t));
  }
}

void check_start(const NetworkCondition& c) {
  const ModulationSpec& m = c.network.modulation;
  if (m.regions.empty()) return;
  Modulation probe(m.modulators, m.regions, 1);
  for (const auto& x : m.exchange) probe.exchange(x.a, x.b, x.rate_per_s, x.modulator);
  const auto from_start = [](const ProtocolSpec& p) {
    return std::ranges::find(p.times_ms, 0.0) != p.times_ms.end();
  };
  Treatment doses;
  for (const ProtocolSpec& p : c.protocols) {
    if (p.kind == ProtocolSpec::Kind::dose && from_start(p))
      doses.doses.push_back({&find_drug(p.drug, m.drugs), p.amount, p.hours, p.regions, p.chronic, p.where});
    if (p.kind != ProtocolSpec::Kind::lesion) continue;
    for (const NucleusSpec& n : m.nuclei)
      if (n.population == p.population)
        located(p.where, [&] {
          Modulation lesioned = probe;
          const int nucleus = lesioned.add_nucleus(n.modulator, 1, n.regions);
          lesioned.lose_units(nucleus, p.share, p.uptake);
          if (from_start(p)) probe.lesion(n.modulator, p.share, p.uptake, n.regions);
        });
  }
  located(doses.doses.empty() ? m.where : doses.doses.back().where, [&] {
    give(probe, doses);
    probe.settle();
  });
}

}  // namespace labile
