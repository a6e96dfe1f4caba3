/// Populations that only emit spikes: what their tables in a card may say.
#pragma once

#include <span>
#include <vector>

#include "contract/task.hpp"
#include "core/params.hpp"

namespace labile {

struct SourceSettings {
  static constexpr double kMostHz = 1e6;  // of a unit
  double rate_hz = 0;                     // poisson
  std::vector<double> units, times_ms;    // replay, pattern: who fires when
  double period_ms = 0;                   // pattern: repeated every so often
};

struct SourceEntry {
  Info info;
  std::vector<ParamInfo> params;
  SourceSettings (*make)(const Settings&);
};

/// poisson, replay, pattern.
[[nodiscard]] std::span<const SourceEntry> all_sources();
/// Null when no source has that name.
[[nodiscard]] const SourceEntry* source_named(std::string_view name);

}  // namespace labile
