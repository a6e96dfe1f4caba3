/// What modulators cost a step of 0.1 ms: four of them in three or twelve regions (release, autoreceptors, clearance, receptors), and in a network with a
/// nucleus of 50 cells and twenty gates, beside the same network without them.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "network/network.hpp"
#include "pharmacology/modulation.hpp"
#include "run/network_card.hpp"

namespace labile {
namespace {
const std::vector<std::string> kRegions{"dorsal_striatum",
                                        "accumbens",
                                        "prefrontal",
                                        "dorsomedial_striatum",
                                        "dorsolateral_striatum",
                                        "orbitofrontal",
                                        "cingulate",
                                        "motor",
                                        "sensory",
                                        "hippocampus",
                                        "amygdala",
                                        "thalamus"};

void step(benchmark::State& state) {
  const std::vector<std::string> regions(kRegions.begin(), kRegions.begin() + state.range(0));
  Modulation m(ready_modulators(), regions, 0.1);
  int n = 0;
  for (auto _ : state) {
    m.set_rate("DA", n++ % 2000 < 200 ? 20 : 4);
    m.step();
    benchmark::DoNotOptimize(m);
  }
}
BENCHMARK(step)->Arg(3)->Arg(12);

std::string card(bool modulated) {
  std::string text =
      "seed = 1\n[network]\nduration = 1000\n[[population]]\nname = \"VTA\"\nmodel = \"poisson\"\nsize = "
      "50\nrate = 5\n"
      "[[population]]\nname = \"cell\"\nmodel = \"lif_exp\"\nsize = 1\n"
      "[[projection]]\nsource = \"VTA\"\ntarget = \"cell\"\nconnect = \"all_to_all\"\nweight = 1\ndelay = "
      "1.5\n";
  if (!modulated) return text;
  text += fmt::format("[modulation]\nmodulators = [\"DA\", \"NE\", \"5HT\", \"ACh\"]\nregions = [");
  for (const auto& r : kRegions) text += fmt::format("\"{}\", ", r);
  text += "]\n";
  for (const char* m : {"DA", "NE", "5HT", "ACh"})
    text += fmt::format("[[nucleus]]\nmodulator = \"{}\"\npopulation = \"VTA\"\n", m);
  for (std::size_t k = 0; k < 20; ++k)
    text += fmt::format(
        "[[gate]]\nname = \"g{0}\"\ntext = \"0.002 + D1.{1} * (1 + 0.5 * beta.{1}) - 5HT2C.{1}\"\n", k,
        kRegions[k % kRegions.size()]);
  return text;
}
void network_step(benchmark::State& state) {
  const NetworkCard parsed = parse_network_card(card(state.range(0) == 1), "bench.toml", ".");
  Network network(parsed.conditions[0].network, 1);
  for (auto _ : state) network.run_until(network.now() + 1500);  // 150 ms: windows as a run has them
  state.counters["ns_per_step"] =
      benchmark::Counter(1500e-9 * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(network_step)->ArgName("modulated")->Arg(0)->Arg(1);
}  // namespace
}  // namespace labile
