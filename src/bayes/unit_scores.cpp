#include "bayes/unit_scores.hpp"

#include <algorithm>

namespace labile {

UnitScores::UnitScores(const LearnerEntry& learner, const SubjectTrials& trials)
    : learner_(learner),
      trials_(trials),
      row_(learner.params.size()),
      params_(learner.params.size(), Vec(0.0)),
      each_(trials.size(), Vec(0.0)),
      scores_(trials.size()) {
  if (!learner.likelihood->lane_scores) return;
  LaneNeeds needs = learner.likelihood->lane_needs();
  needs.states_apart = false;
  packed_ = pack_lanes(std::vector<SubjectTrials>(kWidth, trials), needs);
}

/// The row becomes a lane's; the last of fewer than four, those of the others.
void UnitScores::set(int lane, int lanes) {
  for (std::size_t k = 0; k < row_.size(); ++k)
    for (int i = lane; i == lane || (lane + 1 == lanes && i < kWidth); ++i) params_[k].set(i, row_[k]);
}

void UnitScores::score(int lanes) {
  if (!packed_.empty()) {
    learner_.likelihood->lane_scores(params_, packed_.front(), each_);
    return;
  }
  for (int i = 0; i < lanes; ++i) {
    for (std::size_t k = 0; k < row_.size(); ++k) row_[k] = params_[k][i];
    (void)learner_.likelihood->value(row_, trials_, scores_);
    for (std::size_t t = 0; t < scores_.size(); ++t) each_[t].set(i, scores_[t]);
  }
}

std::span<const double> UnitScores::of(int lane) {
  std::ranges::transform(each_, scores_.begin(), [&](const Vec& x) { return x[lane]; });
  return scores_;
}

}  // namespace labile
