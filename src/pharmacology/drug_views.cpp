#include "pharmacology/drug_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
using Kind = SiteView::Kind;

bool acts_on(const DrugTarget& t, Kind kind) {
  if (kind == Kind::transporter) return t.action == DrugAction::uptake_inhibitor;
  if (kind == Kind::enzyme) return t.action == DrugAction::cholinesterase_inhibitor;
  const auto left_out = kind == Kind::receptor ? DrugTarget::On::autoreceptors : DrugTarget::On::receptors;
  return occupies_receptors(t.action) && t.on != left_out;
}
/// Of a dose or a lesion.
template <class Given>
bool is_at(const Given& d, const std::string& region) {
  return d.regions.empty() || std::ranges::find(d.regions, region) != d.regions.end();
}
bool names(const GivenLesion& l, const ModulatorInfo& m) {
  return l.modulator == m.name || l.modulator == m.short_name;
}
bool releases(const DrugTarget& t, const ModulatorInfo& m) {
  const bool named = t.site == m.name || t.site == m.short_name;
  return named && (t.action == DrugAction::depletion || t.action == DrugAction::precursor ||
                   t.action == DrugAction::releaser);
}

/// The receptor that a dose was measured at, and its modulator, where that was done in living people.
std::pair<const ModulatorInfo*, const ReceptorInfo*> measured_at(const Modulation& rest, const Drug& drug,
                                                                 const DrugTarget& t) {
  if (drug.in_vivo && !t.ed50)
    for (const auto& m : rest.modulators())
      for (const auto& r : m.receptors)
        if (r.name == drug.dose_site) return {&m, &r};
  return {nullptr, nullptr};
}
/// A site in a region: its name, and the concentration that half of it feels.
struct Place {
  Kind kind;
  const ModulatorInfo* modulator;
  std::string site, region;
  const Constant* half = nullptr;  // EC50 or Km, µM; none of enzymes
  double hill = 1;
};
std::vector<Place> places(const ModulatorInfo& m, const std::string& region) {
  std::vector<Place> r;
  for (const auto& x : m.receptors)
    if (x.density_in(region) > 0) r.push_back({Kind::receptor, &m, x.name, region, &x.ec50, x.hill.value});
  for (const auto& x : m.autoreceptors)
    if (x.at.empty() || x.at == region)
      r.push_back({Kind::autoreceptor, &m, x.name, region, &x.ec50, x.hill.value});
  for (const auto& x : m.transporters)
    if (ModulatorInfo::vmax(x, region) > 0) r.push_back({Kind::transporter, &m, x.name, region, &x.km});
  if (!m.enzyme.empty()) r.push_back({Kind::enzyme, &m, m.enzyme, region});
  return r;
}

double taken(const Modulation& rest, const Place& p, double c, std::span<const GivenDose> doses) {
  Occupants o;
  double inhibitor = 0;
  for (const auto& d : doses)
    for (const auto& t : d.drug->targets) {
      if (t.site != p.site || !acts_on(t, p.kind) || !is_at(d, p.region)) continue;
      const double amount = rest.relative(*d.drug, t, d.amount, d.since_h);
      if (p.kind == Kind::transporter || p.kind == Kind::enzyme)
        inhibitor += amount;
      else
        (t.action == DrugAction::antagonist ? o.blocker : o.agonist) += amount;
    }
  const double x = p.half ? c / p.half->value : 0;
  if (inhibitor > 0) return inhibitor / (1 + x + inhibitor);
  return taken_by_drugs(x, p.hill, o);
}

/// What depletion and precursors leave of release in a region, and what releasers add.
void weigh(ReleaseView& r, const ModulatorInfo& m, const Treatment& treatment) {
  double alive = 1, gained = 0;
  for (const auto& l : treatment.lesions)
    if (names(l, m) && is_at(l, r.region)) alive *= 1 - l.share;
  double left = alive;
  for (const auto& d : treatment.doses)
    for (const auto& t : d.drug->targets) {
      if (!releases(t, m) || !is_at(d, r.region)) continue;
      if (t.action == DrugAction::depletion) left *= 1 - d.drug->share(t, d.amount, d.since_h);
      if (t.action == DrugAction::precursor) gained += d.drug->share(t, d.amount, d.since_h);
      if (t.action == DrugAction::releaser)
        r.added_uM_per_s += m.received(r.region) * alive * d.drug->relative(t, d.amount, d.since_h);
    }
  r.times = left * (1 + gained);
}

