/// Reading a network's card: conditions, records, measures, predictions.
#include "run/network_card.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "card/sections.hpp"
#include "network/network.hpp"
#include "network/read_network.hpp"
#include "neurons/catalogue.hpp"
#include "pharmacology/modulation.hpp"
#include "run/network_card_parts.hpp"

namespace labile {
namespace {

const MeasureInfo kMeasures[] = {
    {"rate", "Rate", "Hz", "spikes a unit and second"},
    {"cv_isi", "CV of intervals", "1",
     "coefficient of variation of interspike intervals, mean over units with three spikes or more"},
    {"weight_mean", "Mean weight", "", "mean weight at the end"},
    {"weight_sd", "SD of weights", "", "standard deviation of weights at the end"},
    {"weight_change", "Change of weight", "", "mean weight at the end minus that at the start"},
    {"chosen_weight", "Weight of the chosen synapse", "", "weight of the chosen synapse at the end"},
    {"chosen_rank", "Rank of the chosen synapse", "share", "share of synapses that end above the chosen one"},
    {"chosen_in_top", "Chosen synapse in the top", "yes = 1",
     "whether the chosen synapse ends in the top share"},
    {"rewards", "Rewards", "rewards", "rewards given"},
    {"mean", "Mean", "", "mean of a field, gate, concentration or receptor"},
    {"max", "Highest value", "", "its highest value"},
    {"min", "Lowest value", "", "its lowest value"},
    {"decay", "Decay", "ms",
     "until it is a part of the way back to where it began, from its highest value or from `since` on"},
};
/// Kinds of record in the order of RecordSpec::Kind, with their keys beside the one that names the kind.
const std::vector<SectionInfo> kRecords{
    {"spikes", "times and units of all spikes of a population", {}, {}},
    {"rates", "rate of a population (Hz), in bins", {"every"}, {}},
    {"state", "a state variable of chosen neurons", {"of", "units", "every"}, {}},
    {"field", "a field's value", {"every"}, {}},
    {"gate", "a gate's value", {"every"}, {}},
    {"modulation", "a concentration (\"DA.striatum\") or a receptor (\"D1.striatum\")", {"every"}, {}},
    {"synapses",
     "weight and eligibility of chosen synapses: pairs or sources",
     {"every"},
     {"pairs", "sources"}},
};

std::vector<std::string> section_names(const std::vector<SectionInfo>& kinds) {
  return names_of(kinds, &SectionInfo::name);
}
/// A whole number of steps, or an Error.
void check_steps(double ms, double dt, const Where& where) {
  const double steps = ms / dt;
  if (steps < 0.5 || std::abs(steps - std::round(steps)) > 1e-6 * std::max(1.0, steps))
    throw Error(where, fmt::format("{} ms is not a whole number of steps of {} ms", ms, dt));
}

// --- the parts ---

/// [network], the network and [[protocol]], under one condition.
NetworkCondition read_condition(const Node& root, const std::filesystem::path& folder) {
  NetworkCondition c;
  const Node& head = required(root, "network", "write [network] with dt and duration");
  require_table(head);
  refuse_unknown_keys(head, {"dt", "duration"}, "[network]");
  c.network = read_network(root, folder);
  const Node& duration = required(head, "duration", "write how long to run, such as \"1 s\"");
  c.duration_ms = read_number(duration, number_info("duration", "ms", {0, kLongest}));
  check_steps(c.duration_ms, c.network.dt_ms, duration.where);
  for (const Node* n : tables_of(root, "protocol")) {
    const auto before = names_of(c.protocols, &ProtocolSpec::name);
    c.protocols.push_back(read_protocol(*n, c));
    if (const auto& name = c.protocols.back().name; !name.empty())
      refuse_repeated(before, name, where_of(*n, "name"), "protocol");
    refuse_contradiction(c.protocols);
  }
  check_start(c);
  return c;
}

/// What [modulation] has to read.
std::vector<std::string> modulation_names(const NetworkSpec& net) {
  std::vector<std::string> r;
  if (net.modulation.regions.empty()) return r;
  for (const auto& [name, place] : Modulation(net.modulation.modulators, net.modulation.regions, 1).places())
    r.push_back(name);
  return r;
}

void check_state(const NetworkSpec& net, const RecordSpec& r, const Where& where) {
  const std::string& model = population_named(net, r.target).model;
  std::vector<std::string> known;
  for (const auto& s : find_neuron(model, where).state) known.push_back(s.name);
  require_known(known, r.variable, where, fmt::format("state of '{}',", model));
}

std::vector<std::array<int, 2>> read_pairs(const Node& node) {
  std::vector<std::array<int, 2>> r;
  if (node.kind != Node::Kind::list)
    throw Error(node.where, fmt::format("expected a list of [source, target], found {}", node.what()));
  for (const auto& item : node.items) {
    const auto pair = item.kind == Node::Kind::list ? read_units(item) : std::vector<int>{};
    if (pair.size() != 2) throw Error(item.where, "expected [source, target], such as [0, 17]");
    r.push_back({pair[0], pair[1]});
  }
  return r;
}

/// Records of one [[record]] table: one for each part that it names.
void read_record(const Node& node, const NetworkCondition& c, std::vector<RecordSpec>& out) {
  using Kind = RecordSpec::Kind;
  const std::vector<std::string> kinds = section_names(kRecords);
  const toml_tree::Member* chosen = nullptr;
  for (const auto& m : node.members)
    if (std::find(kinds.begin(), kinds.end(), m.name) != kinds.end()) {
      if (chosen)
        throw Error(m.where, fmt::format("'{}' and '{}': write a [[record]] for each", chosen->name, m.name));
      chosen = &m;
    }
  if (!chosen) throw Error(node.where, fmt::format("[[record]] needs one of {}", fmt::join(kinds, ", ")));
  RecordSpec r;
  const auto k =
      static_cast<std::size_t>(std::find(kinds.begin(), kinds.end(), chosen->name) - kinds.begin());
  r.kind = static_cast<Kind>(k);
  r.where = node.where;
  std::vector<std::string> known = kRecords[k].needed;
  known.insert(known.end(), kRecords[k].optional.begin(), kRecords[k].optional.end());
  known.push_back(kinds[k]);
  refuse_unknown_keys(node, known, fmt::format("a [[record]] of {}", kinds[k]));
  if (r.kind != Kind::spikes) {
    const Node& every = required(node, "every", "write the interval between values, such as \"10 ms\"");
    r.every_ms = read_number(every, number_info("every", "ms", {0, kLongest}));
    check_steps(r.every_ms, c.network.dt_ms, every.where);
  }
  if (const Node* n = node.find("units")) r.units = read_units(*n);
  if (const Node* n = node.find("sources")) r.sources = read_units(*n);
  if (const Node* n = node.find("pairs")) r.pairs = read_pairs(*n);
  if (r.kind == Kind::state) {
    r.variable = text_of(chosen->node);
    r.target = text_of(required(node, "of", "write the population"));
    require_part(c.network.populations, r.target, where_of(node, "of"), "population");
    if (r.units.empty())
      throw Error(where_of(node, "units"), "is missing; write which units, such as [0, 1, 2]");
    check_units(c.network, r.target, r.units, where_of(node, "units"));
    check_state(c.network, r, chosen->node.where);
    out.push_back(r);
    return;
  }
  if (r.kind == Kind::synapses && r.sources.empty() == r.pairs.empty())
    throw Error(node.where,
                "which synapses? write either pairs = [[source, target], ...] or sources = [...]");
  for (const auto& target : one_or_more(chosen->node)) {
    r.target = target;
    const Where& where = chosen->node.where;
    if (r.kind == Kind::spikes || r.kind == Kind::rates)
      require_part(c.network.populations, target, where, "population");
    if (r.kind == Kind::field) require_part(c.network.fields, target, where, "field");
    if (r.kind == Kind::gate) require_part(c.network.gates, target, where, "gate");
    if (r.kind == Kind::modulation)
      require_known(modulation_names(c.network), target, where, "concentration or receptor");
    if (r.kind == Kind::synapses) {
      require_part(c.network.projections, target, where, "projection");
      for (const auto& p : c.network.projections) {
        if (p.name != target) continue;
        check_units(c.network, p.source, r.sources, where_of(node, "sources"));
        for (const auto& pair : r.pairs) {
          check_units(c.network, p.source, {pair[0]}, where_of(node, "pairs"));
          check_units(c.network, p.target, {pair[1]}, where_of(node, "pairs"));
        }
      }
    }
    out.push_back(r);
  }
}

void refuse_second_record(const std::vector<RecordSpec>& records) {
  for (std::size_t i = 0; i < records.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (records[i].kind == records[j].kind && records[i].target == records[j].target &&
          records[i].variable == records[j].variable)
        throw Error(records[i].where,
                    fmt::format("a second [[record]] of the same, '{}'", records[i].target));
}

/// What happens after the end happens never.
void note_late(const NetworkCondition& c, std::vector<std::string>& notes) {
  const auto late = [&](double first, const std::string& what) {
    if (first < c.duration_ms) return;
    const std::string note =
        fmt::format("{} comes at {} ms, but a run ends at {} ms", what, first, c.duration_ms);
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  };
  for (const ProtocolSpec& p : c.protocols) {
    const std::string& kind = protocol_info(p.kind).name;
    const std::string what = fmt::format("protocol '{}'", p.name.empty() ? kind : p.name);
    for (const double t : p.times_ms) late(t, what);
    if (p.kind == ProtocolSpec::Kind::clamp) late(p.from_ms, what);
  }
  for (const FieldSpec& f : c.network.fields)
    for (const auto& pulse : f.pulses) late(pulse.time_ms, fmt::format("a pulse of field '{}'", f.name));
  for (const PopulationSpec& p : c.network.populations)
    for (const double t : p.current.times_ms)
      late(t, fmt::format("a current step of population '{}'", p.name));
}
/// Currents at an inhibitory port inhibit where weights are negative.
void note_signs(const NetworkSpec& net, std::vector<std::string>& notes) {
  for (const ProjectionSpec& p : net.projections) {
    if (!p.port.starts_with("GABA")) continue;
    for (const auto& port : find_neuron(population_named(net, p.target).model).ports)
      if (port.name == p.port && port.unit == "pA" && p.weight.least() > 0)
        notes.push_back(fmt::format(
            "projection '{}': weights at {} are above 0 pA, so they excite; write them below 0 to "
            "inhibit",
            p.name, p.port));
  }
}

bool is_chosen(MeasureSpec::Kind k) {
  using Kind = MeasureSpec::Kind;
  return k == Kind::chosen_weight || k == Kind::chosen_rank || k == Kind::chosen_in_top || k == Kind::rewards;
}

/// What a measure or a record of a value over time may name.
std::vector<std::string> readable(const NetworkSpec& net) {
  std::vector<std::string> known = names_of(net.fields, &FieldSpec::name);
  for (const auto& g : net.gates) known.push_back(g.name);
  for (const auto& name : modulation_names(net)) known.push_back(name);
  return known;
}

void read_trace_measure(const Node& node, const NetworkCard& card, MeasureSpec& m) {
  const Node& of = required(node, "of", "write a field, a gate, or one such as \"DA.striatum\"");
  m.of = text_of(of);
  if (const Node* n = node.find("every"))
    m.every_ms = read_number(*n, number_info("every", "ms", {0, kLongest}));
  for (const auto& c : card.conditions) {
    require_known(readable(c.network), m.of, of.where,
                  fmt::format("field, gate, concentration or receptor (condition '{}')", c.name));
    if (const Node* n = node.find("every")) check_steps(m.every_ms, c.network.dt_ms, n->where);
  }
  if (const Node* n = node.find("part")) m.part = read_number(*n, number_info("part", "1", {1e-6, 1}));
  if (const Node* n = node.find("since"))
    m.since_ms = read_number(*n, number_info("since", "ms", {0, kLongest}));
}

MeasureSpec read_measure(const Node& node, const NetworkCard& card) {
  using Kind = MeasureSpec::Kind;
  const NetworkCondition& c = card.conditions.front();
  std::vector<std::string> kinds;
  for (const auto& k : kMeasures) kinds.emplace_back(k.name);
  const ParamInfo words{"kind", "1", ParamType::text, {}, "", "", {}, kinds};
  MeasureSpec m;
  m.where = node.where;
  const Node& kind = required(node, "kind", fmt::format("write one of {}", fmt::join(kinds, ", ")));
  const auto word = checked_text(words, setting_of(kind));
  m.kind = static_cast<Kind>(std::find(kinds.begin(), kinds.end(), word) - kinds.begin());
  const bool spikes = m.kind == Kind::rate || m.kind == Kind::cv_isi;
  std::vector<std::string> known{"kind", "id"};
  if (spikes) known.insert(known.end(), {"population", "from", "to"});
  if (!spikes && !is_chosen(m.kind) && !is_trace(m.kind)) known.emplace_back("projection");
  if (m.kind == Kind::chosen_in_top) known.insert(known.end(), {"top", "ties"});
  if (is_trace(m.kind)) known.insert(known.end(), {"of", "from", "to", "every"});
  if (m.kind == Kind::decay) known.insert(known.end(), {"part", "since"});
  refuse_unknown_keys(node, known, fmt::format("measure '{}'", word));
  m.id = word;
  if (const Node* n = node.find("id")) m.id = text_of(*n);
  refuse_repeated(names_of(card.measures, &MeasureSpec::id), m.id, where_of(node, "id"), "measure");
  if (spikes || is_trace(m.kind)) {
    if (spikes) {
      const Node& population = required(node, "population", "write whose spikes");
      m.population = text_of(population);
      require_part(c.network.populations, m.population, population.where, "population");
    } else {
      read_trace_measure(node, card, m);
    }
    if (const Node* n = node.find("from"))
      m.from_ms = read_number(*n, number_info("from", "ms", {0, kLongest}));
    if (const Node* n = node.find("to")) m.to_ms = read_number(*n, number_info("to", "ms", {0, kLongest}));
    for (const auto& each : card.conditions) {
      const double to = m.to_ms < 0 ? each.duration_ms : m.to_ms;
      if (to > each.duration_ms || m.from_ms >= to)
        throw Error(node.where, fmt::format("measures from {} to {} ms; a run of '{}' lasts {} ms", m.from_ms,
                                            to, each.name, each.duration_ms));
      if (m.since_ms >= 0 && (m.since_ms <= m.from_ms || m.since_ms >= to))
        throw Error(
            where_of(node, "since"),
            fmt::format("{} ms does not lie between from and to, {} and {} ms", m.since_ms, m.from_ms, to));
    }
  } else if (!is_chosen(m.kind)) {
    const Node& projection = required(node, "projection", "write whose weights");
    m.projections = one_or_more(projection);
    for (const auto& name : m.projections)
      require_part(c.network.projections, name, projection.where, "projection");
  } else {
    for (const auto& each : card.conditions)
      if (std::none_of(each.protocols.begin(), each.protocols.end(), [](const ProtocolSpec& p) {
            return p.kind == ProtocolSpec::Kind::reward_on_coincidence;
          }))
        throw Error(kind.where,
                    fmt::format("'{}' needs a [[protocol]] of kind reward_on_coincidence, which chooses "
                                "the synapse",
                                word));
  }
  if (const Node* n = node.find("ties")) {
    const ParamInfo sides{"ties", "1", ParamType::text, {}, "", "", {}, {"against", "for"}};
    m.ties_against = checked_text(sides, setting_of(*n)) == "against";
  }
  if (const Node* n = node.find("top")) m.top = read_number(*n, number_info("top", "1", {0, 1}));
  return m;
}

bool yes_or_no(MeasureSpec::Kind k) {
  return k == MeasureSpec::Kind::chosen_in_top;
}

Prediction read_network_prediction(const Node& node, const NetworkCard& card) {
  using P = Prediction;
  const std::vector<Field<P>> keys{
      {"claim", "1", &P::claim, {}, "what is claimed, in a sentence"},
      {"metric", "1", &P::metric, {}, "id of one of the card's measures"},
      {"relation", "1", &P::relation_text, {}, "such as \"ratio >= 1.6\""},
      {"anchor", "1", &P::anchor, {}, "where the expectation comes from"},
      {"tuned", "1", &P::tuned, {}, "whether parameters were tuned on this very quantity"}};
  P p = read_keys(node, keys, {"contrast"}, "[[prediction]]");
  (void)required(node, "claim", keys[0].about);
  const Node& metric = required(node, "metric", "write the id of one of the card's measures");
  require_known(names_of(card.measures, &MeasureSpec::id), p.metric, metric.where, "measure");
  const Node& relation =
      required(node, "relation", "write, for instance, \"ratio >= 1.6\" or \"value >= 0.9\"");
  parse_relation(p.relation_text, relation.where, p);
  const bool single = p.of == P::Of::value || p.of == P::Of::count;
  const Node& contrast =
      required(node, "contrast", "write the condition, or two, such as [\"clamped\", \"intact\"]");
  const auto names = one_or_more(contrast);
  for (const auto& name : names)
    require_known(names_of(card.conditions, &NetworkCondition::name), name, contrast.where, "condition");
  if (names.size() != (single ? 1U : 2U))
    throw Error(contrast.where,
                fmt::format("holds {} name(s); a relation of {}", names.size(),
                            single ? "'value' or 'count' speaks of one condition"
                                   : "'ratio', 'difference' or 'within' compares two conditions"));
  p.treated = names[0];
  if (!single) p.control = names[1];
  if (p.treated == p.control) throw Error(contrast.where, "compares a condition with itself");
  for (const auto& m : card.measures)
    if (m.id == p.metric && p.of == P::Of::count && !yes_or_no(m.kind))
      throw Error(relation.where, fmt::format("counts networks that say yes; '{}' is a number", m.id));
  p.where = node.where;
  return p;
}

// --- conditions ---

/// "network.projection.EE.params.eta" is "projection.EE.eta".
std::string card_key(const std::string& key) {
  std::string r = key;
  for (const char* part : {"population.", "projection.", "field.", "gate.", "record.", "protocol.",
                           "nucleus.", "modulator.", "drug."})
    if (key.starts_with(std::string("network.") + part)) r = key.substr(8);
  if (r.starts_with("population.") || r.starts_with("projection.")) {
    const auto second = r.find('.', r.find('.') + 1);
    if (second != std::string::npos && r.compare(second, 8, ".params.") == 0) r.erase(second, 7);
  }
  return r;
}

/// Projections without a name get theirs, so that dotted keys can say it.
void name_projections(Node& root) {
  for (auto& section : root.members) {
    if (section.name != "projection") continue;
    for (auto& item : section.node.items) {
      if (item.kind != Node::Kind::table || item.find("name")) continue;
      const Node *source = item.find("source"), *target = item.find("target");
      if (!source || !target || source->value.index() != 2 || target->value.index() != 2) continue;
      Node name;
      name.where = item.where;
      name.value = text_of(*source) + "->" + text_of(*target);
      item.members.push_back({"name", item.where, name});
    }
  }
  toml_tree::name_keys(root);
}

/// Parameters of models may stand under `params` or beside the other keys; here they all stand beside, so
/// that changes meet them whichever way they were written.
void hoist_params(Node& root) {
  for (auto& section : root.members) {
    if (section.name != "population" && section.name != "projection") continue;
    for (auto& item : section.node.items) {
      const Node* params = item.find("params");
      if (!params) continue;
      require_table(*params);
      auto moved = params->members;
      std::erase_if(item.members, [](const auto& m) { return m.name == "params"; });
      for (auto& m : moved) {
        if (item.find(m.name)) throw Error(m.where, fmt::format("'{}' is given twice", m.name));
        item.members.push_back(std::move(m));
      }
    }
  }
}

void read_conditions(const Node& root, const std::filesystem::path& folder, NetworkCard& card) {
  card.conditions.push_back(read_condition(root, folder));
  card.conditions.back().name = "intact";
  for (const Node* node : tables_of(root, "condition")) {
    refuse_unknown_keys(*node, {"name", "set"}, "[[condition]]");
    const Node& name = required(*node, "name", "write what results call it");
    refuse_repeated(names_of(card.conditions, &NetworkCondition::name), text_of(name), name.where,
                    "condition");
    const Node& changes = required(*node, "set", "write what differs, such as { \"field.DA.quantum\" = 0 }");
    require_table(changes);
    Node changed = root;
    for (const auto& m : changes.members) toml_tree::set(changed, card_key(m.name), m.node, m.node.where);
    NetworkCondition c = read_condition(changed, folder);
    c.name = text_of(name);
    c.where = node->where;
    for (const auto& m : changes.members) c.set.emplace_back(card_key(m.name), m.node);
    if (c.set.empty()) throw Error(changes.where, "sets nothing; the first condition is 'intact' by itself");
    card.conditions.push_back(std::move(c));
  }
}

std::vector<Field<NetworkCard>> head_keys_of_networks() {
  using C = NetworkCard;
  return {{"title", "1", &C::title, {}, "what the card is about, in a line"},
          {"about", "1", &C::about, {}, "what it shows and why"},
          {"tuned_on", "1", &C::tuned_on, {}, "on what quantities the parameters were tuned"},
          {"seeds", "1", &C::seeds, {1, 1e6}, "networks a condition"}};
}

void note_unchanged(NetworkCard& card) {
  const std::string intact = condition_text(card.conditions.front());
  for (std::size_t c = 1; c < card.conditions.size(); ++c)
    if (condition_text(card.conditions[c]) == intact)
      card.notes.push_back(
          fmt::format("condition '{}' changes nothing: it is 'intact' again", card.conditions[c].name));
}

std::uint64_t read_seed(const Node& root) {
  const Node& node = required(root, "seed", "a seed has no default; write a whole number, such as seed = 1");
  const double x = read_number(node, number_info("seed", "1", {0, 9007199254740991}));
  if (x != std::floor(x)) throw Error(node.where, fmt::format("{} is not a whole number", x));
  return static_cast<std::uint64_t>(x);
}

}  // namespace

std::vector<SectionInfo> record_kinds() {
  return kRecords;
}
std::span<const MeasureInfo> measure_kinds() {
  return kMeasures;
}

bool is_network_card(std::string_view text, const std::string& name) {
  const Node root = toml_tree::parse(text, name);
  return root.find("network") || root.find("population");
}

NetworkCard parse_network_card(std::string_view text, const std::string& name,
                               const std::filesystem::path& folder, const std::vector<Override>& overrides) {
  Node root = toml_tree::parse(text, name);
  hoist_params(root);
  name_projections(root);
  for (const auto& o : overrides) toml_tree::set(root, card_key(o.key), o.value);
  std::vector<std::string> nested = network_sections();
  for (const char* key : {"seed", "condition", "record", "protocol", "measure", "prediction", "bootstrap"})
    nested.emplace_back(key);
  NetworkCard card = read_keys(root, head_keys_of_networks(), nested, "the card of a network");
  card.seed = read_seed(root);
  if (const Node* n = root.find("bootstrap"))
    card.resamples = read_keys(*n, bootstrap_keys(), {}, "[bootstrap]").resamples;
  read_conditions(root, folder, card);
  for (const Node* n : tables_of(root, "record")) read_record(*n, card.conditions.front(), card.records);
  refuse_second_record(card.records);
  for (const Node* n : tables_of(root, "measure")) card.measures.push_back(read_measure(*n, card));
  for (const Node* n : tables_of(root, "prediction"))
    card.predictions.push_back(read_network_prediction(*n, card));
  for (const NetworkCondition& c : card.conditions) {
    for (const RecordSpec& r : card.records)
      if (r.kind == RecordSpec::Kind::modulation)
        require_known(modulation_names(c.network), r.target, r.where,
                      fmt::format("concentration or receptor (condition '{}')", c.name));
    located(c.where.file.empty() ? root.where : c.where, [&] { Network::check(c.network); });
    note_late(c, card.notes);
  }
  note_signs(card.conditions.front().network, card.notes);
  note_unchanged(card);
  return card;
}

}  // namespace labile
