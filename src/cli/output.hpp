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
  /// `detail` changes from call to call and is for terminals.
  void show(double share, const std::string& what, const std::string& detail = "");
  void clear();
  /// A sentence beside the bar.
  void note(const std::string& text);
  [[nodiscard]] double share() const { return share_; }

 private:
  bool enabled_, terminal_;
  double share_ = 0;
  int last_decile_ = -1;
  std::string last_what_;
  double last_line_ = 0;  // seconds since the start
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Three lines a person reads first: predictions, then fits.
void print_headlines(const RunResult& r);
/// The first predictions that ran, a line each; returns how many.
int print_verdicts(const std::vector<Judged>& predictions, int most);
/// "Predictions: 3 supported, ..." when there are any.
void print_tally(const std::vector<Judged>& predictions);
[[nodiscard]] bool any_refuted(const std::vector<Judged>& predictions);
/// CSV: one row a subject with parameters, standard errors and fit statistics.
[[nodiscard]] std::string fit_table(const ModelFit& f);
/// "value [low, high]" with sensible digits.
[[nodiscard]] std::string interval_text(const Interval& i);

/// --jobs, or all cores.
[[nodiscard]] int thread_count(int jobs);
/// Three digits.
[[nodiscard]] std::string text_of(double x);

}  // namespace labile
