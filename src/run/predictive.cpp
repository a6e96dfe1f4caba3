#include "run/predictive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "bayes/diagnostics.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "run/people.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"
#include "tasks/scheduled.hpp"

namespace labile {
namespace {
constexpr const char* kPayoffTask = "restless_bandit";  // pays what its schedule says

std::string task_for(const Trials& trials, const Schedule& schedule, const PredictiveOptions& o) {
  if (!o.task.empty()) return o.task;
  const bool one_state = trials.layout.states < 2 && trials.layout.feature_is_option;
  const bool one_stage = std::all_of(trials.stage.begin(), trials.stage.end(), [](int s) { return s == 0; });
  if (!schedule.payoff.empty() && one_state && one_stage) return kPayoffTask;
  throw Error(fmt::format(
      "{}: checks play the model on the subjects' own schedules, and the record does not tell what options "
      "that were not chosen "
      "would have paid (columns payoff_0, payoff_1, ...){}; name the task and what is known of it, such as "
      "--task bandit_reversal "
      "--set p_better=0.8 (in a card: [task]), which takes the best option of each trial from column best",
      trials.source,
      schedule.payoff.empty() ? "" : ", or there are states, features or several decisions a trial"));
}

double quantile(std::vector<double>& x, double p) {
  return sorted_quantile(x, p);
}

/// `values` [replicate], NaN where not defined; they are sorted.
Predicted predicted(double observed, std::vector<double> values) {
  std::erase_if(values, [](double x) { return std::isnan(x); });
  Predicted r{observed, kNaN, kNaN, kNaN, kNaN, static_cast<int>(values.size())};
  if (values.empty()) return r;
  std::sort(values.begin(), values.end());
  double sum = 0, above = 0;
  for (const double x : values) {
    sum += x;
    above += x > observed ? 1 : x == observed ? 0.5 : 0;
  }
  r.mean = sum / static_cast<double>(values.size());
  r.low = quantile(values, 0.025);
  r.high = quantile(values, 0.975);
  if (!std::isnan(observed)) r.p = above / static_cast<double>(values.size());
  return r;
}
double value_of(const Sample& s) {
  return s.den > 0 ? s.num / s.den : kNaN;
}
}  // namespace

std::vector<std::string> columns_of_schedule(const PredictiveOptions& o) {
  std::vector<std::string> r;
  for (int k = 0; k < kMaxOptions; ++k) {
    r.push_back(fmt::format("payoff_{}", k));
    r.push_back(fmt::format("p_{}", k));
  }
  if (o.task.empty()) return r;
  try {
    for (const auto& name :
         find_task(o.task, Where{"--task", 0, 0, ""}).make(o.task_settings, nullptr)->info().inputs)
      r.push_back(name);
  } catch (
      const Error&) {  // a task that cannot be without its schedule, or is not there: it is made again, with words
  }
  return r;
}

OwnSchedules::OwnSchedules(const LearnerEntry& learner, const Trials& trials,
                           std::span<const std::uint8_t> fresh, const PredictiveOptions& o)
    : learner_(learner), schedule_(schedule_of(trials, fresh)), settings_(o.task_settings) {
  task_ = &find_task(task_for(trials, schedule_, o), Where{"--task", 0, 0, ""});
  for (const auto& name : ignored_beside(task(), schedule_))
    if (settings_.contains(name))
      notes_.push_back(fmt::format("--set {} changes nothing: the schedules of the subjects say it", name));
  if (const auto info = task_->make(settings_, &schedule_)->info(); !can_play(learner, info)) {
    if (learner.check) learner.check(info.layout);
    throw Error(fmt::format("'{}' cannot play task '{}'", learner.info.name, task()));
  }
}

std::string OwnSchedules::task() const {
  return std::string(task_->info.name);
}

std::vector<Trials> OwnSchedules::play(const std::vector<std::vector<double>>& rows,
                                       std::uint64_t seed) const {
  Simulation s;
  s.make_task = task_->make;
  s.task_settings = settings_;
  s.schedule = &schedule_;
  s.make_agent = learner_.make;
  s.make_each = learner_.make_each;
  s.rows = &rows;
  s.seed = seed;
  std::vector<Trials> r;
  const int subjects = static_cast<int>(rows.size());
  for (int first = 0; first < subjects; first += kBlock)
    r.push_back(simulate(s, first, std::min(kBlock, subjects - first)));
  return r;
}

PredictiveChecks check_predictions(const LearnerEntry& learner, const Trials& trials,
                                   std::span<const std::uint8_t> fresh,
                                   std::span<const MetricRequest> requests,
                                   const std::function<std::vector<std::vector<double>>(int)>& rows,
                                   const PredictiveOptions& o) {
  const OwnSchedules schedules(learner, trials, fresh, o);
  const std::size_t subjects = trials.subjects.size(), metrics = requests.size(),
                    replicates = static_cast<std::size_t>(o.replicates);
  PredictiveChecks r;
  r.task = schedules.task();
  r.replicates = o.replicates;
  r.notes = schedules.notes();

  const auto observed = evaluate(trials, requests);
  // [metric][replicate], [metric][subject][replicate]
  std::vector<std::vector<double>> group(metrics, std::vector<double>(replicates, kNaN));
  std::vector<std::vector<std::vector<double>>> each(
      metrics, std::vector<std::vector<double>>(subjects, std::vector<double>(replicates, kNaN)));
  std::atomic<int> done{0};
  parallel_for(o.replicates, o.threads, [&](int i) {
    const auto replicate = static_cast<std::size_t>(i);
    const auto key = Draw{o.seed, Purpose::start, 0xC0000000U}.bits(static_cast<std::uint32_t>(i));
    std::vector<std::vector<Sample>> all(metrics);
    for (const Trials& block : schedules.play(rows(i), std::uint64_t{key[0]} << 32 | key[1])) {
      const auto samples = evaluate(block, requests);
      for (std::size_t m = 0; m < metrics; ++m)
        all[m].insert(all[m].end(), samples[m].begin(), samples[m].end());
    }
    for (std::size_t m = 0; m < metrics; ++m) {
      // Those alone of whom people's value is defined.
      for (std::size_t s = 0; s < subjects; ++s)
        if (observed[m][s].den > 0)
          each[m][s][replicate] = value_of(all[m][s]);
        else
          all[m][s] = {};
      group[m][replicate] = pooled_value(all[m]);
    }
    if (o.progress) o.progress(static_cast<double>(++done) / o.replicates);
  });
  for (std::size_t m = 0; m < metrics; ++m) {
    PredictiveCheck c;
    c.group = predicted(pooled_value(observed[m]), std::move(group[m]));
    for (std::size_t s = 0; s < subjects; ++s) {
      c.each.push_back(predicted(value_of(observed[m][s]), std::move(each[m][s])));
      const auto& x = c.each.back();
      if (std::isnan(x.p)) continue;
      ++c.defined;
      c.outside += x.observed < x.low || x.observed > x.high;
    }
    r.checks.push_back(std::move(c));
  }
  return r;
}

}  // namespace labile
