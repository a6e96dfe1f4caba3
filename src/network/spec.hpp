/// A network as a value: what a card says, and what C++ and Python build. Nothing here knows threads or
/// memory.
///
/// Units: ms, mV, pA, nS, pF, Hz. Names refer to other parts of the same spec; Network's constructor checks
/// them and throws Error at the `where` of the part that is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/params.hpp"
#include "pharmacology/formulary.hpp"
#include "pharmacology/modulator_info.hpp"

namespace labile {

/// How a number is drawn for each neuron or synapse.
struct Distribution {
  enum class Kind {
    constant,
    uniform,
    normal,
    lognormal,
    exponential,
    uniform_integer
  } kind = Kind::constant;
  double a = 0, b = 0;  // constant a | uniform [a, b) | normal mean a, sd b | lognormal mean a, sd b (of the
                        // values themselves) | exponential mean a | uniform_integer a..b, both included
  double lo = -1e300, hi = 1e300;  // draws outside are clipped
  bool operator==(const Distribution&) const = default;
  [[nodiscard]] double least() const;  // no draw lies below; -1e300 where there is no such bound
  [[nodiscard]] bool is_constant() const {
    switch (kind) {
      case Kind::constant:
        return true;
      case Kind::uniform:
      case Kind::uniform_integer:
        return a == b;
      case Kind::normal:
      case Kind::lognormal:
        return b == 0;
      case Kind::exponential:
        return false;
    }
    return false;
  }
};

/// A starting value of a state variable: "V" = uniform(0, 20).
struct InitialState {
  std::string variable;
  Distribution value;
  Where where;
};

/// Independent Poisson spikes that each neuron of a population gets for itself (no source population, no
/// delay).
struct BackgroundSpec {
  double rate_hz = 0, weight = 0;  // weight in the port's unit
  std::string port;                // "" = the model's first
  Where where;
};

/// Current injected into each neuron, drawn anew for each neuron and step: I = mean + amplitude * draw.
struct NoiseSpec {
  enum class Kind { none, uniform, normal } kind = Kind::none;  // draw: U(-1/2, 1/2) | N(0, 1)
  double mean_pA = 0, amplitude_pA = 0;
  Where where;
};

/// A current that steps to amplitude_pA[i] at times_ms[i], the same for all neurons of the population.
struct StepCurrentSpec {
  std::vector<double> times_ms, amplitude_pA;
  Where where;
};

/// A parameter that receptors change: the text is evaluated once a step over fields and gates.
struct DriveSpec {
  std::string parameter;  // one of the model's driven parameters
  std::string text;
  Where where;
};

/// A population of neurons of one model, or of spike sources ("poisson", "replay", "pattern").
struct PopulationSpec {
  std::string name;
  std::string model;  // a neuron of the catalogue, or a source
  int size = 0;
  Settings params;  // of the model; sources: see docs/networks.md
  std::vector<InitialState> initial;
  std::vector<BackgroundSpec> background;
  NoiseSpec noise;
  StepCurrentSpec current;
  std::vector<DriveSpec> drive;
  Where where;
};

struct ConnectivitySpec {
  enum class Kind {
    fixed_indegree,
    fixed_outdegree,
    bernoulli,
    one_to_one,
    all_to_all,
    distance,
    list
  } kind = Kind::all_to_all;
  int degree = 0;          // fixed_indegree, fixed_outdegree
  double probability = 0;  // bernoulli; distance: at distance 0
  double sigma = 0;        // distance: p exp(-d^2 / 2 sigma^2), neurons evenly spaced on a ring of length 1
  bool autapses = true, multapses = true;
  std::string file;  // list: CSV source,target[,weight[,delay]], header line, ids from 0
};

/// Synapses from one population to another. A static projection has rule "static".
struct ProjectionSpec {
  std::string name;  // "" = "source->target"
  std::string source, target;
  /// fixed_outdegree only: the populations among whose neurons a source chooses, `target` one of them. This
  /// projection holds what falls on `target`; projections with equal `group` and `group_draw` share their
  /// draws.
  std::vector<std::string> group;
  int group_draw = 0;
  std::string port;  // of the target's model; "" = its first
  ConnectivitySpec connect;
  Distribution weight{Distribution::Kind::constant, 1};
  /// The delay from the source's spike to its effect on the target is delay_ms. Of it, dendritic_ms lies
  /// behind the synapse: a spike reaches the synapse delay - dendritic after the source fired, and a spike of
  /// the target reaches it dendritic after the target fired.
  Distribution delay_ms{Distribution::Kind::constant, 1};
  double dendritic_ms = 0;
  std::string rule = "static";
  Settings params;   // of the rule
  std::string gate;  // rules with an eligibility: name of a gate
  Where where;
};

/// A modulator's concentration:
///   between steps C decays to `tonic` with tau_ms; a spike of a source adds `quantum` release_delay later.
struct FieldSpec {
  std::string name;  // as gates write it
  double tau_ms = 200, tonic = 0, quantum = 0;
  std::vector<std::string> sources;  // populations whose every spike releases
  double release_delay_ms = 0;       // 0 = the network's minimal delay, which is also the least allowed
  struct Pulse {
    double time_ms, amount;
  };
  std::vector<Pulse> pulses;  // amounts added at given times
  Where where;
};

/// g(t): a formula over fields, concentrations and receptors, evaluated once a step on both sides of it; with a baseline less its own low-pass, which
/// starts where the formula does: what modulators teach is their change, and levels that stay are got used to.
struct GateSpec {
  std::string name;
  std::string text;
  Where where;
  double baseline_ms = 0;  // time constant of the low-pass; 0: none
};

/// A population whose spikes release a modulator in some regions (all where none are named).
struct NucleusSpec {
  std::string modulator, population;
  std::vector<std::string> regions;
  double release_delay_ms = 0;  // as FieldSpec's
  Where where;
};

/// What spreads between two regions of equal volume: dC_a/dt = rate (C_b - C_a), and the reverse.
struct ExchangeSpec {
  std::string a, b, modulator;  // "": all modulators
  double rate_per_s = 0;
  Where where;
};

/// Modulators in regions: concentrations, uptake, receptors and drugs (docs/pharmacology.md). Gates and drives read concentrations as
/// "DA.striatum" (µM) and receptors as "D1.striatum" (0 to 1).
struct ModulationSpec {
  std::vector<std::string> regions;       // none: the network has no such modulators
  std::vector<ModulatorInfo> modulators;  // start in the steady state of their tonic rates
  std::vector<NucleusSpec> nuclei;        // modulators without one keep their tonic rate
  std::vector<ExchangeSpec> exchange;
  std::vector<Drug> drugs;       // that can be given: the formulary and the card's own
  std::vector<std::string> own;  // [[modulator]] and [[drug]] of the card, as canonical text
  Where where;
};

struct NetworkSpec {
  double dt_ms = 0.1;
  std::vector<PopulationSpec> populations;
  std::vector<ProjectionSpec> projections;
  std::vector<FieldSpec> fields;
  ModulationSpec modulation;
  std::vector<GateSpec> gates;
};

}  // namespace labile
