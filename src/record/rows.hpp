/// The rows of a table of trials, one record of the file after another, as they stand there: choices and
/// states in the file's own numbers, nothing derived.
#pragma once

#include <bitset>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "record/columns.hpp"

namespace labile {

inline constexpr int kMissing = -1;

/// Words numbered in the order in which they appear.
class Words {
 public:
  std::int32_t operator[](std::string_view word);
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }

 private:
  std::vector<std::string> list_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::int32_t last_ = kMissing;
};

/// A column of whole numbers, or of words that become numbers; its first value tells which.
struct Codes {
  bool decided = false, are_words = false, lacking = false;
  Words words;
};

/// Numbers that occur in a column.
struct Range {
  int lowest = std::numeric_limits<int>::max(), highest = -1;
  [[nodiscard]] bool any() const { return highest >= 0; }
};

class Rows {
 public:
  Rows(const Header& header, const ReadOptions& options);

  /// Adds the record that `in` stands at: no row where a filter says so, two where it holds two choices.
  void add(const Records& in);

  /// Rows that stand together in the file and belong to one subject.
  struct Run {
    std::int32_t subject;
    std::size_t begin, end;
  };
  /// A number column kept by name; filled only once a value occurs.
  struct Signal {
    std::string name;
    std::size_t column;
    std::vector<double> values;
  };

  /// A column kept as it is spelled.
  struct Spelled {
    std::size_t column;
    Words words;
    std::vector<std::int32_t> values;
  };

  Trials trials;
  std::vector<Run> runs;
  std::vector<Signal> signals;
  std::vector<Spelled> spelled;
  std::vector<std::string> notes;
  Codes session, block, state;
  bool shows_states = false;  // there is a column of states, or a stimulus that is one
  Column state_column = kState;
  // Options described by features, as digits in one column or words in several:
  bool featured = false;
  int dims = 0,
      options_shown = 0;  // where one column says which set is shown: 1, until derivation counts options
  std::vector<int> arity;
  Words option_words;  // of columns that name what each option, or their set, shows
  int lowest = std::numeric_limits<int>::max(), highest = -1;  // of choices and best options
  Range chosen, best;                                          // of those that are numbers
  std::bitset<kMaxOptions + 1> left_out;                       // options in rows that filters leave out
  Where highest_at;
  std::size_t too_fast = 0, filtered = 0;
  /// Of rows that do not number their trial, until derivation has looked at their order.
  static constexpr std::int32_t kNoTrial = std::numeric_limits<std::int32_t>::min();
  std::vector<std::uint8_t> change, common;  // [row] where the file has these; 2 = missing

 private:
  [[nodiscard]] std::string_view field(Column c) const { return (*in_)[static_cast<std::size_t>(at_[c])]; }
  [[nodiscard]] bool has(Column c) const { return at_[c] >= 0; }
  void left_out_option(Column c);
  [[nodiscard]] std::string some_lack(Column c, std::string_view what) const;
  [[nodiscard]] Error bad(Column c, const std::string& message) const {
    return Error({header_.path.string(), in_->line(), 0, header_.names[static_cast<std::size_t>(at_[c])]},
                 message);
  }
  [[nodiscard]] bool wanted() const;
  void check_size() const;
  void reserve();
  void decision();
  void subject();
  void code(std::vector<std::int32_t>& column, Column c, Codes& codes);
  void push(std::vector<std::int32_t>& column, Column c, std::int32_t otherwise);
  void choice(std::vector<std::int32_t>& column, Column c, Range* range = nullptr);
  [[nodiscard]] int option_called(std::string_view word) const;
  void flag(std::vector<std::uint8_t>& column, Column c);
  void input();
  void correct();
  void outcome();
  void response_time();
  void condition();
  void stimulus();
  void option_names();
  void shown_state();
  void room();
  void take_away_fast();
  void check_needed() const;
  [[nodiscard]] int integer(Column c, const char* allowed) const;
  [[nodiscard]] double real(std::size_t column, const char* allowed) const;
  [[nodiscard]] double real(Column c) const {
    return real(static_cast<std::size_t>(at_[c]), "a number or NA");
  }

  const Header& header_;
  const ReadOptions& options_;
  const Records* in_ = nullptr;
  std::array<int, kColumns> at_;
  std::vector<std::pair<double, double>> map_;
  bool second_ = false;              // this is the record's second choice
  std::vector<std::int32_t> named_;  // words of this row's options
  Words conditions_;
  std::unordered_map<std::string, std::int32_t> ids_;
  double bytes_of_rows_ = 0;  // of the first 1024 rows, to guess how many there are
};

}  // namespace labile
