/// A unit of work: a block of neurons with all synapses onto them, or a group of spike sources. Units are
/// advanced a window at a time, independently of each other; what they need of others is of earlier windows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "network/background.hpp"
#include "network/bundle.hpp"
#include "network/dense_plasticity.hpp"
#include "network/post_sums.hpp"
#include "network/spike_log.hpp"
#include "neurons/neuron.hpp"

namespace labile {

/// A population as its units see it. The network owns it.
struct Population {
  const PopulationSpec* spec = nullptr;
  const NeuronEntry* neuron = nullptr;  // null: spike sources
  int index = 0, size = 0;
  bool many_delays = false;  // some projection onto it has many
  SpikeLog log;
  std::vector<std::uint64_t> counts;  // [neuron]
  std::uint64_t total = 0;
  std::vector<std::uint8_t> silent;         // [neuron], empty = none
  std::vector<float> current;               // [neuron] pA set from outside, empty = none
  std::vector<double> rate_hz;              // sources: [unit]
  std::vector<std::vector<double>> driven;  // [step & mask of the window ring][driven parameter]
  std::vector<double> step_current;         // [step & mask] pA
  Step ring_mask = 0;
};

/// A projection as units see it.
struct Projection {
  const ProjectionSpec* spec = nullptr;
  std::string name;
  int index = 0, source = 0, target = 0, port = 0, gate = -1, plus_gate = -1, minus_gate = -1;
  std::unique_ptr<Connector> connector;
  std::unique_ptr<PlasticClock> clock;  // null: static
  RuleForm rule;                        // plastic only
  bool many_delays = false;             // so many that rows are short and arrivals are collected step by step
  RowShape shape;
  VisitRow visit = nullptr;
  DeliverRow deliver = nullptr;
  RowConstants fixed;  // w0 and bounds
};

class Unit {
 public:
  Unit(Population& population, int first, int count)
      : population_(&population), first_(first), count_(count) {}
  virtual ~Unit() = default;
  /// Steps from .. to; fills spikes().
  virtual void run(Step from, Step to) = 0;
  [[nodiscard]] int first() const { return first_; }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] Population& population() const { return *population_; }
  /// Units (local numbers) that fired in the k-th step of the last window.
  [[nodiscard]] std::span<const std::uint16_t> spikes(std::size_t k) const { return out_[k]; }
  void set_window(Step steps) { out_.resize(static_cast<std::size_t>(steps)); }

 protected:
  void drop_silent(std::vector<std::uint16_t>& spikes) const;
  Population* population_;
  int first_, count_;
  std::vector<std::vector<std::uint16_t>> out_;  // [step of the window]
};

/// Neurons and their synapses.
class NeuronUnit final : public Unit {
 public:
  NeuronUnit(Population& population, int first, int count, std::unique_ptr<NeuronBlock> neurons);
  struct Incoming {
    const Projection* projection;
    const Population* source;
    std::unique_ptr<Bundle> bundle;
    std::unique_ptr<PostSums> sums;          // plastic on the event and sweep clocks
    std::unique_ptr<DensePlasticity> dense;  // plastic on the step clock
  };
  std::vector<Incoming> incoming;                      // in the order of projections
  std::vector<std::pair<int, Background>> background;  // port and what goes there
  std::unique_ptr<Noise> noise;

  void run(Step from, Step to) override;
  [[nodiscard]] NeuronBlock& neurons() const { return *neurons_; }
  [[nodiscard]] std::size_t bytes() const;
  /// Looks, after step n, for a state that is not finite.
  void look(Step n);
  /// The first step at which one was found, and whose; 0 = none.
  Step bad_step = 0;
  int bad_neuron = -1;

 private:
  struct Visit {
    std::uint32_t begin, chunks;
    const PreEvent* event;
    std::uint32_t delay;  // class
  };
  struct Arrivals {                       // of one incoming projection in one window
    std::vector<Visit> visits;            // by step
    std::vector<std::uint32_t> step_end;  // [step of the window] index into visits
  };
  void collect(const Incoming& in, Step from, Step to, Arrivals& a) const;
  void arrive(Incoming& in, const Arrivals& a, std::size_t k, Step n);

  std::unique_ptr<NeuronBlock> neurons_;
  LargeArray memory_;
  std::vector<float*> ports_;  // [port] -> [padded]
  float* current_;             // [padded]
  float* nowhere_;             // [padded] where refreshes deliver
  std::vector<Arrivals> arrivals_;
  Step looked_ = 0;
};

/// Spike sources: Poisson processes, or spikes given in the card.
class SourceUnit final : public Unit {
 public:
  SourceUnit(Population& population, int first, int count, double dt_ms, std::uint64_t seed);
  void run(Step from, Step to) override;
  /// Replays: (step, local unit), sorted; repeated every `period` steps when that is above 0.
  std::vector<std::pair<Step, std::uint16_t>> given;
  Step period = 0;
  // For checkpoints: what is kept of one unit; a process has a state, given spikes have none.
  static constexpr std::size_t kKept = 3;
  [[nodiscard]] bool has_state() const { return !next_.empty(); }
  void save(int unit, double* to) const;
  void load(int unit, const double* from);

 private:
  double dt_;
  std::uint64_t seed_;
  std::vector<double> hazard_,
      next_;  // [unit] expected spikes so far, and those at which the next spike falls
  std::vector<std::uint32_t> drawn_;  // [unit] intervals drawn
};

}  // namespace labile
