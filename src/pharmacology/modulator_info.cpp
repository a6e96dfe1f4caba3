#include "pharmacology/modulator_info.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "embedded/modulators.hpp"
#include "toml/read_keys.hpp"

namespace labile {
namespace {
constexpr Bounds kNotNegative{0, 1e12};

std::string text_at(const Node& table, const char* key, std::string_view about) {
  return text_of(required(table, key, about));
}
std::string text_or(const Node& table, const char* key, std::string standard) {
  const Node* n = table.find(key);
  return n ? text_of(*n) : std::move(standard);
}
Constant plain(double x) {
  return {x, "ours", "", ""};
}

/// One number for all regions, or a table of them.
std::vector<Regional> read_regional(const Node& t, const char* key, std::string_view about) {
  const Node& node = required(t, key, about);
  if (node.kind != Node::Kind::table || node.find("value"))
    return {{"default", read_constant(t, key, kNotNegative, about)}};
  std::vector<Regional> r;
  for (const auto& m : node.members) r.push_back({m.name, read_constant(node, m.name, kNotNegative, about)});
  return r;
}
double regional(const std::vector<Regional>& list, std::string_view region, double standard) {
  for (const std::string_view wanted : {region, std::string_view("default")})
    for (const auto& v : list)
      if (v.region == wanted) return v.value.value;
  return standard;
}

TransporterInfo read_transporter(const Node& t, const std::string& modulator) {
  require_table(t);
  refuse_unknown_keys(t, {"name", "of", "km", "vmax"}, "a transporter");
  TransporterInfo r;
  r.name = text_at(t, "name", "the transporter's name");
  r.of = text_or(t, "of", modulator);
  r.km = read_constant(t, "km", kPositive, "half-saturating concentration, µM");
  r.vmax = read_regional(t, "vmax", "µM/s, one number or a table of regions");
  return r;
}
ReceptorInfo read_receptor(const Node& t) {
  require_table(t);
  refuse_unknown_keys(t, {"name", "does", "ec50", "tau", "hill", "density"}, "a receptor");
  std::vector<Regional> density;
  if (t.find("density")) density = read_regional(t, "density", "of full: a number or a table of regions");
  return {text_at(t, "name", "the receptor's name"),
          text_or(t, "does", ""),
          read_constant(t, "ec50", kPositive, "half-activating concentration, µM"),
          read_constant_or(t, "tau", kPositive, "ms", plain(100)),
          read_constant_or(t, "hill", {0.1, 10}, "", plain(1)),
          density};
}
AutoreceptorInfo read_autoreceptor(const Node& t) {
  require_table(t);
  refuse_unknown_keys(t, {"name", "ec50", "tau", "hill", "most", "desensitizes", "at"}, "an autoreceptor");
  return {text_at(t, "name", "the receptor's name"),
          read_constant(t, "ec50", kPositive, "half-activating concentration, µM"),
          read_constant_or(t, "tau", kPositive, "ms", plain(500)),
          read_constant_or(t, "hill", {0.1, 10}, "", plain(1)),
          read_constant(t, "most", kShare, "share of release that it takes off at most"),
          read_constant_or(t, "desensitizes", kShare, "share of it that is lost under chronic activation",
                           plain(0)),
          text_or(t, "at", "")};
}
/// Refuses two of one name.
template <class T>
void refuse_twice(const std::vector<T>& list, const char* kind, const Where& where) {
  for (std::size_t i = 0; i < list.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (list[i].name == list[j].name)
        throw Error(where, fmt::format("two {} are called '{}'", kind, list[i].name));
}
}  // namespace

double ModulatorInfo::vmax(const TransporterInfo& t, std::string_view region) {
  return regional(t.vmax, region, 0);
}
double ReceptorInfo::density_in(std::string_view region) const {
  return regional(density, region, 1);
}
double ModulatorInfo::received(std::string_view region) const {
  return regional(innervation, region, 1);
}

std::vector<ModulatorInfo> read_modulators(const Node& root) {
  std::vector<ModulatorInfo> r;
  for (const Node* t : tables_of(root, "modulator")) {
    require_table(*t);
    refuse_unknown_keys(
        *t,
        {"name", "short", "nucleus", "enzyme", "tonic_hz", "burst_hz", "quantum", "p", "tau_vesicles",
         "diffusion", "loss", "innervation", "transporter", "receptor", "autoreceptor"},
        "a modulator");
    ModulatorInfo m;
    m.name = text_at(*t, "name", "the modulator's name");
    m.short_name = text_or(*t, "short", m.name);
    m.nucleus = text_or(*t, "nucleus", "");
    m.enzyme = text_or(*t, "enzyme", "");
    m.tonic_hz = read_constant(*t, "tonic_hz", kNotNegative, "rate of its nucleus at rest, Hz");
    m.burst_hz = read_constant_or(*t, "burst_hz", kNotNegative, "Hz", m.tonic_hz);
    m.quantum = read_constant(*t, "quantum", kNotNegative, "what a spike of every unit adds, µM");
    m.p = read_constant_or(*t, "p", kShare, "share of vesicles that a spike takes", plain(0));
    m.tau_vesicles = read_constant_or(*t, "tau_vesicles", kPositive, "recovery of vesicles, s", plain(4));
    m.diffusion = read_constant_or(*t, "diffusion", kNotNegative, "µm²/s", plain(0));
    m.loss = read_constant_or(*t, "loss", kNotNegative, "1/s", plain(0));
    if (t->find("innervation"))
      m.innervation = read_regional(*t, "innervation", "share of a release that a region receives");
    for (const Node* n : tables_of(*t, "transporter")) m.transporters.push_back(read_transporter(*n, m.name));
    for (const Node* n : tables_of(*t, "receptor")) m.receptors.push_back(read_receptor(*n));
    for (const Node* n : tables_of(*t, "autoreceptor")) m.autoreceptors.push_back(read_autoreceptor(*n));
    refuse_twice(m.transporters, "transporters", t->where);
    refuse_twice(m.receptors, "receptors", t->where);
    refuse_twice(m.autoreceptors, "autoreceptors", t->where);
    if (m.transporters.empty() && m.loss.value == 0)
      throw Error(t->where, fmt::format("nothing clears '{}': it wants a transporter or a loss > 0", m.name));
    r.push_back(std::move(m));
    refuse_twice(r, "modulators", t->where);
  }
  return r;
}

const std::vector<ModulatorInfo>& ready_modulators() {
  static const auto list = read_modulators(toml_tree::parse(embedded::modulators, "modulators.toml"));
  return list;
}

const ModulatorInfo& find_modulator(std::string_view name, const std::vector<ModulatorInfo>& among) {
  std::vector<std::string> names;
  for (const auto& m : among) {
    if (m.name == name || m.short_name == name) return m;
    names.push_back(m.name);
  }
  throw Error(fmt::format("no modulator is called '{}'{}", name, suggest(name, names)));
}

}  // namespace labile
