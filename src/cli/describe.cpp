/// `labile describe`: what the catalogues hold, from the same tables that parsing and checks read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "bayes/group_model.hpp"
#include "circuits/catalogue.hpp"
#include "cli/commands.hpp"
#include "cli/describe_pharmacology.hpp"
#include "learners/catalogue.hpp"
#include "metrics/metric.hpp"
#include "network/sources.hpp"
#include "neurons/catalogue.hpp"
#include "plasticity/catalogue.hpp"
#include "run/network_card.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;

struct Entry {
  std::string kind;
  Info info;
  std::vector<ParamInfo> params;
  std::string note;
  bool fitted = false;  // has a likelihood
};

/// What a card may name of a neuron beside its parameters.
std::string neuron_note(const NeuronEntry& e) {
  const auto list = [](const auto& parts) {
    std::string r;
    for (const auto& p : parts)
      r += (r.empty() ? "" : ", ") + p.name + (p.unit == "1" ? "" : fmt::format(" ({})", p.unit));
    return r;
  };
  std::string r = fmt::format("state: {}\nports: {}", list(e.state), list(e.ports));
  if (!e.driven.empty()) r += "\ndriven: " + list(e.driven);
  return r + (e.order == 0 ? "\nexact on the grid of dt"
                           : fmt::format("\norder of convergence in dt: {}", e.order));
}

std::string task_note(const TaskEntry& e) {
  const auto task = e.make({}, nullptr);
  const TaskInfo& info = task->info();
  std::string r = fmt::format("at most {} decisions of {} option(s)", info.max_trials, info.layout.options);
  if (info.stages > 1) r += fmt::format(", {} a trial", info.stages);
  if (info.reports) r = fmt::format("{} decisions; asks for a number", info.max_trials);
  if (!info.layout.feature_is_option)
    r += fmt::format("\noptions have {} feature dimension(s) of {} values", info.layout.dims(),
                     fmt::join(info.layout.arity, ", "));
  if (info.layout.states > 1) r += fmt::format("\nstates: {}", info.layout.states);
  if (!info.inputs.empty()) r += fmt::format("\nshows: {}", fmt::join(info.inputs, ", "));
  if (!info.events.empty()) r += fmt::format("\nevents: {}", fmt::join(info.events, ", "));
  return r;
}

Entry agent_entry(const char* kind, const LearnerEntry& e) {
  std::string note =
      e.likelihood ? "has a likelihood: can be fitted" : fmt::format("simulation only: {}", e.no_likelihood);
  if (e.likelihood && e.likelihood->jumps)
    note += "\nits likelihood jumps: gradients are those between jumps";
  if (e.likelihood) note += fmt::format("\ntask: {}", e.own_task);
  if (e.timed) note += "\nanswers with a choice and its response time";
  if (!e.inputs.empty()) note += fmt::format("\nmust be shown: {}", fmt::join(e.inputs, ", "));
  if (!e.optional_inputs.empty())
    note += fmt::format("\ntakes where shown: {}", fmt::join(e.optional_inputs, ", "));
  std::string handles;
  const auto agent = e.make({});
  for (const auto& h : agent->handles()) handles += (handles.empty() ? "" : ", ") + h.name;
  if (!handles.empty()) note += "\nhandles: " + handles;
  std::string signals;
  for (const auto& s : agent->signals())
    signals +=
        fmt::format("{}{}{}", signals.empty() ? "" : ", ", s.name, s.unit == "1" ? "" : " (" + s.unit + ")");
  if (!signals.empty()) note += "\nsignals: " + signals;
  return {kind, e.info, e.params, note, e.likelihood != nullptr};
}

