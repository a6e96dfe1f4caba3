/// [[metric]] and [[prediction]]: what is measured, and what is expected of it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "card/sections.hpp"
#include "metrics/metric.hpp"

namespace labile {
namespace {

std::string read_blocks(const Node& node) {
  if (const auto* number = std::get_if<double>(&node.value); number && node.kind == Node::Kind::value) {
    const ParamInfo block{"blocks", "1", ParamType::integer, {0, 1e6}, "", std::nan(""), {}, {}};
    return fmt::format("{}", checked_integer(block, setting_of(node)));
  }
  const ParamInfo word{
      "blocks", "1", ParamType::text, {}, "", "", {}, {"reversal", "acquisition", "last", "all", "session"}};
  return checked_text(word, setting_of(node));
}

/// A metric of signals needs an agent that has them, or a task that shows them; behavior every agent has.
void check_signals(const MetricEntry& entry, const Settings& settings, const Where& where,
                   const Draft& draft) {
  std::vector<std::string> known = draft.columns;
  for (const auto& agent : draft.agents)
    for (const auto& s : agent->signals())
      for (const char* part : {"_relevant", "_total"})
        known.push_back(s.feature_map ? s.name + part : s.name);
  if (draft.card.data)
    for (const auto& [name, column] : draft.card.data->signals) known.push_back(name);
  for (const auto& need : located(where, [&] { return entry.needs_of(settings); }))
    if (std::find(known.begin(), known.end(), need) == known.end())
      throw Error(
          where, fmt::format("metric '{}' needs the signal '{}', which no agent of this card has and neither "
                             "its task nor its data show{}",
                             entry.info.name, need, suggest(need, known)));
}

void add_metric(MetricSpec m, const Where& name_where, const Where& id_where, Draft& draft) {
  Card& card = draft.card;
  const MetricEntry& entry = find_metric(m.metric, name_where);
  if (m.id.empty()) m.id = m.metric;
  refuse_repeated(names_of(card.metrics, &MetricSpec::id), m.id, id_where, "metric");
  check_settings(entry.params, m.settings, fmt::format("metric '{}'", m.metric));
  check_signals(entry, m.settings, name_where, draft);
  (void)located(m.where, [&] { return entry.make(m.settings); });
  card.metrics.push_back(std::move(m));
}

/// Takes `word` and the blanks around it from the front of `text`.
bool take(std::string_view& text, std::string_view word) {
  const auto skip = [&] {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  };
  skip();
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  skip();
  return true;
}

bool take_number(std::string_view& text, double& x) {
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), x);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return ec == std::errc{} && std::isfinite(x);
}

std::vector<Field<Prediction>> prediction_keys() {
  using P = Prediction;
  return {{"claim", "1", &P::claim, {}, "what is claimed, in a sentence"},
          {"metric", "1", &P::metric, {}, "id of one of the card's metrics"},
          {"fit", "1", &P::fit, {}, "instead of a metric: id of one of the card's fits by bayes"},
          {"effect",
           "1",
           &P::effect,
           {},
           "of the fit: \"alpha\", or \"alpha: drug: drug - placebo\" as fits print it"},
          {"relation", "1", &P::relation_text, {}, "such as \"ratio >= 1.6\""},
          {"variant", "1", &P::variant, {}, "variant of the task; every one when not given"},
          {"agent", "1", &P::agent, {}, "agent; every one when not given"},
          {"condition", "1", &P::condition, {}, "under which condition variants or agents are compared"},
          {"anchor", "1", &P::anchor, {}, "where the expectation comes from"},
          {"tuned", "1", &P::tuned, {}, "whether parameters were tuned on this very quantity"}};
}

/// Names that are conditions are conditions; else two variants or two agents.
Prediction::Between between(const std::vector<std::string>& names, const Card& card) {
  const auto all_of = [&](const std::vector<std::string>& known) {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::find(known.begin(), known.end(), name) != known.end();
    });
  };
  if (all_of(names_of(card.conditions, &Condition::name))) return Prediction::Between::conditions;
  if (all_of(names_of(card.variants, &Variant::name))) return Prediction::Between::variants;
  if (all_of(names_of(card.agents, &AgentSpec::name))) return Prediction::Between::agents;
  return Prediction::Between::conditions;
}

