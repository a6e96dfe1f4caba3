#include "pharmacology/modulation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/error.hpp"

namespace labile {
namespace {
constexpr double kFastestExchange = 100;  // 1/s: faster, two regions are one
}

Modulation::Modulation(std::vector<ModulatorInfo> modulators, std::vector<std::string> regions, double dt_ms)
    : info_(std::move(modulators)), regions_(std::move(regions)), dt_ms_(dt_ms) {
  if (regions_.empty()) throw Error("a modulation system wants at least one region");
  for (std::size_t i = 0; i < regions_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (regions_[i] == regions_[j]) throw Error(fmt::format("two regions are called '{}'", regions_[i]));
  const std::size_t n = regions_.size();
  const std::vector<double> everywhere(n, 1.0);
  for (const auto& m : info_) {
    Field f{Release(1, {m.quantum.value, m.p.value, m.tau_vesicles.value}, dt_ms),
            Clearance(static_cast<int>(n), dt_ms), m.tonic_hz.value};
    f.c.assign(n, 0.0);
    f.arriving = f.added = f.sources = f.c;
    f.reach = f.let = everywhere;
    f.alive = f.terminals = everywhere;
    f.spiking.assign(n, 0);
    for (const auto& r : regions_) f.received.push_back(m.received(r));
    for (const auto& t : m.transporters) {
      std::vector<double> vmax;
      for (const auto& r : regions_) vmax.push_back(ModulatorInfo::vmax(t, r));
      f.clearance.add_transporter(vmax, t.km.value);
    }
    for (const auto& r : m.receptors) {
      std::vector<double> density;
      for (const auto& name : regions_) density.push_back(r.density_in(name));
      f.receptors.emplace_back(ReceptorField::Params{r.ec50.value, r.hill.value, r.tau.value}, density,
                               dt_ms);
    }
    for (const auto& a : m.autoreceptors) {
      const int at = a.at.empty() ? -1 : static_cast<int>(region(a.at));
      f.autoreceptors.push_back(
          {ReceptorField({a.ec50.value, a.hill.value, a.tau.value}, everywhere, dt_ms), at});
    }
    fields_.push_back(std::move(f));
  }
  clear();
  settle();
  remember_rest();
}

void Modulation::remember_rest() {
  for (auto& f : fields_)
    for (auto& a : f.autoreceptors) {
      a.rest.clear();
      for (std::size_t r = 0; r < regions_.size(); ++r)
        a.rest.push_back(a.field.activation(static_cast<int>(r)));
    }
}

std::size_t Modulation::region(std::string_view name) const {
  const auto at = std::ranges::find(regions_, name);
  if (at == regions_.end())
    throw Error(fmt::format("no region is called '{}'{}", name, suggest(name, regions_)));
  return static_cast<std::size_t>(at - regions_.begin());
}
std::size_t Modulation::index(std::string_view modulator) const {
  return static_cast<std::size_t>(&find_modulator(modulator, info_) - info_.data());
}
std::vector<std::size_t> Modulation::mask(std::span<const std::string> names) const {
  std::vector<std::size_t> r(names.empty() ? regions_.size() : 0);
  std::iota(r.begin(), r.end(), 0);
  for (const auto& name : names)
    if (const auto at = region(name); std::ranges::find(r, at) == r.end()) r.push_back(at);
  return r;
}

void Modulation::set_rate(std::string_view modulator, double hz) {
  if (!(hz >= 0 && std::isfinite(hz)))
    throw Error(fmt::format("{}: a rate of {} Hz must be finite and >= 0", modulator, hz));
  fields_[index(modulator)].hz = hz;
}

int Modulation::add_nucleus(std::string_view modulator, int units, std::span<const std::string> regions) {
  const auto i = index(modulator);
  const auto& m = info_[i];
  nuclei_.push_back(
      {i, Release(units, {m.quantum.value, m.p.value, m.tau_vesicles.value}, dt_ms_), mask(regions)});
  for (const auto r : nuclei_.back().regions) fields_[i].spiking[r] += units;
  return static_cast<int>(nuclei_.size()) - 1;
}
void Modulation::spike(int nucleus, int unit, std::int64_t n) {
  Nucleus& x = nuclei_[static_cast<std::size_t>(nucleus)];
  x.released += x.release.spike(unit, n);
}
void Modulation::arrive() {
  for (Nucleus& x : nuclei_) {
    if (x.released == 0) continue;
    Field& f = fields_[x.field];
    for (const auto r : x.regions) {
      const double share = static_cast<double>(x.release.units()) / f.spiking[r];
      f.c[r] += share * f.reach[r] * f.let[r] * x.released;
    }
    f.moved = true;
    x.released = 0;
  }
}
void Modulation::know_added(std::size_t field, std::size_t r) {
  Field& f = fields_[field];
  f.added[r] = f.arriving[r] * f.received[r] * f.alive[r] * living(field, r, &Nucleus::lost);
}
double Modulation::living(std::size_t field, std::size_t region, double Nucleus::*lost) const {
  if (fields_[field].spiking[region] == 0) return 1;
  double r = 0;
  for (const Nucleus& x : nuclei_)
    if (x.field == field && std::ranges::find(x.regions, region) != x.regions.end())
      r += static_cast<double>(x.release.units()) / fields_[field].spiking[region] * (1 - x.*lost);
  return r;
}
void Modulation::lose_units(int nucleus, double share, bool uptake) {
  if (!(share >= 0 && share <= 1))
    throw Error(fmt::format("a share of {} of units must be between 0 and 1", share));
  Nucleus& x = nuclei_[static_cast<std::size_t>(nucleus)];
  x.lost = std::max(x.lost, share);
  for (const auto r : x.regions) know_added(x.field, r);
  if (!uptake) return;
  refuse_without_transporter(x.field, x.regions);
  x.terminals_lost = std::max(x.terminals_lost, share);
  for (const auto r : x.regions) set_uptake(x.field, r);
}

void Modulation::clear() {
  const std::size_t n = regions_.size();
  for (Nucleus& x : nuclei_) x.lost = x.terminals_lost = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    Field& f = fields_[i];
    const auto& m = info_[i];
    f.quantum.assign(n, 1.0);
    f.gained.assign(n, 0.0);
    f.enzyme.assign(n, 1.0);
    f.alive.assign(n, 1.0);
    f.terminals.assign(n, 1.0);
    f.arriving.assign(n, 0.0);
    f.added.assign(n, 0.0);
    f.inhibition.assign(m.transporters.size(), std::vector<double>(n, 0.0));
    f.at_receptor.assign(m.receptors.size(), std::vector<Occupants>(n));
    f.at_autoreceptor.assign(m.autoreceptors.size(), std::vector<Occupants>(n));
    for (auto& a : f.autoreceptors) a.kept.assign(n, 1.0);
    know_reach(f);
    f.moved = true;
    for (std::size_t r = 0; r < n; ++r) {
      const int region = static_cast<int>(r);
      f.clearance.set_loss(region, m.loss.value);
      for (std::size_t t = 0; t < m.transporters.size(); ++t) {
        f.clearance.set_inhibition(static_cast<int>(t), region, 0);
        f.clearance.set_vmax(static_cast<int>(t), region,
                             ModulatorInfo::vmax(m.transporters[t], regions_[r]));
      }
      for (auto& x : f.receptors) x.set_drugs(region, {});
      for (auto& x : f.autoreceptors) x.field.set_drugs(region, {});
    }
  }
}

bool Modulation::occupy(const DrugTarget& target, double relative, std::span<const std::size_t> where) {
  const auto add_to = [&](Occupants& o) {
    if (target.action == DrugAction::antagonist) {
      o.blocker += relative;
    } else {
      o.agonist += relative;
      o.stimulus += target.efficacy * relative;
    }
  };
  bool found = false;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    Field& f = fields_[i];
    for (std::size_t k = 0; k < f.receptors.size(); ++k)
      if (info_[i].receptors[k].name == target.site && target.on != DrugTarget::On::autoreceptors)
        for (const auto r : where) {
          if (info_[i].receptors[k].density_in(regions_[r]) == 0) continue;
          add_to(f.at_receptor[k][r]);
          f.moved = true;
          f.receptors[k].set_drugs(static_cast<int>(r), f.at_receptor[k][r]);
          found = true;
        }
    for (std::size_t k = 0; k < f.autoreceptors.size(); ++k)
      if (info_[i].autoreceptors[k].name == target.site && target.on != DrugTarget::On::receptors)
        for (const auto r : where) {
          add_to(f.at_autoreceptor[k][r]);
          f.moved = true;
          f.autoreceptors[k].field.set_drugs(static_cast<int>(r), f.at_autoreceptor[k][r]);
          found = true;
        }
  }
  return found;
}