std::vector<Entry> entries(const std::string& kind) {
  std::vector<Entry> r;
  const bool all = kind.empty();
  if (all || kind == "task")
    for (const auto& e : all_tasks()) r.push_back({"task", e.info, e.params, task_note(e)});
  const auto add_agents = [&](const char* of, std::span<const LearnerEntry> agents) {
    if (!all && kind != of) return;
    for (const auto& e : agents) r.push_back(agent_entry(of, e));
  };
  add_agents("learner", all_learners());
  add_agents("circuit", all_circuits());
  if (all || kind == "metric")
    for (const auto& e : all_metrics())
      r.push_back({"metric", e.info, e.params, fmt::format("{} ({}); {} blocks", e.label, e.unit, e.blocks)});
  if (all || kind == "neuron")
    for (const auto& e : all_neurons()) r.push_back({"neuron", e.info, e.params, neuron_note(e)});
  if (all || kind == "source")
    for (const auto& e : all_sources()) r.push_back({"source", e.info, e.params, ""});
  if (all || kind == "rule")
    for (const auto& e : all_rules()) r.push_back({"rule", e.info, e.params, e.gated ? "needs a gate" : ""});
  const auto add_sections = [&](const char* of, const char* source,
                                const std::vector<SectionInfo>& sections) {
    if (!all && kind != of) return;
    for (const auto& s : sections) {
      std::string note;
      if (!s.needed.empty()) note += fmt::format("needs: {}", fmt::join(s.needed, ", "));
      if (!s.optional.empty())
        note += fmt::format("{}may have: {}", note.empty() ? "" : "\n", fmt::join(s.optional, ", "));
      r.push_back({of, {s.name.c_str(), s.about.c_str(), source}, {}, note});
    }
  };
  static const auto protocols = protocol_kinds(), records = record_kinds();
  add_sections("protocol", "docs/networks.md, [[protocol]]", protocols);
  add_sections("record", "docs/networks.md, [[record]]", records);
  if (all || kind == "modulator")
    for (const auto& m : ready_modulators())
      r.push_back({"modulator", {m.name.c_str(), m.nucleus.c_str(), ""}, {}, ""});
  if (all || kind == "drug")
    for (const auto& d : formulary()) r.push_back({"drug", {d.name.c_str(), d.does.c_str(), ""}, {}, ""});
  if (all || kind == "measure")
    for (const auto& m : measure_kinds())
      r.push_back({"measure",
                   {m.name, m.about, "docs/networks.md, [[measure]]"},
                   {},
                   *m.unit ? fmt::format("in {}", m.unit) : std::string{}});
  return r;
}

/// Prior of single fits in words.
std::string prior_text(const Prior& p) {
  switch (p.kind) {
    case Prior::beta:
      return fmt::format("beta({:g}, {:g})", p.a, p.b);
    case Prior::gamma:
      return fmt::format("gamma({:g}, {:g})", p.a, p.b);
    case Prior::normal:
      return fmt::format("normal({:g}, {:g})", p.a, p.b);
    case Prior::flat:
      return "flat";
    case Prior::fixed:
      break;
  }
  return "held";
}
/// Priors of single fits and of groups.
void print_priors(const Entry& e) {
  fmt::print("\n  {:<14} {:<18} {:<22} {:<16} {}\n", "prior of", "single fits (map)", "groups (bayes): T",
             "mu", "sigma");
  for (const auto& p : e.params) {
    if (p.prior.kind == Prior::fixed) {
      if (p.bounds.lo < p.bounds.hi) fmt::print("  {:<14} held at its default\n", p.name);
      continue;
    }
    const Group g = group_of(p);
    fmt::print("  {:<14} {:<18} {:<22} {:<16} {}({:g})\n", p.name, prior_text(p.prior), transform_text(g),
               fmt::format("N({:.4g}, {:g})", g.mu_mean, g.mu_sd), g.cauchy ? "half-Cauchy" : "half-N",
               g.sigma);
  }
  fmt::print(
      "  gamma: shape and scale; a subject's value is T(mu + sigma z), z ~ N(0, 1); docs/fitting.md\n");
}