void read_contrast(const Node& node, const Card& card, Prediction& p) {
  const Node& contrast =
      required(node, "contrast",
               "write two conditions, such as [\"DA lesion\", \"intact\"], two variants or two agents");
  const auto names = texts_of(contrast);
  if (names.empty() || names.size() > 2)
    throw Error(
        contrast.where,
        fmt::format("holds {} names; write two conditions, treated and control, or two variants or agents; "
                    "or one, whose value is meant",
                    names.size()));
  p.between = between(names, card);
  if (p.between == Prediction::Between::conditions)
    for (const auto& item : contrast.items)
      require_known(names_of(card.conditions, &Condition::name), text_of(item), item.where, "condition");
  p.treated = names.front();
  p.control = names.size() == 2 ? names.back() : "";
  if (p.treated == p.control)
    throw Error(contrast.where, fmt::format("compares '{}' with itself", p.treated));
  if (p.between == Prediction::Between::conditions && !p.condition.empty())
    throw Error(where_of(node, "condition"), "the contrast names conditions already");
  if (!p.condition.empty())
    require_known(names_of(card.conditions, &Condition::name), p.condition, where_of(node, "condition"),
                  "condition");
  if (p.between == Prediction::Between::variants && !p.variant.empty())
    throw Error(where_of(node, "variant"), "the contrast names variants already");
  if (p.between == Prediction::Between::agents && !p.agent.empty())
    throw Error(where_of(node, "agent"), "the contrast names agents already");
}

/// Some agent that the prediction speaks of must have both conditions.
void check_agents(const Node& node, const Prediction& p, const Draft& draft) {
  if (p.between != Prediction::Between::conditions) return;
  for (std::size_t i = 0; i < draft.agents.size(); ++i) {
    if (!p.agent.empty() && draft.card.agents[i].name != p.agent) continue;
    const bool both =
        std::all_of(draft.card.conditions.begin(), draft.card.conditions.end(), [&](const Condition& c) {
          return (c.name != p.treated && c.name != p.control) || has_condition(*draft.agents[i], c);
        });
    if (both) return;
  }
  throw Error(where_of(node, "contrast"),
              fmt::format("{} lacks a handle of '{}' or '{}'",
                          p.agent.empty() ? "every agent" : "agent '" + p.agent + "'", p.treated, p.control));
}

}  // namespace

void parse_relation(const std::string& written, const Where& where, Prediction& p) {
  using R = Prediction::Relation;
  using Of = Prediction::Of;
  const Error wrong(where, fmt::format("'{}' is no relation; write \"ratio >= 1.6\", \"difference < 0\", "
                                       "\"value >= 0.9\" or \"within 5%\", with >=, <=, > or <",
                                       written));
  const std::pair<const char*, Of> quantities[] = {
      {"difference", Of::difference}, {"ratio", Of::ratio}, {"value", Of::value}, {"count", Of::count}};
  const std::pair<const char*, R> signs[] = {
      {">=", R::at_least}, {"<=", R::at_most}, {">", R::above}, {"<", R::below}};
  std::string_view text = written;
  const auto choose = [&](const auto& words, auto& chosen) {
    for (const auto& [word, meaning] : words)
      if (take(text, word)) {
        chosen = meaning;
        return;
      }
    throw wrong;
  };
  if (take(text, "within")) {
    p.of = Of::ratio;
    p.relation = R::within;
    if (!take_number(text, p.bound) || p.bound <= 0) throw wrong;
    if (take(text, "%")) p.bound /= 100;
  } else {
    choose(quantities, p.of);
    choose(signs, p.relation);
    if (!take_number(text, p.bound)) throw wrong;
  }
  if (text.find_first_not_of(' ') != std::string_view::npos) throw wrong;
}

void read_metrics(const Node& root, Draft& draft) {
  if (const Node* names = root.find("metrics"); names && !texts_of(*names).empty())
    for (const auto& item : names->items) {
      MetricSpec m;
      m.metric = text_of(item);
      m.where = item.where;
      add_metric(m, item.where, item.where, draft);
    }
  const std::vector<Field<MetricSpec>> keys{
      {"name", "1", &MetricSpec::metric, {}, "name of a metric"},
      {"id", "1", &MetricSpec::id, {}, "what results call it; its name when not given"}};
  for (const Node* node : tables_of(root, "metric")) {
    MetricSpec m = read_keys(*node, keys, {"blocks", "params"}, "[[metric]]");
    const Node& name =
        required(*node, "name", "write the name of a metric; `labile describe metric` lists them");
    if (const Node* blocks = node->find("blocks")) m.blocks = read_blocks(*blocks);
    if (const Node* params = node->find("params")) m.settings = settings_of(*params);
    m.where = node->where;
    add_metric(std::move(m), name.where, where_of(*node, "id"), draft);
  }
}

