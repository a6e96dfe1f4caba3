#include "tasks/scheduled.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace labile {
namespace {

/// Whether the schedule says of every trial what each option pays, or how likely it is to pay.
bool pays_throughout(const Schedule& s) {
  const auto& lists = s.payoff.empty() ? s.probability : s.payoff;
  return !lists.empty() && std::ranges::none_of(lists, [](const auto& list) {
    return std::ranges::any_of(list, [](double x) { return std::isnan(x); });
  });
}

struct Ignored {
  std::vector<std::string> always, where_it_pays;
};

const std::map<std::string, Ignored, std::less<>>& tasks() {
  static const std::map<std::string, Ignored, std::less<>> t{
      {"bandit_reversal", {{"options", "blocks", "criterion"}, {"p_better", "p_worse"}}},
      {"volatile_bandit", {{"stable", "volatile", "p_stable", "p_volatile", "order"}, {}}},
      {"restless_bandit",
       {{"options", "trials", "decay", "center", "drift_sd", "payoff_sd", "start_sd", "low", "high"}, {}}},
      {"two_step", {{"trials", "drift_sd", "low", "high"}, {}}},
      {"rl_working_memory", {{"set_sizes", "repeats"}, {"p_right", "p_wrong"}}},
      {"predictive_inference", {{"trials", "hazard", "sigma", "low", "high", "oddball"}, {}}}};
  return t;
}

}  // namespace

std::vector<std::string> ignored_beside(std::string_view task, const Schedule& schedule) {
  const auto it = tasks().find(task);
  if (it == tasks().end()) return {};
  std::vector<std::string> r = it->second.always;
  if (pays_throughout(schedule))
    r.insert(r.end(), it->second.where_it_pays.begin(), it->second.where_it_pays.end());
  return r;
}

}  // namespace labile
