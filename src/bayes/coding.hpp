/// Turns a formula and the values of its columns into a design: the numbers that coefficients multiply.
///
/// Columns of words are factors, coded by treatment: a 0/1 column for each level but the reference, named `drug[citalopram]`; with
/// sum(x), a column each that is 1 for its level, -1 for the reference, 0 else. Where a term lacks a margin (as `session` is
/// in `drug + drug:session`), the factor has a column for every level there, as R has it. Columns of numbers enter as they are, or
/// less their mean (center), over their sd too (scale); both are those of subjects, and of units where a column differs within a
/// subject; sd with divisor n - 1.
///
/// Source of the rule of margins: Chambers & Hastie (1992), Statistical Models in S, section 2.4.1. Differs from R: what remains
/// without rank is refused, not left out; the level that sum(x) leaves out is the reference, not the last.
#pragma once

#include <map>
#include <optional>

#include "bayes/formula.hpp"
#include "bayes/group_model.hpp"

namespace labile {

/// A column, one value a unit.
struct Covariate {
  std::string name;
  bool names = false;               // its values are names, even where they look like numbers
  std::vector<std::string> values;  // [unit], none missing
};

class Coding {
 public:
  /// `references`: column -> level, for factors that are in it. Throws Error where a column is constant, is no number and should be, has no such
  /// level, or the design lacks rank.
  Coding(const Formula& formula, std::span<const Covariate> columns, std::span<const int> subject_of,
         const std::map<std::string, std::string>& references, double prior_sd);

  [[nodiscard]] const Formula& formula() const { return formula_; }
  [[nodiscard]] const Design& design() const { return design_; }
  /// What was assumed, a sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  struct Code {
    bool factor = false, by_sum = false;
    std::vector<std::string> levels;  // of a factor, the reference first
    double mean = 0, sd = 1;          // of a number
    double shift = 0, unit = 1;       // it enters as (x - shift) / unit
  };
  [[nodiscard]] const Code& code(int variable) const { return codes_[static_cast<std::size_t>(variable)]; }
  /// The design's row where variables are `at` [variable]: a level's index, or a number.
  [[nodiscard]] std::vector<double> row(std::span<const double> at) const;
  /// Whether a term holds both variables.
  [[nodiscard]] bool interact(int a, int b) const;

 private:
  struct Part {                                // a column of the design
    std::vector<std::pair<int, int>> factors;  // variable and level
    std::vector<bool> whole;                   // [factor] coded by all levels
    std::vector<int> numbers;                  // variables
    bool slope = false;                        // its effect differs between subjects
  };
  [[noreturn]] void fail(const std::string& why) const;
  void read(int variable, const Covariate& c, std::span<const int> subject_of,
            const std::map<std::string, std::string>& references);
  void read_factor(Code& code, const Variable& v, const Covariate& c, std::span<const int> subject_of,
                   const std::map<std::string, std::string>& references);
  void read_number(Code& code, const Variable& v, const Covariate& c, std::span<const int> subject_of);
  void lay_out();
  [[nodiscard]] bool whole(const std::vector<int>& term, int variable) const;
  void find_slopes(std::span<const int> subject_of);
  void check_rank() const;
  void refuse_empty_cell(const Part& part) const;

  Formula formula_;
  std::vector<Code> codes_;              // [variable]
  std::vector<std::vector<double>> at_;  // [unit][variable]
  std::vector<Part> parts_;              // [coefficient]
  Design design_;
  std::vector<std::string> notes_;
};

/// The number that a text is in full; NaN where it is none, or not finite.
[[nodiscard]] double number_of(const std::string& text);

}  // namespace labile
