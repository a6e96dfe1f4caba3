/// The network as text in one fixed form; parameters of models in table order, defaults written out.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "network/read_network.hpp"
#include "network/sources.hpp"
#include "neurons/catalogue.hpp"
#include "plasticity/catalogue.hpp"
#include "toml/toml_text.hpp"

namespace labile {
namespace {

std::string number(double x) {
  return toml_text(Value(x));
}

/// A parameter's value in its unit, or its default; NaN is a default that means "not given".
void write_params(TomlWriter& w, const std::vector<ParamInfo>& table, const Settings& given) {
  for (const auto& p : table) {
    const auto it = given.find(p.name);
    Value v = p.standard;
    if (it != given.end()) {
      v = it->second.value;
      if (p.type == ParamType::number || p.type == ParamType::integer) v = checked_number(p, it->second);
      if (p.type == ParamType::numbers || p.type == ParamType::integers) v = checked_numbers(p, it->second);
    }
    const auto* x = std::get_if<double>(&v);
    if (!x || !std::isnan(*x)) w.line(p.name, v);
  }
}

void write_population(TomlWriter& w, const PopulationSpec& p) {
  w.header("[[population]]");
  w.line("name", p.name);
  w.line("model", p.model);
  w.line("size", static_cast<double>(p.size));
  if (!p.initial.empty()) {
    std::vector<std::string> entries;
    for (const auto& i : p.initial)
      entries.push_back(fmt::format("{} = {}", toml_key(i.variable), distribution_text(i.value)));
    w.raw("initial", fmt::format("{{ {} }}", fmt::join(entries, ", ")));
  }
  if (p.noise.kind != NoiseSpec::Kind::none)
    w.raw("noise", fmt::format("{{ {} = {}, mean = {} }}",
                               p.noise.kind == NoiseSpec::Kind::uniform ? "uniform" : "normal",
                               number(p.noise.amplitude_pA), number(p.noise.mean_pA)));
  if (!p.current.times_ms.empty())
    w.raw("current", fmt::format("{{ times = {}, amplitude = {} }}", toml_text(Value(p.current.times_ms)),
                                 toml_text(Value(p.current.amplitude_pA))));
  if (!p.drive.empty()) {
    std::vector<std::string> entries;
    for (const auto& d : p.drive)
      entries.push_back(fmt::format("{} = {}", toml_key(d.parameter), toml_text(Value(d.text))));
    w.raw("drive", fmt::format("{{ {} }}", fmt::join(entries, ", ")));
  }
  if (const SourceEntry* source = source_named(p.model))
    write_params(w, source->params, p.params);
  else
    write_params(w, find_neuron(p.model, p.where).params, p.params);
  for (const auto& b : p.background) {
    w.header("[[population.background]]");
    w.line("rate", b.rate_hz);
    w.line("weight", b.weight);
    w.line("port", b.port);
  }
}

std::string connect_text(const ProjectionSpec& p) {
  const ConnectivitySpec& c = p.connect;
  const std::string group =
      p.group.empty() ? "" : fmt::format(", among = {}, draw = {}", toml_text(Value(p.group)), p.group_draw);
  using Kind = ConnectivitySpec::Kind;
  const char* autapses = c.autapses ? "true" : "false";
  switch (c.kind) {
    case Kind::fixed_indegree:
    case Kind::fixed_outdegree:
      return fmt::format("{{ {} = {}, autapses = {}, multapses = {}{} }}",
                         c.kind == Kind::fixed_indegree ? "fixed_indegree" : "fixed_outdegree", c.degree,
                         autapses, c.multapses ? "true" : "false", group);
    case Kind::bernoulli:
      return fmt::format("{{ bernoulli = {}, autapses = {} }}", number(c.probability), autapses);
    case Kind::one_to_one:
      return fmt::format("{{ one_to_one = true, autapses = {} }}", autapses);
    case Kind::all_to_all:
      return fmt::format("{{ all_to_all = true, autapses = {} }}", autapses);
    case Kind::distance:
      return fmt::format("{{ distance = {{ p = {}, sigma = {} }}, autapses = {} }}", number(c.probability),
                         number(c.sigma), autapses);
    case Kind::list:
      return fmt::format("{{ list = {} }}", toml_text(Value(c.file)));
  }
  throw Bug("a connectivity of no kind");
}

void write_projection(TomlWriter& w, const ProjectionSpec& p) {
  w.header("[[projection]]");
  w.line("name", p.name);
  w.line("source", p.source);
  w.line("target", p.target);
  w.line("port", p.port);
  w.raw("connect", connect_text(p));
  w.raw("weight", distribution_text(p.weight));
  w.raw("delay", distribution_text(p.delay_ms));
  w.line("dendritic", p.dendritic_ms);
  w.line("rule", p.rule);
  if (p.rule == "static") return;
  w.line("gate", p.gate);
  write_params(w, find_rule(p.rule, p.where).params, p.params);
}

void write_field(TomlWriter& w, const FieldSpec& f) {
  w.header("[[field]]");
  w.line("name", f.name);
  w.line("tau", f.tau_ms);
  w.line("tonic", f.tonic);
  w.line("quantum", f.quantum);
  w.line("release_delay", f.release_delay_ms);
  w.line("sources", f.sources);
  std::vector<std::string> pulses;
  for (const auto& p : f.pulses)
    pulses.push_back(fmt::format("[{}, {}]", number(p.time_ms), number(p.amount)));
  w.raw("pulses", fmt::format("[{}]", fmt::join(pulses, ", ")));
}

void write_modulation(TomlWriter& w, const ModulationSpec& m) {
  if (m.regions.empty()) return;
  w.header("[modulation]");
  w.line("regions", m.regions);
  std::vector<std::string> names;
  for (const auto& one : m.modulators) names.push_back(one.name);
  w.line("modulators", names);
  for (const auto& n : m.nuclei) {
    w.header("[[nucleus]]");
    w.line("modulator", n.modulator);
    w.line("population", n.population);
    if (!n.regions.empty()) w.line("regions", n.regions);
    w.line("release_delay", n.release_delay_ms);
  }
  for (const auto& x : m.exchange) {
    w.header("[[exchange]]");
    w.line("between", std::vector<std::string>{x.a, x.b});
    w.line("rate", x.rate_per_s);
    if (!x.modulator.empty()) w.line("modulator", x.modulator);
  }
}

}  // namespace

std::string distribution_text(const Distribution& d) {
  using Kind = Distribution::Kind;
  const char* names[] = {"constant", "uniform", "normal", "lognormal", "exponential", "uniform_integer"};
  if (d.kind == Kind::constant) return number(d.a);
  std::string r = fmt::format("{{ {} = ", names[static_cast<int>(d.kind)]);
  r += d.kind == Kind::exponential ? number(d.a) : fmt::format("[{}, {}]", number(d.a), number(d.b));
  if (d.lo > -1e300) r += fmt::format(", min = {}", number(d.lo));
  if (d.hi < 1e300) r += fmt::format(", max = {}", number(d.hi));
  return r + " }";
}

std::string network_text(const NetworkSpec& spec) {
  TomlWriter w;
  for (const auto& p : spec.populations) write_population(w, p);
  for (const auto& p : spec.projections) write_projection(w, p);
  for (const auto& f : spec.fields) write_field(w, f);
  write_modulation(w, spec.modulation);
  for (const auto& g : spec.gates) {
    w.header("[[gate]]");
    w.line("name", g.name);
    w.line("text", g.text);
    if (g.baseline_ms > 0) w.line("baseline", g.baseline_ms);
  }
  std::string r = w.text();
  for (const auto& own : spec.modulation.own) r += "\n" + own;
  return r;
}

}  // namespace labile
