#include "run/drug_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "card/treatment_of.hpp"

namespace labile::json {
namespace {

/// Five digits are more than any of these constants has.
Json short_number(double x) {
  return std::isfinite(x) ? Json(std::strtod(fmt::format("{:.5g}", x).c_str(), nullptr)) : Json(nullptr);
}
Json list(const std::vector<double>& values) {
  Json r = Json::array();
  for (const double x : values) r.push_back(short_number(x));
  return r;
}
Json bases(const std::vector<Basis>& rests_on) {
  Json r = Json::array();
  for (const auto& b : rests_on)
    r.push_back({{"what", b.what}, {"value", b.value}, {"unit", b.unit}, {"sure", b.sure}});
  return r;
}
/// Adds how sure a number is and what it rests on.
Json sure(Json to, const std::vector<Basis>& rests_on) {
  to["sure"] = weakest(rests_on);
  to["rests_on"] = bases(rests_on);
  return to;
}
Json phases(const Phases& p) {
  return {{"rest", short_number(p.rest)}, {"burst", short_number(p.burst)}, {"pause", short_number(p.pause)}};
}
Json trace(const TraceView& t) {
  Json receptors = Json::array();
  for (const auto& x : t.receptors)
    receptors.push_back({{"receptor", x.name}, {"intact", list(x.intact)}, {"drug", list(x.drug)}});
  return {{"modulator", t.modulator},
          {"region", t.region},
          {"intact", list(t.intact)},
          {"drug", list(t.drug)},
          {"receptors", receptors}};
}

Json site_curves(const DoseResponse& r) {
  Json sites = Json::array();
  for (const auto& x : r.sites)
    sites.push_back({{"kind", text_of(x.kind)},
                     {"modulator", x.modulator},
                     {"site", x.site},
                     {"region", x.region},
                     {"taken", list(x.taken)}});
  return sites;
}
Json release_curves(const DoseResponse& r) {
  Json releases = Json::array();
  for (const auto& x : r.releases)
    releases.push_back({{"modulator", x.modulator}, {"region", x.region}, {"times", list(x.times)}});
  return releases;
}
Json course(const DoseCourse& c) {
  if (c.hours.empty()) return nullptr;
  return sure({{"hours", list(c.hours)},
               {"read", number(c.read_h)},
               {"sites", site_curves(c.there)},
               {"releases", release_curves(c.there)}},
              c.there.rests_on);
}

/// Whether `labile describe drug` knows it: not a card's own.
bool is_ready(const Drug& d) {
  return std::ranges::any_of(formulary(), [&](const Drug& x) {
    return x.name == d.name && x.does == d.does && x.note == d.note && x.unit == d.unit;
  });
}
Json dose(const GivenDose& d) {
  return {{"drug", d.drug->name},
          {"does", d.drug->does},
          {"own", !is_ready(*d.drug)},
          {"amount", number(d.amount)},
          {"unit", d.drug->unit},
          {"usual", d.drug->usual ? number(d.drug->usual->value) : Json(nullptr)},
          {"hours", d.since_h ? number(*d.since_h) : Json(nullptr)},
          {"chronic", d.chronic},
          {"regions", d.regions}};
}

Json of_condition(const Condition& condition, const Treatment& given_here, const AgentModulation& agent) {
  const auto view = drug_view(agent, given_here);
  Json given = Json::array(), sites = Json::array(), releases = Json::array(), levels = Json::array();
  Json activations = Json::array(), traces = Json::array(), handles = Json::array();
  for (const auto& x : view.sites)
    sites.push_back(sure({{"kind", text_of(x.kind)},
                          {"modulator", x.modulator},
                          {"site", x.site},
                          {"region", x.region},
                          {"taken", short_number(x.taken)}},
                         x.rests_on));
  for (const auto& x : view.releases)
    releases.push_back(sure({{"modulator", x.modulator},
                             {"region", x.region},
                             {"times", short_number(x.times)},
                             {"added", short_number(x.added_uM_per_s)}},
                            x.rests_on));
  for (const auto& x : view.concentrations)
    levels.push_back(sure({{"modulator", x.modulator},
                           {"region", x.region},
                           {"intact", short_number(x.intact)},
                           {"drug", short_number(x.drug)}},
                          x.rests_on));
  for (const auto& x : view.activations)
    activations.push_back(sure({{"modulator", x.modulator},
                                {"receptor", x.receptor},
                                {"region", x.region},
                                {"intact", phases(x.intact)},
                                {"drug", phases(x.drug)}},
                               x.rests_on));
  for (const auto& x : view.traces) traces.push_back(trace(x));
  for (const auto& m : condition.manipulations)
    if (m.derived) handles.push_back({{"handle", m.target}, {"value", number(m.amount)}});

  Json curves = Json::array();
  for (const auto& d : given_here.doses) {
    given.push_back(dose(d));
    auto curve = dose_response(agent, d, dose_grid(d));
    // Only what agents of the card have.
    std::erase_if(curve.handles, [&](const auto& h) {
      return std::ranges::none_of(condition.manipulations,
                                  [&](const auto& m) { return m.derived && m.target == h.handle; });
    });
    Json one = dose(d);
    one.update(dose_response(curve));
    one["course"] = course(dose_course(agent, d));
    curves.push_back(std::move(one));
  }
  const auto& times = trace_times();
  return {{"condition", condition.name},
          {"doses", given},
          {"handles", handles},
          {"sites", sites},
          {"releases", releases},
          {"concentrations", levels},
          {"activations", activations},
          {"dose_response", curves},
          {"trace_times",
           {{"burst", {times.burst_from, times.burst_to}},
            {"pause", {times.pause_from, times.pause_to}},
            {"ms", list(times.ms)}}},
          {"traces", traces}};
}

}  // namespace

Json dose_response(const DoseResponse& r) {
  Json handles = Json::array();
  for (const auto& x : r.handles)
    handles.push_back({{"handle", x.handle}, {"intact", short_number(x.intact)}, {"values", list(x.value)}});
  return sure({{"grid", list(r.doses)},
               {"sites", site_curves(r)},
               {"releases", release_curves(r)},
               {"handles", handles},
               {"refused", r.refused}},
              r.rests_on);
}

Json pharmacology(const Card& card) {
  Json r = Json::array();
  std::optional<AgentModulation> agent;
  for (const auto& c : card.conditions) {
    const auto given = treatment_of(c, card.pharmacology.drugs);
    if (given.doses.empty()) continue;
    if (!agent) agent.emplace(card.pharmacology.modulators);
    r.push_back(of_condition(c, given, *agent));
  }
  return r;
}

}  // namespace labile::json
