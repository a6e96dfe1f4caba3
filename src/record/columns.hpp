/// The header of a table of trials: which of its columns is what.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "record/read.hpp"
#include "record/records.hpp"

namespace labile {

/// Columns that the reader knows.
enum Column {
  kSubject,
  kSession,
  kBlockColumn,
  kTrial,
  kStage,
  kStimulus,
  kChoice,
  kOutcome,
  kGain,
  kLoss,
  kCorrect,
  kRt,
  kRtMs,
  kBest,
  kOldBest,
  kCondition,
  kState,
  kInput,
  kReport,
  kChange,
  kChoice1,
  kChoice2,
  kState2,
  kRt1,
  kRt2,
  kCommon,
  kColumns
};

/// A name without case, underscores, dots, dashes and spaces.
[[nodiscard]] std::string fold(std::string_view s);
/// Empty, NA, NaN, n/a and '.'.
[[nodiscard]] bool missing(std::string_view s);
/// The number that `s` spells out in full, else NaN.
[[nodiscard]] double number(std::string_view s);

struct Header {
  std::filesystem::path path;
  std::vector<std::string> names;  // [column of the file]
  std::array<int, kColumns> at{};  // [column] its place in the file, -1 = absent
  bool ours = false;               // a trials.csv that Labile wrote
  bool wide = false;               // two choices a row
  struct Kept {
    std::string name;
    std::size_t column;
    bool needed = false;  // a model must be shown it where there is a choice
  };
  std::vector<Kept> signals;  // number columns kept by name
  struct Spelled {
    std::string name;
    std::size_t column;
    bool names = false;  // not quantities
  };
  std::vector<Spelled> spelled;  // columns kept as they are spelled
  // Columns that name what each option shows, or one whose values have options of their own; empty = none do.
  std::vector<std::size_t> options;
  [[nodiscard]] bool options_by_set() const { return options.size() == 1; }
  struct Filter {
    std::size_t column;
    std::vector<std::string> values;  // a row must hold one of them
  };
  std::vector<Filter> filters;

  [[nodiscard]] bool has(Column c) const { return at[c] >= 0; }
  [[nodiscard]] const std::string& name(Column c) const { return names[static_cast<std::size_t>(at[c])]; }
  [[nodiscard]] Error bad(Column c, int line, const std::string& message) const {
    return Error({path.string(), line, 0, name(c)}, message);
  }
};

/// Reads the record that `in` stands at as a header. Throws Error when a column that is needed or asked for
/// is missing.
[[nodiscard]] Header read_header(const std::filesystem::path& path, const Records& in,
                                 const ReadOptions& options, std::vector<std::string>& notes);

}  // namespace labile
