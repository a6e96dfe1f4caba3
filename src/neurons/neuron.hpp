/// The seam of neuron models: a block of neurons of one model, advanced one step by one virtual call.
///
/// Time: the step from t_{n-1} to t_n first advances the state with what it held and with the current of that
/// step, then adds what arrived at t_n (`port`), then tests the threshold on the advanced membrane potential;
/// a spike of step n is a spike at t_n. So an input that arrives at t_n acts on the potential from t_n on,
/// never before. One kind of input is different: at ports of unit "1" weights are input to this one step, as
/// published codes of such models (izhikevich) have it; they act during the step at whose end they arrive.
///
/// A refractory time is a count of whole steps during which V is held at its reset value; input goes on
/// arriving meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "contract/task.hpp"
#include "core/params.hpp"

namespace labile {

struct StateInfo {
  std::string name, unit;
  double standard;  // starting value with the default parameters; make() starts at that of the given ones
};
struct PortInfo {
  std::string name, unit;  // unit of a weight at that port: pA, nS or 1 (see Time)
};
/// A parameter that receptors may change each step.
struct DrivenInfo {
  std::string name, unit, about;
  double standard;
  std::string heeded_if = "", is = "";  // only neurons with this text parameter heed it; "" = all
};

/// What a step gets. Arrays have `padded()` entries (a multiple of 16); those beyond size() are ignored.
struct StepInput {
  std::span<float* const>
      port;  // [ports] summed weights arriving at the end of this step; set to 0 by the block
  const float* current = nullptr;  // extra current during this step, pA or the port's 1; null = none
  std::span<const double> driven;  // [driven parameters] in the entry's order; empty = as in the last step
};

class NeuronBlock {
 public:
  virtual ~NeuronBlock() = default;
  [[nodiscard]] virtual int size() const = 0;
  [[nodiscard]] int padded() const { return (size() + 15) / 16 * 16; }
  /// Advances one step and appends the neurons that fired, in ascending order.
  virtual void step(const StepInput& in, std::vector<std::uint16_t>& spikes) noexcept = 0;
  /// State variable `variable` (in the entry's order) of neuron i.
  [[nodiscard]] virtual double get(int variable, int i) const = 0;
  virtual void set(int variable, int i, double value) = 0;
  /// The same as it is kept, for checkpoints: get() adds what models take off.
  [[nodiscard]] virtual double kept(int variable, int i) const = 0;
  virtual void restore(int variable, int i, double value) = 0;
  /// The first neuron with a state that is not finite, or -1.
  [[nodiscard]] virtual int first_not_finite() const noexcept = 0;
  /// Bytes of state.
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// One line of src/neurons/catalogue.def.
struct NeuronEntry {
  Info info;
  std::vector<ParamInfo> params;
  std::vector<StateInfo> state;  // the membrane potential first, called "V"
  std::vector<PortInfo> ports;
  std::vector<DrivenInfo> driven;
  int order;  // of convergence in dt; 0 = exact on the grid
  /// Throws Error when settings are wrong.
  std::unique_ptr<NeuronBlock> (*make)(const Settings&, double dt_ms, int size);
};

}  // namespace labile
