/// What several commands print: progress, tables, headlines.
#pragma once

#include <chrono>
#include <string>

#include "run/run.hpp"

namespace labile {

/// A bar with time left on a terminal, a plain line every ten percent elsewhere; on stderr.
class ProgressLine {
 public:
  explicit ProgressLine(bool enabled);
  void show(double share, const std::string& what);
  void clear();
  [[nodiscard]] double share() const { return share_; }

 private:
  bool enabled_, terminal_;
  double share_ = 0;
  int last_decile_ = -1;
  std::string last_what_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Three lines a person reads first: the largest supported or refuted effects.
void print_headlines(const RunResult& r);
[[nodiscard]] bool any_refuted(const RunResult& r);
/// CSV: one row a subject with parameters, standard errors and fit statistics.
[[nodiscard]] std::string fit_table(const ModelFit& f);
/// "value [low, high]" with sensible digits.
[[nodiscard]] std::string interval_text(const Interval& i);

}  // namespace labile