// ---- how sure ----

void add_basis(std::vector<Basis>& to, std::string what, const std::optional<Constant>& c, std::string unit) {
  if (!c || std::ranges::find(to, what, &Basis::what) != to.end()) return;
  to.push_back({std::move(what), c->value, std::move(unit), c->sure});
}
void add_bases(std::vector<Basis>& to, const Modulation& rest, const GivenDose& d, const DrugTarget& t) {
  const Drug& drug = *d.drug;
  const auto of = [&](std::string text) { return fmt::format("{}, {}", drug.name, text); };
  if (t.action == DrugAction::depletion || t.action == DrugAction::precursor) {
    add_basis(to, of("effect of the usual dose"), drug.effect, "share");
  } else if (t.ed50) {
    add_basis(to, of("dose that takes half of " + t.site), t.ed50, drug.unit);
  } else {
    add_basis(to, of("dose that takes half of " + drug.dose_site), drug.ed50, drug.unit);
    const auto main = std::ranges::find(drug.targets, drug.dose_site, &DrugTarget::site);
    if (t.site != drug.dose_site && main != drug.targets.end()) {
      add_basis(to, of("Ki at " + drug.dose_site), main->ki, "nM");
      add_basis(to, of("Ki at " + t.site), t.ki, "nM");
    }
    if (const auto receptor = measured_at(rest, drug, t).second)
      add_basis(to, receptor->name + ", EC50", receptor->ec50, "µM");
  }
  if (!d.since_h) return;
  add_basis(to, of("peak in plasma"), drug.peak_h, "h");
  add_basis(to, of("half-life"), drug.half_life_h, "h");
  add_basis(to, of("to tissue"), drug.to_tissue_per_h, "1/h");
  add_basis(to, of("from tissue"), drug.from_tissue_per_h, "1/h");
}
std::vector<Basis> bases(const Modulation& rest, const Place& p, std::span<const GivenDose> doses) {
  std::vector<Basis> r;
  for (const auto& d : doses)
    for (const auto& t : d.drug->targets)
      if (t.site == p.site && acts_on(t, p.kind) && is_at(d, p.region)) add_bases(r, rest, d, t);
  if (r.empty() || !p.half) return r;
  add_basis(r,
            p.kind == Kind::transporter    ? p.site + ", Km"
            : p.kind == Kind::autoreceptor ? p.site + " autoreceptor, EC50"
                                           : p.site + ", EC50",
            *p.half, "µM");
  return r;
}
std::vector<Basis> bases(const ModulatorInfo& m, std::string_view region) {
  std::vector<Basis> r;
  const auto regional = [&](const std::string& what, const std::vector<Regional>& list, const char* unit) {
    for (const std::string_view wanted : {region, std::string_view("default")})
      for (const auto& v : list)
        if (v.region == wanted) add_basis(r, what, v.value, unit);
  };
  add_basis(r, "rate at rest", m.tonic_hz, "Hz");
  add_basis(r, "a spike of every unit adds", m.quantum, "µM");
  regional("received", m.innervation, "share");
  for (const auto& t : m.transporters) {
    if (ModulatorInfo::vmax(t, region) <= 0) continue;
    add_basis(r, t.name + ", Km", t.km, "µM");
    regional(t.name + ", Vmax", t.vmax, "µM/s");
  }
  if (m.loss.value > 0)
    add_basis(r, m.enzyme.empty() ? "other loss" : "hydrolysis by " + m.enzyme, m.loss, "1/s");
  for (const auto& x : m.autoreceptors) {
    add_basis(r, x.name + " autoreceptor, EC50", x.ec50, "µM");
    add_basis(r, x.name + " autoreceptor, share that it takes off", x.most, "share");
  }
  return r;
}

// ---- bursts and pauses ----

