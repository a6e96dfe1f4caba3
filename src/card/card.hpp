/// The experiment card: a value that says what is run, measured and predicted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/agent.hpp"
#include "contract/manipulation.hpp"
#include "core/params.hpp"
#include "fit/fit.hpp"
#include "pharmacology/own_tables.hpp"

namespace labile {

struct Variant {  // the task under other parameters
  std::string name;
  Settings task;
};
struct AgentSpec {
  std::string name;     // how it is called in results
  std::string model;    // name in the catalogue
  bool fitted = false;  // parameters of each subject come from this card's fit of that model
  Settings settings;
  Where where;
};
struct MetricSpec {
  std::string id;      // key in results: the name, or what the card calls it
  std::string metric;  // name in the catalogue
  std::string blocks;  // "", "reversal", "acquisition", "last", "all" or a block's number
  Settings settings;
  Where where;
};
struct Prediction {
  std::string claim, metric;
  std::string treated, control;  // names of two ...
  enum class Between { conditions, variants, agents } between = Between::conditions;
  std::string variant, agent;  // "" = every one
  std::string condition;       // between variants or agents: under which one; "" = the first, intact
  enum class Of { ratio, difference, value, count } of = Of::ratio;  // value, count: of `treated` alone
  enum class Relation { at_least, at_most, above, below, within } relation = Relation::at_least;
  double bound = 1;  // for within: the share (5% = 0.05)
  std::string relation_text, anchor;
  bool tuned = false;  // parameters were tuned on this very quantity
  /// Of a fit instead of a metric: its id, and "PARAMETER" or "PARAMETER: NAME" of an effect or a difference as fits print them.
  std::string fit, effect;
  Where where;
};
struct DataSpec {
  std::string name;  // folder and file stem under ../shared/data or LABILE_DATA, or a path
  std::string citation;
  std::vector<std::string> reset_on;  // what starts values afresh beside the first trial: "block", "session"
  std::string outcome_map;            // "" or "0/1 to -1/1"
  double min_rt_s = 0;                // choices that took less count as missing
  bool report_after = false;          // reports came after the outcome of their row
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs columns;                     // our name of a column, the file's; "none" leaves one alone
  Pairs rows;                        // (column, value): only rows that hold it
  Pairs signals;                     // further number columns: our name, the file's
  std::vector<std::string> options;  // columns that say what each option shows
  Where where;
};
struct FitSpec {
  std::string id;                     // key in results: the model's name, or what the card calls it
  std::string model, method = "map";  // "map", "ml" or "bayes"
  std::string of =
      "people";        // whose choices: those of [data], or "agents": those of every cell, each by itself
  int starts = 10;     // of map and ml
  Settings hold = {};  // parameters held at a value instead of estimated or left at their defaults
  DataSpec::Pairs rows = {};  // of bayes: (column, value), only rows that hold it, of those that [data] takes
  // Of "bayes"; texts as `labile fit` takes them:
  int chains = 4, warmup = 300, draws = 1000;
  std::vector<std::string> formulas = {}, groups = {};
  std::vector<std::pair<std::string, std::string>> reference = {};  // column and level
  double effect_prior = 1;
  bool correlated = false, drop_missing = false;
  std::vector<std::string> check = {};  // ids of metrics: predictive checks
  bool recover = false;  // learners with the fitted parameters play the same schedules and are fitted again
  Where where = {};
};
/// Whether fitted learners play what the people met.
[[nodiscard]] inline bool plays_schedules(const FitSpec& f) {
  return !f.check.empty() || f.recover;
}
/// A name as part of a file's: letters, digits, '-', '.', '+' and '_' for all others.
[[nodiscard]] std::string file_stem(std::string name);
/// What `hold` holds.
[[nodiscard]] std::vector<FitOverride> held_in(const FitSpec& fit);
struct Card {
  std::string title, about, tuned_on;
  std::uint64_t seed = 0;
  int subjects = 100;
  std::string record = "summary";  // "all", "summary", "none"
  std::string task;                // "" = none: a card of people alone
  Where task_where;
  Settings task_settings;
  std::string schedule;           // "data": what the people of [data] met; else a file; "" = its own
  std::vector<Variant> variants;  // at least one; the first may be unnamed
  std::vector<AgentSpec> agents;
  PharmacologyTables pharmacology;    // what doses and lesions may name
  std::vector<Condition> conditions;  // the first is intact, without manipulations
  std::vector<MetricSpec> metrics;
  std::vector<Prediction> predictions;
  std::optional<DataSpec> data;
  std::vector<FitSpec> fits;
  int curve_before = 10, curve_after = 40;  // trials around a rule change that curves show
  int resamples = 1000;                     // bootstrap
};

/// Whether an agent has every handle that a condition reaches. Where it has not, that agent has no such
/// condition: it is left out of the run. Every agent has the intact one.
[[nodiscard]] bool has_condition(const Agent& agent, const Condition& condition);

/// "key=value" from --set; the value is TOML, a bare word is text. Keys are dotted; items of lists go by
/// their id, name or model, or by their number from 0: "task.p_better", "agent.Flex.params.K",
/// "manipulation.0.amount".
struct Override {
  std::string key, value;
};

/// Parses and checks everything that can be checked without data: keys, types, units, bounds, names of task,
/// models, metrics, handles, events. Throws Error with file, line, column. `name` is used in messages.
[[nodiscard]] Card parse_card(std::string_view text, const std::string& name,
                              const std::vector<Override>& overrides = {});
/// The card as canonical TOML: every value that matters, keys in a fixed order, defaults written out.
[[nodiscard]] std::string canonical_text(const Card& card);
/// Fills of, relation and bound out of "ratio >= 1.6", "difference < 0", "within 5%", "value >= 0.9" or
/// "count >= 9".
void parse_relation(const std::string& written, const Where& where, Prediction& p);
/// 16 hex digits of the canonical text (FNV-1a, 64 bits).
[[nodiscard]] std::string card_hash(const Card& card);
[[nodiscard]] std::string text_hash(std::string_view canonical);

}  // namespace labile
