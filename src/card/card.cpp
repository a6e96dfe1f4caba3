#include "card/card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "card/sections.hpp"

namespace labile {

std::vector<Field<Card>> head_keys() {
  return {{"title", "1", &Card::title, {}, "what the card is about, in a line"},
          {"about", "1", &Card::about, {}, "what it shows and why"},
          {"tuned_on", "1", &Card::tuned_on, {}, "on what quantities the parameters were tuned"},
          {"subjects", "1", &Card::subjects, {1, 1e7}, "agents per condition"},
          {"record", "1", &Card::record, {}, "what is kept of each trial", {}, {"all", "summary", "none"}}};
}

std::vector<Field<Card>> curve_keys() {
  return {{"before", "trials", &Card::curve_before, {0, 1e6}, "trials that curves show before a rule change"},
          {"after", "trials", &Card::curve_after, {1, 1e6}, "trials that curves show from a rule change on"}};
}

std::vector<Field<Card>> bootstrap_keys() {
  return {
      {"resamples", "1", &Card::resamples, {100, 1e6}, "bootstrap samples of subjects behind each interval"}};
}

void refuse_repeated(const std::vector<std::string>& before, const std::string& name, const Where& where,
                     std::string_view what) {
  if (std::find(before.begin(), before.end(), name) != before.end())
    throw Error(where, fmt::format("a second {} is called '{}'; names must differ", what, name));
}

void require_known(const std::vector<std::string>& known, const std::string& name, const Where& where,
                   std::string_view what) {
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw Error(where, fmt::format("the card has no {} '{}'{}", what, name, suggest(name, known)));
}

namespace {

std::uint64_t read_seed(const Node& root) {
  const Node& node = required(root, "seed", "a seed has no default; write a whole number, such as seed = 1");
  const ParamInfo seed{
      "seed", "1", ParamType::number, {0, 9007199254740991}, "what all chance comes from", std::nan(""),
      {},     {}};
  const double x = checked_number(seed, setting_of(node));
  if (x != std::floor(x)) throw Error(node.where, fmt::format("{} is not a whole number", x));
  return static_cast<std::uint64_t>(x);
}

}  // namespace

void read_head(const Node& root, Draft& draft) {
  const std::vector<std::string> nested{"seed",   "task",      "variant",    "agent", "manipulation",
                                        "metric", "metrics",   "prediction", "data",  "fit",
                                        "curves", "bootstrap", "modulator",  "drug"};
  if (const Node* n = root.find("condition"))
    throw Error(n->where,
                "conditions are not listed: \"intact\" comes first, then those that "
                "[[manipulation]] names under 'condition'");
  draft.card = read_keys(root, head_keys(), nested, "the card");
  draft.card.seed = read_seed(root);
  if (const Node* n = root.find("curves")) {
    const Card c = read_keys(*n, curve_keys(), {}, "[curves]");
    draft.card.curve_before = c.curve_before;
    draft.card.curve_after = c.curve_after;
  }
  if (const Node* n = root.find("bootstrap"))
    draft.card.resamples = read_keys(*n, bootstrap_keys(), {}, "[bootstrap]").resamples;
}

namespace {
/// A --set of a task parameter that every variant sets again would change nothing: refused.
void refuse_idle_overrides(const Card& card, const std::vector<Override>& overrides) {
  for (const auto& o : overrides) {
    if (o.key.rfind("task.", 0) != 0) continue;
    const std::string name = o.key.substr(5);
    const bool idle = std::all_of(card.variants.begin(), card.variants.end(),
                                  [&](const Variant& v) { return v.task.contains(name); });
    if (idle)
      throw Error(
          Where{"--set", 0, 0, o.key},
          fmt::format("every variant of this card sets {} itself, so this would change nothing; write "
                      "--set variant.0.task.{}={}",
                      name, name, o.value));
  }
}
}  // namespace

Card parse_card(std::string_view text, const std::string& name, const std::vector<Override>& overrides) {
  Node root = toml_tree::parse(text, name);
  for (const auto& o : overrides) toml_tree::set(root, o.key, o.value);
  Draft draft;
  read_head(root, draft);
  read_data(root, draft);
  read_task(root, draft);
  read_variants(root, draft);
  read_fits(root, draft);
  read_agents(root, draft);
  read_manipulations(root, draft);
  read_metrics(root, draft);
  check_fits(draft);
  read_predictions(root, draft);
  refuse_idle_overrides(draft.card, overrides);
  return std::move(draft.card);
}

}  // namespace labile
