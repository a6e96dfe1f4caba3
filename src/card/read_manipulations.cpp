/// [[manipulation]]: checked against the handles of the card's agents and the events of its task.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "card/find_agent.hpp"
#include "card/sections.hpp"
#include "card/treatment_of.hpp"
#include "pharmacology/handle_effects.hpp"

namespace labile {
namespace {

using Op = Manipulation::Op;

struct ManipulationKeys : Manipulation {
  std::string condition, op_name = "scale", when_name = "always";
};

std::vector<Field<ManipulationKeys>> manipulation_keys() {
  using K = ManipulationKeys;
  return {{"condition", "1", &K::condition, {}, "name of the arm of the experiment"},
          {"op", "1", &K::op_name, {}, "what is done", {}, kOpNames},
          {"target", "1", &K::target, {}, "handle of an agent, such as \"da.release\""},
          {"amount", "1", &K::amount, {}, "factor, value, sum, share lost or dose"},
          {"at", "1", &K::at, {}, "\"start\" or an event of the task"},
          {"occurrence", "1", &K::occurrence, {1, 1e6}, "which occurrence of the event, from 1"},
          {"trial", "trials", &K::trial, {0, 1e8}, "first trial, counted from 0"},
          {"time", "ms", &K::time_ms, {0, 1e12}, "task time from which it holds, at the start of a trial"},
          {"when", "1", &K::when_name, {}, "on what a stimulation depends", {}, kWhenNames},
          {"drug", "1", &K::drug, {}, "name of a drug, for op = \"dose\""},
          {"hours", "h", &K::hours, {0, 1e5}, "since it was taken; without it, at its peak"},
          {"chronic", "1", &K::chronic, {}, "taken long enough for autoreceptors to desensitize"},
          {"modulator",
           "1",
           &K::modulator,
           {},
           "whose nucleus loses units, for op = \"lesion\" instead of target"},
          {"uptake", "1", &K::uptake, {}, "of that lesion: its terminals' transporters go too"},
          {"probability", "1", &K::probability, {0, 1}, "of a random stimulation, one or one a trial"}};
}

int index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// What an operation asks of a handle; none for a stimulation, which asks for a pulsed one.
std::optional<Effect::Op> effect_of(Op op) {
  switch (op) {
    case Op::scale:
    case Op::lesion:
      return Effect::scale;
    case Op::set:
      return Effect::set;
    case Op::add:
      return Effect::add;
    case Op::reset:
      return Effect::reset_fraction;
    case Op::stimulate:
    case Op::dose:
      break;
  }
  return std::nullopt;
}

bool allows(const Handle& h, Op op) {
  if (op == Op::dose) return false;
  const auto effect = effect_of(op);
  return effect ? std::find(h.ops.begin(), h.ops.end(), *effect) != h.ops.end() : h.pulsed;
}

std::string allowed_ops(const Handle& h) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kOpNames.size(); ++i)
    if (allows(h, static_cast<Op>(i))) names.push_back(kOpNames[i]);
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

/// The value of a parameter that is a handle, as the card has it; none for other handles and fitted
/// parameters.
std::optional<double> parameter_value(const AgentSpec& agent, const Handle& h) {
  if (agent.fitted) return std::nullopt;
  for (const auto& p : find_agent(agent.model).params) {
    if (p.name != h.name || p.type != ParamType::number) continue;
    const auto it = agent.settings.find(p.name);
    return it == agent.settings.end() ? std::get<double>(p.standard) : checked_number(p, it->second);
  }
  return std::nullopt;
}

/// What the handle stands at under a manipulation, where that is known before running.
std::optional<double> value_after(const Manipulation& m, const AgentSpec& agent, const Handle& h) {
  if (m.op == Op::set) return m.amount;
  const auto intact = parameter_value(agent, h);
  if (m.op == Op::scale && !intact && !agent.fitted) return m.amount;  // relative to intact
  if (!intact) return std::nullopt;
  if (m.op == Op::scale) return *intact * m.amount;
  if (m.op == Op::lesion) return *intact * (1 - m.amount);
  if (m.op == Op::add) return *intact + m.amount;
  return std::nullopt;
}

void check_amount(const Manipulation& m, const AgentSpec& agent, const Handle& h, const Where& where) {
  const auto x = value_after(m, agent, h);
  if (!x || (*x >= h.bounds.lo && *x <= h.bounds.hi)) return;
  const ParamInfo p{h.name, "1", ParamType::number, h.bounds, "", 0.0, {}, {}};
  throw Error(where,
              fmt::format("{} by {} makes '{}' of {} {}; allowed: {}", kOpNames[static_cast<int>(m.op)],
                          m.amount, h.name, agent.name, *x, bounds_text(p)));
}

/// At least one agent must have the handle; all that have it must take the operation and the amount.
void check_target(const Node& node, const Manipulation& m, const Draft& draft) {
  std::vector<std::string> known;
  bool found = false;
  for (std::size_t i = 0; i < draft.agents.size(); ++i)
    for (const auto& h : draft.agents[i]->handles()) {
      if (std::find(known.begin(), known.end(), h.name) == known.end()) known.push_back(h.name);
      if (h.name != m.target) continue;
      found = true;
      if (!allows(h, m.op))
        throw Error(where_of(node, "op"),
                    fmt::format("'{}' of {} does not take '{}'; it takes: {}", h.name,
                                draft.card.agents[i].name, kOpNames[static_cast<int>(m.op)], allowed_ops(h)));
      check_amount(m, draft.card.agents[i], h, where_of(node, "amount"));
    }
  if (!found)
    throw Error(where_of(node, "target"),
                fmt::format("no agent of this card has a handle '{}'{}", m.target, suggest(m.target, known)));
}

void check_time(const Node& node, Manipulation& m, const Draft& draft) {
  if (const Node* trial = node.find("trial")) {
    if (node.find("at")) throw Error(trial->where, "'at' is given too; write one of them");
    if (m.trial < 0)
      throw Error(trial->where, fmt::format("{} is out of bounds; allowed: at least 0", m.trial));
    if (draft.max_trials > 0 && m.trial >= draft.max_trials)
      throw Error(trial->where,
                  fmt::format("{} never comes: the task has at most {} decisions, counted from 0", m.trial,
                              draft.max_trials));
    m.at.clear();
  }
  if (const Node* time = node.find("time")) {
    if (node.find("at") || node.find("trial"))
      throw Error(time->where, "'at' or 'trial' is given too; write one of them");
    if (m.time_ms < 0)
      throw Error(time->where, fmt::format("{} is out of bounds; allowed: at least 0 ms", m.time_ms));
    m.at.clear();
  }
  const bool by_event = m.trial < 0 && m.time_ms < 0 && m.at != "start";
  if (by_event && draft.events_known) {
    std::vector<std::string> known{"start"};
    known.insert(known.end(), draft.events.begin(), draft.events.end());
    if (std::find(known.begin(), known.end(), m.at) == known.end())
      throw Error(where_of(node, "at"),
                  fmt::format("task '{}' has no event '{}'{}", draft.card.task, m.at, suggest(m.at, known)));
  }
  if (m.occurrence > 1 && !by_event)
    throw Error(where_of(node, "occurrence"), "counts occurrences of an event; name the event under 'at'");
}

/// Keys that only some operations know.
void check_contingency(const Node& node, const Manipulation& m) {
  if (m.op != Op::reset)
    (void)required(node, "amount", "write how much: a factor, a value, a sum, a share lost or a dose");
  if (m.op == Op::lesion || m.op == Op::reset) {
    const ParamInfo share{"amount", "1", ParamType::number, {0, 1}, "", std::nan(""), {}, {}};
    (void)checked_number(share, {m.amount, where_of(node, "amount")});
  }
  if (node.find("when") && m.op != Op::stimulate)
    throw Error(where_of(node, "when"),
                fmt::format("only op = \"stimulate\" depends on an outcome, not \"{}\"",
                            kOpNames[static_cast<int>(m.op)]));
  if (node.find("probability") && m.when != Manipulation::When::random)
    throw Error(where_of(node, "probability"), "holds for when = \"random\" only");
  if (m.probability.empty())
    throw Error(where_of(node, "probability"), "is empty; write a share from 0 to 1");
}

/// Where a dose or a lesion of a nucleus is felt.
void check_regions(const Node& node, const Manipulation& m, const PharmacologyTables& tables) {
  const Node* regions = node.find("regions");
  if (!regions) return;
  if (m.regions.empty()) throw Error(regions->where, "is empty; leave it out for everywhere");
  for (std::size_t i = 0; i < m.regions.size(); ++i) {
    if (std::find(m.regions.begin(), m.regions.begin() + static_cast<std::ptrdiff_t>(i), m.regions[i]) !=
        m.regions.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error(regions->where, fmt::format("'{}' is named twice", m.regions[i]));
    const auto known = agent_regions(tables.modulators);
    if (std::find(known.begin(), known.end(), m.regions[i]) == known.end())
      throw Error(regions->where,
                  fmt::format("no region is called '{}'{}", m.regions[i], suggest(m.regions[i], known)));
  }
}

/// A drug and its amount, or a nucleus and the share that it loses, before anything is run.
void check_through_modulators(const Node& node, const Manipulation& m, const PharmacologyTables& tables) {
  if (const Node* target = node.find("target"))
    throw Error(target->where, m.op == Op::dose
                                   ? fmt::format("a dose has no target: {} acts on what it binds to", m.drug)
                                   : "'modulator' is given too; write one of them");
  check_regions(node, m, tables);
  if (m.op == Op::lesion) {
    located(where_of(node, "modulator"), [&] { (void)find_modulator(m.modulator, tables.modulators); });
    return;
  }
  const Node& name = required(node, "drug", "write the name of a drug; `labile describe drug` lists them");
  const Drug& drug = *located(name.where, [&] { return &find_drug(m.drug, tables.drugs); });
  if (!(m.amount >= 0))
    throw Error(where_of(node, "amount"),
                fmt::format("a dose of {} {} must be at least 0", m.amount, drug.unit));
  if (node.find("hours") && m.hours < 0)
    throw Error(where_of(node, "hours"), fmt::format("{} h must be at least 0", m.hours));
  if (m.chronic && node.find("hours"))
    throw Error(where_of(node, "chronic"), "'hours' counts from one dose; a chronic one is at its peak");
  if (m.chronic && m.at != "start")
    throw Error(where_of(node, "chronic"),
                "weeks have gone by with a chronic dose: it is there from the start");
}

bool same_time(const Manipulation& a, const Manipulation& b) {
  return a.at == b.at && a.occurrence == b.occurrence && a.trial == b.trial && a.time_ms == b.time_ms;
}

/// Refuses what would set a handle of the condition to a second value at the same time.
void refuse_second(const Condition& condition, const Manipulation& m) {
  const auto lasts = [](const Manipulation& x) {
    return !x.through_modulators() && x.op != Op::reset && x.op != Op::stimulate;
  };
  for (const auto& other : condition.manipulations)
    if (lasts(m) && lasts(other) && m.target == other.target && same_time(m, other))
      throw Error(m.where,
                  fmt::format("condition '{}': '{}' is set in line {} too, at the same time; one of them "
                              "would be lost",
                              condition.name, m.target, other.where.line));
}

/// Adds what the doses and lesions of nuclei of a condition do together to the handles of the card's agents.
void add_effects(Condition& condition, const Draft& draft) {
  const PharmacologyTables& tables = draft.card.pharmacology;
  std::vector<Manipulation> doses;
  for (const auto& m : condition.manipulations)
    if (m.through_modulators()) doses.push_back(m);
  if (doses.empty()) return;
  for (const auto& m : doses)
    if (!same_time(m, doses.front()))
      throw Error(
          m.where,
          fmt::format("condition '{}': what works through modulators begins at different times; give it in "
                      "conditions of their own, or at once",
                      condition.name));
  const auto effects = located(doses.front().where, [&] {
    return handle_effects([&](Modulation& system) { give(system, treatment_of(condition, tables.drugs)); },
                          tables.modulators);
  });
  const auto changes = [](const HandleEffect& e) { return std::abs(e.value - e.intact) > 1e-9; };
  bool felt = false;
  std::vector<std::pair<HandleEffect, const Handle*>> reached;
  for (const auto& e : effects) {
    const Handle* handle = nullptr;
    for (const auto& agent : draft.agents) {
      const auto& handles = agent->handles();
      const auto named = [&](const std::string& name) {
        return std::find_if(handles.begin(), handles.end(), [&](const Handle& h) { return h.name == name; });
      };
      if (!e.unless.empty() && named(e.unless) != handles.end()) continue;
      if (const auto at = named(e.handle); at != handles.end()) handle = &*at;
    }
    if (!handle) continue;
    felt = felt || changes(e);
    reached.push_back({e, handle});
  }
  for (const auto& [e, handle] : reached) {
    // A dose that changes nothing is a placebo: it holds every handle where it is.
    if (felt && !changes(e)) continue;
    if (e.value < handle->bounds.lo || e.value > handle->bounds.hi)
      throw Error(doses.front().where,
                  fmt::format("condition '{}': the dose makes '{}' {:.4g}; allowed: {} to {}", condition.name,
                              e.handle, e.value, handle->bounds.lo, handle->bounds.hi));
    for (const auto& m : condition.manipulations)
      if (!m.through_modulators() && m.target == e.handle)
        throw Error(m.where,
                    fmt::format("condition '{}': '{}' is set by {} too; one of them would be lost",
                                condition.name, e.handle,
                                doses.front().op == Op::dose ? doses.front().drug
                                                             : "a lesion of " + doses.front().modulator));
    Manipulation m = doses.front();
    m.op = Op::set;
    m.drug.clear();
    m.modulator.clear();
    m.chronic = m.uptake = false;
    m.regions.clear();
    m.hours = -1;
    m.derived = true;
    m.target = e.handle;
    m.unless = e.unless;
    m.amount = e.value;
    condition.manipulations.push_back(std::move(m));
  }
}

}  // namespace

void read_manipulations(const Node& root, Draft& draft) {
  draft.card.pharmacology = read_pharmacology(root);
  auto& conditions = draft.card.conditions;
  conditions.push_back({"intact", {}});
  for (const Node* node : tables_of(root, "manipulation")) {
    const auto keys = read_keys(*node, manipulation_keys(), {"regions"}, "[[manipulation]]");
    const Node& name = required(*node, "condition", "write the name of the condition, such as \"DA lesion\"");
    const bool dose = keys.op_name == "dose", nucleus = keys.op_name == "lesion" && node->find("modulator");
    if (!dose && !nucleus)
      (void)required(*node, "target", "write a handle of an agent, such as \"da.release\"");
    for (const char* key : {"drug", "hours", "chronic"})
      if (const Node* n = node->find(key); n && !dose) throw Error(n->where, "is for op = \"dose\" only");
    for (const char* key : {"modulator", "uptake"})
      if (const Node* n = node->find(key); n && !nucleus)
        throw Error(n->where, "is for op = \"lesion\" with a modulator only");
    if (const Node* n = node->find("regions"); n && !dose && !nucleus)
      throw Error(n->where, "is for op = \"dose\", or \"lesion\" with a modulator, only");
    if (keys.condition == "intact")
      throw Error(name.where, "'intact' is the condition without manipulations; give this one another name");
    Manipulation m = keys;
    m.op = static_cast<Op>(index_of(kOpNames, keys.op_name));
    m.when = static_cast<Manipulation::When>(index_of(kWhenNames, keys.when_name));
    if (const Node* regions = node->find("regions"))
      m.regions = texts_of(*regions);  // of a dose; without, everywhere
    m.where = node->where;
    check_contingency(*node, m);
    check_time(*node, m, draft);
    if (dose || nucleus)
      check_through_modulators(*node, m, draft.card.pharmacology);
    else
      check_target(*node, m, draft);
    auto it = std::find_if(conditions.begin(), conditions.end(),
                           [&](const auto& c) { return c.name == keys.condition; });
    if (it == conditions.end()) it = conditions.insert(it, {keys.condition, {}});
    refuse_second(*it, m);
    it->manipulations.push_back(std::move(m));
  }
  for (auto& c : conditions) add_effects(c, draft);
  for (const auto& c : conditions)
    if (!c.manipulations.empty() && std::none_of(draft.agents.begin(), draft.agents.end(),
                                                 [&](const auto& a) { return has_condition(*a, c); }))
      throw Error(c.manipulations.front().where,
                  fmt::format("no agent of this card has {} of condition '{}'",
                              std::any_of(c.manipulations.begin(), c.manipulations.end(),
                                          [](const auto& m) { return m.through_modulators(); })
                                  ? "a handle that drugs or lesions of nuclei reach"
                                  : "all the handles",
                              c.name));
}

}  // namespace labile
