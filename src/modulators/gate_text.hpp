/// A gate written as text, "0.002 + D1 * (1 + beta)": parsed once, checked, evaluated once a step.
///
/// Grammar, from weakest to strongest: one comparison (< <= > >=, giving 0 or 1), + -, * /, unary minus, and
/// the right-associative ^, over numbers, names (dots within, as in D1.striatum), parentheses and the functions exp log sqrt abs rectify(x)
/// tanh logistic min(a, b) max(a, b) hill(x, k, n) = x^n / (x^n + k^n) and if(c, a, b). Own exp, log and pow,
/// so that bits are the same on every machine. Semantics and limits: docs/dev/gates.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace labile {

class GateText {
 public:
  /// `names` are the values the text may use, in the order in which eval() gets them. Throws Error with the
  /// column in the text, and the nearest known name for an unknown one. Parts without names are computed
  /// here, and refused where they have no finite value, such as log(-1).
  GateText(std::string_view text, std::span<const std::string> names, const Where& where = {});
  /// The value, finite or NaN. Never throws: a domain error (log or sqrt of a negative number, division by
  /// zero) or an infinite result gives NaN, which the network reports with gate and time. `values` in the
  /// order of the constructor's names. No allocation; 2 to 3 ns an operation, 20 to 40 ns an exp, log or
  /// power.
  [[nodiscard]] double eval(std::span<const double> values) const noexcept;
  [[nodiscard]] const std::string& text() const { return text_; }
  /// Indices of the names that the text uses, ascending.
  [[nodiscard]] std::span<const int> used() const { return used_; }

  /// One operation of the postfix program.
  struct Op {
    std::uint8_t code;
    int index;      // of a name
    double number;  // of a constant
  };

 private:
  std::string text_;
  std::vector<Op> ops_;    // postfix; never needs more than a fixed number of values at once
  std::vector<int> used_;  // ascending
};

}  // namespace labile
