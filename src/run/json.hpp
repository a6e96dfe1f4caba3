/// Pieces of JSON: those of results.json that the results of agents and of networks share, and numbers for all.
#pragma once

#include <nlohmann/json.hpp>

#include "run/run.hpp"

namespace labile::json {

using Json = nlohmann::ordered_json;

/// null for what is not finite.
[[nodiscard]] Json number(double x);
[[nodiscard]] Json interval(const Interval& i);
/// `metrics`: ids, in the order that effects count them.
[[nodiscard]] Json effects(const std::vector<CellEffect>& effects, const std::vector<std::string>& metrics);
[[nodiscard]] Json predictions(const std::vector<Judged>& predictions);
/// Version, build, seed, host, threads, time, memory.
[[nodiscard]] Json manifest(std::uint64_t seed, int threads, double wall_s, double peak_mb);
[[nodiscard]] std::string text(const Json& json);

}  // namespace labile::json
