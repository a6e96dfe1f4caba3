/// `labile metrics DATA`: behavior without a model, from any record of choices.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/data.hpp"
#include "cli/output.hpp"
#include "metrics/evaluate.hpp"

namespace labile {
namespace {

/// Rows of one condition as a record of their own; conditions are compared between and within subjects.
struct Group {
  std::string name;
  std::vector<std::vector<Sample>> samples;
};

Trials only_condition(const Trials& t, int condition) {
  Trials r;
  r.layout = t.layout;
  r.first.push_back(0);
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
    const std::size_t before = r.rows();
    for (std::size_t k = t.first[s]; k < t.first[s + 1]; ++k) {
      if (t.condition[k] != condition) continue;
      r.session.push_back(t.session[k]);
      r.block.push_back(t.block[k]);
      r.trial.push_back(t.trial[k]);
      r.stage.push_back(t.stage[k]);
      r.choice.push_back(t.choice[k]);
      r.best.push_back(t.best[k]);
      r.old_best.push_back(t.old_best[k]);
      r.correct.push_back(t.correct[k]);
      r.outcome.push_back(t.outcome[k]);
      r.rt_s.push_back(t.rt_s[k]);
      for (const auto& [name, values] : t.signals) r.signals[name].push_back(values[k]);
    }
    if (r.rows() == before) continue;
    r.subjects.push_back(t.subjects[s]);
    r.first.push_back(r.rows());
  }
  return r;
}

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
