/// `labile bench`: the benchmark networks, run as any card is run, and what they cost on this machine.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "core/error.hpp"
#include "plasticity/row_kernel.hpp"
#include "run/network_run.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;

NetworkCard card_of(std::string_view name) {
  const std::string_view* text = embedded_card(name);
  if (!text) throw Bug(fmt::format("the card {} is not built in", name));
  return parse_network_card(*text, fmt::format("{}.toml (built in)", name), ".");
}
ProjectionSpec& projection_of(NetworkSpec& spec, std::string_view name) {
  for (ProjectionSpec& p : spec.projections)
    if (p.name == name) return p;
  throw Bug(fmt::format("the card has no projection {}", name));
}

struct Measured {
  NetworkSummary summary;
  double rate_hz = 0, cv_isi = 0;
};
Measured run(NetworkCard card, int threads) {
  NetworkOptions options;
  options.threads = threads;
  const NetworkResult r = run_network_card(card, options);
  Measured m{r.cells.at(0).summary};
  for (std::size_t k = 0; k < r.card.measures.size(); ++k) {
    const double value = r.cells[0].values[k].value;
    if (r.card.measures[k].kind == MeasureSpec::Kind::rate) m.rate_hz = value;
    if (r.card.measures[k].kind == MeasureSpec::Kind::cv_isi) m.cv_isi = value;
  }
  return m;
}
/// The median of three runs by CPU time: machines are shared.
Measured median_run(const NetworkCard& card, int threads) {
  std::vector<Measured> all;
  for (int k = 0; k < 3; ++k) all.push_back(run(card, threads));
  std::sort(all.begin(), all.end(),
            [](const Measured& a, const Measured& b) { return a.summary.run_cpu_s < b.summary.run_cpu_s; });
  return all[1];
}

void bench_b1(Json& out, int threads) {
  const Measured m = median_run(card_of("b1"), threads);
  out["B1.cpu_s_per_model_s"] = m.summary.run_cpu_s / m.summary.model_s;
  out["B1.real_time_factor"] = m.summary.model_s / m.summary.run_s;
}

/// The card with the four modulators in twelve regions beside its own field, its dopamine cells as the nucleus of each, and twenty gates that read their
/// receptors: what a whole circuit's modulators cost.
NetworkCard with_all_modulators(NetworkCard card) {
  NetworkSpec& net = card.conditions[0].network;
  net.modulation.regions = {"dorsal_striatum",
                            "dorsomedial_striatum",
                            "dorsolateral_striatum",
                            "accumbens",
                            "prefrontal",
                            "orbitofrontal",
                            "cingulate",
                            "motor",
                            "sensory",
                            "hippocampus",
                            "amygdala",
                            "thalamus"};
  net.modulation.modulators = ready_modulators();
  for (const auto& m : net.modulation.modulators) net.modulation.nuclei.push_back({m.name, "VTA", {}, 0, {}});
  const std::vector<std::string> texts{"0.002 + D1.{} * (1 + 0.5 * beta.{})", "D2.{} - 0.3 * 5HT2C.{}",
                                       "1 + 0.5 * (D1.{} + alpha1.{}) - 0.3 * 5HT1A.{}",
                                       "(1 - 0.8 * M1.{}) * (1 - 0.4 * alpha1.{})", "1 - 0.6 * M2.{}"};
  for (std::size_t k = 0; k < 20; ++k) {
    std::string text = texts[k % texts.size()];
    for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}"))
      text.replace(at, 2, net.modulation.regions[k % 12]);
    net.gates.push_back({fmt::format("gate{}", k), text, {}});
  }
  return card;
}

