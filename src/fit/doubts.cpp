/// What makes fits doubtful, or not comparable, though they can be done: asked of likelihoods at default parameters on a few subjects.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "fit/fit.hpp"

namespace labile {
namespace {
constexpr double kAnticipated = 0.1;  // s: a response that cannot have been to what was shown

/// Whether the likelihood is the same with trials that `change` makes of a subject's; none where it cannot be told.
template <class Change>
std::optional<bool> same_with(const LearnerEntry& learner, std::span<const SubjectTrials> subjects,
                              Change&& change) {
  constexpr std::size_t kSome = 8;
  const auto some = subjects.first(std::min(subjects.size(), kSome));
  std::vector<double> row;
  for (const auto& p : learner.params) row.push_back(std::get<double>(p.standard));
  try {
    check_trials(learner, some);
    for (const auto& s : some) {
      const double here = learner.likelihood->value(row, s, {});
      if (!std::isfinite(here)) return std::nullopt;
      if (here != change(s, row)) return false;
    }
  } catch (const Error&) {  // data that it cannot be fitted to: said elsewhere
    return std::nullopt;
  }
  return true;
}
/// Whether what was shown makes no difference.
bool ignores_states(const LearnerEntry& learner, std::span<const SubjectTrials> subjects) {
  const auto shown_one = [&](SubjectTrials s, const auto& row) {
    const std::vector<std::int32_t> one(s.state.size(), 0);
    s.state = one;
    return learner.likelihood->value(row, s, {});
  };
  return same_with(learner, subjects, shown_one).value_or(false);
}
/// Whether other outcomes, f of each, make no difference.
template <class F>
std::optional<bool> same_outcomes(const LearnerEntry& learner, std::span<const SubjectTrials> subjects,
                                  F&& f) {
  return same_with(learner, subjects, [&](SubjectTrials s, const auto& row) {
    std::vector<double> other(s.outcome.begin(), s.outcome.end());
    for (double& x : other) x = std::isnan(x) ? x : f(x);
    s.outcome = other;
    return learner.likelihood->value(row, s, {});
  });
}

/// How large outcomes are, and how many are above 0.
struct Outcomes {
  double largest = 0;
  long all = 0, above = 0;
  bool two = true;  // at most two different ones
  explicit Outcomes(std::span<const SubjectTrials> subjects) {
    std::set<double> met;
    for (const auto& s : subjects)
      for (const double x : s.outcome) {
        if (std::isnan(x)) continue;
        largest = std::max(largest, std::abs(x));
        ++all;
        above += x > 0;
        if (met.size() < 3) met.insert(x);
      }
    two = met.size() < 3;
  }
};
bool learns_in_units(const LearnerEntry& l) {
  return std::ranges::any_of(l.params, [](const ParamInfo& p) {
    return p.prior.kind != Prior::fixed &&
           std::string_view(p.unit).find("1/outcome") != std::string_view::npos;
  });
}
void add_doubts_of_outcomes(const LearnerEntry& l, std::span<const SubjectTrials> subjects,
                            std::vector<std::string>& r) {
  constexpr double kLarge = 20, kSmall = 0.2, kNearlyAll = 0.95;
  const Outcomes o(subjects);
  if (o.all == 0 || l.reports) return;
  const auto none = same_outcomes(l, subjects, [](double) { return 0.0; });
  if (none.value_or(true)) return;  // nothing is learned from them, or it cannot be told
  if (same_outcomes(l, subjects, [](double x) { return x > 0 ? 1.0 : 0.0; }).value_or(false)) {
    const double share = static_cast<double>(o.above) / static_cast<double>(o.all);
    if (!o.two && (share > kNearlyAll || share < 1 - kNearlyAll))
      r.push_back(
          fmt::format("'{}' asks of an outcome only whether it is above 0, and {} of {} are: take from them "
                      "what counts as none",
                      l.info.name, o.above, o.all));
    return;
  }
  if ((o.largest > kLarge || o.largest < kSmall) && !learns_in_units(l) &&
      !same_outcomes(l, subjects, [](double x) { return 2 * x; }).value_or(true))
    r.push_back(
        fmt::format("outcomes reach {:g}, and default priors of '{}' are for outcomes of about 1: divide "
                    "them, or see that "
                    "priors suit them (--group; in cards: group)",
                    o.largest, l.info.name));
}
}  // namespace

std::vector<std::string> doubts(std::span<const LearnerEntry* const> learners,
                                std::span<const SubjectTrials> subjects) {
  std::vector<std::string> r;
  for (const auto* l : learners)
    if (std::string_view(predicts(*l)) != predicts(*learners.front())) {
      r.push_back(fmt::format(
          "'{}' is scored on {} and '{}' on {}: their log-likelihoods, AIC and BIC are not comparable",
          learners.front()->info.name, predicts(*learners.front()), l->info.name, predicts(*l)));
      break;
    }
  long quick = 0;
  for (const auto& x : subjects)
    for (std::size_t t = 0; t < x.rt_s.size(); ++t) quick += x.choice[t] >= 0 && x.rt_s[t] < kAnticipated;
  const auto diffuses = [](const LearnerEntry* l) { return l->feasible != nullptr; };
  if (quick > 0 && std::ranges::any_of(learners, diffuses))
    r.push_back(fmt::format(
        "{} response(s) took less than {} s; a diffusion's t0 lies below the quickest of a subject, so they "
        "decide it; --min-rt {} (cards: min_rt) leaves them out",
        quick, kAnticipated, kAnticipated));
  std::int32_t states = 1;
  for (const auto& x : subjects)
    for (const auto state : x.state) states = std::max(states, state + 1);
  if (states > 1)
    for (const auto* l : learners)
      if (l->likelihood && ignores_states(*l, subjects))
        r.push_back(
            fmt::format("'{}' does not read what was shown (state): its {} states count as one, and what was "
                        "learned in one carries over to all",
                        l->info.name, states));
  for (const auto* l : learners)
    if (l->likelihood) add_doubts_of_outcomes(*l, subjects, r);
  return r;
}

}  // namespace labile
