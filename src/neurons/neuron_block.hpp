/// Block<Model>: the loop, the storage and the spike list of every neuron model, written once.
///
/// A model is a struct that holds its equations and nothing else:
///
///   static constexpr Info info;
///   using Real = float | double;                    // precision of state and arithmetic
///   struct Params;  static std::vector<Field<Params>> table();
///   static std::vector<StateInfo> state();          // names and units in State's order, V first; the
///                                                   // starting values come from start()
///   static std::vector<PortInfo> ports();  static std::vector<DrivenInfo> driven();
///   static constexpr int kPorts, kOrder;
///   template <class T> struct Constants;            // members of type T only
///   static Constants<double> derive(const Params&, double dt_ms, const double* driven);
///   template <class V> struct State;                // members of type V only
///   static State<double> start(const Params&);      // as readers see it
///   template <class V> static Mask<V> step(State<V>&, const Constants<V>&, const Input<V, kPorts>&);
///
/// and, where it needs them,
///   static void check(const Params&, const Settings&);                 // throws Error
///   static double origin(const Params&, int variable);                 // stored = seen - origin
///   static constexpr double kMaxDt;                                    // ms; larger steps are refused
///
/// step() may not branch on state. It advances from t_{n-1} to t_n with the state and the current of that
/// step, then adds the arrivals at t_n, then tests the threshold, resets, and returns who fired.
/// derive() runs again whenever a driven parameter has changed; no driven values given = keep the last.
///
/// Storage: groups of as many neurons as a vector has lanes; in a group one vector a variable, so a step is
/// a single stream through memory. No lane sees another: results do not depend on how a population is cut.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>

#include "core/float8.hpp"
#include "neurons/neuron.hpp"

namespace labile {

/// What one group of neurons gets in a step.
template <class V, int kPorts>
struct Input {
  V port[kPorts];  // arrivals at the end of the step
  V current;       // pA, constant during the step
};

/// Where a parameter was written, for messages about several parameters at once.
inline Where where_of(const Settings& given, std::string_view name) {
  const auto it = given.find(name);
  return it == given.end() ? Where{} : it->second.where;
}

/// Refuses lo >= hi of two parameters that must be in that order.
inline void require_below(const Settings& given, const char* lo_name, double lo, const char* hi_name,
                          double hi) {
  if (lo < hi) return;
  const bool blame_lo = given.contains(lo_name);
  throw Error(where_of(given, blame_lo ? lo_name : hi_name),
              fmt::format("{} = {} must lie below {} = {}", lo_name, lo, hi_name, hi));
}

/// Whole steps in a refractory time, to the nearest.
inline double steps_in(double time_ms, double dt_ms) {
  return std::floor(time_ms / dt_ms + 0.5);
}

/// The members of S, all of type T, as an array.
template <class S, class T>
using AsArray = std::array<T, sizeof(S) / sizeof(T)>;

template <class Model>
class Block final : public NeuronBlock {
  using Real = typename Model::Real;
  using V = std::conditional_t<std::is_same_v<Real, float>, Float8, Vec>;
  using State = typename Model::template State<V>;
  using Constants = typename Model::template Constants<V>;
  using RealConstants = typename Model::template Constants<double>;
  static constexpr int kLanes = Lanes<V>::width, kAtOnce = 16, kGroups = kAtOnce / kLanes;

 public:
  static constexpr int kVariables = sizeof(State) / sizeof(V);
  static constexpr int kMaxSize = 65536;  // indices are 16 bits

