/// `labile metrics DATA`: behavior without a model, from any record of choices.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/asked_metric.hpp"
#include "cli/data.hpp"
#include "cli/output.hpp"
#include "record/select.hpp"

namespace labile {

Asked asked_metric(const std::string& text, const char* option) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  Settings settings = parse_settings({parts.begin() + 1, parts.end()}, option);
  std::string blocks;
  if (const auto it = settings.find("blocks"); it != settings.end()) {
    blocks = std::get<std::string>(it->second.value);
    settings.erase(it);
  }
  return {text, request_metric(parts[0], settings, blocks, Where{option, 0, 0, ""})};
}

namespace {

/// Every metric at its defaults, and the share of each option.
std::vector<Asked> all_asked(const Trials& trials) {
  std::vector<Asked> r;
  for (const auto& e : all_metrics())
    if (std::string_view(e.info.name) != "choice_share")
      r.push_back({e.info.name, request_metric(e.info.name)});
  for (int o = 0; o < trials.layout.options && trials.report.empty(); ++o)
    r.push_back(asked_metric(fmt::format("choice_share,option={}", o)));
  return r;
}

std::vector<Trials> groups_of(const Trials& trials) {
  std::vector<Trials> r;
  if (trials.conditions.size() > 1)
    for (std::size_t c = 0; c < trials.conditions.size(); ++c)
      r.push_back(only_condition(trials, static_cast<int>(c)));
  return r;
}

nlohmann::ordered_json json_of(const Interval& i) {
  return {{"value", i.value}, {"low", i.low}, {"high", i.high}, {"n", i.n}};
}

/// Columns that metrics need, kept where the file has them.
ModelInputs wanted_columns() {
  ModelInputs r;
  for (const auto& e : all_metrics())
    for (const auto& name : e.needs)
      if (std::find(r.optional.begin(), r.optional.end(), name) == r.optional.end())
        r.optional.push_back(name);
  return r;
}

class Measurement {
 public:
  explicit Measurement(const DataArgs& a) : a_(a), resampler_(a.seed) {}

  void group(const std::string& name, const Trials& t, const std::vector<Asked>& asked) {
    const auto answers = std::count_if(t.choice.begin(), t.choice.end(), [](auto c) { return c >= 0; });
    const char* what = only_reports(t) ? "reports" : "choices";
    if (a_.json)
      json_[name]["count"] = {{"subjects", t.subjects.size()}, {"trials", t.rows()}, {what, answers}};
    else
      fmt::print("\n{}: {} subjects, {} trials, {} {}\n{:<34}{:<34}{:<12}{}\n", name, t.subjects.size(),
                 t.rows(), answers, what, "metric", "value [95% interval]", "unit", "subjects");
    std::vector<MetricRequest> requests;
    for (const auto& m : asked) requests.push_back(m.request);
    const auto samples = evaluate(t, requests);
    for (std::size_t m = 0; m < asked.size(); ++m) add(name, t, asked[m], samples[m]);
  }
  void finish() const {
    if (a_.json) fmt::print("{}\n", json_.dump(1));
  }

 private:
  void add(const std::string& group, const Trials& t, const Asked& m, const std::vector<Sample>& samples) {
    const Interval i = resampler_.mean(samples);
    if (i.n == 0) {
      if (!a_.metrics.empty() && !a_.json)
        fmt::print("{:<34} not defined: {}\n", m.name, why_undefined(t, m.request));
      else if (!a_.metrics.empty())
        json_[group][m.name] = {{"value", nullptr}, {"n", 0}, {"note", why_undefined(t, m.request)}};
      return;
    }
    const char* unit = m.request.entry->unit;
    if (!a_.json) fmt::print("{:<34} {:<34}{:<12}{}\n", m.name, interval_text(i), unit, i.n);
    double count = 0;
    for (const auto& s : samples) count += s.den;
    if (a_.json) {
      json_[group][m.name] = json_of(i);
      if (m.request.entry->pooled) json_[group][m.name]["of"] = count;
    }
    if (!m.request.collect) return;
    // A median over subjects' medians hides how many values each gave; here is that of all values together.
    const auto values = collect_values(t, m.request);
    std::size_t all = 0;
    for (const auto& list : values) all += list.size();
    const Interval median = resampler_.median(values);
    if (a_.json) {
      json_[group][m.name]["median"] = json_of(median);
      json_[group][m.name]["of"] = all;
    } else {
      fmt::print("{:<34}{:<34}{:<12}{} values\n", "  median of all values", interval_text(median), unit, all);
    }
  }

  const DataArgs& a_;
  Resampler resampler_;
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

}  // namespace

int metrics_command(const DataArgs& a) {
  std::vector<Asked> asked;
  for (const auto& m : a.metrics) asked.push_back(asked_metric(m));
  const auto data = load_data(a, wanted_columns());
  for (const auto& m : asked) check_block(data.trials, m.request, "--metric " + m.name);
  if (asked.empty()) asked = all_asked(data.trials);
  if (!a.json) {
    for (const auto& n : data.notes) fmt::print("note: {}\n", n);
    std::vector<MetricRequest> requests;
    for (const auto& m : asked) requests.push_back(m.request);
    if (const auto note = long_windows(data.trials, requests); !note.empty()) fmt::print("note: {}\n", note);
    fmt::print("{}: {} subjects, {} trials. Intervals: 95% bootstrap over subjects.\n", a.data,
               data.trials.subjects.size(), data.trials.rows());
  }
  Measurement m(a);
  const auto groups = groups_of(data.trials);
  for (std::size_t c = 0; c < groups.size(); ++c) m.group(data.trials.conditions[c], groups[c], asked);
  if (groups.empty())
    m.group(data.trials.conditions.empty() ? "all" : data.trials.conditions[0], data.trials, asked);
  m.finish();
  return 0;
}

}  // namespace labile
