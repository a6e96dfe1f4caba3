#include "fit/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/math.hpp"
#include "core/parallel.hpp"

namespace labile {
namespace {

constexpr double kImpossible = -200;  // nats: what a fit of the other trials says cannot be

/// Numbers the units of [begin, end) that `same(r - 1, r)` holds together; returns how many there are.
template <class Same>
int number_units(std::size_t begin, std::size_t end, std::vector<int>& unit, Same&& same) {
  unit.assign(end - begin, 0);
  for (std::size_t r = begin + 1; r < end; ++r) unit[r - begin] = unit[r - begin - 1] + !same(r - 1, r);
  return end > begin ? unit.back() + 1 : 0;
}

/// Log-likelihood of one subject's trials, each predicted by a fit to the other folds.
double held_out(const LearnerEntry& learner, const SubjectTrials& subject, const Folds& folds,
                std::uint32_t position, const FitOptions& fit, int& impossible) {
  double total = 0;
  std::vector<std::uint8_t> scored(subject.size());
  std::vector<double> each(subject.size());
  for (int k = 0; k < folds.count; ++k) {
    for (std::size_t t = 0; t < scored.size(); ++t) scored[t] = folds.fold[t] != k;
    SubjectTrials others = subject;
    others.scored = scored;
    const SubjectFit f = fit_subject(learner, others, position, fit);
    if (f.params.empty() || std::isnan(f.params[0])) return kNaN;
    for (auto& x : scored) x = 1 - x;
    total += learner.likelihood->value(f.params, others, each);
    impossible += static_cast<int>(std::ranges::count_if(each, [](double l) { return l < kImpossible; }));
  }
  return total;
}

}  // namespace

Folds cut(const Trials& t, int subject, int folds) {
  const std::size_t begin = t.first[static_cast<std::size_t>(subject)];
  const std::size_t end = t.first[static_cast<std::size_t>(subject) + 1];
  Folds f;
  std::vector<int> unit;
  int units = number_units(begin, end, unit, [&](auto a, auto b) { return t.session[a] == t.session[b]; });
  f.unit = "sessions";
  if (units < 2) {
    units = number_units(begin, end, unit, [&](auto a, auto b) { return t.block[a] == t.block[b]; });
    f.unit = "blocks";
  }
  if (units < 2) {  // decisions of one trial stay together
    units = number_units(begin, end, unit, [&](auto a, auto b) { return t.stage[b] > t.stage[a]; });
    f.unit = "trials";
  }
  f.count = units < 2 ? 0 : std::min(folds, units);
  for (const int u : unit)
    f.fold.push_back(static_cast<int>(static_cast<long>(u) * f.count / std::max(units, 1)));
  return f;
}

void refuse_unlike(std::span<const LearnerEntry* const> learners) {
  for (const auto* learner : learners) {
    if (!learner->likelihood) throw Error(learner->no_likelihood);
    if (learner->reports != learners.front()->reports)
      throw Error("some of these learners choose and some report; they predict different things");
    if (learner->timed != learners.front()->timed || learner->times_only != learners.front()->times_only)
      throw Error(fmt::format(
          "'{}' predicts {} and '{}' {}: a density of times is no probability, and they cannot be ranked "
          "together",
          learners.front()->info.name, predicts(*learners.front()), learner->info.name, predicts(*learner)));
  }
}

Comparison compare_learners(std::span<const LearnerEntry* const> learners, std::span<const std::string> names,
                            const Trials& trials, std::span<const SubjectTrials> subjects,
                            const CompareOptions& options) {
  Comparison c;
  const bool reports = !learners.empty() && learners.front()->reports;
  refuse_unlike(learners);
  for (const auto* learner : learners) {
    FitOptions fit = options.fit;
    if (options.held) fit.overrides = options.held(*learner);
    check_fit(*learner, subjects, fit);
  }
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    c.folds.push_back(cut(trials, static_cast<int>(s), options.folds));
    const int n = count_entering(*learners.front(), subjects[s]);
    c.choices.push_back(n);
    c.chance.push_back(reports || learners.front()->timed
                           ? kNaN
                           : -n * std::log(static_cast<double>(subjects[s].layout.options)));
  }
  std::vector<FitOptions> fits(learners.size(), options.fit);
  for (std::size_t m = 0; m < learners.size() && options.held; ++m)
    fits[m].overrides = options.held(*learners[m]);
  for (const auto& name : names)
    c.models.push_back(
        {name, std::vector<double>(subjects.size(), kNaN), std::vector<int>(subjects.size(), 0)});
  const int total = static_cast<int>(learners.size() * subjects.size());
  std::atomic<int> done{0};
  parallel_for(total, options.fit.threads, [&](int job) {
    const std::size_t m = static_cast<std::size_t>(job) / subjects.size();
    const std::size_t s = static_cast<std::size_t>(job) % subjects.size();
    if (c.folds[s].count > 0 && c.choices[s] > 0)
      c.models[m].loglik[s] = held_out(*learners[m], subjects[s], c.folds[s], static_cast<std::uint32_t>(s),
                                       fits[m], c.models[m].impossible[s]);
    const int finished = ++done;
    if (options.progress) options.progress(static_cast<double>(finished) / total, "comparing " + names[m]);
  });
  return c;
}

}  // namespace labile