struct Watched {
  std::string modulator, receptor, region;
};
/// Extremes of activations through a phase from rest: largest in a burst, smallest in a pause.
std::vector<double> extremes(Modulation m, const std::vector<Watched>& list, bool burst) {
  std::vector<double> r;
  for (const auto& w : list) r.push_back(m.activation(w.modulator, w.receptor, w.region));
  for (int n = 0; n < kPhaseMs + kAfterMs; ++n) {
    for (const auto& x : m.modulators())
      m.set_rate(x.name, n >= kPhaseMs ? x.tonic_hz.value : burst ? x.burst_hz.value : 0);
    m.step();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const double now = m.activation(list[i].modulator, list[i].receptor, list[i].region);
      r[i] = burst ? std::max(r[i], now) : std::min(r[i], now);
    }
  }
  return r;
}
std::vector<Phases> phases(const Modulation& m, const std::vector<Watched>& list) {
  const auto burst = extremes(m, list, true), pause = extremes(m, list, false);
  std::vector<Phases> r;
  for (std::size_t i = 0; i < list.size(); ++i)
    r.push_back({m.activation(list[i].modulator, list[i].receptor, list[i].region), burst[i], pause[i]});
  return r;
}

constexpr int kBeforeMs = 200, kBetweenMs = 800, kEveryMs = 10;

/// Fills the side of traces that `of` picks.
template <class Of>
void record(Modulation m, std::vector<TraceView>& traces, Of&& of) {
  const auto& times = trace_times();
  const auto last = static_cast<int>(times.ms.back());
  for (int ms = static_cast<int>(times.ms.front()); ms <= last; ++ms) {
    if (ms % kEveryMs == 0)
      for (auto& t : traces) {
        of(t).push_back(m.concentration(t.modulator, t.region));
        for (auto& x : t.receptors) of(x).push_back(m.activation(t.modulator, x.name, t.region));
      }
    const bool burst = ms >= times.burst_from && ms < times.burst_to;
    const bool pause = ms >= times.pause_from && ms < times.pause_to;
    for (const auto& x : m.modulators())
      m.set_rate(x.name, burst ? x.burst_hz.value : pause ? 0 : x.tonic_hz.value);
    m.step();
  }
}

/// Whether a trace leaves the intact one by more than one in a hundred of its largest value.
bool moves(const std::vector<double>& intact, const std::vector<double>& drug) {
  const double most = *std::ranges::max_element(intact);
  for (std::size_t i = 0; i < intact.size(); ++i)
    if (std::abs(drug[i] - intact[i]) > 0.01 * most) return true;
  return false;
}

/// Whether a drug has a target among a modulator's sites.
bool touched(const ModulatorInfo& m, std::span<const std::string> regions, std::span<const GivenDose> doses) {
  for (const auto& region : regions)
    for (const auto& d : doses)
      for (const auto& t : d.drug->targets) {
        if (releases(t, m)) return true;
        for (const auto& p : places(m, region))
          if (p.site == t.site && acts_on(t, p.kind)) return true;
      }
  return false;
}
bool reached(const Place& p, std::span<const GivenDose> doses) {
  for (const auto& d : doses)
    for (const auto& t : d.drug->targets)
      if (p.site == t.site && acts_on(t, p.kind)) return true;
  return false;
}

