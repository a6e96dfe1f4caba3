/// A phase of a task as a block of agents meets it, in lock step: arrays have one entry a lane (agent).
#pragma once

#include <cstdint>
#include <span>

#include "contract/trial.hpp"

namespace labile {

/// Agents per block. Blocks are the unit of work of a thread; results do not depend on the size.
inline constexpr int kBlock = 64;

enum class PhaseKind : std::uint8_t { cue, choice, outcome, iti, offline };

/// Who the lanes are: draws are keyed by (seed, purpose, entity of the lane, counter).
struct Subjects {
  std::uint64_t seed = 0;
  std::span<const std::uint32_t> entity;  // [lanes], lanes a multiple of kWidth (the last repeat the first)
  int count = 0;                          // real agents; lanes beyond are padding
  bool durations = true;                  // somebody lives by durations; else tasks need not draw any
  [[nodiscard]] int lanes() const { return static_cast<int>(entity.size()); }
};

/// One phase. The task owns the arrays; they live until its next call.
struct Phase {
  PhaseKind kind = PhaseKind::cue;
  bool awaits_action = false;
  double deadline_ms = 0;  // of an awaited action; 0 = none
  int trial = 0;           // counts decisions from 0, all stages
  const Layout* layout = nullptr;
  std::span<const std::uint8_t> live;     // [lanes] 1 = this phase is for that lane
  std::span<const double> duration_ms;    // [lanes], meaningless unless Subjects::durations
  std::span<const std::int64_t> feature;  // [option][dim][lanes], empty for a bandit
  std::span<const double> outcome;      // [lanes] outcome phase: what the chosen option paid, NaN = not shown
  std::span<const std::uint8_t> fresh;  // [lanes] 1 = values start afresh before this trial
  std::span<const std::int32_t> state = {};  // [lanes] what is shown, of layout->states; empty = one state
  int stage = 0;                             // which decision of its trial
  std::span<const double> input = {};        // [input of TaskInfo][lanes] numbers shown
  /// [lanes] outcome phase: option that was right, whatever was chosen, -1 = not told; empty = never told
  std::span<const std::int32_t> right = {};
};

/// What agents answer in a phase that awaits an action.
struct Actions {
  std::span<std::int32_t> choice;  // [lanes] option, or -1 = none in time
  std::span<double> rt_ms;         // [lanes] NaN = the agent has no response time
  std::span<double> report;        // [lanes] continuous report, NaN = none
};

}  // namespace labile