  Block(const typename Model::Params& params, double dt_ms, int size)
      : params_(params), dt_ms_(dt_ms), size_(size), constants_{} {
    if (size < 0 || size > kMaxSize)
      throw Bug(
          fmt::format("a block of {} '{}' neurons: it holds 0 to {}", size, Model::info.name, kMaxSize));
    states_ = static_cast<State*>(::operator new[](groups() * sizeof(State), kAlignment));
    const auto start =
        std::bit_cast<AsArray<typename Model::template State<double>, double>>(Model::start(params));
    for (int variable = 0; variable < kVariables; ++variable)
      for (int i = 0; i < padded(); ++i) at(variable, i) = stored(variable, start[variable]);
    for (const auto& d : Model::driven()) driven_.push_back(d.standard);
    set_constants();
  }
  ~Block() override { ::operator delete[](states_, kAlignment); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  [[nodiscard]] int size() const override { return size_; }

  void step(const StepInput& in, std::vector<std::uint16_t>& spikes) noexcept override {
    if (!in.driven.empty() &&
        std::memcmp(driven_.data(), in.driven.data(), driven_.size() * sizeof(double)) != 0) {
      std::copy(in.driven.begin(), in.driven.end(), driven_.begin());
      set_constants();
    }
    std::array<float*, Model::kPorts> port;
    for (int p = 0; p < Model::kPorts; ++p) port[p] = in.port[p];
    if (in.current)
      advance<true>(port, in.current, spikes);
    else
      advance<false>(port, nullptr, spikes);
  }

  [[nodiscard]] double get(int variable, int i) const override {
    return static_cast<double>(at(variable, i)) + origin(variable);
  }
  void set(int variable, int i, double value) override { at(variable, i) = stored(variable, value); }

  [[nodiscard]] double kept(int variable, int i) const override {
    return static_cast<double>(at(variable, i));
  }
  void restore(int variable, int i, double value) override { at(variable, i) = static_cast<Real>(value); }

  [[nodiscard]] int first_not_finite() const noexcept override {
    // x - x is 0 for finite x, else NaN. Padding may hold anything, so a hit is looked at closely.
    const auto* x = reinterpret_cast<const Real*>(states_);
    std::array<Real, kLanes> sum{};
    for (std::size_t k = 0; k < groups() * kVariables; ++k)
      for (int lane = 0; lane < kLanes; ++lane) sum[lane] += x[k * kLanes + lane] - x[k * kLanes + lane];
    if (std::all_of(sum.begin(), sum.end(), [](Real d) { return d == 0; })) return -1;
    for (int i = 0; i < size_; ++i)
      for (int variable = 0; variable < kVariables; ++variable)
        if (!std::isfinite(at(variable, i))) return i;
    return -1;
  }
  [[nodiscard]] std::size_t bytes() const override { return groups() * sizeof(State); }

 private:
  static constexpr std::align_val_t kAlignment{64};

  [[nodiscard]] std::size_t groups() const { return static_cast<std::size_t>(padded() / kLanes); }
  [[nodiscard]] const Real& at(int variable, int i) const {
    return reinterpret_cast<const Real*>(states_ + i / kLanes)[variable * kLanes + i % kLanes];
  }
  [[nodiscard]] Real& at(int variable, int i) {
    return reinterpret_cast<Real*>(states_ + i / kLanes)[variable * kLanes + i % kLanes];
  }
  [[nodiscard]] double origin(int variable) const {
    if constexpr (requires { Model::origin(params_, variable); }) return Model::origin(params_, variable);
    return 0;
  }
  [[nodiscard]] Real stored(int variable, double seen) const {
    return static_cast<Real>(seen - origin(variable));
  }

  void set_constants() {
    const auto exact =
        std::bit_cast<AsArray<RealConstants, double>>(Model::derive(params_, dt_ms_, driven_.data()));
    AsArray<Constants, V> wide;
    for (std::size_t k = 0; k < wide.size(); ++k) wide[k] = V(static_cast<Real>(exact[k]));
    constants_ = std::bit_cast<Constants>(wide);
  }

  /// Sixteen neurons from `first` on: bit i of the result says that neuron first + i fired.
  template <bool kCurrent>
  static unsigned advance_sixteen(State* states, const Constants& constants,
                                  const std::array<float*, Model::kPorts> port, const float* current,
                                  int first) {
    unsigned fired = 0;
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) {
      const int i = first + g * kLanes;
      Input<V, Model::kPorts> in;
      for (int p = 0; p < Model::kPorts; ++p) load(port[p] + i, in.port[p]);
      in.current = V(Real(0));
      if constexpr (kCurrent) load(current + i, in.current);
      State s = states[g];
      fired |= movemask(Model::step(s, constants, in)) << (g * kLanes);
      states[g] = s;
    }
    for (int p = 0; p < Model::kPorts; ++p) {
      store(Float8(0), port[p] + first);
      store(Float8(0), port[p] + first + 8);
    }
    return fired;
  }

