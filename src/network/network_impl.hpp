/// The network's parts and the serial half of its step. Private to src/network.
#pragma once

#include <algorithm>
#include <optional>

#include "modulators/field.hpp"
#include "modulators/gate_text.hpp"
#include "network/network.hpp"
#include "network/sources.hpp"
#include "network/unit.hpp"
#include "network/worker_pool.hpp"

namespace labile {

struct Network::Impl {
  Impl(const NetworkSpec& spec, std::uint64_t seed, Execution execution);

  // build.cpp
  void check_and_name();
  void make_fields();
  void make_populations();
  void make_projections();
  void choose_window();
  void make_drives();
  void check_memory() const;
  void make_units();
  void build_synapses();
  void set_initial_states();

  // step.cpp
  void run_until(Step target);
  void advance_modulators(Step from, Step to);
  void exchange(Step from, Step to);
  void throw_if_bad() const;

  /// A projection's synapses in one block, for readers.
  struct Place {
    const NeuronUnit* unit;
    const NeuronUnit::Incoming* incoming;
  };
  [[nodiscard]] std::vector<Place> places(int projection) const;
  /// Weight (not bounded since the last visit) and eligibility of one lane now.
  struct Lane {
    double w, e;
    [[nodiscard]] double bounded(const Projection& p) const {
      return p.clock ? std::clamp(w, p.clock->rule().w_min, p.clock->rule().w_max) : w;
    }
  };
  /// Makes w its weight, whatever has collected since the last visit.
  void store(const Place& place, std::uint32_t source, std::size_t k, std::uint32_t chunk, int lane,
             double w) const;
  [[nodiscard]] Lane decode(const Place& place, std::uint32_t source, std::size_t k, std::uint32_t chunk,
                            int lane) const;
  /// Calls f(place, source, delay class, chunk, lane, target) for the synapses of a source.
  template <class F>
  void each_synapse(const Place& place, std::uint32_t source, F&& f) const {
    const Bundle& b = *place.incoming->bundle;
    const auto delays = place.incoming->projection->connector->delays();
    for (std::size_t k = 0; k < delays.size(); ++k) {
      const Bundle::Row row = b.row(source, k);
      for (std::uint32_t c = row.begin; c < row.begin + row.chunks; ++c)
        for (int lane = 0; lane < b.shape().lanes; ++lane)
          if (const int t = b.target(c, lane); t >= 0) f(place, source, k, c, lane, t);
    }
  }

  NetworkSpec spec;
  std::uint64_t seed;
  Execution execution;
  Step now = 0, window = 1, min_delay = 1;
  std::vector<Population> populations;
  std::vector<Projection> projections;
  std::vector<std::vector<std::uint32_t>> out_degree;  // [projection][source]
  std::vector<std::unique_ptr<Unit>> units;
  WorkerPool pool;

  struct FieldState {
    const FieldSpec* spec;
    ModulatorField field;
    std::vector<int> sources;
    Step release_delay = 1;
    std::vector<std::pair<Step, double>> pulses;  // sorted
    std::size_t next_pulse = 0;
    double added = 0;  // from outside, at the present step
  };
  std::vector<FieldState> fields;
  std::vector<double> field_values;  // scratch: one limit of each
  struct GateState {
    const GateSpec* spec;
    GateText text;
    std::vector<double> left, right;  // [step & mask]
  };
  std::vector<GateState> gates;
  Step gate_mask = 0;
  struct Drive {
    int population;
    std::vector<std::optional<GateText>> text;  // [driven parameter]
  };
  std::vector<Drive> drives;
  std::vector<double> drive_values;  // scratch: fields, then gates

  struct Watch {
    int population;
    SpikeSink sink;
    std::vector<Spike> spikes;
  };
  std::vector<Watch> watches;
  std::uint64_t events = 0, plastic_events = 0;

  void evaluate_gates(bool right, Step n);
  Step run_from = 0, run_to = 0;  // the present window
};

}  // namespace labile
