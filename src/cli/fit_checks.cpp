/// `labile fit --check`: what people did beside what their fitted, or merely assumed, selves would do.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bayes/group_draws.hpp"
#include "bayes/prior_draws.hpp"
#include "cli/asked_metric.hpp"
#include "cli/fit_outputs.hpp"
#include "run/json.hpp"
#include "run/predictive.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;

Json json_of(const Predicted& p) {
  return {{"observed", number(p.observed)}, {"mean", number(p.mean)}, {"q2.5", number(p.low)},
          {"q97.5", number(p.high)},        {"p", number(p.p)},       {"replicates", p.replicates}};
}

/// "win_stay,next=state,lose_shift" as two metrics: what has an equals sign belongs to the name before it.
std::vector<std::string> names_of(const DataArgs& a) {
  std::vector<std::string> list;
  for (const auto& given : a.checks)
    for (std::size_t at = 0; at <= given.size();) {
      const std::size_t comma = std::min(given.find(',', at), given.size());
      const std::string part = given.substr(at, comma - at);
      if (part.find('=') != std::string::npos && !list.empty())
        list.back() += "," + part;
      else
        list.push_back(part);
      at = comma + 1;
    }
  return list;
}

std::vector<Asked> asked_checks(const DataArgs& a, const Trials& trials) {
  std::vector<Asked> r;
  for (const auto& text : names_of(a)) {
    if (text != "default") {
      r.push_back(asked_metric(text, "--check"));
      check_block(trials, r.back().request, "--check " + text);
      continue;
    }
    for (const char* name :
         {"accuracy", "win_stay", "lose_shift", "stay", "reward_rate", "switch_lag", "report_error"}) {
      const std::vector<MetricRequest> one{request_metric(name)};
      const auto samples = evaluate(trials, one);
      if (std::any_of(samples[0].begin(), samples[0].end(), [](const Sample& s) { return s.den > 0; }))
        r.push_back({name, one[0]});
    }
  }
  if (r.empty()) throw Error("--check: none of the default metrics is defined for these data; name some");
  return r;
}

PredictiveOptions options_of(const DataArgs& a) {
  PredictiveOptions o;
  o.task = a.task;
  o.task_settings = parse_settings(a.task_set, "--set");
  o.replicates = a.replicates;
  o.seed = a.seed;
  return o;
}

std::string text_or_dash(double x) {
  return std::isnan(x) ? "-" : text_of(x);
}
}  // namespace

std::vector<std::string> columns_for_checks(const DataArgs& a) {
  auto r = columns_of_schedule(options_of(a));
  for (const auto& text : names_of(a)) {
    if (text == "default") continue;
    const auto needs = asked_metric(text, "--check").request.needs;
    r.insert(r.end(), needs.begin(), needs.end());
  }
  return r;
}

Json check_fit_predictions(const DataArgs& a, const DataSet& data, const LearnerEntry& learner,
                           const GroupFit* fit, bool print, const std::vector<NamedDesign>& designs) {
  const auto asked = asked_checks(a, data.trials);
  std::vector<MetricRequest> requests;
  for (const auto& m : asked) requests.push_back(m.request);
  PredictiveOptions o = options_of(a);
  ProgressLine line(print);
  o.threads = thread_count(a.jobs);
  o.progress = [&](double share) { line.show(share, "playing"); };
  std::function<std::vector<std::vector<double>>(int)> rows;
  const std::size_t subjects = data.subjects.size();
  if (fit && fit->posterior->units() != static_cast<int>(subjects))
    throw Error("--check: subjects with several rows of parameters cannot be played yet");
  std::vector<int> subject_of;
  for (std::size_t s = 0; s < subjects; ++s) subject_of.push_back(static_cast<int>(s));
  GroupModel model;
  if (fit) {
    const Draws draws(fit->chains);
    o.replicates = std::min(o.replicates, draws.total());
    rows = [&, total = draws.total()](int replicate) {
      const Draws all(fit->chains);
      const auto q = all.q(static_cast<int>(static_cast<long>(replicate) * total / o.replicates));
      std::vector<std::vector<double>> r(subjects, std::vector<double>(learner.params.size()));
      for (std::size_t s = 0; s < subjects; ++s) fit->posterior->row(q, static_cast<int>(s), r[s]);
      return r;
    };
  } else {
    std::vector<NamedGroup> groups;
    for (const auto& g : a.groups) groups.push_back(parse_group(g));
    model = group_model(learner, held(a, learner), groups);
    add_designs(model, learner, designs, static_cast<int>(subjects));
    if (a.correlated) model.lkj = 2;
    rows = [&](int replicate) {
      return prior_rows(model, subject_of, a.seed, static_cast<std::uint32_t>(replicate));
    };
  }
  const auto r = check_predictions(learner, data.trials, data.fresh, requests, rows, o);
  line.clear();
  Json metrics = Json::object();
  if (print) {
    for (const auto& n : r.notes) fmt::print("note: {}\n", n);
    fmt::print("\n  {} predictive check: {} groups of {} play {} on their own schedules\n",
               fit ? "posterior" : "prior", o.replicates, subjects, r.task);
    fmt::print("  {:<24} {:>9} {:>10}   {:<20} {:>6}   {}\n", "metric", "people", "predicted", "95% interval",
               "p", "subjects outside their 95%");
  }
  for (std::size_t m = 0; m < asked.size(); ++m) {
    const auto& c = r.checks[m];
    Json each = Json::object();
    for (std::size_t s = 0; s < subjects; ++s) each[data.trials.subjects[s]] = json_of(c.each[s]);
    metrics[asked[m].name] = json_of(c.group);
    metrics[asked[m].name]["unit"] = asked[m].request.entry->unit;
    metrics[asked[m].name]["subjects_defined"] = c.defined;
    metrics[asked[m].name]["subjects_outside"] = c.outside;
    metrics[asked[m].name]["subjects"] = each;
    if (!print) continue;
    if (std::isnan(c.group.observed))
      fmt::print("  {:<24} not defined: {}\n", asked[m].name, why_undefined(data.trials, requests[m]));
    else
      fmt::print("  {:<24} {:>9} {:>10}   {:<20} {:>6}   {} of {}\n", asked[m].name,
                 text_or_dash(c.group.observed), text_or_dash(c.group.mean),
                 fmt::format("{} to {}", text_or_dash(c.group.low), text_or_dash(c.group.high)),
                 std::isnan(c.group.p) ? "-" : fmt::format("{:.3f}", c.group.p), c.outside, c.defined);
  }
  return {{"from", fit ? "posterior" : "prior"},
          {"task", r.task},
          {"replicates", o.replicates},
          {"notes", r.notes},
          {"metrics", metrics}};
}

}  // namespace labile