namespace {
/// Of a fit: what it says of a parameter's group, or of an effect; of agents, of one condition or two.
void read_of_fit(const Node& node, const Draft& draft, Prediction& p) {
  const Card& card = draft.card;
  const Where where = where_of(node, "fit");
  require_known(names_of(card.fits, &FitSpec::id), p.fit, where, "fit");
  const auto fit =
      std::find_if(card.fits.begin(), card.fits.end(), [&](const FitSpec& f) { return f.id == p.fit; });
  if (fit->method != "bayes")
    throw Error(
        where, fmt::format("fit '{}' is by \"{}\"; only fits by \"bayes\" have effects with intervals", p.fit,
                           fit->method));
  const Node& effect =
      required(node, "effect",
               "write a parameter, such as \"alpha\", or a difference as `labile fit` prints "
               "it: \"alpha: drug: drug - placebo\"");
  const std::string param = p.effect.substr(0, p.effect.find(':'));
  const auto known = estimated_in(*fit);
  if (std::find(known.begin(), known.end(), param) == known.end())
    throw Error(effect.where,
                fmt::format("fit '{}' estimates no parameter '{}'{}", p.fit, param, suggest(param, known)));
  if (const Node* metric = node.find("metric"))
    throw Error(metric->where, "the prediction is of a fit already");
  if (fit->of == "agents") {
    if (param.size() != p.effect.size())
      throw Error(effect.where,
                  "of agents an effect is a parameter alone; 'contrast' names what is compared");
    return read_contrast(node, card, p);
  }
  const std::pair<const char*, const std::string*> of_agents[] = {
      {"variant", &p.variant}, {"agent", &p.agent}, {"condition", &p.condition}};
  for (const auto& [key, value] : of_agents)
    if (!value->empty())
      throw Error(where_of(node, key), "belongs to fits of agents; a fit of people has one group");
  if (const Node* contrast = node.find("contrast"))
    throw Error(contrast->where, "belongs to fits of agents; of people, 'effect' names the difference");
  if (param.size() != p.effect.size() && fit->formulas.empty())
    throw Error(effect.where, fmt::format("fit '{}' has no formulas, so there are no effects", p.fit));
}
}  // namespace

void read_predictions(const Node& root, Draft& draft) {
  Card& card = draft.card;
  for (const Node* node : tables_of(root, "prediction")) {
    Prediction p = read_keys(*node, prediction_keys(), {"contrast"}, "[[prediction]]");
    (void)required(*node, "claim", "write what is claimed, in a sentence");
    const Node& relation = required(*node, "relation", "write, for instance, \"ratio >= 1.6\"");
    if (const Node* effect = node->find("effect"); effect && p.fit.empty())
      throw Error(effect->where, "belongs to a fit; write its id as 'fit'");
    if (p.fit.empty()) {
      const Node& metric = required(*node, "metric", "write the id of one of the card's metrics");
      require_known(names_of(card.metrics, &MetricSpec::id), p.metric, metric.where, "metric");
    }
    if (!p.variant.empty())
      require_known(names_of(card.variants, &Variant::name), p.variant, where_of(*node, "variant"),
                    "variant");
    if (!p.agent.empty())
      require_known(names_of(card.agents, &AgentSpec::name), p.agent, where_of(*node, "agent"), "agent");
    if (p.fit.empty())
      read_contrast(*node, card, p);
    else
      read_of_fit(*node, draft, p);
    parse_relation(p.relation_text, relation.where, p);
    if (!p.fit.empty() && p.treated.empty()) {  // one number of a fit of people
      const bool effect = p.effect.find(':') != std::string::npos;
      if (p.of != (effect ? Prediction::Of::difference : Prediction::Of::value))
        throw Error(relation.where, effect ? "is about one effect; write, for instance, \"difference < 0\""
                                           : "is about one parameter; write, for instance, \"value > 0.5\"");
      p.where = node->where;
      card.predictions.push_back(std::move(p));
      continue;
    }
    const bool of_two = p.of == Prediction::Of::ratio || p.of == Prediction::Of::difference;
    if (!p.control.empty() && !of_two)
      throw Error(relation.where, "compares two of them; write \"ratio >= 1.6\" or \"difference < 0\"");
    if (p.control.empty() && p.of != Prediction::Of::value)
      throw Error(relation.where, "is about one of them; write \"value >= 0.9\", or name two");
    p.where = node->where;
    check_agents(*node, p, draft);
    card.predictions.push_back(std::move(p));
  }
}

}  // namespace labile
