/// [[agent]]: who plays, with which parameters.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "card/find_agent.hpp"
#include "card/sections.hpp"

namespace labile {

namespace {

/// Parameters of an agent: a table, or "fitted".
void read_agent_params(const Node& node, const LearnerEntry& entry, const Card& card, AgentSpec& agent) {
  if (node.kind == Node::Kind::table) {
    agent.settings = settings_of(node);
    return;
  }
  if (node.kind != Node::Kind::value || node.value != Value(std::string("fitted")))
    throw Error(node.where,
                fmt::format("expected a table of parameters or \"fitted\", found {}", node.what()));
  if (!entry.likelihood || !entry.make_each)
    throw Error(node.where,
                fmt::format("'{}' cannot be fitted{}{}", agent.model, entry.likelihood ? "" : ": ",
                            entry.likelihood ? "" : entry.no_likelihood));
  if (std::none_of(card.fits.begin(), card.fits.end(),
                   [&](const FitSpec& f) { return f.model == agent.model && f.of == "people"; }))
    throw Error(
        node.where,
        fmt::format("no [[fit]] of this card fits '{0}'; add [[fit]] with model = \"{0}\"", agent.model));
  const auto fits = std::count_if(card.fits.begin(), card.fits.end(), [&](const FitSpec& f) {
    return f.model == agent.model && f.of == "people";
  });
  if (fits > 1)
    throw Error(node.where, fmt::format("{} fits of this card are of '{}', and \"fitted\" does not say which",
                                        fits, agent.model));
  agent.fitted = true;
}

}  // namespace

void read_agents(const Node& root, Draft& draft) {
  Card& card = draft.card;
  const std::vector<Field<AgentSpec>> keys{
      {"name", "1", &AgentSpec::name, {}, "what results call the agent"},
      {"model", "1", &AgentSpec::model, {}, "name of a learner or circuit"}};
  for (const Node* node : tables_of(root, "agent")) {
    AgentSpec agent = read_keys(*node, keys, {"params"}, "[[agent]]");
    const Node& model =
        required(*node, "model", "write the name of a model; `labile describe` lists learners and circuits");
    const LearnerEntry& entry = find_agent(agent.model, model.where);
    if (agent.name.empty()) agent.name = agent.model;
    refuse_repeated(names_of(card.agents, &AgentSpec::name), agent.name, where_of(*node, "name"), "agent");
    if (const Node* params = node->find("params")) read_agent_params(*params, entry, card, agent);
    check_settings(entry.params, agent.settings, fmt::format("model '{}'", agent.model));
    draft.agents.push_back(located(node->where, [&] { return entry.make(agent.settings); }));
    agent.where = node->where;
    card.agents.push_back(std::move(agent));
  }
  // Fitted learners may play the task alone, to be checked.
  const bool played = std::any_of(card.fits.begin(), card.fits.end(), plays_schedules);
  if (card.agents.empty() && !card.task.empty() && !played)
    throw Error(where_of(root, "agent"), "is missing; write [[agent]] with the name of a model");
}

bool has_condition(const Agent& agent, const Condition& condition) {
  const auto has = [&](const std::string& name) {
    const auto& handles = agent.handles();
    return std::any_of(handles.begin(), handles.end(), [&](const Handle& h) { return h.name == name; });
  };
  bool dosed = false, touched = false;
  for (const auto& m : condition.manipulations) {
    if (m.through_modulators())
      dosed = true;
    else if (m.derived)
      touched = touched || has(m.target);
    else if (!has(m.target))
      return false;
  }
  return touched || !dosed;
}

}  // namespace labile
