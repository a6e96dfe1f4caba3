#include "network/read_modulation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "network/read_network.hpp"
#include "pharmacology/modulation.hpp"
#include "pharmacology/own_tables.hpp"

namespace labile {
namespace {

NucleusSpec read_nucleus(const Node& node, const std::vector<PopulationSpec>& populations,
                         const std::vector<ModulatorInfo>& modulators) {
  const std::vector<Field<NucleusSpec>> keys{
      {"modulator", "1", &NucleusSpec::modulator, {}, "what its spikes release"},
      {"population", "1", &NucleusSpec::population, {}, "population whose spikes release it"},
      {"release_delay",
       "ms",
       &NucleusSpec::release_delay_ms,
       {0, 1e5},
       "from a spike to its release; 0 = the network's shortest delay"}};
  NucleusSpec n = read_keys(node, keys, {"regions"}, "[[nucleus]]");
  n.where = node.where;
  const Node& modulator = required(node, "modulator", "write what it releases, such as \"DA\"");
  n.modulator = located(modulator.where, [&] { return find_modulator(n.modulator, modulators).name; });
  const Node& population = required(node, "population", "write the population that releases it");
  std::vector<std::string> names;
  for (const auto& p : populations) names.push_back(p.name);
  if (std::ranges::find(names, n.population) == names.end())
    throw Error(population.where,
                fmt::format("the card has no population '{}'{}", n.population, suggest(n.population, names)));
  if (const Node* regions = node.find("regions")) n.regions = texts_of(*regions);
  return n;
}

/// { between = ["a", "b"], rate = 0.5 }
ExchangeSpec read_exchange(const Node& node, const std::vector<ModulatorInfo>& modulators) {
  const std::vector<Field<ExchangeSpec>> keys{
      {"rate", "1/s", &ExchangeSpec::rate_per_s, {0, 100}, "share of the difference that evens out a second"},
      {"modulator", "1", &ExchangeSpec::modulator, {}, "what spreads; all when not given"}};
  ExchangeSpec x = read_keys(node, keys, {"between"}, "[[exchange]]");
  x.where = node.where;
  const Node& between = required(node, "between", "write two regions");
  const auto names = texts_of(between);
  if (names.size() != 2)
    throw Error(between.where, fmt::format("names {} regions; two are needed", names.size()));
  x.a = names[0];
  x.b = names[1];
  (void)required(node, "rate", "write how fast, in 1/s");
  if (!x.modulator.empty())
    x.modulator =
        located(where_of(node, "modulator"), [&] { return find_modulator(x.modulator, modulators).name; });
  return x;
}

/// "D1.striatum" must be one word of a gate.
void check_word(const std::string& name, const char* what, const Where& where) {
  const auto letter = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (name.empty() || !std::ranges::all_of(name, letter))
    throw Error(
        where,
        fmt::format(
            "gates cannot say '{}', {}: letters, digits and _ are a name's{}", name, what,
            std::string_view(what).starts_with("a mod") ? "; give it a short one, short = \"...\"" : ""));
}

}  // namespace

ModulationSpec read_modulation(const Node& root, const std::vector<PopulationSpec>& populations) {
  ModulationSpec spec;
  const PharmacologyTables tables = read_pharmacology(root);
  const auto& modulators = tables.modulators;
  spec.drugs = tables.drugs;
  spec.own = tables.text;
  const Node* head = root.find("modulation");
  if (!head) {
    for (const char* section : {"nucleus", "exchange", "modulator", "drug"})
      if (const auto list = tables_of(root, section); !list.empty())
        throw Error(list.front()->where,
                    fmt::format("[[{}]] wants regions: write [modulation] with regions = [...]", section));
    return spec;
  }
  require_table(*head);
  refuse_unknown_keys(*head, {"regions", "modulators"}, "[modulation]");
  spec.where = head->where;
  const Node& regions = required(*head, "regions", "write where modulators are, such as [\"striatum\"]");
  spec.regions = texts_of(regions);
  if (spec.regions.empty()) throw Error(regions.where, "names no region");
  for (const auto& r : spec.regions) check_word(r, "a region", regions.where);
  for (const Node* n : tables_of(root, "nucleus"))
    spec.nuclei.push_back(read_nucleus(*n, populations, modulators));
  // Those that are asked for, or that something here releases or defines.
  std::vector<std::string> wanted;
  if (const Node* names = head->find("modulators")) {
    for (const auto& name : texts_of(*names))
      wanted.push_back(located(names->where, [&] { return find_modulator(name, modulators).name; }));
    for (const auto& n : spec.nuclei)
      if (std::ranges::find(wanted, n.modulator) == wanted.end())
        throw Error(n.where, fmt::format("'{}' is not among the modulators of [modulation]", n.modulator));
  } else {
    wanted = tables.own_modulators;
    for (const auto& n : spec.nuclei) wanted.push_back(n.modulator);
  }
  for (const auto& m : modulators)
    if (std::ranges::find(wanted, m.name) != wanted.end()) spec.modulators.push_back(m);
  for (const auto& m : spec.modulators) {
    check_word(m.short_name, "a modulator", head->where);
    for (const auto& r : m.receptors) check_word(r.name, "a receptor", head->where);
  }
  if (spec.modulators.empty())
    throw Error(head->where, "no modulator: write modulators = [\"DA\"], or a [[nucleus]] that releases one");
  for (const Node* n : tables_of(root, "exchange"))
    spec.exchange.push_back(read_exchange(*n, spec.modulators));
  // Regions of nuclei and cell bodies, and a steady state, are there.
  auto probe = located(head->where, [&] { return Modulation(spec.modulators, spec.regions, 1); });
  for (const auto& x : spec.exchange)
    located(x.where, [&] { probe.exchange(x.a, x.b, x.rate_per_s, x.modulator); });
  for (const auto& n : spec.nuclei) {
    Modulation one = probe;
    (void)located(n.where, [&] { return one.add_nucleus(n.modulator, 1, n.regions); });
  }
  return spec;
}

}  // namespace labile