void bench_b2(Json& out, int threads) {
  const auto report = [&](const char* variant, const NetworkCard& card) {
    const Measured m = median_run(card, threads);
    const std::string key = fmt::format("B2.{}", variant);
    out[key + ".cpu_s_per_model_s"] = m.summary.run_cpu_s / m.summary.model_s;
    out[key + ".wall_s_per_model_s"] = m.summary.run_s / m.summary.model_s;
    out[key + ".ns_per_event"] = 1e9 * m.summary.run_cpu_s / static_cast<double>(m.summary.events);
    return m;
  };
  const NetworkCard card = card_of("b2");
  const Measured m = report("modulated", card);
  out["B2.modulated.bytes_per_plastic_synapse"] = static_cast<double>(m.summary.memory.plastic_bytes) /
                                                  static_cast<double>(m.summary.memory.plastic_synapses);
  out["B2.build_s"] = m.summary.build_s;
  out["B2.modulated.rate_hz"] = m.rate_hz;
  out["B2.modulated.cv_isi"] = m.cv_isi;

  report("whole", with_all_modulators(card));

  NetworkCard fifty = card;  // dopamine cells ten times as fast, and the mean that the gate takes off
  for (PopulationSpec& p : fifty.conditions[0].network.populations)
    if (p.name == "VTA") p.params.at("rate").value = 50.0;
  fifty.conditions[0].network.gates.at(0).text = "dopamine - 10";
  report("modulated50", fifty);

  NetworkCard stdp = card;
  ProjectionSpec& plain = projection_of(stdp.conditions[0].network, "EE");
  plain.rule = "pair_stdp";
  plain.gate.clear();
  plain.params.erase("tau_e");
  plain.params.at("eta").value = 1.0;
  report("stdp", stdp);

  NetworkCard fixed = card;
  ProjectionSpec& still = projection_of(fixed.conditions[0].network, "EE");
  still.rule = "static";
  still.gate.clear();
  still.params.clear();
  report("static", fixed);
}

/// What a call costs beyond the model: set rates, run one exchange interval, read counts, over and over, less
/// one run as long as all of them. Intervals are short so that the model's own time, which varies, does not
/// hide it; a call of 100 ms costs the same beyond its model.
void bench_b3(Json& out) {
  using Clock = std::chrono::steady_clock;
  const NetworkCard card = card_of("b3");
  constexpr int kCalls = 5000;
  const auto seconds = [](Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
  };
  std::array<double, 7> looped{}, whole{};
  std::uint64_t read = 0;
  double model_us = 0;
  for (std::size_t r = 0; r < looped.size(); ++r) {
    Network calls(card.conditions[0].network, card.seed), once(card.conditions[0].network, card.seed);
    const int input = calls.population("input"), output = calls.population("out");
    const double rate = 10;
    const auto begin = Clock::now();
    for (int k = 0; k < kCalls; ++k) {
      calls.set_rate(input, std::span(&rate, 1));
      calls.run_until(calls.now() + calls.exchange_steps());
      for (const std::uint64_t n : calls.counts(output)) read += n;
    }
    looped[r] = seconds(begin);
    const auto again = Clock::now();
    once.run_until(Step{kCalls} * once.exchange_steps());
    whole[r] = seconds(again);
    model_us = 1e6 * whole[r] / kCalls * (100 / (once.exchange_steps() * once.dt_ms()));
  }
  std::sort(looped.begin(), looped.end());
  std::sort(whole.begin(), whole.end());
  out["B3.us_per_call"] = 1e6 * (looped[3] - whole[3]) / kCalls;
  out["B3.model_us_per_100_ms"] = model_us;
  out["B3.counts_read"] = read;  // kept, so that reading cannot be left out
}
}  // namespace

int bench_command(const BenchArgs& a) {
  const std::vector<std::string> known{"B1", "B2", "B3"};
  for (const std::string& n : a.names)
    if (std::find(known.begin(), known.end(), n) == known.end())
      throw Error(fmt::format("no benchmark is called '{}'{}", n, suggest(n, known)));
  const auto wanted = [&](const char* name) {
    return a.names.empty() || std::find(a.names.begin(), a.names.end(), name) != a.names.end();
  };
  Json out;
  if (wanted("B1")) bench_b1(out, a.jobs);
  if (wanted("B2")) bench_b2(out, a.jobs);
  if (wanted("B3")) bench_b3(out);
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  out["threads"] = a.jobs;
  out["build"] = "labile " LABILE_VERSION;
  out["avx512"] = machine_is_wide();
  out["host"] = host.data();
  if (a.json) {
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  for (const auto& [key, value] : out.items()) fmt::print("{:<42} {}\n", key, value.dump());
  return 0;
}

}  // namespace labile
