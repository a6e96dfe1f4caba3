#include "cli/describe_pharmacology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "pharmacology/drug_views.hpp"
#include "pharmacology/handle_effects.hpp"
#include "run/drug_json.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;

struct Line {
  std::string name, unit;
  const Constant* constant;
};
std::vector<Line> lines_of(const ModulatorInfo& m) {
  std::vector<Line> r{{"rate at rest", "Hz", &m.tonic_hz},
                      {"rate in bursts", "Hz", &m.burst_hz},
                      {"a spike of every unit adds", "µM", &m.quantum},
                      {"vesicles that a spike takes", "share", &m.p},
                      {"their recovery", "s", &m.tau_vesicles},
                      {"diffusion", "µm²/s", &m.diffusion},
                      {m.enzyme.empty() ? "other loss" : "hydrolysis by " + m.enzyme, "1/s", &m.loss}};
  for (const auto& v : m.innervation)
    r.push_back(
        {fmt::format("received{}", v.region == "default" ? "" : " in " + v.region), "share", &v.value});
  for (const auto& t : m.transporters) {
    r.push_back({t.name + ": Km", "µM", &t.km});
    for (const auto& v : t.vmax)
      r.push_back({fmt::format("{}: Vmax{}", t.name, v.region == "default" ? "" : ", " + v.region), "µM/s",
                   &v.value});
  }
  for (const auto& x : m.receptors) {
    r.push_back({x.name + ": EC50", "µM", &x.ec50});
    r.push_back({x.name + ": tau", "ms", &x.tau});
    if (x.hill.value != 1) r.push_back({x.name + ": Hill", "1", &x.hill});
    for (const auto& v : x.density)
      r.push_back({fmt::format("{}: density{}", x.name, v.region == "default" ? "" : ", " + v.region),
                   "of full", &v.value});
  }
  for (const auto& x : m.autoreceptors) {
    r.push_back({x.name + " autoreceptor: EC50", "µM", &x.ec50});
    r.push_back({x.name + " autoreceptor: tau", "ms", &x.tau});
    r.push_back({x.name + " autoreceptor: takes off", "share", &x.most});
    r.push_back({x.name + " autoreceptor: desensitizes", "share", &x.desensitizes});
  }
  return r;
}
std::vector<Line> lines_of(const Drug& d) {
  std::vector<Line> r;
  if (d.ed50) r.push_back({"takes half of " + d.dose_site, d.unit, &*d.ed50});
  for (const auto& t : d.targets)
    if (t.ed50) r.push_back({"takes half of " + t.site, d.unit, &*t.ed50});
  if (d.effect)
    r.push_back({d.targets.front().action == DrugAction::precursor ? "gained at the usual dose"
                                                                   : "lost at the usual dose",
                 "share", &*d.effect});
  if (d.usual) r.push_back({"usual dose in studies", d.unit, &*d.usual});
  if (d.peak_h) r.push_back({"peak in plasma", "h", &*d.peak_h});
  if (d.half_life_h) r.push_back({"half-life", "h", &*d.half_life_h});
  if (d.to_tissue_per_h) r.push_back({"into tissue", "1/h", &*d.to_tissue_per_h});
  if (d.from_tissue_per_h) r.push_back({"out of tissue", "1/h", &*d.from_tissue_per_h});
  return r;
}
std::string source_text(const Constant& c) {
  return c.doi.empty() ? c.source : fmt::format("{}, doi:{}", c.source, c.doi);
}

/// Sources by number, each printed once, in lines of 110 characters.
class Sources {
 public:
  std::string number(const Constant& c) {
    const auto text = source_text(c);
    if (text.empty()) return "";
    const auto at = std::ranges::find(list_, text);
    if (at == list_.end()) {
      list_.push_back(text);
      return fmt::format("[{}]", list_.size());
    }
    return fmt::format("[{}]", at - list_.begin() + 1);
  }
  void print() const {
    fmt::print("\n");
    for (std::size_t i = 0; i < list_.size(); ++i) print_wrapped(fmt::format("[{}] {}", i + 1, list_[i]), 2);
  }
  static void print_wrapped(const std::string& text, std::size_t indent) {
    constexpr std::size_t kWidth = 110;
    std::size_t at = 0;
    bool first = true;
    while (at < text.size()) {
      std::size_t end = std::min(text.size(), at + kWidth);
      if (end < text.size() && text.rfind(' ', end) != std::string::npos && text.rfind(' ', end) > at)
        end = text.rfind(' ', end);
      fmt::print("{:{}}{}\n", "", first ? indent : indent + 4, text.substr(at, end - at));
      at = end + (end < text.size() ? 1 : 0);
      first = false;
    }
  }

