/// The network's parts and the serial half of its step. Private to src/network.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/ranks.hpp"
#include "modulators/field.hpp"
#include "modulators/gate_text.hpp"
#include "modulators/linear_step.hpp"
#include "network/network.hpp"
#include "network/partition.hpp"
#include "network/regional_modulation.hpp"
#include "network/sources.hpp"
#include "network/unit.hpp"
#include "network/worker_pool.hpp"

namespace labile {

struct Network::Impl {
  /// Without synapses it can only be thrown away: everything but them is checked.
  Impl(const NetworkSpec& spec, std::uint64_t seed, Execution execution, bool synapses = true);

  // build.cpp
  void check_and_name();
  void make_fields();
  void make_gates();
  void make_populations();
  void make_projections();
  void choose_window();
  void make_drives();
  void check_memory() const;
  void make_units();
  void build_synapses();
  void count_synapses();
  void set_initial_states();

  // step.cpp
  void run_until(Step target);
  void advance_modulators(Step from, Step to);
  void exchange(Step from, Step to);
  void keep(Archive& a);  // state.cpp: what all ranks know alike
  void log_spikes(Step from, Step to);
  void gather_spikes(Step from, Step to);
  void advance_units(const std::function<void(int)>& work);
  /// Keeps in `failure` that a state has stopped being finite.
  void note_bad();
  /// Of silenced units that release a modulator: what is lost with them. False when the population is no nucleus.
  bool tell_nuclei(const Population& p, bool uptake);

  /// A projection's synapses in one block, for readers.
  struct Place {
    const NeuronUnit* unit;
    const NeuronUnit::Incoming* incoming;
  };
  [[nodiscard]] std::vector<Place> places(int projection) const;
  /// The synapses of one source with one delay there.
  struct Row {
    const Place& place;
    std::uint32_t source;
    double delay_ms;
    PlasticClock::Reading now;  // event and sweep clocks
  };
  /// Weight (not bounded since the last visit) and eligibility of one lane now.
  struct Lane {
    double w, e;
    [[nodiscard]] double bounded(const Projection& p) const {
      return p.clock ? std::clamp(w, p.clock->rule().w_min, p.clock->rule().w_max) : w;
    }
  };
  [[nodiscard]] Lane decode(const Row& row, std::uint32_t chunk, int lane) const;
  /// What its target's spikes have added to it since the last visit, before soft bounds' factor.
  [[nodiscard]] double pending(const Row& row, std::uint32_t chunk, int lane) const;
  /// Makes w its weight, whatever has collected since the last visit.
  void store(const Row& row, std::uint32_t chunk, int lane, double w) const;
  /// Calls f(row, chunk, lane, target) for the synapses of a source.
  template <class F>
  void each_synapse(const Place& place, std::uint32_t source, F&& f) const {
    const Bundle& b = *place.incoming->bundle;
    const Projection& p = *place.incoming->projection;
    const auto delays = p.connector->delays();
    for (std::size_t k = 0; k < delays.size(); ++k) {
      const Bundle::Row at = b.row(source, k);
      if (at.chunks == 0) continue;
      Row row{place, source, delays[k] * spec.dt_ms, {}};
      if (place.incoming->sums) row.now = p.clock->reading(source, delays[k], now);
      for (std::uint32_t c = at.begin; c < at.begin + at.chunks; ++c)
        for (int lane = 0; lane < b.shape().lanes; ++lane)
          if (const int t = b.target(c, lane); t >= 0) f(row, c, lane, t);
    }
  }

  NetworkSpec spec;
  std::uint64_t seed;
  Execution execution;
  Ranks& ranks;
  Partition partition;
  std::string failure;                  // of this rank alone, for all to hear
  bool stop = false;                    // some rank was asked to
  std::vector<std::uint32_t> outgoing;  // to other ranks
  Timing timing;
  std::chrono::steady_clock::time_point last_stamp;
  /// Adds the time since the last call.
  void stamp(double& seconds) {
    if (!execution.timed) return;
    const auto now_time = std::chrono::steady_clock::now();
    seconds += std::chrono::duration<double>(now_time - last_stamp).count();
    last_stamp = now_time;
  }
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
  };
  std::vector<FieldState> fields;
  std::optional<RegionalModulation> regional;
  /// Names of what gates may use, in the order of `values`: fields, then what is heard of `regional`.
  [[nodiscard]] std::vector<std::string> value_names() const;
  std::vector<double> values;  // one limit of each
  struct GateState {
    const GateSpec* spec;
    GateText text;
    bool jumps;                        // uses what changes at once: both limits are worked out
    std::optional<LinearStep> slow;    // of the baseline
    double baseline = 0, formula = 0;  // now, the second without the first
    std::vector<double> left, right;   // [step & mask]
  };
  std::vector<GateState> gates;
  Step gate_mask = 0;
  struct Drive {
    int population;
    std::vector<std::optional<GateText>> text;  // [driven parameter]
  };
  std::vector<Drive> drives;
  std::vector<double> drive_values;  // scratch: values, then gates

  struct Watch {
    int population;
    SpikeSink sink;
    std::vector<Spike> spikes;
  };
  std::vector<Watch> watches;
  std::uint64_t events = 0, plastic_events = 0;

  void look_right();  // values after what arrived at the present step
  [[nodiscard]] double value_of(const GateState& g, Step n) const;
  void evaluate_left(Step n);
  void evaluate_right(Step n);
  Step run_from = 0, run_to = 0;  // the present window
};

// Inline: readers call them for every synapse.
inline double Network::Impl::pending(const Row& row, std::uint32_t chunk, int lane) const {
  const Bundle& b = *row.place.incoming->bundle;
  const auto sums = row.place.incoming->sums->sums(row.now.frame, b.target(chunk, lane));
  const double e = b.shape().gated ? static_cast<double>(b.e(chunk)[lane]) : 0;
  return row.now.w_per_e * e +
         (row.now.w_per_A * static_cast<double>(sums.A) + row.now.w_per_B * static_cast<double>(sums.B));
}

inline Network::Impl::Lane Network::Impl::decode(const Row& row, std::uint32_t chunk, int lane) const {
  const Projection& p = *row.place.incoming->projection;
  const Bundle& b = *row.place.incoming->bundle;
  const double w0 = p.shape.own ? static_cast<double>(b.w0(chunk)[lane]) : static_cast<double>(p.fixed.w0);
  if (!p.clock) return {w0, 0};
  const double stored = static_cast<double>(b.dw(chunk)[lane]);
  double e = p.shape.gated ? static_cast<double>(b.e(chunk)[lane]) : 0;
  if (row.place.incoming->dense) return {w0 + stored, e};
  double change = pending(row, chunk, lane);
  if (p.shape.soft) {
    const double total = change + static_cast<double>(b.z(chunk)[lane]);
    const RuleForm& rule = p.clock->rule();
    change = total * (total > 0 ? rule.w_max - (w0 + stored) : w0 + stored - rule.w_min);
  }
  if (p.shape.gated) {
    const auto sums = row.place.incoming->sums->sums(row.now.frame, b.target(chunk, lane));
    e = row.now.decay * e + row.now.e_per_A * static_cast<double>(sums.A);
  }
  return {w0 + stored + change, e};
}

}  // namespace labile
