/// A manipulation is data: what is done to which handle, from when on, under which contingency.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"

namespace labile {

struct Manipulation {
  enum class Op { scale, set, add, lesion, reset, stimulate, dose };
  enum class When { always, reward, no_reward, random };

  Op op = Op::scale;
  std::string target;  // a handle's name
  double amount = 1;
  std::string at = "start";  // "start", an event of the task ("reversal"), or "" when `trial` says it
  int occurrence = 1;        // which occurrence of the event
  int trial = -1;            // first trial, counted from 0; then `at` is ""
  double time_ms = -1;       // task time: holds from the first trial that begins then or later; `at` is ""
  When when = When::always;  // stimulate only
  std::vector<double> probability{1.0};  // when = random: per trial from onset on; the last value holds
  // Through modulators: a dose (`amount` of a drug), or a lesion of a nucleus that releases one. What it does stands behind it as `derived`
  // manipulations of handles.
  std::string drug, modulator;
  double hours = -1;                 // since a dose was taken; < 0: at its peak
  bool chronic = false;              // a dose: taken long enough for autoreceptors to desensitize
  bool uptake = false;               // a lesion: the terminals' transporters go too
  std::vector<std::string> regions;  // none: everywhere
  bool derived = false;              // agents need one such handle, not all
  std::string unless;                // derived: not for agents that have this handle
  [[nodiscard]] bool through_modulators() const { return op == Op::dose || !modulator.empty(); }
  Where where;  // for messages
};

/// The named arm of an experiment: no manipulation at all is the intact arm.
struct Condition {
  std::string name;
  std::vector<Manipulation> manipulations;
};

}  // namespace labile
