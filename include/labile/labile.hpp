/// Labile as a library: run an experiment card, get numbers.
///
///   find_package(labile REQUIRED)
///   target_link_libraries(mine PRIVATE labile::labile)
///
///   #include <labile/labile.hpp>
///   const auto results = labile::run(card_text);
///   results.find("Flex", "intact")->value("switch_lag").mean;
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace labile {

/// What a run found. Intervals are 95 % bootstrap intervals over subjects; NaN where nothing is defined.
struct Results {
  struct Value {
    double mean = std::numeric_limits<double>::quiet_NaN();
    double low = std::numeric_limits<double>::quiet_NaN();
    double high = std::numeric_limits<double>::quiet_NaN();
    int subjects = 0;  // with a defined value
  };
  struct Metric {
    std::string id, unit;
    Value value;
  };
  struct Cell {
    std::string variant, agent, condition;
    std::string source;  // "simulated", "people" or "people, stored"
    int subjects = 0;
    std::vector<Metric> metrics;  // in the card's order
    /// Throws std::invalid_argument, which lists what was measured, when the card does not measure it.
    [[nodiscard]] const Value& value(std::string_view metric) const;
  };
  struct Prediction {
    std::string claim, variant, agent, metric, relation;
    std::string verdict;  // "supported", "refuted", "undecided" or "not run"
    Value effect;
  };

  std::string title, card_hash;
  std::uint64_t seed = 0;
  std::vector<Cell> cells;
  std::vector<Prediction> predictions;
  std::vector<std::string> notes;
  std::string json;  // results.json as `labile run` writes it

  /// The first such cell, of any variant unless one is named; nullptr when there is none.
  [[nodiscard]] const Cell* find(std::string_view agent, std::string_view condition = "intact",
                                 std::string_view variant = {}) const;
};

/// Runs a card, given as TOML text. Results are the same bits for any number of threads (0 = all cores).
/// `changes` are "key=value" as for `labile run --set`, e.g. "task.p_better=0.7". Writes no file.
/// Throws std::invalid_argument with line, column and what is allowed when the card is not right.
[[nodiscard]] Results run(std::string_view card_toml, int threads = 0,
                          const std::vector<std::string>& changes = {});

/// "0.1.0"
[[nodiscard]] const char* version() noexcept;

}  // namespace labile
