/// Runs the network of a card and prints what became of it as one number each: spikes, weights, states. The test that
/// starts it over different ranks and threads (test_network_ranks.py) compares the lines.
///
/// Usage: network_digest CARD THREADS MS [key=value ...]
///   save=FOLDER at=MS   saves the state at that time and stops there
///   load=FOLDER         goes on from there
///   since=MS            spikes after that time only
#include <fmt/format.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>

#include "core/output_file.hpp"
#include "core/ranks.hpp"
#include "network/network.hpp"
#include "neurons/catalogue.hpp"
#include "run/network_card.hpp"

namespace {
using namespace labile;

/// FNV-1a over 64-bit words.
struct Digest {
  std::uint64_t value = 14695981039346656037U;
  void operator()(std::uint64_t x) { value = (value ^ x) * 1099511628211U; }
  void operator()(double x) { (*this)(std::bit_cast<std::uint64_t>(x)); }
};

int run(int argc, char** argv) {
  Ranks& ranks = Ranks::world();
  const std::filesystem::path file = argv[1];
  std::vector<Override> overrides;
  std::map<std::string, std::string> own{{"save", ""}, {"at", ""}, {"load", ""}, {"since", "0"}};
  for (int i = 4; i < argc; ++i) {
    const std::string s = argv[i], key = s.substr(0, s.find('=')), value = s.substr(s.find('=') + 1);
    if (own.contains(key))
      own[key] = value;
    else
      overrides.push_back({key, value});
  }
  const NetworkCard card = parse_network_card(read_file(file), file.string(), file.parent_path(), overrides);
  const NetworkSpec& spec = card.conditions.front().network;
  Network net(spec, card.seed, {.threads = std::atoi(argv[2]), .ranks = &ranks});
  Digest spikes;
  for (std::size_t p = 0; p < spec.populations.size(); ++p)
    net.watch_spikes(static_cast<int>(p), [&](std::span<const Network::Spike> s) {
      for (const auto& x : s) {
        if (x.step <= steps_of(std::stod(own["since"]), spec.dt_ms)) continue;
        spikes(static_cast<std::uint64_t>(x.step));
        spikes(std::uint64_t{x.id});
      }
    });
  const Network::Identity identity{{"card", card_hash(card)}};
  if (!own["load"].empty()) net.load(own["load"], identity);
  if (!own["save"].empty()) {
    net.run_until(steps_of(std::stod(own["at"]), spec.dt_ms));
    net.save(own["save"], identity);
    return 0;
  }
  net.run_until(steps_of(std::atof(argv[3]), spec.dt_ms));
  const auto say = [&](const std::string& what, std::uint64_t value) {
    if (ranks.first()) fmt::print("{} {:016x}\n", what, value);
  };
  say("spikes", spikes.value);
  for (std::size_t p = 0; p < spec.populations.size(); ++p) {
    const int id = static_cast<int>(p);
    if (ranks.first()) fmt::print("{} fired {}\n", spec.populations[p].name, net.total_spikes(id));
    const NeuronEntry* model = nullptr;
    for (const auto& e : all_neurons())
      if (e.info.name == spec.populations[p].model) model = &e;
    if (!model) continue;
    std::vector<int> all(static_cast<std::size_t>(net.size(id)));
    std::iota(all.begin(), all.end(), 0);
    for (const auto& variable : model->state) {
      std::vector<double> x(all.size());
      net.read_state(id, variable.name, all, x);
      Digest d;
      for (const double v : x) d(v);
      say(spec.populations[p].name + " " + variable.name, d.value);
    }
  }
  for (std::size_t p = 0; p < spec.projections.size(); ++p) {
    const int id = static_cast<int>(p);
    const std::string name = net.spec().projections[p].name;
    Digest d;
    for (const auto& s : net.synapses(id)) {
      d(std::uint64_t(s.source) << 32 | std::uint64_t(s.target));
      d(s.delay_ms);
      d(s.w);
      d(s.e);
    }
    say(name, d.value);
    const auto w = net.weight_summary(id);
    Digest m;
    for (const double x : {static_cast<double>(w.n), w.mean, w.sd, w.min, w.max}) m(x);
    say(name + " summary", m.value);
    if (ranks.first()) fmt::print("{} mean {:.17g} sd {:.17g}\n", name, w.mean, w.sd);
  }
  for (std::size_t f = 0; f < spec.fields.size(); ++f)
    say(spec.fields[f].name, std::bit_cast<std::uint64_t>(net.field_value(static_cast<int>(f))));
  for (std::size_t g = 0; g < spec.gates.size(); ++g)
    say(spec.gates[g].name, std::bit_cast<std::uint64_t>(net.gate_value(static_cast<int>(g))));
  for (const RecordSpec& r : card.records)
    if (r.kind == RecordSpec::Kind::modulation)
      say(r.target, std::bit_cast<std::uint64_t>(net.modulation_value(r.target)));
  if (ranks.first()) fmt::print("events {} plastic {}\n", net.events(), net.plastic_events());
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