/// What a drug takes, and where asked what handles become, at each of some doses.
DoseResponse curves(const AgentModulation& agent, const GivenDose& dose, std::span<const double> doses,
                    bool with_handles) {
  DoseResponse r;
  r.doses.assign(doses.begin(), doses.end());
  const Modulation& intact = agent.at_rest();
  const std::vector<double> none(doses.size(), kNaN);
  std::vector<Place> where;
  std::vector<const ModulatorInfo*> of_release;
  for (const auto& m : intact.modulators())
    for (const auto& region : intact.regions()) {
      if (!is_at(dose, region)) continue;
      for (const auto& p : places(m, region))
        if (reached(p, {&dose, 1})) {
          where.push_back(p);
          r.sites.push_back({p.kind, m.short_name, p.site, region, none});
        }
      if (std::ranges::any_of(dose.drug->targets, [&](const auto& t) { return releases(t, m); })) {
        of_release.push_back(&m);
        r.releases.push_back({m.short_name, region, none});
      }
    }
  if (with_handles)
    for (const auto& e : agent.effects([](Modulation&) {})) r.handles.push_back({e.handle, e.intact, none});
  for (const auto& t : dose.drug->targets) add_bases(r.rests_on, intact, dose, t);

  for (std::size_t k = 0; k < doses.size(); ++k) {
    Treatment given{.doses = {dose}};
    given.doses[0].amount = doses[k];
    try {
      Modulation treated = intact;
      give(treated, given);
      treated.settle();
      std::vector<HandleEffect> effects;
      if (with_handles) effects = agent.effects([&](Modulation& m) { give(m, given); });
      for (std::size_t i = 0; i < where.size(); ++i)
        r.sites[i].taken[k] = taken(
            intact, where[i], treated.concentration(where[i].modulator->name, where[i].region), given.doses);
      for (std::size_t i = 0; i < of_release.size(); ++i) {
        ReleaseView view{.modulator = "", .region = r.releases[i].region};
        weigh(view, *of_release[i], given);
        r.releases[i].times[k] = view.times;
      }
      for (std::size_t i = 0; i < effects.size(); ++i) r.handles[i].value[k] = effects[i].value;
    } catch (const Error& e) {
      if (r.refused.empty()) r.refused = e.what();
    }
  }
  std::erase_if(r.handles, [](const DoseResponse::Handle& h) {
    return std::ranges::none_of(h.value, [&](double x) { return std::abs(x - h.intact) > 1e-9; });
  });
  return r;
}
}  // namespace

double taken_by_drugs(double x, double hill, const Occupants& drugs) {
  const double bound = x + drugs.agonist;
  if (bound + drugs.blocker <= 0) return 0;
  const double active = pow(bound, hill);
  const double share = active / (active + pow(1 + drugs.blocker, hill));
  return (bound > 0 ? drugs.agonist / bound * share : 0) + drugs.blocker / (1 + drugs.blocker) * (1 - share);
}

std::string_view weakest(std::span<const Basis> list) {
  constexpr std::array<std::string_view, 6> kOrder{"checked", "recalled", "card", "unsure", "guess", "ours"};
  std::string_view r;
  for (const auto word : kOrder)
    if (std::ranges::find(list, word, &Basis::sure) != list.end()) r = word;
  return r;
}

std::string_view text_of(SiteView::Kind kind) {
  constexpr std::array<std::string_view, 4> kNames{"receptor", "autoreceptor", "transporter", "enzyme"};
  return kNames[static_cast<std::size_t>(kind)];
}

const TraceTimes& trace_times() {
  static const TraceTimes times = [] {
    TraceTimes t{.burst_from = 0,
                 .burst_to = kPhaseMs,
                 .pause_from = kPhaseMs + kBetweenMs,
                 .pause_to = 2 * kPhaseMs + kBetweenMs,
                 .ms = {}};
    for (int ms = -kBeforeMs; ms <= t.pause_to + kBetweenMs; ms += kEveryMs) t.ms.push_back(ms);
    return t;
  }();
  return times;
}

