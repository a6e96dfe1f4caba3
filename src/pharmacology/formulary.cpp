#include "pharmacology/formulary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"
#include "embedded/formulary.hpp"
#include "toml/read_keys.hpp"

namespace labile {
namespace {
const std::vector<std::string>& actions() {
  static const std::vector<std::string> list{
      "agonist",  "partial_agonist", "antagonist", "uptake_inhibitor", "cholinesterase_inhibitor",
      "releaser", "precursor",       "depletion"};
  return list;
}
bool binds(DrugAction a) {
  return a != DrugAction::releaser && a != DrugAction::precursor && a != DrugAction::depletion;
}

/// The absorption constant whose curve peaks at `peak_h`: ln(ka/ke)/(ka - ke) falls as ka grows, from 1/ke at ka = ke.
double absorption(double ke, double peak_h, const std::string& drug) {
  const auto peak = [&](double ka) {
    return std::abs(ka - ke) < 1e-9 * ke ? 1 / ke : log(ka / ke) / (ka - ke);
  };
  double lo = 1e-3 * ke, hi = 1e6 * ke;
  if (!(peak_h > peak(hi) && peak_h < peak(lo)))
    throw Error(fmt::format("drug '{}': a peak after {} h does not go with a half-life of {:.3g} h", drug,
                            peak_h, log(2.0) / ke));
  for (int i = 0; i < 200; ++i) {
    const double middle = std::sqrt(lo * hi);
    (peak(middle) > peak_h ? lo : hi) = middle;
  }
  return hi;
}

DrugTarget read_target(const Node& t) {
  require_table(t);
  // A constant's words stand beside the target's own.
  refuse_unknown_keys(t, {"site", "action", "on", "efficacy", "ki_nM", "ed50", "sure", "source", "doi"},
                      "a drug's target");
  DrugTarget r;
  r.site = text_of(required(t, "site", "what it acts on"));
  const Node& action = required(t, "action", "what it does there");
  r.action = action_of(text_of(action), action.where);
  if (const Node* on = t.find("on")) {
    const std::vector<std::string> known{"both", "receptors", "autoreceptors"};
    const auto at = std::ranges::find(known, text_of(*on));
    if (at == known.end())
      throw Error(on->where, fmt::format("'{}' is none of {}", text_of(*on), fmt::join(known, ", ")));
    if (at != known.begin() && !occupies_receptors(r.action))
      throw Error(on->where, fmt::format("'{}' acts on no receptor, so it has no 'on'", text_of(r.action)));
    r.on = static_cast<DrugTarget::On>(at - known.begin());
  }
  if (t.find("efficacy")) r.efficacy = read_constant(t, "efficacy", kShare, "0 to 1").value;
  if (r.action == DrugAction::partial_agonist && !t.find("efficacy"))
    throw Error(t.where, "a partial agonist wants its efficacy, 0 to 1");
  if (t.find("ed50")) r.ed50 = read_constant_beside(t, "ed50", kPositive, "dose that takes half of it");
  if (t.find("ki_nM")) r.ki = read_constant_beside(t, "ki_nM", kPositive, "nM");
  return r;
}

/// Constants of one table that share `sure`, `source` and `doi`.
void read_shared(const Node& t, const std::vector<std::pair<const char*, std::optional<Constant>*>>& wanted,
                 const std::vector<std::string>& besides, const char* owner) {
  require_table(t);
  std::vector<std::string> known{"sure", "source", "doi"};
  for (const auto& [key, to] : wanted) known.emplace_back(key);
  known.insert(known.end(), besides.begin(), besides.end());
  refuse_unknown_keys(t, known, owner);
  for (const auto& [key, to] : wanted)
    if (t.find(key))
      *to = read_constant_beside(t, key, std::string_view(key) == "effect" ? kShare : kPositive, "");
}
}  // namespace

bool occupies_receptors(DrugAction a) {
  return a == DrugAction::agonist || a == DrugAction::partial_agonist || a == DrugAction::antagonist;
}
std::string_view text_of(DrugAction a) {
  return actions()[static_cast<std::size_t>(a)];
}
DrugAction action_of(std::string_view text, const Where& where) {
  const auto at = std::ranges::find(actions(), text);
  if (at == actions().end())
    throw Error(where, fmt::format("a drug cannot '{}'{}; known: {}", text, suggest(text, actions()),
                                   fmt::join(actions(), ", ")));
  return static_cast<DrugAction>(at - actions().begin());
}

double Drug::course(double since_h) const {
  if (!half_life_h)
    throw Error(
        fmt::format("drug '{}': its course in time is not known; give the effect without a time", name));
  if (since_h < 0) return 0;
  const double ke = log(2.0) / half_life_h->value;
  Kinetics k{.elimination_per_h = ke};
  if (peak_h) k.absorption_per_h = absorption(ke, peak_h->value, name);
  if (to_tissue_per_h) k.to_tissue_per_h = to_tissue_per_h->value;
  if (from_tissue_per_h) k.from_tissue_per_h = from_tissue_per_h->value;
  const Course one(k, {{1, 0}});
  if (!peak_h) return one.concentration(since_h) / one.concentration(0);
  if (!to_tissue_per_h) return one.concentration(since_h) / one.concentration(one.peak_h());
  // Two compartments peak earlier than one: the highest by golden section.
  double lo = 0, hi = peak_h->value;
  constexpr double kGolden = 0.6180339887498949;
  for (int i = 0; i < 100; ++i) {
    const double a = hi - kGolden * (hi - lo), b = lo + kGolden * (hi - lo);
    if (one.concentration(a) < one.concentration(b))
      lo = a;
    else
      hi = b;
  }
  return one.concentration(since_h) / one.concentration((lo + hi) / 2);
}

void Drug::check(double dose) const {
  if (!(dose >= 0 && std::isfinite(dose)))
    throw Error(fmt::format("drug '{}': a dose of {} {} must be a finite number >= 0", name, dose, unit));
}

double Drug::share(const DrugTarget& target, double dose, std::optional<double> since_h) const {
  check(dose);
  if (!effect || !usual)
    throw Error(fmt::format("drug '{}': what a usual dose does to {} is not known", name, target.site));
  const double doses = dose / usual->value * (since_h ? course(*since_h) : 1);
  return target.action == DrugAction::depletion ? 1 - pow(1 - effect->value, doses) : effect->value * doses;
}

double Drug::relative(const DrugTarget& target, double dose, std::optional<double> since_h) const {
  check(dose);
  const double at_time = since_h ? course(*since_h) : 1;
  if (target.ed50) return dose / target.ed50->value * at_time;
  if (!ed50) throw Error(fmt::format("drug '{}': the dose that takes half of its places is not known", name));
  double r = dose / ed50->value;
  if (target.site != dose_site) {
    const auto main = std::ranges::find(targets, dose_site, &DrugTarget::site);
    if (main == targets.end() || !main->ki || !target.ki)
      throw Error(fmt::format("drug '{}': without a ki at {} and at {} their doses cannot be compared", name,
                              dose_site, target.site));
    r *= main->ki->value / target.ki->value;
  }
  return r * at_time;
}

std::vector<Drug> read_drugs(const Node& root) {
  std::vector<Drug> r;
  for (const Node* t : tables_of(root, "drug")) {
    require_table(*t);
    refuse_unknown_keys(*t, {"name", "does", "unit", "note", "target", "dose", "kinetics"}, "a drug");
    Drug d;
    d.name = text_of(required(*t, "name", "the drug's name"));
    const auto text = [&](const char* key) { return t->find(key) ? text_of(*t->find(key)) : std::string{}; };
    d.does = text("does");
    d.unit = text("unit");
    d.note = text("note");
    for (const Node* n : tables_of(*t, "target")) d.targets.push_back(read_target(*n));
    if (d.targets.empty())
      throw Error(t->where, fmt::format("drug '{}' acts on nothing: it wants a [[drug.target]]", d.name));
    if (const Node* dose = t->find("dose")) {
      read_shared(*dose, {{"ed50", &d.ed50}, {"effect", &d.effect}, {"usual", &d.usual}}, {"site", "in_vivo"},
                  "a drug's dose");
      if (const Node* n = dose->find("in_vivo")) {
        const bool* yes = n->kind == Node::Kind::value ? std::get_if<bool>(&n->value) : nullptr;
        if (!yes) throw Error(n->where, fmt::format("wants true or false, got {}", n->what()));
        d.in_vivo = *yes;
      }
      d.dose_site = dose->find("site") ? text_of(*dose->find("site")) : d.targets.front().site;
      if (std::ranges::find(d.targets, d.dose_site, &DrugTarget::site) == d.targets.end())
        throw Error(dose->where, fmt::format("drug '{}' has no target '{}', which its dose is about", d.name,
                                             d.dose_site));
    }
    if (const Node* kinetics = t->find("kinetics")) {
      read_shared(*kinetics,
                  {{"peak_h", &d.peak_h},
                   {"half_life_h", &d.half_life_h},
                   {"to_tissue_per_h", &d.to_tissue_per_h},
                   {"from_tissue_per_h", &d.from_tissue_per_h}},
                  {}, "a drug's kinetics");
      if (d.to_tissue_per_h.has_value() != d.from_tissue_per_h.has_value())
        throw Error(kinetics->where, "to_tissue_per_h and from_tissue_per_h go together");
      if (d.half_life_h) (void)located(kinetics->where, [&] { return d.course(0); });
    }
    for (const auto& x : d.targets)
      if (binds(x.action) && !x.ki && !x.ed50 && x.site != d.dose_site)
        throw Error(t->where, fmt::format("drug '{}': {} wants its ki_nM", d.name, x.site));
    for (const auto& other : r)
      if (other.name == d.name) throw Error(t->where, fmt::format("two drugs are called '{}'", d.name));
    r.push_back(std::move(d));
  }
  return r;
}

const std::vector<Drug>& formulary() {
  static const auto list = read_drugs(toml_tree::parse(embedded::formulary, "formulary.toml"));
  return list;
}

const Drug& find_drug(std::string_view name, const std::vector<Drug>& among) {
  std::vector<std::string> names;
  for (const auto& d : among) {
    if (d.name == name) return d;
    names.push_back(d.name);
  }
  throw Error(fmt::format("no drug is called '{}'{}", name, suggest(name, names)));
}

}  // namespace labile