 private:
  std::vector<std::string> list_;
};

void print_lines(const std::vector<Line>& lines, Sources& sources) {
  fmt::print("\n  {:<34} {:>9} {:<7} {:<9} {}\n", "constant", "value", "unit", "sure", "source");
  for (const auto& l : lines)
    fmt::print("  {:<34} {:>9.4g} {:<7} {:<9} {}\n", l.name, l.constant->value, l.unit, l.constant->sure,
               sources.number(*l.constant));
}
void print_key() {
  fmt::print(
      "\n  sure: checked = read in the source; recalled = known well, not read again; unsure = wants "
      "checking; guess = plausible\n"
      "  without a source, or computed from numbers that were read; ours = a choice of ours. Take nothing "
      "below 'recalled' for established.\n");
}
Json constant_json(const Constant& c, const std::string& unit) {
  return {{"value", c.value}, {"unit", unit}, {"sure", c.sure}, {"source", c.source}, {"doi", c.doi}};
}
Json lines_json(const std::vector<Line>& lines) {
  Json r = Json::object();
  for (const auto& l : lines) r[l.name] = constant_json(*l.constant, l.unit);
  return r;
}

/// What changes at rest, of concentrations and receptors, by more than one in a hundred.
struct Change {
  std::string what;
  double intact, drug;
};
std::vector<Change> changes(const Drug& d, double dose) {
  const AgentModulation agent;
  const Modulation& intact = agent.at_rest();
  Modulation treated = intact;
  treated.add(d, dose);
  treated.settle();
  std::vector<Change> r;
  const auto note = [&](std::string what, double a, double b) {
    if (std::abs(b - a) > 0.01 * std::abs(a)) r.push_back({std::move(what), a, b});
  };
  for (const auto& m : intact.modulators())
    for (const auto& region : intact.regions()) {
      note(fmt::format("{} in {}, µM", m.name, region), intact.concentration(m.name, region),
           treated.concentration(m.name, region));
      for (const auto& x : m.receptors)
        note(fmt::format("{} in {}, activation", x.name, region), intact.activation(m.name, x.name, region),
             treated.activation(m.name, x.name, region));
    }
  return r;
}
std::vector<double> shown_doses(const Drug& d) {
  std::vector<double> r;
  const double middle = d.usual ? d.usual->value : d.ed50 ? d.ed50->value : 0;
  if (middle > 0)
    for (const double x : {0.25, 0.5, 1.0, 2.0, 4.0}) r.push_back(x * middle);
  return r;
}
DoseResponse curves(const Drug& d) {
  return dose_response(AgentModulation(), {.drug = &d, .amount = 0}, shown_doses(d));
}
/// Doses by row: places taken at the main site, or release, and the handles of agents that move.
void print_curves(const Drug& d) {
  const auto r = curves(d);
  if (r.doses.empty()) return;
  std::vector<std::pair<std::string, const std::vector<double>*>> columns;
  for (const auto& x : r.sites)
    if (x.site == d.dose_site && x.kind != SiteView::Kind::autoreceptor)
      columns.emplace_back(fmt::format("{} in {}", x.site, x.region), &x.taken);
  for (const auto& x : r.releases)
    columns.emplace_back(fmt::format("{} in {}", x.modulator, x.region), &x.times);
  for (const auto& x : r.handles) columns.emplace_back(x.handle, &x.value);
  if (!r.sites.empty())
    fmt::print(
        "\n  share of {} that it takes at its peak, beside the modulator at rest, and handles of agents:\n",
        d.dose_site);
  else
    fmt::print("\n  release in terms of intact at its peak, and handles of agents:\n");
  const auto width = [](const auto& column) { return std::max<std::size_t>(column.first.size(), 6); };
  fmt::print("  {:>8}", d.unit);
  for (const auto& c : columns) fmt::print("  {:>{}}", c.first, width(c));
  fmt::print("\n");
  for (std::size_t k = 0; k < r.doses.size(); ++k) {
    fmt::print("  {:>8.3g}", r.doses[k]);
    for (const auto& c : columns) {
      const double x = (*c.second)[k];
      fmt::print("  {:>{}}", std::isfinite(x) ? fmt::format("{:.2f}", x) : "none", width(c));
    }
    fmt::print("\n");
  }
  if (!r.refused.empty()) Sources::print_wrapped("none: " + r.refused, 2);
  fmt::print(
      "  handles stand at 1 without drugs, da.tonic at 0. The drug's weakest constant here: {}; those of "
      "release, uptake\n"
      "  and receptors, most of them unsure or ours: labile describe modulator\n",
      weakest(r.rests_on));
}
}  // namespace

