/// What drugs do to the handles of agents, through the same releases, transporters and receptors for all agents.
///
/// An agent's handles are relative to intact. What they are set to is a ratio of responses, with the drug over without it:
///
///   striatum.D1   rise of D1 in a burst of 200 ms, dorsal striatum
///   striatum.D2   fall of D2 in a pause of 200 ms, dorsal striatum
///   da.release    mean of both, for agents that do not tell D1 from D2
///   da.tonic      (change of D1 at rest + change of D2 at rest) / 2, dorsal striatum; 0 intact: both favor go
///   ach.release   mean of the nicotinic and M1 activation at rest, prefrontal cortex
///   ne.release    mean of alpha1 and beta at the height of a burst, prefrontal cortex
///   ser.release   mean of 5HT1A, 5HT2A and 5HT2C activation at rest, prefrontal cortex
///
/// Which receptors a handle stands for is a choice of ours (docs/pharmacology.md); what a drug does to them is not.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pharmacology/modulation.hpp"

namespace labile {

struct HandleEffect {
  std::string handle;
  double value;        // what it is set to
  double intact;       // where it stands without drugs
  std::string unless;  // handle of agents that this is not for; "" for all
};

/// A burst or a pause, ms; what follows is watched as well, since receptors lag behind.
inline constexpr int kPhaseMs = 200, kAfterMs = 300;

/// Regions of an agent: those that its handles are read in, and those that autoreceptors of cell bodies sense.
[[nodiscard]] std::vector<std::string> agent_regions(
    const std::vector<ModulatorInfo>& modulators = ready_modulators());

/// The modulators of agents in these regions, and what drugs do there to handles. Const after it is made.
class AgentModulation {
 public:
  /// `modulators` has the four that handles are read from, with their receptors; others may be there. Throws Error where one is missing.
  explicit AgentModulation(const std::vector<ModulatorInfo>& modulators = ready_modulators());
  /// Intact, at rest, in steps of 1 ms.
  [[nodiscard]] const Modulation& at_rest() const { return rest_; }
  /// `treat` gives the drugs to a system at rest. Handles that do not change stand at their intact value.
  [[nodiscard]] std::vector<HandleEffect> effects(const std::function<void(Modulation&)>& treat) const;

 private:
  /// What handles are ratios of.
  struct Responses {
    double d1, d2, d1_at_rest, d2_at_rest;  // dorsal striatum: rise in a burst, fall in a pause
    // prefrontal: at rest, of alpha1 and beta the height of a burst
    double nicotinic, m1, alpha1, beta, ht1a, ht2a, ht2c;
  };
  [[nodiscard]] static Responses responses(const Modulation& m);
  Modulation rest_;
  Responses intact_;
};

/// The same, once.
[[nodiscard]] std::vector<HandleEffect> handle_effects(
    const std::function<void(Modulation&)>& treat,
    const std::vector<ModulatorInfo>& modulators = ready_modulators());

}  // namespace labile
