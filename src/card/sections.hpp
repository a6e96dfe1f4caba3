/// The parts of a card, each read and checked against what the parts before it hold.
#pragma once

#include <map>
#include <memory>

#include "card/card.hpp"
#include "contract/agent.hpp"
#include "toml/read_keys.hpp"

namespace labile {

/// The card under construction with what its checks need and the card itself does not hold.
struct Draft {
  Card card;
  std::vector<std::string> events;             // of the task
  std::vector<std::string> columns;            // numbers that the task shows
  int max_trials = 0;                          // decisions of a subject at most, over variants; 0 = not known
  bool events_known = false;                   // false when the task cannot be built without data
  std::vector<std::unique_ptr<Agent>> agents;  // one for each AgentSpec; fitted ones with default parameters
};

void read_head(const Node& root, Draft& draft);
void read_data(const Node& root, Draft& draft);
void read_task(const Node& root, Draft& draft);
void read_variants(const Node& root, Draft& draft);
void read_fits(const Node& root, Draft& draft);
/// Names of the parameters that a fit by bayes estimates.
[[nodiscard]] std::vector<std::string> estimated_in(const FitSpec& fit);
/// What fits ask of metrics, once these are read.
void check_fits(const Draft& draft);
void read_agents(const Node& root, Draft& draft);
void read_manipulations(const Node& root, Draft& draft);
void read_metrics(const Node& root, Draft& draft);
void read_predictions(const Node& root, Draft& draft);

/// Keys of the tables that a card's value takes over as they are; shared with canonical_text.
[[nodiscard]] std::vector<Field<Card>> head_keys();
[[nodiscard]] std::vector<Field<Card>> curve_keys();
[[nodiscard]] std::vector<Field<Card>> bootstrap_keys();

/// Checks settings against a table without building anything.
void check_settings(const std::vector<ParamInfo>& params, const Settings& given, std::string_view owner);
/// A setting's value in the parameter's unit and type.
[[nodiscard]] Value checked_value(const ParamInfo& p, const Setting& s);
/// The task's settings under a variant.
[[nodiscard]] Settings with_variant(const Settings& task, const Settings& variant);
/// The entry `key`, a table of texts, numbers or lists of texts, as pairs; none where it is not there.
[[nodiscard]] DataSpec::Pairs pairs_of(const Node& node, const char* key);
/// Throws when `name` was used before; `what` is how messages call the thing.
void refuse_repeated(const std::vector<std::string>& before, const std::string& name, const Where& where,
                     std::string_view what);
/// Throws with the nearest name unless `name` is among `known`.
void require_known(const std::vector<std::string>& known, const std::string& name, const Where& where,
                   std::string_view what);
template <class T>
std::vector<std::string> names_of(const std::vector<T>& list, std::string T::*name) {
  std::vector<std::string> r;
  for (const auto& x : list) r.push_back(x.*name);
  return r;
}

/// Spelling of enumerations, in the order of their values.
inline const std::vector<std::string> kOpNames{"scale", "set", "add", "lesion", "reset", "stimulate", "dose"};
inline const std::vector<std::string> kWhenNames{"always", "reward", "no_reward", "random"};

}  // namespace labile