void print_modulator(const ModulatorInfo& m) {
  fmt::print("modulator {} ({})\n  of {}\n", m.name, m.short_name, m.nucleus);
  for (const auto& x : m.receptors) fmt::print("  {}: {}\n", x.name, x.does);
  Sources sources;
  print_lines(lines_of(m), sources);
  sources.print();
  print_key();
}

void print_drug(const Drug& d) {
  fmt::print("drug {}\n  {}\n", d.name, d.does);
  if (!d.note.empty()) Sources::print_wrapped("note: " + d.note, 2);
  Sources sources;
  fmt::print("\n  {:<12} {:<25} {:>10} {:<9} {}\n", "acts on", "as", "Ki, nM", "sure", "source");
  for (const auto& t : d.targets) {
    std::string how(text_of(t.action));
    if (t.action == DrugAction::partial_agonist) how += fmt::format(", efficacy {:.2g}", t.efficacy);
    if (t.ki)
      fmt::print("  {:<12} {:<25} {:>10.4g} {:<9} {}\n", t.site, how, t.ki->value, t.ki->sure,
                 sources.number(*t.ki));
    else
      fmt::print("  {:<12} {:<25}\n", t.site, how);
  }
  print_lines(lines_of(d), sources);
  print_curves(d);
  if (d.usual) {
    const auto list = changes(d, d.usual->value);
    fmt::print("\n  {:.3g} {} at its peak, nuclei at rest, our own constants:\n  {:<42} {:>9} {:>9}\n",
               d.usual->value, d.unit, "", "intact", "drug");
    for (const auto& c : list) fmt::print("  {:<42} {:>9.3g} {:>9.3g}\n", c.what, c.intact, c.drug);
  }
  sources.print();
  print_key();
}

Json modulator_json(const ModulatorInfo& m) {
  Json receptors = Json::array();
  for (const auto& x : m.receptors) receptors.push_back({{"name", x.name}, {"does", x.does}});
  return {{"kind", "modulator"},  {"name", m.name},         {"short", m.short_name},
          {"nucleus", m.nucleus}, {"receptors", receptors}, {"constants", lines_json(lines_of(m))}};
}
Json drug_json(const Drug& d) {
  Json targets = Json::array(), doses = Json::array(), rest = Json::array();
  for (const auto& t : d.targets) {
    Json one{{"site", t.site}, {"action", text_of(t.action)}, {"efficacy", t.efficacy}};
    one["ki"] = t.ki ? constant_json(*t.ki, "nM") : Json();
    targets.push_back(one);
  }
  if (d.ed50)
    for (const double dose : shown_doses(d))
      doses.push_back({{"dose", dose}, {"occupied", dose / (dose + d.ed50->value)}});
  if (d.usual)
    for (const auto& c : changes(d, d.usual->value))
      rest.push_back({{"what", c.what}, {"intact", c.intact}, {"drug", c.drug}});
  return {{"kind", "drug"},
          {"name", d.name},
          {"does", d.does},
          {"note", d.note},
          {"unit", d.unit},
          {"targets", targets},
          {"constants", lines_json(lines_of(d))},
          {"occupancy", doses},
          {"dose_response", json::dose_response(curves(d))},
          {"at_rest", rest}};
}

}  // namespace labile