bool Modulation::give(const DrugTarget& target, double relative, std::span<const std::size_t> where) {
  if (!(relative >= 0 && std::isfinite(relative)))
    throw Error(fmt::format("{} of {}: {} must be a finite number >= 0", text_of(target.action), target.site,
                            relative));
  bool found = false;
  switch (target.action) {
    case DrugAction::agonist:
    case DrugAction::partial_agonist:
    case DrugAction::antagonist:
      found = occupy(target, relative, where);
      break;
    case DrugAction::uptake_inhibitor:
      for (std::size_t i = 0; i < fields_.size(); ++i)
        for (std::size_t t = 0; t < info_[i].transporters.size(); ++t)
          if (info_[i].transporters[t].name == target.site)
            for (const auto r : where) {
              double& x = fields_[i].inhibition[t][r];
              x += relative;
              fields_[i].clearance.set_inhibition(static_cast<int>(t), static_cast<int>(r), x);
              found = true;
            }
      break;
    case DrugAction::cholinesterase_inhibitor:
      for (std::size_t i = 0; i < fields_.size(); ++i)
        if (!info_[i].enzyme.empty() && info_[i].enzyme == target.site) {
          found = true;
          for (const auto r : where) {
            fields_[i].enzyme[r] += relative;
            fields_[i].clearance.set_loss(static_cast<int>(r), info_[i].loss.value / fields_[i].enzyme[r]);
          }
        }
      break;
    case DrugAction::releaser:
    case DrugAction::precursor:
    case DrugAction::depletion:
      for (std::size_t i = 0; i < fields_.size(); ++i)
        if (info_[i].name == target.site || info_[i].short_name == target.site) {
          found = true;
          if (target.action == DrugAction::releaser) {
            for (const auto r : where) {
              fields_[i].arriving[r] += relative;
              know_added(i, r);
            }
          } else if (target.action == DrugAction::precursor) {
            for (const auto r : where) fields_[i].gained[r] += relative;
          } else if (relative > 1) {
            throw Error(fmt::format("depletion of {} by {}: the share that is lost is at most 1", target.site,
                                    relative));
          } else {
            for (const auto r : where) fields_[i].quantum[r] *= 1 - relative;
          }
          know_reach(fields_[i]);
        }
      break;
  }
  return found;
}

