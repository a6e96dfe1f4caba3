/// `labile fit --check`: what people did beside what their fitted, or merely assumed, selves would do.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bayes/prior_draws.hpp"
#include "cli/asked_metric.hpp"
#include "cli/fit_outputs.hpp"

namespace labile {
namespace {
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

std::vector<CheckedMetric> asked_checks(const DataArgs& a, const Trials& trials) {
  std::vector<CheckedMetric> r;
  for (const auto& text : names_of(a)) {
    if (text != "default") {
      auto m = asked_metric(text, "--check");
      r.push_back({std::move(m.name), std::move(m.request)});
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

namespace {
/// Learners with parameters drawn from the prior, effects of formulas added.
PredictiveChecks check_prior(const DataArgs& a, const DataSet& data, const LearnerEntry& learner,
                             const FormulaFit& formulas, std::span<const CheckedMetric> asked,
                             const PredictiveOptions& o) {
  GroupModel model = group_model(learner, held(a, learner), groups_of(a, learner));
  add_designs(model, learner, designs_of(formulas, learner), static_cast<int>(data.subjects.size()));
  if (a.correlated) model.lkj = 2;
  std::vector<MetricRequest> requests;
  for (const auto& m : asked) requests.push_back(m.request);
  return check_predictions(
      learner, data.trials, data.fresh, requests,
      [&](int replicate) {
        return prior_rows(model, formulas.subject_of, a.seed, static_cast<std::uint32_t>(replicate));
      },
      o);
}
}  // namespace

void refuse_checks(const DataArgs& a, const DataSet& data, const std::vector<const LearnerEntry*>& learners) {
  if (a.checks.empty()) return;
  (void)asked_checks(a, data.trials);
  for (const auto* l : learners) (void)OwnSchedules(*l, data.trials, data.fresh, options_of(a));
}

nlohmann::ordered_json check_fit_predictions(const DataArgs& a, const DataSet& data,
                                             const LearnerEntry& learner, const FormulaFit& formulas,
                                             const GroupResult* fit, bool print) {
  const auto asked = asked_checks(a, data.trials);
  PredictiveOptions o = options_of(a);
  ProgressLine line(print);
  o.threads = thread_count(a.jobs);
  o.progress = [&](double share) { line.show(share, "playing"); };
  const auto r =
      fit ? check_posterior(*fit, data, asked, o) : check_prior(a, data, learner, formulas, asked, o);
  line.clear();
  if (print) {
    for (const auto& n : r.notes) fmt::print("note: {}\n", n);
    fmt::print("\n  {} predictive check: {} groups of {} play {} on their own schedules\n",
               fit ? "posterior" : "prior", r.replicates, data.subjects.size(), r.task);
    fmt::print("  {:<24} {:>9} {:>10}   {:<20} {:>6}   {}\n", "metric", "people", "predicted", "95% interval",
               "p", "subjects outside their 95%");
  }
  for (std::size_t m = 0; m < asked.size() && print; ++m) {
    const auto& c = r.checks[m];
    if (std::isnan(c.group.observed))
      fmt::print("  {:<24} not defined: {}\n", asked[m].name, why_undefined(data.trials, asked[m].request));
    else
      fmt::print("  {:<24} {:>9} {:>10}   {:<20} {:>6}   {} of {}\n", asked[m].name,
                 text_or_dash(c.group.observed), text_or_dash(c.group.mean),
                 fmt::format("{} to {}", text_or_dash(c.group.low), text_or_dash(c.group.high)),
                 std::isnan(c.group.p) ? "-" : fmt::format("{:.3f}", c.group.p), c.outside, c.defined);
  }
  nlohmann::ordered_json json{{"from", fit ? "posterior" : "prior"}};
  json.update(json_of(r, data.trials.subjects, asked));
  return json;
}

}  // namespace labile
