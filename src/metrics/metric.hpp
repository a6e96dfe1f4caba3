/// The seam of metrics: a function of one subject's block of trials to a numerator and a denominator.
///
/// The value over subjects and blocks is sum(numerator) / sum(denominator): a mean where each block counts
/// one, a pooled share where it counts trials. Intervals resample subjects.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "contract/task.hpp"
#include "core/params.hpp"

namespace labile {

/// One subject's trials in one block (between two rule changes), with the trials before it. Spans are of
/// equal length within each part. A block is what column `block` says; without one, all is block 0.
struct BlockView {
  int block = 0;                                // 0 = acquisition
  std::span<const std::int8_t> correct;         // 1, 0, -1 unknown
  std::span<const std::int32_t> choice;         // -1 missing
  std::span<const std::int32_t> best;           // -1 unknown
  std::span<const std::int32_t> old_best;       // -1 none
  std::span<const double> outcome;              // NaN missing
  std::span<const double> rt_s;                 // NaN missing
  std::span<const std::int8_t> correct_before;  // the block before, empty for the first
  std::span<const std::int32_t> block_of;       // number of each trial's block, where a view spans several
  std::span<const std::int32_t> state;          // what was shown; empty = one state
  std::span<const std::int32_t> stage;          // which decision of its trial
  std::span<const std::int32_t> right;          // option that was right, -1 = unknown; empty = unknown
  std::span<const double> report;               // NaN missing; empty = none asked for
  bool report_after = false;                    // reports came after the outcome of their trial
  /// [trial][option][dimension] feature numbers of the options; empty for a bandit. `layout` says how many.
  std::span<const std::int64_t> feature;
  const Layout* layout = nullptr;
  const BlockView* first =
      nullptr;  // block 0 of the same session, without signals; null for that block itself
  /// Signals in the order of MetricEntry::needs.
  std::vector<std::span<const double>> signals;
  // Of the block before, like correct_before:
  std::span<const std::int32_t> choice_before;
  std::vector<std::span<const double>> signals_before;

  [[nodiscard]] int size() const { return static_cast<int>(choice.size()); }
};

/// What one block of one subject adds; den 0 = not defined there.
struct Sample {
  double num = 0, den = 0;
};

using Measure = std::function<Sample(const BlockView&)>;
/// Of metrics that are medians: appends one block's values.
using Collect = std::function<void(const BlockView&, std::vector<double>&)>;

/// One line of src/metrics/catalogue.def.
struct MetricEntry {
  Info info;
  const char* label;
  const char* unit;
  const char* direction;  // "lower", "higher" or "none" is better
  bool pooled;            // true: denominators count trials
  const char* blocks;  // where it applies unless asked: "reversal", "acquisition", "last", "all", "session"
  std::vector<std::string> needs;  // signals with default parameters, none for behavior alone
  std::vector<ParamInfo> params;
  Measure (*make)(const Settings&);
  std::vector<std::string> (*needs_of)(const Settings&);  // signals with these parameters
  /// Not null: the metric is the median of what this gathers, over all of a subject's blocks; the value over
  /// subjects is the mean of their medians. `make` then gives the mean of a block.
  Collect (*collect)(const Settings&) = nullptr;
};

/// The entry of a metric struct with `info`, `label`, `unit`, `direction`, `pooled`, `blocks`, `needs()`,
/// `table()` and `Sample operator()(const BlockView&) const`; its parameters are its members. `needs()` is
/// static, or const where parameters name the signals. A median has
/// `void collect(const BlockView&, std::vector<double>&) const` instead of the operator.
template <class M>
MetricEntry metric_entry() {
  constexpr bool median =
      requires(const M& m, const BlockView& b, std::vector<double>& v) { m.collect(b, v); };
  static constexpr auto read = [](const Settings& given) -> M {
    return read_params(M::table(), given, std::string("metric '") + M::info.name + "'");
  };
  MetricEntry e{
      M::info,     M::label,
      M::unit,     M::direction,
      M::pooled,   M::blocks,
      M{}.needs(), describe_params(M::table()),
      nullptr,     [](const Settings& given) -> std::vector<std::string> { return read(given).needs(); }};
  if constexpr (median) {
    e.make = [](const Settings& given) -> Measure {
      return [metric = read(given)](const BlockView& b) {
        std::vector<double> values;
        metric.collect(b, values);
        Sample s{0, static_cast<double>(values.size())};
        for (const double x : values) s.num += x;
        return s;
      };
    };
    e.collect = [](const Settings& given) -> Collect {
      return [metric = read(given)](const BlockView& b, std::vector<double>& out) { metric.collect(b, out); };
    };
  } else {
    e.make = [](const Settings& given) -> Measure { return read(given); };
  }
  return e;
}

[[nodiscard]] std::span<const MetricEntry> all_metrics();
[[nodiscard]] const MetricEntry& find_metric(std::string_view name, const Where& where = {});

}  // namespace labile