void Modulation::refuse(const DrugTarget& target) const {
  std::vector<std::string> known;
  for (const auto& m : info_) {
    known.push_back(m.short_name);
    if (!m.enzyme.empty()) known.push_back(m.enzyme);
    for (const auto& t : m.transporters) known.push_back(t.name);
    for (const auto& r : m.receptors) known.push_back(r.name);
  }
  throw Error(fmt::format("nothing here answers to {} at '{}'{}; known: {}", text_of(target.action),
                          target.site, suggest(target.site, known), fmt::join(known, ", ")));
}

void Modulation::add(const DrugTarget& target, double relative, std::span<const std::string> regions) {
  if (!give(target, relative, mask(regions))) refuse(target);
}

double Modulation::competition(const Drug& drug) const {
  // Of the receptor's modulator, at rest where imaging looks, whatever regions and modulators are here.
  const std::string kImaged = "dorsal_striatum";
  for (const auto* list : {&info_, &ready_modulators()})
    for (const auto& m : *list)
      for (const auto& r : m.receptors) {
        if (r.name != drug.dose_site) continue;
        std::vector<std::string> regions{kImaged};
        for (const auto& a : m.autoreceptors)
          if (!a.at.empty() && a.at != kImaged) regions.push_back(a.at);
        return 1 + Modulation({m}, regions, dt_ms_).concentration(m.name, kImaged) / r.ec50.value;
      }
  return 1;
}

