#include "run/model_recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "bayes/model_selection.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "run/play_rows.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
/// One data set's parameters; `at` is its number among all, which its luck follows.
std::vector<std::vector<double>> draw_rows(const LearnerEntry& learner, const ModelRecoveryOptions& o,
                                           int at) {
  const auto model = group_model(learner, o.group.overrides);
  std::vector<std::vector<double>> rows(static_cast<std::size_t>(o.subjects), model.standard);
  const Draw of_set{o.fit.seed, Purpose::parameters, 0x80000000u + static_cast<std::uint32_t>(at)};
  for (std::size_t s = 0; s < rows.size(); ++s) {
    const auto entity = static_cast<std::uint32_t>(at * o.subjects) + static_cast<std::uint32_t>(s);
    const Draw draw{o.fit.seed, Purpose::parameters, entity};
    for (std::size_t k = 0; k < model.params.size(); ++k) {
      const auto& p = model.params[k];
      const auto& info = learner.params[static_cast<std::size_t>(p.at)];
      const auto counter = static_cast<std::uint32_t>(k);
      double& x = rows[s][static_cast<std::size_t>(p.at)];
      if (o.criterion != Criterion::loo && info.prior.kind != Prior::flat) {
        x = draw_prior(info, draw, counter, "models cannot be drawn from it");
      } else {
        const auto g = draw_group(p.group, o.criterion == Criterion::loo ? of_set : draw, counter + 1000);
        x = from_line(p.group, g.mu + g.sigma * draw.normal(counter));
      }
    }
  }
  return rows;
}

/// Scores [subject] of one learner for a data set; adds to `warned`.
std::vector<double> scores_of(const LearnerEntry& learner, const PlayedRows& played,
                              const ModelRecoveryOptions& o, int& warned) {
  std::vector<double> r;
  if (o.criterion != Criterion::loo) {
    for (const auto& f : fit_subjects(learner, played.subjects, o.fit))
      r.push_back(f.params.empty() || std::isnan(f.params.front()) ? kNaN
                  : o.criterion == Criterion::bic                  ? -f.bic / 2
                                                                   : -f.aic / 2);
    return r;
  }
  GroupFitOptions fit = o.group;
  fit.seed = o.fit.seed;
  fit.threads = o.fit.threads;
  fit.partial = false;  // learners are held against each other on equal draws
  std::vector<int> subject_of;
  for (std::size_t i = 0; i < played.subjects.size(); ++i) subject_of.push_back(static_cast<int>(i));
  const auto f = fit_group(learner, played.subjects, subject_of, fit);
  warned += !f.warnings.empty();
  std::size_t at = 0;  // points go by subject
  for (const auto& s : played.subjects) {
    double sum = 0;
    for (int n = count_entering(learner, s); n > 0; --n) sum += f.loo.points[at++].elpd;
    r.push_back(sum);
  }
  return r;
}

/// The model that a data set speaks for, -1 without subjects.
int best_of_set(const std::vector<std::vector<double>>& scores, int models, Criterion criterion) {
  if (scores.empty()) return -1;
  std::vector<double> weight(static_cast<std::size_t>(models), 0.0);
  if (criterion == Criterion::loo) {
    for (const auto& s : scores)
      for (std::size_t m = 0; m < weight.size(); ++m) weight[m] += s[m];
  } else {
    std::vector<double> evidence;
    for (const auto& s : scores) evidence.insert(evidence.end(), s.begin(), s.end());
    weight = select_models(evidence, models).frequency;
  }
  return static_cast<int>(std::max_element(weight.begin(), weight.end()) - weight.begin());
}

/// Plays data set `step` and lets every learner have it.
void fit_data_set(const std::vector<NamedLearner>& models, const ModelRecoveryOptions& o,
                  const std::string& task, int step, ModelRecovery& r) {
  const auto m = static_cast<std::size_t>(step / o.data_sets);
  const auto rows = draw_rows(*models[m].entry, o, step);
  const auto played =
      play_rows(*models[m].entry, task, o.task_settings, rows, o.fit.seed, o.fit.threads, step * o.subjects);
  r.trials = played.trials;
  std::vector<std::vector<double>> by_model;
  if (!played.subjects.empty())
    for (const auto& e : models) by_model.push_back(scores_of(*e.entry, played, o, r.warned));
  r.invalid += played.invalid();
  std::vector<std::vector<double>> decided;
  for (std::size_t i = 0; i < played.subjects.size(); ++i) {
    ModelRecovery::Subject s{static_cast<int>(m), step % o.data_sets, static_cast<int>(played.of[i]), {}, -1};
    for (const auto& scores : by_model) s.score.push_back(scores[i]);
    if (std::all_of(s.score.begin(), s.score.end(), [](double x) { return std::isfinite(x); })) {
      s.best = static_cast<int>(std::max_element(s.score.begin(), s.score.end()) - s.score.begin());
      ++r.subjects.count[m][static_cast<std::size_t>(s.best)];
      decided.push_back(s.score);
    } else {
      ++r.undecided;
    }
    r.each.push_back(std::move(s));
  }
  if (const int best = best_of_set(decided, static_cast<int>(models.size()), o.criterion); best >= 0)
    ++r.data_sets.count[m][static_cast<std::size_t>(best)];
}

