#include "network/read_network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "network/read_modulation.hpp"
#include "network/sources.hpp"
#include "neurons/catalogue.hpp"
#include "plasticity/catalogue.hpp"

namespace labile {
namespace {

constexpr double kLongest = 1e9;  // ms: 11 days

/// A table's own keys, the keys read elsewhere, and the rest for the model.
template <class S>
S read_own(const Node& node, const std::vector<Field<S>>& own, std::string_view owner) {
  Settings given;
  for (const auto& f : own)
    if (const Node* n = node.find(f.name)) given[f.name] = setting_of(*n);
  return read_params(own, given, owner);
}

template <class S>
std::vector<std::string> names_of_fields(const std::vector<Field<S>>& own) {
  std::vector<std::string> r;
  for (const auto& f : own) r.emplace_back(f.name);
  return r;
}

void refuse_second(const std::vector<std::string>& before, const std::string& name, const Where& where,
                   std::string_view what) {
  if (std::find(before.begin(), before.end(), name) != before.end())
    throw Error(where, fmt::format("a second {} is called '{}'; names must differ", what, name));
}

/// Names become groups in the file of traces and parts of dotted keys.
void check_name(const std::string& name, const Where& where) {
  if (name.find('/') != std::string::npos) throw Error(where, "holds '/', which names must not");
}

/// The one key of `node` that is among `kinds`; throws when there is none or more than one.
const toml_tree::Member& only_kind(const Node& node, const std::vector<std::string>& kinds,
                                   const std::vector<std::string>& others, std::string_view owner) {
  std::vector<std::string> known = kinds;
  known.insert(known.end(), others.begin(), others.end());
  refuse_unknown_keys(node, known, owner);
  const toml_tree::Member* found = nullptr;
  for (const auto& m : node.members) {
    if (std::find(kinds.begin(), kinds.end(), m.name) == kinds.end()) continue;
    if (found)
      throw Error(m.where, fmt::format("'{}' and '{}' exclude each other; write one", found->name, m.name));
    found = &m;
  }
  if (!found) throw Error(node.where, fmt::format("{} needs one of {}", owner, fmt::join(kinds, ", ")));
  return *found;
}

std::vector<double> read_numbers(const Node& node, ParamInfo one, std::size_t count = 0) {
  one.type = ParamType::numbers;
  one.standard = std::vector<double>{std::nan("")};
  const auto r = checked_numbers(one, setting_of(node));
  if (count > 0 && r.size() != count)
    throw Error(node.where, fmt::format("holds {} numbers; {} are needed", r.size(), count));
  return r;
}

int read_integer(const Node& node, const ParamInfo& one) {
  return checked_integer(one, setting_of(node));
}

bool read_boolean(const Node& node) {
  return checked_boolean(ParamInfo{"", "1", ParamType::boolean, {}, "", false, {}, {}}, setting_of(node));
}

/// Null when no neuron has that name.
const NeuronEntry* neuron_entry(const std::string& model) {
  for (const auto& e : all_neurons())
    if (model == e.info.name) return &e;
  return nullptr;
}

/// The unit of weights at a port of a model; "" where neither is known here.
std::string port_unit(const NeuronEntry* entry, const std::string& port, const Where& where) {
  if (!entry || entry->ports.empty()) return "";
  if (port.empty()) return entry->ports.front().unit;
  std::vector<std::string> known;
  for (const auto& p : entry->ports) {
    if (p.name == port) return p.unit;
    known.push_back(p.name);
  }
  throw Error(where,
              fmt::format("neuron '{}' has no port '{}'{}", entry->info.name, port, suggest(port, known)));
}

std::string state_unit(const NeuronEntry* entry, const std::string& variable, const Where& where) {
  if (!entry) return "";
  std::vector<std::string> known;
  for (const auto& s : entry->state) {
    if (s.name == variable) return s.unit;
    known.push_back(s.name);
  }
  throw Error(where, fmt::format("neuron '{}' has no state '{}'{}", entry->info.name, variable,
                                 suggest(variable, known)));
}

/// Parameters of a model: the keys of a table that are not its own, and those under `params`. Messages about
/// a mistyped key know both.
Settings model_settings(const Node& node, const std::vector<std::string>& own,
                        const std::vector<ParamInfo>& table, std::string_view owner) {
  std::vector<std::string> of_model, known = own;
  for (const auto& p : table) of_model.push_back(p.name);
  known.insert(known.end(), of_model.begin(), of_model.end());
  refuse_unknown_keys(node, known, owner);
  Settings r = settings_of(node, own);
  if (const Node* params = node.find("params")) {
    require_table(*params);
    refuse_unknown_keys(*params, of_model, owner);
    for (auto& [name, setting] : settings_of(*params)) {
      if (r.contains(name)) throw Error(setting.where, fmt::format("'{}' is given twice", name));
      r[name] = setting;
    }
  }
  return r;
}

/// Types, units and bounds, without building anything.
void check_model(const Settings& given, const std::vector<ParamInfo>& table) {
  for (const auto& p : table) {
    const auto it = given.find(p.name);
    if (it == given.end()) continue;
    switch (p.type) {
      case ParamType::number:
        (void)checked_number(p, it->second);
        break;
      case ParamType::integer:
        (void)checked_integer(p, it->second);
        break;
      case ParamType::boolean:
        (void)checked_boolean(p, it->second);
        break;
      case ParamType::text:
        (void)checked_text(p, it->second);
        break;
      default:
        (void)checked_numbers(p, it->second);
    }
  }
}

// --- populations ---

std::vector<Field<PopulationSpec>> population_keys() {
  using P = PopulationSpec;
  return {{"name", "1", &P::name, {}, "what projections and results call it"},
          {"model", "1", &P::model, {}, "a neuron or a source of spikes"},
          {"size", "1", &P::size, {1, 2e9}, "number of units"}};
}

void read_initial(const Node& node, const NeuronEntry* entry, PopulationSpec& p) {
  require_table(node);
  for (const auto& m : node.members) {
    const auto one = number_info(m.name, state_unit(entry, m.name, m.where));
    p.initial.push_back({m.name, read_distribution(m.node, one), m.node.where});
  }
}

BackgroundSpec read_background(const Node& node, const NeuronEntry* entry) {
  require_table(node);
  refuse_unknown_keys(node, {"rate", "weight", "port"}, "[[population.background]]");
  BackgroundSpec b;
  b.where = node.where;
  b.rate_hz = read_number(required(node, "rate", "write the rate of each neuron's own input, in Hz"),
                          number_info("rate", "Hz", {0, 1e9}));
  if (const Node* port = node.find("port")) b.port = text_of(*port);
  const std::string unit = port_unit(entry, b.port, where_of(node, "port"));
  b.weight = read_number(required(node, "weight", "write what one spike adds"), number_info("weight", unit));
  return b;
}

NoiseSpec read_noise(const Node& node) {
  require_table(node);
  const auto& kind = only_kind(node, {"uniform", "normal"}, {"mean"}, "noise");
  NoiseSpec n;
  n.where = node.where;
  n.kind = kind.name == "uniform" ? NoiseSpec::Kind::uniform : NoiseSpec::Kind::normal;
  n.amplitude_pA = read_number(kind.node, number_info(kind.name, "pA", {0, 1e300}));
  if (const Node* mean = node.find("mean")) n.mean_pA = read_number(*mean, number_info("mean", "pA"));
  return n;
}

StepCurrentSpec read_current(const Node& node) {
  require_table(node);
  refuse_unknown_keys(node, {"times", "amplitude"}, "current");
  StepCurrentSpec c;
  c.where = node.where;
  const Node& times = required(node, "times", "write when the current changes");
  c.times_ms = read_numbers(times, number_info("times", "ms", {0, kLongest}));
  c.amplitude_pA = read_numbers(required(node, "amplitude", "write the current from each time on"),
                                number_info("amplitude", "pA"), c.times_ms.size());
  for (std::size_t i = 1; i < c.times_ms.size(); ++i)
    if (!(c.times_ms[i - 1] < c.times_ms[i]))
      throw Error(times.where,
                  fmt::format("times must ascend, here {} and {}", c.times_ms[i - 1], c.times_ms[i]));
  return c;
}

void read_drive(const Node& node, const NeuronEntry* entry, PopulationSpec& p) {
  require_table(node);
  std::vector<std::string> known;
  if (entry)
    for (const auto& d : entry->driven) known.push_back(d.name);
  for (const auto& m : node.members) {
    if (entry && std::find(known.begin(), known.end(), m.name) == known.end())
      throw Error(m.where, fmt::format("neuron '{}' has no driven parameter '{}'{}", entry->info.name, m.name,
                                       suggest(m.name, known)));
    for (const auto& d : entry ? entry->driven : std::vector<DrivenInfo>{}) {
      if (d.name != m.name || d.heeded_if.empty()) continue;
      std::string has;
      for (const auto& one : entry->params)
        if (one.name == d.heeded_if) has = std::get<std::string>(one.standard);
      if (const auto it = p.params.find(d.heeded_if); it != p.params.end())
        has = checked_text(*std::find_if(entry->params.begin(), entry->params.end(),
                                         [&](const ParamInfo& one) { return one.name == d.heeded_if; }),
                           it->second);
      if (has != d.is)
        throw Error(m.where, fmt::format("{} acts on neurons with {} = \"{}\"; these have \"{}\"", d.name,
                                         d.heeded_if, d.is, has));
    }
    p.drive.push_back({m.name, text_of(m.node), m.node.where});
  }
}

PopulationSpec read_population(const Node& node, const std::vector<PopulationSpec>& before) {
  const auto keys = population_keys();
  auto p = read_own(node, keys, "[[population]]");
  p.where = node.where;
  std::vector<std::string> names, own = names_of_fields(keys);
  for (const auto& other : before) names.push_back(other.name);
  const Node& name = required(node, "name", keys[0].about);
  check_name(p.name, name.where);
  refuse_second(names, p.name, name.where, "population");
  const Node& model =
      required(node, "model", "write a neuron or a source; `labile describe neuron` lists them");
  const Node& size = required(node, "size", "write the number of units");
  if (p.size < 1) throw Error(size.where, fmt::format("{} is out of bounds; allowed: 1 to 2e9", p.size));
  const NeuronEntry* entry = neuron_entry(p.model);
  const SourceEntry* source = source_named(p.model);
  if (!entry && !source) {
    std::vector<std::string> known;
    for (const auto& e : all_sources()) known.emplace_back(e.info.name);
    for (const auto& e : all_neurons()) known.emplace_back(e.info.name);
    throw Error(model.where,
                fmt::format("no neuron and no source is called '{}'{}", p.model, suggest(p.model, known)));
  }
  own.push_back("params");
  for (const char* key : {"initial", "background", "noise", "current", "drive"}) {
    own.emplace_back(key);
    if (const Node* n = node.find(key); n && !entry)
      throw Error(n->where, fmt::format("a source such as '{}' has no {}; neurons have", p.model, key));
  }
  const auto& table = entry ? entry->params : source->params;
  p.params = model_settings(node, own, table, fmt::format("{} '{}'", entry ? "neuron" : "source", p.model));
  check_model(p.params, table);
  if (source) (void)located(node.where, [&] { return source->make(p.params); });
  if (const Node* n = node.find("initial")) read_initial(*n, entry, p);
  if (const Node* n = node.find("background"); n && n->kind == Node::Kind::table)
    p.background.push_back(read_background(*n, entry));
  else
    for (const Node* b : tables_of(node, "background")) p.background.push_back(read_background(*b, entry));
  if (const Node* n = node.find("noise")) p.noise = read_noise(*n);
  if (const Node* n = node.find("current")) p.current = read_current(*n);
  if (const Node* n = node.find("drive")) read_drive(*n, entry, p);
  return p;
}

// --- projections ---

const std::vector<std::string> kConnectNames{"fixed_indegree", "fixed_outdegree", "bernoulli", "one_to_one",
                                             "all_to_all",     "distance",        "list"};

void read_distance(const Node& node, ConnectivitySpec& c) {
  require_table(node);
  refuse_unknown_keys(node, {"p", "sigma"}, "distance");
  c.probability =
      read_number(required(node, "p", "write the probability at distance 0"), number_info("p", "1", {0, 1}));
  c.sigma = read_number(required(node, "sigma", "write how far connections reach; the ring's length is 1"),
                        number_info("sigma", "1", {1e-9, 1e9}));
}

const PopulationSpec& find_population(const std::vector<PopulationSpec>& all, const Node& node) {
  std::vector<std::string> known;
  for (const auto& p : all) {
    if (p.name == text_of(node)) return p;
    known.push_back(p.name);
  }
  throw Error(node.where,
              fmt::format("the card has no population '{}'{}", text_of(node), suggest(text_of(node), known)));
}

/// fixed_outdegree among several populations: each source chooses among the neurons of all of them.
void read_group(const Node& connect, ProjectionSpec& p, const std::vector<PopulationSpec>& populations) {
  const Node* among = connect.find("among");
  if (const Node* draw = connect.find("draw")) {
    if (!among)
      throw Error(draw->where, "tells draws among several populations apart; write among = [...] too");
    p.group_draw = read_integer(*draw, number_info("draw", "1", {0, 1e9}));
  }
  if (!among) return;
  p.group = texts_of(*among);
  for (const auto& item : among->items) (void)find_population(populations, item);
  if (std::find(p.group.begin(), p.group.end(), p.target) == p.group.end())
    throw Error(among->where, fmt::format("the target, '{}', is not among them", p.target));
}

ConnectivitySpec read_connect(const Node& node, const std::filesystem::path& folder) {
  using Kind = ConnectivitySpec::Kind;
  ConnectivitySpec c;
  if (node.kind == Node::Kind::value) {
    const ParamInfo words{"connect", "1", ParamType::text, {}, "", "", {}, {"one_to_one", "all_to_all"}};
    c.kind = checked_text(words, setting_of(node)) == "one_to_one" ? Kind::one_to_one : Kind::all_to_all;
    return c;
  }
  require_table(node);
  const auto& chosen = only_kind(node, kConnectNames, {"autapses", "multapses", "among", "draw"}, "connect");
  c.kind = static_cast<Kind>(std::find(kConnectNames.begin(), kConnectNames.end(), chosen.name) -
                             kConnectNames.begin());
  const auto refuse = [&](const char* key) {
    if (const Node* n = node.find(key))
      throw Error(n->where, fmt::format("{} has no {}: {}", chosen.name, key,
                                        c.kind == Kind::list ? "the file says which synapses there are"
                                                             : "a pair has one synapse at most"));
  };
  switch (c.kind) {
    case Kind::fixed_indegree:
    case Kind::fixed_outdegree:
      c.degree = read_integer(chosen.node, number_info(chosen.name, "1", {0, 2e9}));
      break;
    case Kind::bernoulli:
      c.probability = read_number(chosen.node, number_info("bernoulli", "1", {0, 1}));
      break;
    case Kind::distance:
      read_distance(chosen.node, c);
      break;
    case Kind::list: {
      const std::filesystem::path file = text_of(chosen.node);
      c.file = (file.is_absolute() ? file : folder / file).lexically_normal().string();
      if (!std::filesystem::exists(c.file))
        throw Error(chosen.node.where, fmt::format("{}: no such file", c.file));
      refuse("autapses");
      break;
    }
    case Kind::one_to_one:
    case Kind::all_to_all:
      if (!read_boolean(chosen.node))
        throw Error(chosen.node.where, fmt::format("write connect = \"{}\", or another kind", chosen.name));
      break;
  }
  const bool counted = c.kind == Kind::fixed_indegree || c.kind == Kind::fixed_outdegree;
  if (!counted) refuse("multapses");
  for (const char* key : {"among", "draw"})
    if (const Node* n = node.find(key); n && c.kind != Kind::fixed_outdegree)
      throw Error(n->where, fmt::format("{} has no {}; fixed_outdegree has", chosen.name, key));
  if (const Node* n = node.find("autapses")) c.autapses = read_boolean(*n);
  if (const Node* n = node.find("multapses")) c.multapses = read_boolean(*n);
  return c;
}

std::vector<Field<ProjectionSpec>> projection_keys() {
  using P = ProjectionSpec;
  return {
      {"name", "1", &P::name, {}, "what results call it; \"source->target\" when not given"},
      {"source", "1", &P::source, {}, "population whose spikes it carries"},
      {"target", "1", &P::target, {}, "population that receives"},
      {"port", "1", &P::port, {}, "port of the target's model; its first when not given"},
      {"dendritic", "ms", &P::dendritic_ms, {0, kLongest}, "share of the delay that lies behind the synapse"},
      {"rule", "1", &P::rule, {}, "plasticity rule"},
      {"gate", "1", &P::gate, {}, "gate that turns eligibility into weight"}};
}

/// Parameters in the port's unit may carry it: "40 pA".
void convert_port_units(Settings& given, const std::vector<ParamInfo>& params, const std::string& unit) {
  for (const auto& p : params)
    if (const auto it = given.find(p.name);
        it != given.end() && p.unit.starts_with("port") && !unit.empty()) {
      ParamInfo here = p;
      here.unit = unit + p.unit.substr(4);  // "port/ms": "nS/ms"
      it->second.value = checked_number(here, it->second);
    }
}

ProjectionSpec read_projection(const Node& node, const NetworkSpec& network,
                               const std::filesystem::path& folder) {
  const auto keys = projection_keys();
  auto p = read_own(node, keys, "[[projection]]");
  p.where = node.where;
  const auto& source = find_population(network.populations, required(node, "source", keys[1].about));
  const auto& target = find_population(network.populations, required(node, "target", keys[2].about));
  if (source_named(target.model))
    throw Error(where_of(node, "target"),
                fmt::format("'{}' is a source of spikes and receives none", target.name));
  if (p.name.empty()) p.name = source.name + "->" + target.name;
  std::vector<std::string> names, own = names_of_fields(keys);
  for (const auto& other : network.projections) names.push_back(other.name);
  check_name(p.name, where_of(node, "name"));
  refuse_second(names, p.name, where_of(node, "name"), "projection");
  for (const char* key : {"connect", "weight", "delay", "params"}) own.emplace_back(key);

  const std::string unit = port_unit(neuron_entry(target.model), p.port, where_of(node, "port"));
  const bool plastic = p.rule != "static";
  const auto table = plastic ? find_rule(p.rule, where_of(node, "rule")).params : std::vector<ParamInfo>{};
  p.params =
      model_settings(node, own, table, plastic ? fmt::format("rule '{}'", p.rule) : "a static projection");
  convert_port_units(p.params, table, unit);
  check_model(p.params, table);
  if (plastic) (void)located(node.where, [&] { return find_rule(p.rule).make(p.params); });
  p.connect =
      read_connect(required(node, "connect", "write, for instance, { fixed_indegree = 100 }"), folder);
  if (const Node& connect = *node.find("connect"); connect.kind == Node::Kind::table)
    read_group(connect, p, network.populations);
  if (const Node* w = node.find("weight"))
    p.weight = read_distribution(*w, number_info("weight", unit));
  else if (p.connect.kind != ConnectivitySpec::Kind::list)
    (void)required(node, "weight", "write what a spike adds");
  if (const Node* d = node.find("delay"))
    p.delay_ms = read_distribution(*d, number_info("delay", "ms", {0, 1e5}));
  return p;
}

// --- modulators ---

std::vector<Field<FieldSpec>> field_keys() {
  using F = FieldSpec;
  return {{"name", "1", &F::name, {}, "what gates and results call it"},
          {"tau", "ms", &F::tau_ms, {1e-6, kLongest}, "decay towards the tonic value"},
          {"tonic", "1", &F::tonic, {}, "value without release"},
          {"quantum", "1", &F::quantum, {}, "amount that a spike of a source adds"},
          {"release_delay",
           "ms",
           &F::release_delay_ms,
           {0, 1e5},
           "from a source's spike to its release; 0 = the network's shortest delay"}};
}

/// [[3414, 0.5], ["12 s", 0.5]]
std::vector<FieldSpec::Pulse> read_pulses(const Node& node) {
  std::vector<FieldSpec::Pulse> r;
  if (node.kind != Node::Kind::list)
    throw Error(node.where, fmt::format("expected a list of [time, amount], found {}", node.what()));
  for (const auto& item : node.items) {
    if (item.kind != Node::Kind::list || item.items.size() != 2)
      throw Error(item.where, "expected [time, amount], such as [1000, 0.5]");
    r.push_back({read_number(item.items[0], number_info("time", "ms", {0, kLongest})),
                 read_number(item.items[1], number_info("amount", "1"))});
  }
  return r;
}

FieldSpec read_field(const Node& node, const NetworkSpec& network) {
  auto f = read_keys(node, field_keys(), {"sources", "pulses"}, "[[field]]");
  f.where = node.where;
  const Node& name = required(node, "name", "write what gates call it");
  std::vector<std::string> names;
  for (const auto& other : network.fields) names.push_back(other.name);
  check_name(f.name, name.where);
  refuse_second(names, f.name, name.where, "field");
  if (const Node* sources = node.find("sources")) {
    f.sources = texts_of(*sources);
    for (const auto& item : sources->items) (void)find_population(network.populations, item);
  }
  if (const Node* pulses = node.find("pulses")) f.pulses = read_pulses(*pulses);
  return f;
}

GateSpec read_gate(const Node& node, const NetworkSpec& network) {
  const std::vector<Field<GateSpec>> keys{{"name", "1", &GateSpec::name, {}, "what projections call it"},
                                          {"text", "1", &GateSpec::text, {}, "a formula over fields"},
                                          {"baseline",
                                           "ms",
                                           &GateSpec::baseline_ms,
                                           {0, kLongest},
                                           "time constant of the low-pass that is taken off; 0 = none"}};
  auto g = read_keys(node, keys, {}, "[[gate]]");
  g.where = node.where;
  const Node& name = required(node, "name", keys[0].about);
  (void)required(node, "text", "write a formula over fields, such as \"dopamine - 0.1\"");
  std::vector<std::string> names;
  for (const auto& other : network.gates) names.push_back(other.name);
  check_name(g.name, name.where);
  refuse_second(names, g.name, name.where, "gate");
  return g;
}

}  // namespace

ParamInfo number_info(std::string name, std::string unit, Bounds bounds) {
  // NaN as the default: no value escapes the bounds by being the default.
  return {std::move(name),
          unit.empty() ? "1" : std::move(unit),
          ParamType::number,
          bounds,
          "",
          std::nan(""),
          {},
          {}};
}

double read_number(const Node& node, const ParamInfo& one) {
  const double x = checked_number(one, setting_of(node));
  if (!std::isfinite(x))
    throw Error(node.where, fmt::format("{} is not finite; allowed: {}", x, bounds_text(one)));
  return x;
}

Distribution read_distribution(const Node& node, const ParamInfo& one) {
  using Kind = Distribution::Kind;
  static const std::vector<std::string> kinds{"constant",  "uniform",     "normal",
                                              "lognormal", "exponential", "uniform_integer"};
  Distribution d;
  if (node.kind == Node::Kind::value) {
    d.a = read_number(node, one);
    return d;
  }
  require_table(node);
  const auto& chosen =
      only_kind(node, kinds, {"min", "max"}, fmt::format("the distribution of {}", one.name));
  d.kind = static_cast<Kind>(std::find(kinds.begin(), kinds.end(), chosen.name) - kinds.begin());
  if (d.kind == Kind::constant || d.kind == Kind::exponential) {
    d.a = read_number(chosen.node, one);
  } else {
    if (chosen.node.kind != Node::Kind::list || chosen.node.items.size() != 2)
      throw Error(chosen.node.where, fmt::format("expected two numbers, such as {} = [1, 2]", chosen.name));
    const bool spread = d.kind == Kind::normal || d.kind == Kind::lognormal;
    d.a = read_number(chosen.node.items[0], one);
    d.b = read_number(chosen.node.items[1], spread ? number_info("the spread", one.unit, {0, 1e300}) : one);
    if (!spread && d.a > d.b)
      throw Error(chosen.node.where,
                  fmt::format("the first must not exceed the second, here {} and {}", d.a, d.b));
    if (d.kind == Kind::uniform_integer && (d.a != std::floor(d.a) || d.b != std::floor(d.b)))
      throw Error(chosen.node.where, "uniform_integer takes whole numbers");
  }
  if ((d.kind == Kind::lognormal && d.a <= 0) || (d.kind == Kind::exponential && d.a < 0))
    throw Error(chosen.node.where, fmt::format("the mean of {} must be positive, here {}", chosen.name, d.a));
  // What the value must be, draws must be too.
  if (one.bounds.lo > -1e300) d.lo = one.bounds.lo;
  if (one.bounds.hi < 1e300) d.hi = one.bounds.hi;
  if (const Node* n = node.find("min")) d.lo = read_number(*n, one);
  if (const Node* n = node.find("max")) d.hi = read_number(*n, one);
  if (d.lo > d.hi)
    throw Error(node.where, fmt::format("min must not exceed max, here {} and {}", d.lo, d.hi));
  return d;
}

std::vector<Field<NetworkSpec>> network_keys() {
  return {{"dt", "ms", &NetworkSpec::dt_ms, {1e-4, 100}, "step of time"}};
}

const std::vector<std::string>& network_sections() {
  static const std::vector<std::string> r{"network",    "population", "projection", "field",     "gate",
                                          "modulation", "nucleus",    "exchange",   "modulator", "drug"};
  return r;
}

NetworkSpec read_network(const Node& root, const std::filesystem::path& folder) {
  NetworkSpec network;
  if (const Node* head = root.find("network")) {
    require_table(*head);
    network = read_own(*head, network_keys(), "[network]");
  }
  for (const Node* n : tables_of(root, "population"))
    network.populations.push_back(read_population(*n, network.populations));
  if (network.populations.empty()) throw Error(root.where, "the network has no [[population]]");
  for (const Node* n : tables_of(root, "projection"))
    network.projections.push_back(read_projection(*n, network, folder));
  for (const Node* n : tables_of(root, "field")) network.fields.push_back(read_field(*n, network));
  network.modulation = read_modulation(root, network.populations);
  for (const Node* n : tables_of(root, "gate")) network.gates.push_back(read_gate(*n, network));
  for (const auto& p : network.projections) {
    std::vector<std::string> known;
    for (const auto& g : network.gates) known.push_back(g.name);
    if (!p.gate.empty() && std::find(known.begin(), known.end(), p.gate) == known.end())
      throw Error(p.where, fmt::format("the card has no gate '{}'{}", p.gate, suggest(p.gate, known)));
  }
  return network;
}

}  // namespace labile
