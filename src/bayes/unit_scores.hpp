/// Log probabilities of one unit's decisions at many draws of its parameters, four draws at a time.
#pragma once

#include <vector>

#include "contract/agent.hpp"
#include "contract/lanes.hpp"

namespace labile {

class UnitScores {
 public:
  /// `trials`, with the numbers of the learner's filter among its inputs, must outlive it.
  UnitScores(const LearnerEntry& learner, const SubjectTrials& trials);
  /// For draws from 0 to n - 1: calls row(draw, params) for its parameters in table order, then take(draw, scores), scores [trial] as
  /// Likelihood::value tells them but for rounding.
  template <class Row, class Take>
  void each(int n, Row&& row, Take&& take) {
    for (int d = 0; d < n; d += kWidth) {
      const int some = std::min(kWidth, n - d);
      for (int i = 0; i < some; ++i) {
        row(d + i, row_);
        set(i, some);
      }
      score(some);
      for (int i = 0; i < some; ++i) take(d + i, of(i));
    }
  }

 private:
  void set(int lane, int lanes);
  void score(int lanes);
  [[nodiscard]] std::span<const double> of(int lane);

  const LearnerEntry& learner_;
  const SubjectTrials& trials_;
  std::vector<LaneTrials> packed_;  // one group: the unit in every lane
  std::vector<double> row_;         // [parameter]
  std::vector<Vec> params_, each_;  // [parameter], [trial]
  std::vector<double> scores_;      // [trial]
};

}  // namespace labile
