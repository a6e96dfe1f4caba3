#include <fmt/format.h>

#include "metrics/metric.hpp"

namespace labile {

MetricEntry switch_lag();
MetricEntry trials_to_criterion();
MetricEntry perseverative_errors();
MetricEntry early_errors();
MetricEntry regressive_errors();
MetricEntry late_accuracy();
MetricEntry accuracy();
MetricEntry accuracy_before();
MetricEntry win_stay();
MetricEntry lose_shift();
MetricEntry win_stay_best();
MetricEntry lose_shift_misleading();
MetricEntry perseverative_index();
MetricEntry false_switches();
MetricEntry credit_precision();
MetricEntry max_ne();
MetricEntry response_time();
MetricEntry reward_rate();

std::span<const MetricEntry> all_metrics() {
  static const std::vector<MetricEntry> entries{
      switch_lag(),
      trials_to_criterion(),
      perseverative_errors(),
      early_errors(),
      regressive_errors(),
      late_accuracy(),
      accuracy(),
      accuracy_before(),
      win_stay(),
      lose_shift(),
      win_stay_best(),
      lose_shift_misleading(),
      perseverative_index(),
      false_switches(),
      credit_precision(),
      max_ne(),
      response_time(),
      reward_rate(),
  };
  return entries;
}

const MetricEntry& find_metric(std::string_view name, const Where& where) {
  std::vector<std::string> known;
  for (const auto& e : all_metrics()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no metric is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
