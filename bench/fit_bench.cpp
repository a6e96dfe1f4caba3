/// MAP fits of 325 subjects x 90 trials x 3 options x 10 starts, the size of zorowitz2023_prl3, on one core.
#include <benchmark/benchmark.h>

#include "core/math.hpp"
#include "core/random.hpp"
#include "fit/fit.hpp"

namespace labile {
LearnerEntry dual_learning_rate();
LearnerEntry hmm_reversal();
LearnerEntry rescorla_wagner();
namespace {
/// People who learn by a delta rule in a reversal task with 80/20/20 rewards.
struct People {
  static constexpr int kSubjects = 325, kTrials = 90;
  std::vector<std::int32_t> choice;
  std::vector<double> outcome;
  std::vector<std::uint8_t> fresh;
  std::vector<SubjectTrials> subjects;

  People() : choice(kSubjects * kTrials), outcome(choice.size()), fresh(choice.size()) {
    for (std::uint32_t s = 0; s < kSubjects; ++s) play(s);
    for (std::size_t s = 0; s < kSubjects; ++s)
      subjects.push_back({Layout::bandit(3),
                          std::span(choice).subspan(s * kTrials, kTrials),
                          std::span(outcome).subspan(s * kTrials, kTrials),
                          std::span(fresh).subspan(s * kTrials, kTrials),
                          {}});
  }
  void play(std::uint32_t s) {
    const Draw who{7, Purpose::parameters, s}, chance{7, Purpose::choice, s}, luck{7, Purpose::luck, s};
    const double alpha = 0.2 + 0.6 * who.uniform(0), beta = 2 + 6 * who.uniform(1);
    double v[3] = {0.5, 0.5, 0.5};
    for (std::uint32_t t = 0; t < kTrials; ++t) {
      double e[3], sum = 0;
      for (int o = 0; o < 3; ++o) sum += e[o] = exp(beta * v[o]);
      double mark = chance.uniform(t) * sum;
      int c = 0;
      while (c < 2 && mark >= e[c]) mark -= e[c++];
      const double r = luck.uniform(t) < (c == static_cast<int>(t / 15 % 3) ? 0.8 : 0.2);
      v[c] += alpha * (r - v[c]);
      choice[s * kTrials + t] = c;
      outcome[s * kTrials + t] = r;
    }
  }
};

void fit(benchmark::State& state, const LearnerEntry& learner) {
  const People people;
  for (auto _ : state) benchmark::DoNotOptimize(fit_subjects(learner, people.subjects, {}));
}
void gradient(benchmark::State& state, const LearnerEntry& learner) {
  const People people;
  std::vector<double> grad(learner.params.size());
  const auto row = param_row(learner, {});
  for (auto _ : state)
    for (const auto& s : people.subjects)
      benchmark::DoNotOptimize(learner.likelihood->gradient(row, s, grad));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(people.choice.size()));  // trials
}
BENCHMARK_CAPTURE(gradient, rescorla_wagner, rescorla_wagner())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(gradient, dual_learning_rate, dual_learning_rate())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(gradient, hmm_reversal, hmm_reversal())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, rescorla_wagner, rescorla_wagner())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, dual_learning_rate, dual_learning_rate())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, hmm_reversal, hmm_reversal())->Unit(benchmark::kMillisecond);
}  // namespace
}  // namespace labile
