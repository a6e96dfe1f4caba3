/// Predictive checks: agents with parameters drawn from a posterior, or a prior, meet the schedules that people met, and the task's metrics
/// of both are set side by side.
///
/// A replicate is one draw of everybody's parameters, who all play once. p is the share of replicates whose value is above that of
/// people, those equal to it counting half: near 0 or 1 the model does not do what people do.
///
/// Source: Gelman, Meng & Stern (1996), Statistica Sinica 6:733. Differs from it: the discrepancy is a metric of choices alone.
#pragma once

#include <functional>

#include "contract/agent.hpp"
#include "contract/task.hpp"
#include "metrics/evaluate.hpp"

namespace labile {

struct PredictiveOptions {
  std::string task;  // empty: what the record tells of payoffs is played
  Settings task_settings = {};
  int replicates = 200;
  std::uint64_t seed = 1;
  int threads = 1;
  std::function<void(double share)> progress = {};  // from any thread
};

/// The schedules that the subjects of a record met, for agents to meet.
class OwnSchedules {
 public:
  /// Throws Error where the record does not tell what agents would have met, saying what is missing, or the learner cannot play the task.
  OwnSchedules(const LearnerEntry& learner, const Trials& trials, std::span<const std::uint8_t> fresh,
               const PredictiveOptions& options);
  /// Everybody once, with these parameters [subject][parameter in table order]: a record for each kBlock subjects.
  [[nodiscard]] std::vector<Trials> play(const std::vector<std::vector<double>>& rows,
                                         std::uint64_t seed) const;
  [[nodiscard]] std::string task() const;
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  const LearnerEntry& learner_;
  Schedule schedule_;
  const TaskEntry* task_;
  Settings settings_;
  std::vector<std::string> notes_;
};

/// One value with what was predicted of it; NaN where it is not defined.
struct Predicted {
  double observed = 0, mean = 0, low = 0, high = 0;  // 95% of replicates lie in low to high
  double p = 0;
  int replicates = 0;  // in which it was defined
};
struct PredictiveCheck {
  Predicted group;               // over subjects, as metrics are
  std::vector<Predicted> each;   // [subject]
  int defined = 0, outside = 0;  // subjects; those whose value lies outside their own 95%
};
struct PredictiveChecks {
  std::string task;
  int replicates = 0;
  std::vector<PredictiveCheck> checks;  // [metric]
  std::vector<std::string> notes;
};

/// Metrics `requests` of people in `trials`, and of replicates. `rows(r)` gives replicate r's parameters [subject][parameter in table
/// order]. Results are the same for any number of threads. Throws as OwnSchedules does.
[[nodiscard]] PredictiveChecks check_predictions(
    const LearnerEntry& learner, const Trials& trials, std::span<const std::uint8_t> fresh,
    std::span<const MetricRequest> requests, const std::function<std::vector<std::vector<double>>(int)>& rows,
    const PredictiveOptions& options);

/// Columns beside those of models that a record must keep for this: payoffs and probabilities of options, numbers that the task shows.
[[nodiscard]] std::vector<std::string> columns_of_schedule(const PredictiveOptions& options);

}  // namespace labile
