/// From a card to results: every cell (variant x agent x condition) simulated, measured and compared, people
/// beside them, predictions judged.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "card/card.hpp"
#include "fit/fit.hpp"
#include "metrics/evaluate.hpp"
#include "record/trials.hpp"
#include "run/card_fits.hpp"

namespace labile {

/// A signal around rule changes: x = trials since the change. Bands are mean +- 1.96 standard errors over
/// subjects, each subject's changes averaged first.
struct Curve {
  std::string signal, label, unit;
  std::vector<int> x;
  std::vector<double> mean, low, high;
};

struct Cell {
  std::string variant, agent, condition;
  std::string source = "simulated", data;  // "people" and the data set's name; "people, stored"
  int subjects = 0;
  std::vector<std::vector<Sample>> samples;  // [metric][subject]; empty for stored numbers
  std::vector<Interval> values;              // [metric]
  std::vector<Curve> curves;
};

/// One condition against the reference of its variant and agent.
struct CellEffect {
  std::string variant, agent, condition, against;
  int metric = 0;
  Interval ratio, difference;
  double d = std::numeric_limits<double>::quiet_NaN();  // Cohen's d, not for pooled metrics
};

struct Judged {
  Prediction prediction;
  std::string variant, agent;
  Interval effect;
  std::string verdict;  // supported | refuted | undecided | not run
  std::string reason;
};

struct ModelFit {
  FitSpec spec;
  std::string data;
  std::vector<std::string> names, units;  // of all parameters, in table order
  std::vector<std::string> subjects;
  std::vector<SubjectFit> fits;
};

class OutputFile;
class Ranks;
class ResultStore;

struct RunOptions {
  int threads = 0;               // 0 = all cores
  OutputFile* trials = nullptr;  // where record = "all" writes, for the caller to commit; null = nowhere
  std::function<void(double share, const std::string& what)> progress;  // may be empty
  /// The launch whose ranks share the work; all of them run the card, and rank 0 alone has the whole result. Null: this process.
  Ranks* ranks = nullptr;
  ResultStore* store = nullptr;                       // of rank 0: where finished work is kept and found
  std::function<void(const std::string&)> tell = {};  // hears of ranks that are lost
};

struct RunResult {
  Card card;
  std::vector<Cell> cells;
  std::vector<CellEffect> effects;
  std::vector<Judged> predictions;
  std::vector<ModelFit> fits;       // of map and ml
  std::vector<CardFit> group_fits;  // of bayes
  std::vector<std::string> notes;
  double wall_s = 0, peak_mb = 0;
  int threads = 0;
  std::size_t decisions = 0;

  [[nodiscard]] const Cell* find(std::string_view variant, std::string_view agent,
                                 std::string_view condition) const;
};

/// Runs the card. Results are the same bits for any number of threads.
[[nodiscard]] RunResult run_card(const Card& card, const RunOptions& options = {});

/// results.json as docs/dev/results.md describes it.
[[nodiscard]] std::string results_json(const RunResult& result);

/// A metric with its blocks and parameters in words; tells stored numbers of one definition from another's.
[[nodiscard]] std::string metric_key(const MetricSpec& m);

/// The cards that come with Labile, by file stem; nullptr when there is none of that name.
[[nodiscard]] const std::string_view* embedded_card(std::string_view name);
[[nodiscard]] std::vector<std::string> embedded_card_names();

}  // namespace labile
