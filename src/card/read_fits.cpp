/// [[fit]]: which learners are fitted, to whom, how.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "bayes/formula.hpp"
#include "bayes/group_model.hpp"
#include "card/find_agent.hpp"
#include "card/sections.hpp"

namespace labile {
namespace {

std::vector<Field<FitSpec>> fit_keys() {
  return {{"id", "1", &FitSpec::id, {}, "what results call it; the model's name when not given"},
          {"model", "1", &FitSpec::model, {}, "name of a learner"},
          {"method",
           "1",
           &FitSpec::method,
           {},
           "each subject alone (map, ml) or the group at once (bayes)",
           {},
           {"map", "ml", "bayes"}},
          {"of", "1", &FitSpec::of, {}, "whose choices are fitted", {}, {"people", "agents"}},
          {"starts", "1", &FitSpec::starts, {1, 10000}, "points that the search of map and ml starts from"},
          {"chains", "1", &FitSpec::chains, {1, 64}, "chains of the sampler"},
          {"warmup", "1", &FitSpec::warmup, {20, 1e6}, "warm-up iterations of a chain"},
          {"draws", "1", &FitSpec::draws, {4, 1e7}, "draws of a chain"},
          {"effect_prior", "1", &FitSpec::effect_prior, {1e-3, 1e3}, "sd of the prior of effects"},
          {"correlated", "1", &FitSpec::correlated, {}, "whether parameters correlate over subjects"},
          {"recover",
           "1",
           &FitSpec::recover,
           {},
           "whether fitted learners play the same schedules and are fitted again"},
          {"drop_missing", "1", &FitSpec::drop_missing, {}, "leaves out subjects who lack a covariate"}};
}

std::vector<std::string> texts_under(const Node& node, const char* key) {
  const Node* n = node.find(key);
  return n ? texts_of(*n) : std::vector<std::string>{};
}

/// What belongs to the other methods would change nothing.
void refuse_idle_keys(const Node& node, const FitSpec& fit) {
  const bool bayes = fit.method == "bayes";
  const auto refuse = [&](const char* key, const char* of) {
    if (const Node* n = node.find(key))
      throw Error(n->where, fmt::format("belongs to method {}, and this fit is by \"{}\"", of, fit.method));
  };
  if (bayes) {
    refuse("starts", "\"map\" or \"ml\"");
    if (!node.find("formulas"))
      for (const char* key : {"reference", "effect_prior", "drop_missing"})
        if (const Node* n = node.find(key)) throw Error(n->where, "belongs to formulas, and there are none");
    return;
  }
  for (const char* key : {"formulas", "groups", "reference", "effect_prior", "correlated", "drop_missing",
                          "check", "recover", "where", "chains", "warmup", "draws"})
    refuse(key, "\"bayes\"");
  if (fit.of == "agents")
    throw Error(where_of(node, "of"), "fits of agents are by method \"bayes\": each cell is a group");
}

void read_hold(const Node& node, const LearnerEntry& entry, FitSpec& fit) {
  const Node* hold = node.find("hold");
  if (!hold) return;
  require_table(*hold);
  fit.hold = settings_of(*hold);
  check_settings(entry.params, fit.hold, fmt::format("model '{}'", fit.model));
}

std::vector<FitOverride> overrides_of(const LearnerEntry& entry, const Settings& hold) {
  std::vector<FitOverride> r;
  for (const auto& p : entry.params)
    if (const auto it = hold.find(p.name); it != hold.end())
      r.push_back({p.name, checked_number(p, it->second)});
  return r;
}

std::vector<std::string> names_estimated(const LearnerEntry& entry, const FitSpec& fit) {
  std::vector<std::string> r;
  for (const auto& p : group_model(entry, overrides_of(entry, fit.hold), parse_groups(fit.groups)).params)
    r.push_back(p.name);
  return r;
}

/// Formulas, priors and references are read to see that they can be: of parameters that are estimated.
void read_bayes(const Node& node, const LearnerEntry& entry, const Card& card, FitSpec& fit) {
  fit.formulas = texts_under(node, "formulas");
  fit.groups = texts_under(node, "groups");
  fit.check = texts_under(node, "check");
  fit.reference = pairs_of(node, "reference");
  fit.rows = pairs_of(node, "where");
  const auto at = [&](const char* key) { return where_of(node, key); };
  const auto estimated = located(at("groups"), [&] { return names_estimated(entry, fit); });
  const auto formulas = located(at("formulas"), [&] {
    auto all = parse_formulas(fit.formulas);
    check_params(all, estimated);
    return all;
  });
  located(at("reference"), [&] { check_references(formulas, fit.reference); });
  if (fit.of == "agents") {
    if (!fit.formulas.empty())
      throw Error(at("formulas"), "agents have no columns; every cell is fitted by itself");
    if (!fit.check.empty()) throw Error(at("check"), "is for fits of people");
    if (!fit.rows.empty()) throw Error(at("where"), "is for fits of people");
    if (fit.recover) throw Error(at("recover"), "is for fits of people");
    if (card.task.empty()) throw Error(at("of"), "is \"agents\", but the card has no [task] that they play");
  }
}

}  // namespace

std::string file_stem(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.' && c != '+') c = '_';
  return name;
}

std::vector<FitOverride> held_in(const FitSpec& fit) {
  return overrides_of(find_agent(fit.model, fit.where), fit.hold);
}

std::vector<std::string> estimated_in(const FitSpec& fit) {
  return names_estimated(find_agent(fit.model, fit.where), fit);
}

void read_fits(const Node& root, Draft& draft) {
  Card& card = draft.card;
  for (const Node* node : tables_of(root, "fit")) {
    FitSpec fit = read_keys(*node, fit_keys(), {"hold", "formulas", "groups", "reference", "check", "where"},
                            "[[fit]]");
    const Node& model = required(*node, "model", "write the name of a learner to fit");
    const LearnerEntry& entry = find_agent(fit.model, model.where);
    if (!entry.likelihood)
      throw Error(model.where, fmt::format("'{}' cannot be fitted: {}", fit.model, entry.no_likelihood));
    if (fit.id.empty()) fit.id = fit.model;
    refuse_repeated(names_of(card.fits, &FitSpec::id), fit.id,
                    node->find("id") ? where_of(*node, "id") : model.where, "fit");
    for (const auto& other : card.fits)
      if (file_stem(other.id) == file_stem(fit.id))
        throw Error(
            node->find("id") ? where_of(*node, "id") : model.where,
            fmt::format("'{}' and '{}' would be one file, fit_{}.csv; let them differ in letters or digits",
                        other.id, fit.id, file_stem(fit.id)));
    refuse_idle_keys(*node, fit);
    read_hold(*node, entry, fit);
    if (fit.method == "bayes") read_bayes(*node, entry, card, fit);
    if (fit.of == "people" && !card.data)
      throw Error(node->where, "a fit needs data, but the card has no [data]");
    fit.where = node->where;
    card.fits.push_back(std::move(fit));
  }
}

void check_fits(const Draft& draft) {
  const auto known = names_of(draft.card.metrics, &MetricSpec::id);
  for (const auto& fit : draft.card.fits)
    for (const auto& id : fit.check) require_known(known, id, fit.where, "metric");
}

}  // namespace labile