double Modulation::relative(const Drug& drug, const DrugTarget& target, double dose,
                            std::optional<double> since_h) const {
  const double r = drug.relative(target, dose, since_h);
  return drug.in_vivo && !target.ed50 ? r * competition(drug) : r;
}

void Modulation::add(const Drug& drug, double dose, std::optional<double> since_h,
                     std::span<const std::string> regions) {
  const auto where = mask(regions);
  bool found = false;
  for (const auto& t : drug.targets) {
    const bool share = t.action == DrugAction::depletion || t.action == DrugAction::precursor;
    found = give(t, share ? drug.share(t, dose, since_h) : relative(drug, t, dose, since_h), where) || found;
  }
  if (!found) refuse(drug.targets.front());
}

void Modulation::lesion(std::string_view modulator, double share, bool uptake,
                        std::span<const std::string> regions) {
  if (!(share >= 0 && share <= 1))
    throw Error(fmt::format("lesion of {}: a share of {} must be between 0 and 1", modulator, share));
  const auto i = index(modulator);
  const auto where = mask(regions);
  if (uptake) refuse_without_transporter(i, where);
  for (const auto r : where) {
    fields_[i].alive[r] *= 1 - share;
    know_added(i, r);
    if (!uptake) continue;
    fields_[i].terminals[r] *= 1 - share;
    set_uptake(i, r);
  }
  know_reach(fields_[i]);
}

void Modulation::refuse_without_transporter(std::size_t modulator, std::span<const std::size_t> where) const {
  const ModulatorInfo& m = info_[modulator];
  for (const auto& other : info_)
    for (const auto& t : other.transporters)
      if ((t.of == m.name || t.of == m.short_name) &&
          std::ranges::any_of(where, [&](std::size_t r) { return ModulatorInfo::vmax(t, regions_[r]) > 0; }))
        return;
  throw Error(
      fmt::format("terminals of {} carry no transporter there, so there is no uptake to lose", m.name));
}

void Modulation::set_uptake(std::size_t modulator, std::size_t r) {
  // A modulator's terminals carry transporters that serve other modulators too.
  const auto& m = info_[modulator];
  const double left = fields_[modulator].terminals[r] * living(modulator, r, &Nucleus::terminals_lost);
  for (std::size_t k = 0; k < info_.size(); ++k) {
    for (std::size_t t = 0; t < info_[k].transporters.size(); ++t)
      if (const auto& x = info_[k].transporters[t]; x.of == m.name || x.of == m.short_name)
        fields_[k].clearance.set_vmax(static_cast<int>(t), static_cast<int>(r),
                                      ModulatorInfo::vmax(x, regions_[r]) * left);
    if (fields_[k].received[r] > 0 && fields_[k].clearance.cleared(static_cast<int>(r), 1) == 0)
      throw Error(
          fmt::format("with all uptake of {} lost nothing clears {} in {}; lose less of it, or none of "
                      "the uptake",
                      m.name, info_[k].name, regions_[r]));
  }
}
void Modulation::exchange(std::string_view a, std::string_view b, double rate_per_s,
                          std::string_view modulator) {
  if (!(rate_per_s >= 0 && rate_per_s <= kFastestExchange))
    throw Error(fmt::format("exchange between {} and {}: {} per s is not within 0 to {}", a, b, rate_per_s,
                            kFastestExchange));
  const auto i = region(a), j = region(b);
  if (i == j) throw Error(fmt::format("exchange between {} and itself", a));
  const auto only = modulator.empty() ? fields_.size() : index(modulator);
  const auto n = regions_.size();
  const std::vector<double> volumes(n, 1.0);
  for (std::size_t k = 0; k < fields_.size(); ++k) {
    if (only < fields_.size() && k != only) continue;
    Field& f = fields_[k];
    f.exchange.resize(n * n, 0.0);
    f.exchange[i * n + j] += rate_per_s;
    f.exchange[j * n + i] += rate_per_s;
    f.half_spread = {Diffusion(volumes, f.exchange, dt_ms_ / 2)};
  }
  settle();
  remember_rest();
}