DrugView drug_view(const AgentModulation& agent, const Treatment& treatment) {
  const Modulation& intact = agent.at_rest();
  const std::span<const GivenDose> doses = treatment.doses;
  Modulation treated = intact;
  give(treated, treatment);
  treated.settle();
  DrugView r;
  std::vector<Watched> watched;
  for (const auto& m : intact.modulators()) {
    const bool lesioned = std::ranges::any_of(treatment.lesions, [&](const auto& l) { return names(l, m); });
    if (!lesioned && !touched(m, intact.regions(), doses)) continue;
    for (const auto& region : intact.regions()) {
      const double c = treated.concentration(m.name, region);
      for (const auto& p : places(m, region))
        if (reached(p, doses))
          r.sites.push_back(
              {p.kind, m.short_name, p.site, region, taken(intact, p, c, doses), bases(intact, p, doses)});
      ReleaseView release{.modulator = m.short_name, .region = region};
      bool any = lesioned;
      for (const auto& d : doses)
        for (const auto& t : d.drug->targets)
          if (releases(t, m)) {
            any = true;
            if (is_at(d, region)) add_bases(release.rests_on, intact, d, t);
          }
      weigh(release, m, treatment);
      if (any) r.releases.push_back(std::move(release));
      r.concentrations.push_back(
          {m.short_name, region, intact.concentration(m.name, region), c, bases(m, region)});
      TraceView trace{.modulator = m.short_name, .region = region, .intact = {}, .drug = {}, .receptors = {}};
      for (const auto& x : m.receptors) {
        std::vector<Basis> on;
        add_basis(on, x.name + ", EC50", x.ec50, "µM");
        add_basis(on, x.name + ", tau", x.tau, "ms");
        watched.push_back({m.name, x.name, region});
        r.activations.push_back({m.short_name, x.name, region, {}, {}, std::move(on)});
        trace.receptors.push_back({x.name, {}, {}});
      }
      r.traces.push_back(std::move(trace));
    }
  }
  const auto before = phases(intact, watched), after = phases(treated, watched);
  for (std::size_t i = 0; i < watched.size(); ++i) {
    r.activations[i].intact = before[i];
    r.activations[i].drug = after[i];
  }
  record(intact, r.traces, [](auto& t) -> std::vector<double>& { return t.intact; });
  record(treated, r.traces, [](auto& t) -> std::vector<double>& { return t.drug; });
  for (auto& t : r.traces) std::erase_if(t.receptors, [](const auto& x) { return !moves(x.intact, x.drug); });
  std::erase_if(r.traces, [](const auto& t) { return t.receptors.empty() && !moves(t.intact, t.drug); });
  return r;
}

DoseResponse dose_response(const AgentModulation& agent, const GivenDose& dose,
                           std::span<const double> doses) {
  return curves(agent, dose, doses, true);
}

DoseCourse dose_course(const AgentModulation& agent, const GivenDose& dose) {
  const Drug& drug = *dose.drug;
  DoseCourse r;
  if (!drug.half_life_h || dose.chronic) return r;
  constexpr int kPoints = 60;
  const double peak = drug.peak_h ? drug.peak_h->value : 0;
  const double end = std::max(peak + 3 * drug.half_life_h->value, dose.since_h.value_or(0));
  std::vector<double> amounts;
  for (int k = 0; k <= kPoints; ++k) {
    r.hours.push_back(end * k / kPoints);
    amounts.push_back(dose.amount * drug.course(r.hours.back()));
  }
  // Two compartments peak earlier than one: to the grid of hours.
  const auto highest = r.hours[static_cast<std::size_t>(std::ranges::max_element(amounts) - amounts.begin())];
  r.read_h = dose.since_h.value_or(drug.to_tissue_per_h ? highest : peak);
  GivenDose at_peak = dose;
  at_peak.since_h.reset();
  r.there = curves(agent, at_peak, amounts, false);
  add_basis(r.there.rests_on, drug.name + ", peak in plasma", drug.peak_h, "h");
  add_basis(r.there.rests_on, drug.name + ", half-life", drug.half_life_h, "h");
  add_basis(r.there.rests_on, drug.name + ", to tissue", drug.to_tissue_per_h, "1/h");
  add_basis(r.there.rests_on, drug.name + ", from tissue", drug.from_tissue_per_h, "1/h");
  return r;
}

std::vector<double> dose_grid(const GivenDose& dose) {
  const Drug& drug = *dose.drug;
  constexpr int kSteps = 15;  // from the amount to either end
  const double middle = dose.amount > 0 ? dose.amount
                        : drug.usual    ? drug.usual->value
                        : drug.ed50     ? drug.ed50->value
                                        : 0;
  std::vector<double> r;
  if (!(middle > 0)) return r;
  const double most =
      drug.ed50 || std::ranges::any_of(drug.targets, [](const auto& t) { return t.ed50.has_value(); }) ? 30
                                                                                                       : 3;
  for (int k = -kSteps; k <= kSteps; ++k) {
    const double times = pow(k < 0 ? 30.0 : most, static_cast<double>(k) / kSteps);
    r.push_back(k == 0 ? middle : middle * times);
  }
  return r;
}

}  // namespace labile
