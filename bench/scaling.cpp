/// How a network scales over ranks: runs B2, larger or smaller, on all ranks of the launch and prints one line of numbers.
/// bench/scaling.py starts it at several numbers of ranks and sizes, and fits a model to what it says.
///
/// Usage: scaling CARD THREADS MS TIMES DEGREE   TIMES: as many neurons as the card's; DEGREE: as many synapses each, of weights
/// so much smaller
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "core/output_file.hpp"
#include "core/ranks.hpp"
#include "network/network.hpp"
#include "run/network_card.hpp"

int main(int argc, char** argv) try {
  using namespace labile;
  if (argc != 6) throw Error("scaling CARD THREADS MS TIMES DEGREE");
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
  };
  Ranks& ranks = Ranks::world();
  const std::filesystem::path file = argv[1];
  NetworkSpec spec =
      parse_network_card(read_file(file), file.string(), file.parent_path()).conditions.front().network;
  for (PopulationSpec& p : spec.populations)
    if (p.model != "poisson") p.size = static_cast<int>(p.size * std::atof(argv[4]));
  const double degree = std::atof(argv[5]);
  for (ProjectionSpec& p : spec.projections) {
    p.connect.degree = static_cast<int>(p.connect.degree * degree);
    p.weight.a /= degree;
    if (p.params.contains("w_max")) p.params.at("w_max").value = 40 / degree;
  }
  const auto build = Clock::now();
  Network net(spec, 1, {.threads = std::atoi(argv[2]), .timed = true, .ranks = &ranks});
  (void)ranks.meet(1e9);
  const double build_s = seconds(build);
  net.run(50);  // what comes first is not what lasts
  const auto before = net.timing();
  const std::uint64_t events = net.events();
  (void)ranks.meet(1e9);
  const auto start = Clock::now();
  net.run(std::atof(argv[3]));
  (void)ranks.meet(1e9);
  const double run_s = seconds(start);
  const auto& after = net.timing();
  const MemoryUse memory = net.memory();
  struct Each {
    double units_s, shared_s, exchange_s, bytes;
  };
  const auto all = ranks.gather_values(Each{after.units_s - before.units_s, after.shared_s - before.shared_s,
                                            after.exchange_s - before.exchange_s,
                                            static_cast<double>(after.bytes - before.bytes)});
  if (!ranks.first()) return 0;
  fmt::print(
      "{{\"ranks\": {}, \"threads\": {}, \"times\": {}, \"degree\": {}, \"model_s\": {}, \"build_s\": "
      "{:.4f}, \"run_s\": "
      "{:.4f}, "
      "\"windows\": {}, \"events\": {}, \"plastic_synapses\": {}, \"bytes\": {}, \"units_s\": [",
      ranks.size(), argv[2], argv[4], argv[5], std::atof(argv[3]) / 1000, build_s, run_s,
      after.windows - before.windows, net.events() - events, memory.plastic_synapses, memory.total_bytes);
  const auto list = [&](double Each::*x, const char* end) {
    for (std::size_t r = 0; r < all.size(); ++r) fmt::print("{}{:.5f}", r == 0 ? "" : ", ", all[r].*x);
    fmt::print("{}", end);
  };
  list(&Each::units_s, "], \"shared_s\": [");
  list(&Each::shared_s, "], \"exchange_s\": [");
  list(&Each::exchange_s, "], \"sent_bytes\": [");
  list(&Each::bytes, "]}\n");
  return 0;
} catch (const std::exception& e) {
  fmt::print(stderr, "scaling: {}\n", e.what());
  return 2;
}
