/// Up to four subjects' trials side by side, so that one pass works out the likelihood of all of them. A subject whose states are
/// learned apart takes several lanes, one a state.
///
/// Subjects share a layout. Where trials have several decisions, steps are aligned by decision, and a lane that has none of that kind
/// waits. A lane ends where its subject's trials do.
#pragma once

#include <cstring>
#include <vector>

#include "contract/trial.hpp"

namespace labile {

/// What a learner's pass over trials reads, as its entry knows it.
struct LaneNeeds {
  std::vector<std::string> inputs;  // numbers in the learner's order
  double not_shown = 0;             // what a number is where it is not shown
  bool reports = false, learns_when_told = false;
  bool states_apart = false;  // what is learned in one state touches no other: each is a lane of its own
};

/// A bit a lane.
using LaneBits = std::uint8_t;
inline constexpr std::int64_t kLaneMasks[16][4] = {
    {0, 0, 0, 0},   {-1, 0, 0, 0},   {0, -1, 0, 0},   {-1, -1, 0, 0},  {0, 0, -1, 0},  {-1, 0, -1, 0},
    {0, -1, -1, 0}, {-1, -1, -1, 0}, {0, 0, 0, -1},   {-1, 0, 0, -1},  {0, -1, 0, -1}, {-1, -1, 0, -1},
    {0, 0, -1, -1}, {-1, 0, -1, -1}, {0, -1, -1, -1}, {-1, -1, -1, -1}};
/// The mask of the lanes whose bits are set.
[[nodiscard]] inline Mask4 lanes_of(LaneBits bits) {
  Mask4 m;
  std::memcpy(&m, kLaneMasks[bits], sizeof m);
  return m;
}

/// Up to four lanes, step by step.
struct LaneTrials {
  Layout layout;
  // [lane in use] index among those given to pack_lanes; may occur in several lanes
  std::vector<std::size_t> subject;
  std::vector<SubjectTrials> trials;  // [lane in use] as they were given, whole
  bool report_after = false;

  struct Step {
    LaneBits fresh, missed, scored, chose, learns;  // scored: choice or report enters the likelihood
    std::int8_t stage;
  };
  std::vector<Step> step;
  std::vector<Index4> choice;        // [step], 0 where none was made
  std::vector<Vec> outcome;          // [step], 0 where it is not known
  std::vector<Index4> feature;       // [step][option][dim], empty for a bandit
  std::vector<Index4> state, right;  // [step], empty where the trials have none
  std::vector<Vec> report;           // [step], empty where there are none
  std::vector<Vec> input;            // [step][inputs of the learner]
};

/// Packs subjects in fours. Those of one layout go together, the longest first, so that few lanes wait.
[[nodiscard]] std::vector<LaneTrials> pack_lanes(std::span<const SubjectTrials> subjects,
                                                 const LaneNeeds& needs);

}  // namespace labile