void Modulation::desensitize() {
  settle();
  for (std::size_t i = 0; i < fields_.size(); ++i)
    for (std::size_t k = 0; k < fields_[i].autoreceptors.size(); ++k) {
      Autoreceptor& a = fields_[i].autoreceptors[k];
      for (std::size_t r = 0; r < a.kept.size(); ++r) {
        const double above = a.field.activation(static_cast<int>(r)) - a.rest[r];
        a.kept[r] = 1 - info_[i].autoreceptors[k].desensitizes.value * std::max(0.0, above) / (1 - a.rest[r]);
      }
    }
  settle();
}

void Modulation::know_reach(Field& f) {
  for (std::size_t r = 0; r < f.reach.size(); ++r)
    f.reach[r] = f.received[r] * f.alive[r] * f.quantum[r] * (1 + f.gained[r]);
}
void Modulation::know_let(Field& f, const ModulatorInfo& m) const {
  std::ranges::fill(f.let, 1.0);
  for (std::size_t k = 0; k < f.autoreceptors.size(); ++k) {
    const auto& a = f.autoreceptors[k];
    const double most = m.autoreceptors[k].most.value;
    for (std::size_t r = 0; r < f.let.size(); ++r) {
      const auto sensed = a.at >= 0 ? static_cast<std::size_t>(a.at) : r;
      f.let[r] *= 1 - most * a.kept[sensed] * a.field.activation(static_cast<int>(sensed));
    }
  }
}

void Modulation::step() {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    Field& f = fields_[i];
    if (f.moved) {
      for (auto& x : f.receptors) x.begin_at(f.c);
      for (auto& x : f.autoreceptors) x.field.begin_at(f.c);
      f.moved = false;
    }
    const double released = f.release.rate(f.hz) / (dt_ms_ / 1000);
    for (std::size_t r = 0; r < regions_.size(); ++r)
      f.sources[r] = f.added[r] + (f.spiking[r] > 0 ? 0.0 : f.reach[r] * f.let[r] * released);
    f.clearance.set_sources(f.sources);
    for (auto& x : f.half_spread) x.step(f.c);
    f.clearance.step(f.c);
    for (auto& x : f.half_spread) x.step(f.c);
    for (auto& x : f.receptors) x.step(f.c);
    for (auto& x : f.autoreceptors) x.field.step(f.c);
    know_let(f, info_[i]);
  }
}

void Modulation::refuse_flood(std::size_t modulator, std::size_t region) const {
  const ModulatorInfo& m = info_[modulator];
  std::vector<std::string> cleared;
  for (const auto& t : m.transporters)
    for (const auto& v : t.vmax)
      if (v.value.value > 0 && std::ranges::find(cleared, v.region) == cleared.end())
        cleared.push_back(v.region);
  const bool none = m.loss.value == 0 && std::ranges::all_of(m.transporters, [&](const auto& t) {
                      return ModulatorInfo::vmax(t, regions_[region]) == 0;
                    });
  const bool drugs = fields_[modulator].added[region] > 0;
  throw Error(none ? fmt::format("nothing clears {} in '{}'{}; its transporters are in {}; a card's own "
                                 "[[modulator]] can have others",
                                 m.name, regions_[region], suggest(regions_[region], cleared),
                                 fmt::join(cleared, ", "))
                   : fmt::format("{} in {}: more is released than is cleared{}", m.name, regions_[region],
                                 drugs ? ", by a releaser among others"
                                       : fmt::format(" at {} Hz", fields_[modulator].hz)));
}