void print_one(const Entry& e) {
  if (e.kind == "modulator") return print_modulator(find_modulator(e.info.name, ready_modulators()));
  if (e.kind == "drug") return print_drug(find_drug(e.info.name, formulary()));
  fmt::print("{} {}\n  {}\n  source: {}\n", e.kind, e.info.name, e.info.about, e.info.source);
  std::size_t at = 0;
  while (at < e.note.size()) {
    const auto end = std::min(e.note.find('\n', at), e.note.size());
    fmt::print("  {}\n", e.note.substr(at, end - at));
    at = end + 1;
  }
  if (!e.params.empty())
    fmt::print("\n  {:<14} {:<9} {:<13} {:<23} {}\n", "parameter", "unit", "default", "allowed", "meaning");
  for (const auto& p : e.params) {
    if (e.kind == "learner" && p.bounds.lo == p.bounds.hi) continue;  // of a part that was not asked for
    fmt::print("  {:<14} {:<9} {:<13} {:<23} {}\n", p.name, p.unit, to_text(p.standard),
               p.type == ParamType::text || p.type == ParamType::boolean ? "" : bounds_text(p), p.about);
  }
  if (e.fitted) print_priors(e);
}

Json json_of(const Entry& e) {
  if (e.kind == "modulator") return modulator_json(find_modulator(e.info.name, ready_modulators()));
  if (e.kind == "drug") return drug_json(find_drug(e.info.name, formulary()));
  Json params = Json::array();
  for (const auto& p : e.params) {
    params.push_back({{"name", p.name},
                      {"unit", p.unit},
                      {"default", to_text(p.standard)},
                      {"low", p.bounds.lo},
                      {"high", p.bounds.hi},
                      {"about", p.about}});
    if (!e.fitted) continue;
    params.back()["prior"] = prior_text(p.prior);
    if (p.prior.kind == Prior::fixed) continue;
    const Group g = group_of(p);
    params.back()["group"] = {{"transform", transform_text(g)},
                              {"mu_mean", g.mu_mean},
                              {"mu_sd", g.mu_sd},
                              {g.cauchy ? "sigma_half_cauchy" : "sigma_half_normal", g.sigma}};
  }
  return {{"kind", e.kind},          {"name", e.info.name}, {"about", e.info.about},
          {"source", e.info.source}, {"note", e.note},      {"parameters", params}};
}
}  // namespace

int describe_command(const DescribeArgs& a) {
  const std::vector<std::string> kinds{"task", "learner",  "circuit", "metric",  "neuron",    "source",
                                       "rule", "protocol", "record",  "measure", "modulator", "drug"};
  if (!a.kind.empty() && std::find(kinds.begin(), kinds.end(), a.kind) == kinds.end())
    throw Error(fmt::format("no kind '{}'{}", a.kind, suggest(a.kind, kinds)));
  auto list = entries(a.kind);
  // Other names and parts of learners stand in no list.
  const LearnerEntry* learner =
      !a.name.empty() && (a.kind.empty() || a.kind == "learner") ? learner_named(a.name) : nullptr;
  if (learner && (a.kind == "learner" || a.name.find('+') != std::string::npos))
    list = {agent_entry("learner", *learner)};
  std::string asked = a.name;
  if (a.kind == "modulator")
    for (const auto& m : ready_modulators())
      if (m.short_name == asked) asked = m.name;
  if (!a.name.empty() && !learner) {
    std::vector<std::string> names;
    for (const auto& e : list) names.emplace_back(e.info.name);
    if (std::find(names.begin(), names.end(), asked) == names.end())
      throw Error(fmt::format("no {} is called '{}'{}", a.kind, a.name, suggest(a.name, names)));
  }
  const std::string wanted = learner ? learner->info.name : asked;
  if (!wanted.empty()) std::erase_if(list, [&](const Entry& e) { return wanted != e.info.name; });
  if (a.json) {
    Json out = Json::array();
    for (const auto& e : list) out.push_back(json_of(e));
    fmt::print("{}\n", out.dump(2));
  } else if (!a.name.empty()) {
    print_one(list.front());
  } else {
    for (const auto& e : list) fmt::print("{:<9}{:<32}{}\n", e.kind, e.info.name, e.info.about);
    fmt::print("\nlabile describe KIND NAME shows the parameters of one.\n");
  }
  return 0;
}

}  // namespace labile
