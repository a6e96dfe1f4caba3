/// Metrics over a record, their intervals and their contrasts.
///
/// evaluate() gives each subject one Sample a metric, added up over the blocks asked for. Intervals are 95 %
/// percentile intervals of a bootstrap over subjects; a resample is a function of (seed, resample, position
/// of the subject), so metrics and conditions are resampled alike and no thread can change a bit.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "metrics/metric.hpp"
#include "record/trials.hpp"

namespace labile {

/// What to measure and where. `blocks`: "reversal" (every block but the first of a session), "acquisition"
/// (the first), "last" (of a session), "all", "session" (every session in one piece, whatever its blocks), a
/// number (that block, counted from 0 within subject and session), or "" for what the metric itself says.
struct MetricRequest {
  const MetricEntry* entry = nullptr;
  Measure measure;
  std::string blocks;
  std::vector<std::string> needs = {};  // signals
  Collect collect = {};                 // of medians
  int window = 0;                       // trials at a block's start or end that it looks at; 0 = all
};

/// The request for metric `name` with its parameters as given; throws Error when either is wrong.
[[nodiscard]] MetricRequest request_metric(std::string_view name, const Settings& settings = {},
                                           const std::string& blocks = "", const Where& where = {});

/// [metric][subject]: what the subject's blocks add up to; of a median, the subject's own and 1. den is 0
/// where nothing is defined, and for every subject where the record lacks a signal that the metric needs. A
/// block ends where column `block` or `session` changes. Rows count as trials, whatever their stage.
[[nodiscard]] std::vector<std::vector<Sample>> evaluate(const Trials& trials,
                                                        std::span<const MetricRequest> requests);

/// [subject] the values that a median is taken of, over the subject's blocks.
[[nodiscard]] std::vector<std::vector<double>> collect_values(const Trials& trials,
                                                              const MetricRequest& request);

/// Whether the record holds reports and no choices; metrics of choices are then not defined.
[[nodiscard]] bool only_reports(const Trials& trials);
/// Why no subject has a value of this metric.
[[nodiscard]] std::string why_undefined(const Trials& trials, const MetricRequest& request);
/// Throws Error when the request names a block by a number that no session has.
void check_block(const Trials& trials, const MetricRequest& request, std::string_view written);
/// A sentence about metrics whose window is longer than blocks that they look at; empty when there is none.
[[nodiscard]] std::string long_windows(const Trials& trials, std::span<const MetricRequest> requests);

struct Interval {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  int n = 0;  // subjects with a defined value; for a contrast, the smaller of the two
};

/// sum(num) / sum(den), NaN where nothing is defined.
[[nodiscard]] double pooled_value(std::span<const Sample> samples);

enum class Contrast { ratio, difference };

/// Resampled subjects, drawn once for each number of subjects and used for every metric and condition.
/// Cost: a resample weight takes one byte; 2000 subjects x 1000 resamples are 2 MB. Not for two threads at
/// once.
class Resampler {
 public:
  explicit Resampler(std::uint64_t seed, int resamples = 1000);

  [[nodiscard]] Interval mean(std::span<const Sample> samples);
  /// a / b or a - b. With as many subjects in b as in a they are the same subjects, and a resample takes both
  /// values of each; otherwise a and b are resampled independently.
  [[nodiscard]] Interval contrast(std::span<const Sample> a, std::span<const Sample> b, Contrast kind);
  /// Median of all subjects' values together (of an even number the upper of the two in the middle).
  [[nodiscard]] Interval median(const std::vector<std::vector<double>>& values);
  /// How often resample r takes each of n subjects; [subject]. For tests and other statistics.
  [[nodiscard]] std::vector<int> weights(int n, int resample);

 private:
  // [group of kGroup resamples][subject][resample in the group]; `stream` tells independent draws apart
  const std::vector<std::uint8_t>& counts(std::size_t n, std::uint32_t stream);
  // [resample] value of each resample, NaN where it is not defined
  std::vector<double> resampled(std::span<const Sample> samples, std::uint32_t stream);

  std::uint64_t seed_;
  int resamples_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::vector<std::uint8_t>> counts_;
};

[[nodiscard]] Interval bootstrap_mean(std::span<const Sample> samples, std::uint64_t seed,
                                      int resamples = 1000);
[[nodiscard]] Interval bootstrap_contrast(std::span<const Sample> a, std::span<const Sample> b, Contrast kind,
                                          std::uint64_t seed, int resamples = 1000);

/// Difference of the subjects' means over their pooled standard deviation; NaN with fewer than two subjects
/// in either or without any spread. Subjects' values are num / den, so it is meant for metrics not pooled.
[[nodiscard]] double cohen_d(std::span<const Sample> a, std::span<const Sample> b);

}  // namespace labile
