// Rates and irregularity of a reduced B2 network against Brian2 (tests/oracles/brian2_network.json, made by
// the script beside it): two scalings of the weights, static and with modulated synapses, 5 seeds of 10 s on
// each side. Networks and noise are drawn independently, so means differ by chance: 5 standard errors of the
// difference; with 5 + 5 runs one of the 16 comparisons exceeds that by chance in about 2% of choices of
// seeds where variances are equal, in up to 11% where one side hardly varies.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "network/network.hpp"

namespace labile {
namespace {
using Json = nlohmann::json;

Setting is(double v) {
  return {Value(v), {}};
}
NetworkSpec reduced_b2(const Json& n, bool modulated) {
  NetworkSpec s;
  s.dt_ms = 0.1;
  for (const auto& [name, size] : {std::pair{"E", 1000}, std::pair{"I", 250}}) {
    PopulationSpec p;
    p.name = name;
    p.model = "lif_exp";
    p.size = size;
    p.params = {{"C_m", is(250)}, {"tau_m", is(20)}, {"E_L", is(0)},        {"V_reset", is(0)},
                {"V_th", is(20)}, {"t_ref", is(2)},  {"tau_syn_ex", is(2)}, {"tau_syn_in", is(2)}};
    p.initial.push_back({"V", {Distribution::Kind::uniform, 0, 20}, {}});
    p.background.push_back({n["external_hz"], n["w_external_pa"], "AMPA", {}});
    s.populations.push_back(p);
  }
  PopulationSpec da;
  da.name = "VTA";
  da.model = "poisson";
  da.size = 50;
  da.params = {{"rate", is(5)}};
  s.populations.push_back(da);
  FieldSpec f;
  f.name = "dopamine";
  f.tau_ms = 200;
  f.quantum = 0.02;
  f.sources = {"VTA"};
  s.fields.push_back(f);
  s.gates.push_back({"surprise", "dopamine - 1", {}});
  const double we = n["w_e_pa"], wi = n["w_i_pa"];
  for (const char* source : {"E", "I"})
    for (const char* target : {"E", "I"}) {
      const bool excitatory = *source == 'E';
      ProjectionSpec p;
      p.source = source;
      p.target = target;
      p.port = excitatory ? "AMPA" : "GABA_A";
      p.connect.kind = ConnectivitySpec::Kind::fixed_indegree;
      p.connect.degree = excitatory ? 100 : 25;
      p.weight = {Distribution::Kind::constant, excitatory ? we : wi};
      p.delay_ms = {Distribution::Kind::constant, 1.5};
      if (modulated && excitatory && *target == 'E') {
        p.rule = "three_factor_stdp";
        p.gate = "surprise";
        p.params = {{"A_plus", is(0.01)}, {"A_minus", is(0.0105)}, {"eta", is(0.01)}, {"w_max", is(2 * we)}};
      }
      s.projections.push_back(p);
    }
  return s;
}

struct Statistics {
  double rate = 0, cv = 0;
};
/// As the oracle defines them: CV is the mean over neurons with at least 5 spikes of SD (ddof 0) / mean of
/// intervals.
Statistics statistics(const std::vector<std::vector<Step>>& spikes, double seconds) {
  Statistics r;
  int counted = 0;
  double total = 0;
  for (const auto& t : spikes) {
    total += static_cast<double>(t.size());
    if (t.size() < 5) continue;
    double mean = 0, square = 0;
    const auto n = static_cast<double>(t.size() - 1);
    for (std::size_t i = 1; i < t.size(); ++i) mean += static_cast<double>(t[i] - t[i - 1]) / n;
    for (std::size_t i = 1; i < t.size(); ++i)
      square += std::pow(static_cast<double>(t[i] - t[i - 1]) - mean, 2) / n;
    r.cv += std::sqrt(square) / mean;
    ++counted;
  }
  r.rate = total / (static_cast<double>(spikes.size()) * seconds);
  r.cv /= counted;
  return r;
}

TEST(Brian2, AgreesOnRatesAndIrregularityOfAReducedNetwork) {
  std::ifstream in(LABILE_SOURCE_DIR "/tests/oracles/brian2_network.json");
  const Json oracle = Json::parse(in);
  const double warm_up_ms = 1000 * oracle["warm_up_s"].get<double>(), seconds = oracle["seconds"];
  for (const char* name : {"full_mean", "full_variance"})
    for (const char* variant : {"static", "modulated"}) {
      const Json& n = oracle["networks"][name];
      constexpr int kSeeds = 5;
      std::map<std::string, std::vector<double>> found;
      for (int seed = 1; seed <= kSeeds; ++seed) {
        Network net(reduced_b2(n, variant[0] == 'm'), static_cast<std::uint64_t>(seed));
        std::vector<std::vector<Step>> spikes[2] = {std::vector<std::vector<Step>>(1000),
                                                    std::vector<std::vector<Step>>(250)};
        net.run(warm_up_ms);
        for (int p = 0; p < 2; ++p)
          net.watch_spikes(p, [&, p](std::span<const Network::Spike> s) {
            for (const auto& x : s) spikes[p][x.id].push_back(x.step);
          });
        net.run(1000 * seconds);
        const Statistics e = statistics(spikes[0], seconds), i = statistics(spikes[1], seconds);
        found["rate_e_hz"].push_back(e.rate);
        found["rate_i_hz"].push_back(i.rate);
        found["cv_e"].push_back(e.cv);
        found["cv_i"].push_back(i.cv);
      }
      for (const auto& [key, values] : found) {
        double mean = 0, square = 0;
        for (const double v : values) mean += v / kSeeds;
        for (const double v : values) square += std::pow(v - mean, 2) / (kSeeds - 1);
        const double theirs = n[variant]["mean"][key], sd = n[variant]["sd"][key];
        const double error = std::sqrt((square + sd * sd) / kSeeds);
        EXPECT_NEAR(mean, theirs, 5 * error) << name << " " << variant << " " << key;
        RecordProperty(std::string(name) + "." + variant + "." + key,
                       std::to_string((mean - theirs) / error));
        std::printf("%-14s %-10s %-10s %.4f, Brian2 %.4f: %+.1f standard errors\n", name, variant,
                    key.c_str(), mean, theirs, (mean - theirs) / error);
      }
    }
}
}  // namespace
}  // namespace labile
