/// `labile metrics DATA`: behavior without a model, from any record of choices.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/data.hpp"
#include "cli/output.hpp"
#include "metrics/evaluate.hpp"
#include "record/select.hpp"

namespace labile {
namespace {

struct Group {
  std::string name;
  std::vector<std::vector<Sample>> samples;
};

}  // namespace

int metrics_command(const DataArgs& a) {
  const auto data = load_data(a);
  std::vector<MetricRequest> requests;
  for (const auto& e : all_metrics()) requests.push_back(request_metric(e.info.name));
  std::vector<Group> groups;
  if (data.trials.conditions.size() > 1) {
    for (std::size_t c = 0; c < data.trials.conditions.size(); ++c)
      groups.push_back(
          {data.trials.conditions[c], evaluate(only_condition(data.trials, static_cast<int>(c)), requests)});
  } else {
    groups.push_back({data.trials.conditions.empty() ? "all" : data.trials.conditions[0],
                      evaluate(data.trials, requests)});
  }
  Resampler resampler(a.seed);
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!a.json) {
    for (const auto& n : data.notes) fmt::print("note: {}\n", n);
    fmt::print("{}: {} subjects, {} trials. Intervals: 95% bootstrap over subjects.\n", a.data,
               data.trials.subjects.size(), data.trials.rows());
  }
  for (const auto& g : groups) {
    if (!a.json)
      fmt::print("\n{:<28}{:<34}{:<12}{}\n", g.name == "all" ? "metric" : g.name, "value [95% interval]",
                 "unit", "subjects");
    for (std::size_t m = 0; m < requests.size(); ++m) {
      const auto i = resampler.mean(g.samples[m]);
      if (i.n == 0) continue;
      if (a.json) {
        json[g.name][requests[m].entry->info.name] = {
            {"value", i.value}, {"low", i.low}, {"high", i.high}, {"n", i.n}};
      } else {
        fmt::print("{:<28}{:<34}{:<12}{}\n", requests[m].entry->info.name, interval_text(i),
                   requests[m].entry->unit, i.n);
      }
    }
  }
  if (a.json) fmt::print("{}\n", json.dump(1));
  return 0;
}

}  // namespace labile