  static void report(unsigned fired, int first, std::vector<std::uint16_t>& spikes) {
    for (; fired; fired &= fired - 1)
      spikes.push_back(static_cast<std::uint16_t>(first + std::countr_zero(fired)));
  }

  template <bool kCurrent>
  void advance(const std::array<float*, Model::kPorts> port, const float* current,
               std::vector<std::uint16_t>& spikes) noexcept {
    const Constants constants = constants_;
    const int whole = size_ / kAtOnce * kAtOnce;
    State* states = states_;
    for (int first = 0; first < whole; first += kAtOnce, states += kGroups) {
      const unsigned fired = advance_sixteen<kCurrent>(states, constants, port, current, first);
      if (fired) [[unlikely]]
        report(fired, first, spikes);
    }
    if (whole == size_) return;
    // The last neurons: what stands in the padding is not read, and who "fires" there is not heard.
    const int rest = size_ - whole;
    float copies[Model::kPorts][kAtOnce] = {}, own_current[kAtOnce] = {};
    std::array<float*, Model::kPorts> copy;
    for (int p = 0; p < Model::kPorts; ++p) {
      copy[p] = copies[p];
      std::copy_n(port[p] + whole, rest, copies[p]);
      std::fill_n(port[p] + whole, kAtOnce, 0.0f);
    }
    if constexpr (kCurrent) std::copy_n(current + whole, rest, own_current);
    const unsigned fired = advance_sixteen<kCurrent>(states, constants, copy, own_current, 0);
    report(fired & ((1u << rest) - 1), whole, spikes);
  }

  typename Model::Params params_;
  double dt_ms_;
  int size_;
  State* states_ = nullptr;  // [padded() / kLanes], each [variable][lane]; owned
  Constants constants_;      // at driven_
  std::vector<double> driven_;
};

/// The catalogue's entry of a model.
template <class Model>
NeuronEntry neuron_entry() {
  auto state = Model::state();
  const auto start = std::bit_cast<AsArray<typename Model::template State<double>, double>>(Model::start({}));
  if (state.size() != start.size())
    throw Bug(fmt::format("'{}': state() and State differ", Model::info.name));
  for (std::size_t i = 0; i < state.size(); ++i) state[i].standard = start[i];
  return {Model::info,
          describe_params(Model::table()),
          state,
          Model::ports(),
          Model::driven(),
          Model::kOrder,
          [](const Settings& given, double dt_ms, int size) -> std::unique_ptr<NeuronBlock> {
            const auto params =
                read_params(Model::table(), given, std::string("neuron model '") + Model::info.name + "'");
            if constexpr (requires { Model::check(params, given); }) Model::check(params, given);
            if (!(dt_ms > 0 && std::isfinite(dt_ms)))
              throw Error(fmt::format("neuron model '{}': the time step {} ms must be above 0",
                                      Model::info.name, dt_ms));
            if constexpr (requires { Model::kMaxDt; })
              if (dt_ms > Model::kMaxDt)
                throw Error(fmt::format("neuron model '{}': the time step {} ms must not exceed {} ms",
                                        Model::info.name, dt_ms, Model::kMaxDt));
            return std::make_unique<Block<Model>>(params, dt_ms, size);
          }};
}

}  // namespace labile
