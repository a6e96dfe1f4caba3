/// What checking and scoring a posterior costs: diagnostics of one quantity, leave-one-out of one observation, of
/// 4 chains x 1000 draws; exceedance probabilities and stacking.
#include <benchmark/benchmark.h>

#include <cmath>

#include "bayes/diagnostics.hpp"
#include "bayes/loo.hpp"
#include "bayes/model_selection.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
/// [chain][iteration], autoregressive.
std::vector<double> chains(double a) {
  std::vector<double> x;
  for (std::uint32_t c = 0; c < 4; ++c) {
    double v = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) x.push_back(v = a * v + Draw{1, Purpose::noise, c}.normal(i));
  }
  return x;
}

void summary(benchmark::State& state) {
  const auto x = chains(static_cast<double>(state.range(0)) / 100);
  for (auto _ : state) benchmark::DoNotOptimize(summarize_draws(x, 4));
}
BENCHMARK(summary)->Arg(0)->Arg(50)->Arg(99)->Unit(benchmark::kMicrosecond);

void leave_one_out(benchmark::State& state) {
  auto x = chains(0.5);
  for (double& v : x) v = -0.5 * (v - 1) * (v - 1);
  PointwiseScores scores(1, 4, 1000);
  for (auto _ : state) scores.put(0, x);
}
BENCHMARK(leave_one_out)->Unit(benchmark::kMicrosecond);

void stacking(benchmark::State& state) {
  std::vector<std::vector<double>> elpd(5);
  for (std::uint32_t m = 0; m < 5; ++m)
    for (std::uint32_t i = 0; i < 10'000; ++i) elpd[m].push_back(Draw{2, Purpose::noise, m}.normal(i));
  for (auto _ : state) benchmark::DoNotOptimize(stacking_weights(elpd));
}
BENCHMARK(stacking)->Unit(benchmark::kMillisecond);

void group_selection(benchmark::State& state) {
  std::vector<double> evidence;
  for (std::uint32_t i = 0; i < 1000; ++i) evidence.push_back(3 * Draw{3, Purpose::noise, 0}.normal(i));
  for (auto _ : state) benchmark::DoNotOptimize(select_models(evidence, 5));
}
BENCHMARK(group_selection)->Unit(benchmark::kMillisecond);
}  // namespace
}  // namespace labile
