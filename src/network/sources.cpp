#include "network/sources.hpp"

#include <fmt/format.h>

namespace labile {
namespace {
std::vector<Field<SourceSettings>> poisson_table() {
  return {{"rate",
           "Hz",
           &SourceSettings::rate_hz,
           {0, SourceSettings::kMostHz},
           "spikes per second of each unit"}};
}
std::vector<Field<SourceSettings>> replay_table() {
  return {{"units", "1", &SourceSettings::units, {0, 1e9}, "who fires, from 0: one entry a spike"},
          {"times", "ms", &SourceSettings::times_ms, {0, 1e12}, "when, in the same order"}};
}
std::vector<Field<SourceSettings>> pattern_table() {
  auto t = replay_table();
  t.push_back(
      {"period", "ms", &SourceSettings::period_ms, {1e-3, 1e12}, "the pattern starts again every so often"});
  return t;
}
SourceSettings poisson(const Settings& s) {
  return read_params(poisson_table(), s, "poisson");
}
SourceSettings timed(const std::vector<Field<SourceSettings>>& table, const Settings& s, const char* name) {
  SourceSettings r = read_params(table, s, name);
  if (r.units.size() != r.times_ms.size()) {
    const auto at = s.find("times");
    throw Error(at == s.end() ? Where{} : at->second.where,
                fmt::format("{}: {} units but {} times; one of each a spike", name, r.units.size(),
                            r.times_ms.size()));
  }
  return r;
}
SourceSettings replay(const Settings& s) {
  return timed(replay_table(), s, "replay");
}
SourceSettings pattern(const Settings& s) {
  SourceSettings r = timed(pattern_table(), s, "pattern");
  if (!(r.period_ms > 0)) throw Error("pattern: period must be given and positive");
  return r;
}
}  // namespace

std::span<const SourceEntry> all_sources() {
  static const std::vector<SourceEntry> entries{
      {{"poisson", "units that fire as independent Poisson processes", "design"},
       describe_params(poisson_table()),
       poisson},
      {{"replay", "given spikes", "design"}, describe_params(replay_table()), replay},
      {{"pattern", "given spikes, repeated", "design"}, describe_params(pattern_table()), pattern}};
  return entries;
}

const SourceEntry* source_named(std::string_view name) {
  for (const SourceEntry& e : all_sources())
    if (name == e.info.name) return &e;
  return nullptr;
}

}  // namespace labile