double row_sum(const Confusion& c, std::size_t row) {
  double n = 0;
  for (const int x : c.count[row]) n += x;
  return n;
}
}  // namespace

double Confusion::confusion(std::size_t simulated, std::size_t best) const {
  const double n = row_sum(*this, simulated);
  return n > 0 ? count[simulated][best] / n : kNaN;
}
double Confusion::confusion_se(std::size_t simulated, std::size_t best) const {
  const double p = confusion(simulated, best);
  return std::sqrt(p * (1 - p) / row_sum(*this, simulated));
}
double Confusion::inversion(std::size_t simulated, std::size_t best) const {
  double sum = 0;
  for (std::size_t i = 0; i < count.size(); ++i)
    if (const double p = confusion(i, best); p == p) sum += p;
  return sum > 0 ? confusion(simulated, best) / sum : kNaN;
}
double Confusion::inversion_se(std::size_t simulated, std::size_t best) const {
  const double p = inversion(simulated, best);
  double n = 0;
  for (const auto& row : count) n += row[best];
  return n > 0 ? std::sqrt(p * (1 - p) / n) : kNaN;
}

ModelRecovery recover_models(const std::vector<NamedLearner>& models, const ModelRecoveryOptions& o) {
  if (models.size() < 2) throw Error("telling models apart takes two or more");
  if (o.subjects < 2) throw Error(fmt::format("{} subject(s) of a data set: wants 2 or more", o.subjects));
  for (std::size_t m = 0; m < models.size(); ++m) {
    const auto& e = *models[m].entry;
    if (!e.likelihood) throw Error(fmt::format("'{}' cannot be fitted: {}", models[m].name, e.no_likelihood));
    for (std::size_t k = 0; k < m; ++k)
      if (models[m].name == models[k].name)
        throw Error(fmt::format("model '{}' is named twice", models[m].name));
    if (std::string_view(predicts(e)) != predicts(*models[0].entry))
      throw Error(fmt::format("'{}' predicts {} and '{}' {}: their scores cannot be compared", models[0].name,
                              predicts(*models[0].entry), models[m].name, predicts(e)));
  }
  const std::string task = o.task.empty() ? models[0].entry->own_task : o.task;
  ModelRecovery r;
  r.task = find_task(task).info.name;
  for (const auto& m : models) r.models.push_back(m.name);
  const auto size = models.size();
  r.subjects.count.assign(size, std::vector<int>(size, 0));
  r.data_sets.count = r.subjects.count;
  // What cannot be played or fitted is said before hours of it.
  for (const auto& m : models)
    (void)play_rows(*m.entry, task, o.task_settings, {group_model(*m.entry).standard}, o.fit.seed, 1);
  try {
    const int steps = static_cast<int>(size) * o.data_sets;
    for (; r.played < steps; ++r.played) {
      if (interrupted()) throw Interrupted("interrupted while models were fitted");
      // Models take turns, so that an interrupt leaves as much of each; a data set's luck is that of its number.
      const int m = r.played % static_cast<int>(size),
                number = m * o.data_sets + r.played / static_cast<int>(size);
      if (o.progress)
        o.progress(static_cast<double>(r.played) / steps, r.models[static_cast<std::size_t>(m)]);
      fit_data_set(models, o, task, number, r);
    }
  } catch (const Interrupted&) {
    if (r.played == 0) throw;
    clear_interrupt();  // it was heard: what is told is of the data sets before
  }
  std::stable_sort(r.each.begin(), r.each.end(), [](const auto& a, const auto& b) {
    return std::pair(a.simulated, a.data_set) < std::pair(b.simulated, b.data_set);
  });
  return r;
}

}  // namespace labile