void Modulation::settle() {
  // Release falls as a concentration rises and clearance grows with it, so that each region has one crossing, given the others.
  constexpr double kMost = 1e6;  // µM
  constexpr int kSweeps = 10'000;
  const std::size_t n = regions_.size();
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    Field& f = fields_[i];
    const auto& m = info_[i];
    f.release.settle(f.hz);
    for (std::size_t r = 0; r < n; ++r) know_added(i, r);
    const double released = m.quantum.value * f.hz * f.release.ready();
    std::vector<double> c = f.c;
    const auto gained = [&](std::size_t at) {  // what arrives at c[at] less what leaves, µM/s
      for (auto& x : f.autoreceptors) x.field.settle(c);
      know_let(f, m);
      double g = f.added[at] + f.reach[at] * f.let[at] * released * living(i, at, &Nucleus::lost) -
                 f.clearance.cleared(static_cast<int>(at), c[at]);
      if (!f.exchange.empty())
        for (std::size_t j = 0; j < n; ++j) g += f.exchange[at * n + j] * (c[j] - c[at]);
      return g;
    };
    // Regions that others' release listens to come first.
    std::ranges::stable_sort(order, std::greater{}, [&](int r) {
      return std::ranges::any_of(f.autoreceptors, [&](const auto& a) { return a.at == r; });
    });
    for (int sweep = 0; sweep < (f.exchange.empty() ? 1 : kSweeps); ++sweep) {
      double moved = 0;
      for (const int r : order) {
        const auto at = static_cast<std::size_t>(r);
        const double before = c[at];
        double lo = 0, hi = kMost;
        for (int k = 0; k < 200 && hi - lo > 1e-16 * hi; ++k) {
          c[at] = lo + (hi - lo) / 2;
          (gained(at) > 0 ? lo : hi) = c[at];
        }
        if (hi >= kMost) refuse_flood(i, at);
        c[at] = hi < 1e-40 ? 0 : hi;
        moved = std::max(moved, std::abs(hi - before) / std::max(hi, 1e-12));
      }
      if (moved < 1e-12) break;
      if (!f.exchange.empty() && sweep + 1 == kSweeps)
        throw Error(
            fmt::format("{}: no steady state was found in {} sweeps over the regions", m.name, kSweeps));
    }
    f.c = c;
    f.moved = false;
    for (auto& x : f.autoreceptors) x.field.settle(c);
    for (auto& x : f.receptors) x.settle(f.c);
    know_let(f, m);
  }
}

std::vector<std::pair<std::string, Modulation::Place>> Modulation::places() const {
  std::vector<std::pair<std::string, Place>> r;
  for (int m = 0; m < static_cast<int>(info_.size()); ++m)
    for (int at = 0; at < static_cast<int>(regions_.size()); ++at) {
      const auto& info = info_[static_cast<std::size_t>(m)];
      const auto& region = regions_[static_cast<std::size_t>(at)];
      r.emplace_back(info.short_name + "." + region, Place{m, -1, at});
      for (int k = 0; k < static_cast<int>(info.receptors.size()); ++k)
        if (const auto& receptor = info.receptors[static_cast<std::size_t>(k)];
            receptor.density_in(region) > 0)
          r.emplace_back(receptor.name + "." + region, Place{m, k, at});
    }
  return r;
}

double Modulation::concentration(std::string_view modulator, std::string_view where) const {
  return fields_[index(modulator)].c[region(where)];
}
double Modulation::activation(std::string_view modulator, std::string_view receptor,
                              std::string_view where) const {
  const auto i = index(modulator);
  std::vector<std::string> known;
  for (std::size_t k = 0; k < info_[i].receptors.size(); ++k) {
    if (info_[i].receptors[k].name == receptor)
      return fields_[i].receptors[k].activation(static_cast<int>(region(where)));
    known.push_back(info_[i].receptors[k].name);
  }
  throw Error(fmt::format("{} has no receptor '{}'{}; known: {}", info_[i].name, receptor,
                          suggest(receptor, known), fmt::join(known, ", ")));
}

void Modulation::keep(Archive& a) {
  for (Field& f : fields_) {
    a(f.release, f.clearance, f.hz, f.moved);
    for (auto* x : {&f.quantum, &f.gained, &f.c, &f.arriving, &f.added, &f.reach, &f.let, &f.sources,
                    &f.received, &f.alive, &f.terminals, &f.enzyme})
      a.each(*x);
    a.each(f.receptors);
    for (Autoreceptor& x : f.autoreceptors) {
      a(x.field);
      a.each(x.kept);
      a.each(x.rest);
    }
    a(f.inhibition, f.at_receptor, f.at_autoreceptor);
  }
  for (Nucleus& n : nuclei_) a(n.release, n.lost, n.terminals_lost, n.released);
}

}  // namespace labile
