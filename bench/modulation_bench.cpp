/// A step of all four modulators in twelve regions: release, autoreceptors, clearance, receptors. Gates are in the network's own benchmark.
#include <benchmark/benchmark.h>

#include "pharmacology/modulation.hpp"

namespace labile {
namespace {
void step(benchmark::State& state) {
  std::vector<std::string> regions{"dorsal_striatum", "accumbens", "prefrontal"};
  auto all = ready_modulators();
  for (auto& m : all) m.loss.value += 1;  // every region clears everything
  for (int i = 3; i < state.range(0); ++i) regions.push_back("region " + std::to_string(i));
  Modulation m(all, regions, 0.1);
  int n = 0;
  for (auto _ : state) {
    m.set_rate("DA", n++ % 2000 < 200 ? 20 : 4);
    m.step();
    benchmark::DoNotOptimize(m);
  }
}
BENCHMARK(step)->Arg(3)->Arg(12);
}  // namespace
}  // namespace labile
