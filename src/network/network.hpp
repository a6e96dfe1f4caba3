/// A network built and run: the circuit engine's public face inside src/.
///
/// A run is a pure function of spec and seed: the same bits for any number of threads, any exchange interval,
/// any splitting of run_until, recorders on or off, any number of ranks.
///
/// Over ranks each holds a part of every population with the synapses onto it; all ranks build the same network and
/// call the same functions in the same order, and get the same answers.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "network/spec.hpp"
#include "network/time.hpp"
#include "pharmacology/treatment.hpp"

namespace labile {

class Ranks;

/// How to run, which never changes a bit.
struct Execution {
  int threads = 1;
  int exchange_steps = 0;  // 0 = as long as delays, release and tau_e allow
  bool wide = true;        // use AVX-512 where the machine has it
  bool timed = false;      // timing() is kept
  Ranks* ranks = nullptr;  // that hold the network together; null = this process alone
};

/// One synapse as readers see it. `w` in the port's unit, `e` the eligibility (0 for rules without).
struct SynapseState {
  int source, target;
  double delay_ms;
  double w, e;
};

struct MemoryUse {
  std::size_t synapse_bytes = 0, plastic_bytes = 0,
              total_bytes = 0;  // plastic: all that plastic synapses need
  std::size_t synapses = 0, plastic_synapses = 0;
};

class Network {
 public:
  /// Builds in parallel. Throws Error for anything the spec has wrong, and when more memory is needed than
  /// there is, before allocating it.
  Network(const NetworkSpec& spec, std::uint64_t seed, Execution execution = {});
  ~Network();
  /// Throws what building would throw of this spec, but for what only drawing the synapses shows (a
  /// projection that happens to have none). Fast, but lists are read and fixed out-degrees drawn.
  static void check(const NetworkSpec& spec);
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  [[nodiscard]] double dt_ms() const;
  [[nodiscard]] Step now() const;  // steps done; time is now() * dt
  [[nodiscard]] double now_ms() const;
  /// Runs until `step` steps are done. Throws Error when a state has stopped being finite (model, variable,
  /// index, time), at the end of the call at the latest.
  void run_until(Step step);
  void run(double ms);

  /// Ids, by name; throw Error with the nearest known name.
  [[nodiscard]] int population(std::string_view name) const;
  [[nodiscard]] int projection(std::string_view name) const;
  [[nodiscard]] int field(std::string_view name) const;
  [[nodiscard]] int gate(std::string_view name) const;
  [[nodiscard]] int size(int population) const;
  [[nodiscard]] const NetworkSpec& spec() const;

  // What a closed loop may do between two runs; holds from the next step on.
  /// Rate of a "poisson" population: one value for all or one each.
  void set_rate(int population, std::span<const double> hz);
  /// Extra current into each neuron until set again: one value for all or one each.
  void set_current(int population, std::span<const double> pA);
  /// Adds to a field at the coming step boundary.
  void add_to_field(int field, double amount);
  /// Holds a field at a value until `release_field`.
  void clamp_field(int field, double value);
  void release_field(int field);
  /// Silences units of a population (a lesion): they emit no spikes from now on. index < size.
  void silence(int population, std::span<const int> units);
  /// Doses that are there from now on, chronic ones first, as give() orders them; before the first step, modulators start in the steady state with them and
  /// with what silence() and lose_terminals() took. Throws Error as give() does, and when the network has no modulators in regions.
  void treat(const Treatment& doses);
  /// The transporters on the terminals of a nucleus's silenced units are lost with them. Throws Error when the population is no nucleus, its terminals carry
  /// none, or nothing would clear a modulator any more.
  void lose_terminals(int population);
  /// Sets every eligibility of a projection to zero at the present time. Weights are settled as by an
  /// arrival: bounded, and with soft bounds their factor is taken anew.
  void clear_eligibility(int projection);

  // What may be read at any time; never changes a bit.
  /// Spikes of each neuron since the start. O(1) whatever the history.
  [[nodiscard]] std::span<const std::uint64_t> counts(int population) const;
  [[nodiscard]] std::uint64_t total_spikes(int population) const;
  [[nodiscard]] double field_value(int field) const;
  [[nodiscard]] double gate_value(int gate) const;
  /// "DA.striatum" (µM) or "D1.striatum" (0 to 1). Throws Error with the nearest known name.
  [[nodiscard]] double modulation_value(std::string_view name) const;
  /// A state variable of some neurons, in the model's unit.
  void read_state(int population, std::string_view variable, std::span<const int> units,
                  std::span<double> out) const;
  /// All synapses of a projection, or those of one source (ordered by source, delay, target).
  [[nodiscard]] std::vector<SynapseState> synapses(int projection, int source = -1) const;
  /// Number of synapses of a projection.
  [[nodiscard]] std::size_t synapse_count(int projection) const;
  /// Synapses that lie side by side in a chunk of its rows, 8 or 16, which decides the loop that visits them.
  [[nodiscard]] int lanes(int projection) const;
  /// Mean, spread and range of a projection's weights now.
  struct WeightSummary {
    std::size_t n = 0;
    double mean = 0, sd = 0, min = 0, max = 0;
  };
  [[nodiscard]] WeightSummary weight_summary(int projection) const;
  /// Sets the weight of the synapses source -> target (all multapses) now. Throws when there is none.
  void set_weight(int projection, int source, int target, double w);

  /// Called for each window [first, last] of steps with the spikes of a watched population, in (step, id)
  /// order.
  struct Spike {
    Step step;
    std::uint32_t id;
  };
  using SpikeSink = std::function<void(std::span<const Spike>)>;
  void watch_spikes(int population, SpikeSink sink);

  /// Writes the whole state into an existing folder: one file a rank, part_0_of_4.h5 and so on. `identity` is what a
  /// network that takes it up must have in common with this one: name and text. Throws Error (file, reason).
  using Identity = std::vector<std::pair<std::string, std::string>>;
  void save(const std::filesystem::path& folder, const Identity& identity) const;
  /// Takes up a state that a network of the same spec and seed saved, at any number of ranks and threads; what was set
  /// or watched before is kept only where it is no part of the state. Throws Error where the checkpoint is of
  /// something else (what differs), a part is missing or damaged.
  void load(const std::filesystem::path& folder, const Identity& identity);

  /// Wall time of this rank so far, s, where Execution asks for it: in the units that it holds, in what every rank does
  /// alike (modulators, clocks of synapses), in exchanging spikes and waiting for others; and what it sent.
  struct Timing {
    double units_s = 0, shared_s = 0, exchange_s = 0;
    std::uint64_t windows = 0, bytes = 0;
  };
  [[nodiscard]] const Timing& timing() const;

  [[nodiscard]] MemoryUse memory() const;
  [[nodiscard]] int exchange_steps() const;
  /// Synaptic events since the start: deliveries of one spike to one synapse.
  [[nodiscard]] std::uint64_t events() const;
  [[nodiscard]] std::uint64_t plastic_events() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What the network would need, from the spec alone (expected numbers for random connectivity).
[[nodiscard]] MemoryUse estimate_memory(const NetworkSpec& spec);

}  // namespace labile
