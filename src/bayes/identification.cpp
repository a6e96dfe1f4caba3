#include "bayes/identification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/normal.hpp"

namespace labile {
namespace {
constexpr double kOwn = 0.1;  // share of what is known of a subject below which its own choices hardly count

using Cdf = std::function<double(double)>;
Cdf normal_prior(double mean, double sd) {
  return [=](double x) { return normal_cdf((x - mean) / sd); };
}
Cdf spread_prior(const Group& g) {
  if (g.cauchy) return [scale = g.sigma](double x) { return 2 / std::numbers::pi * std::atan(x / scale); };
  return [scale = g.sigma](double x) { return 2 * normal_cdf(x / scale) - 1; };
}

/// Notes the overlap of the quantity of that name and returns it.
double note_overlap(GroupFit& fit, const std::string& name, const Cdf& prior) {
  const auto q =
      std::find_if(fit.group.begin(), fit.group.end(), [&](const auto& g) { return g.name == name; });
  return q->prior_overlap = prior_overlap(q->draws, prior);
}

void name_parameter(const GroupParam& p, double own_share, bool alone, GroupFit& fit) {
  const auto hardly = [&](const std::string& what, double overlap) {
    if (overlap > kOverlapOfHalf && !what.empty())
      fit.weak.push_back(
          fmt::format("{}: {} is hardly informed by these choices (prior and posterior overlap by {:.0f}%)",
                      p.name, what, 100 * overlap));
    return overlap > kOverlapOfHalf;
  };
  const bool group_is_weak =
      hardly("the group's value",
             note_overlap(fit, fmt::format("mu[{}]", p.name), normal_prior(p.group.mu_mean, p.group.mu_sd)));
  hardly(alone ? "" : "how much people differ (sigma)",
         note_overlap(fit, fmt::format("sigma[{}]", p.name), spread_prior(p.group)));
  if (!group_is_weak && own_share < kOwn)
    fit.weak.push_back(fmt::format(
        "{}: a subject's own choices are about {:.1f}% of what is known of a subject, given this prior of "
        "the "
        "spread; subjects' values mostly repeat the group's, so do not correlate them with anything",
        p.name, 100 * own_share));
  for (const auto& c : p.design.names)
    hardly(fmt::format("the effect of {}", c),
           note_overlap(fit, fmt::format("b[{}:{}]", p.name, c), normal_prior(0, p.design.prior_sd)));
  for (const auto& s : p.design.slope_names)
    hardly(fmt::format("how much people differ in the effect of {}", s),
           note_overlap(fit, fmt::format("sigma[{}:{}]", p.name, s), spread_prior(p.group)));
}

/// Of whom all choices are the same, whatever they paid: the same option, or options that show the same.
bool is_constant(const LearnerEntry& learner, const SubjectTrials& s) {
  const auto taken = [&](std::size_t t) {
    const auto option = static_cast<std::size_t>(s.choice[t]);
    if (s.layout.feature_is_option) return std::vector<std::int64_t>{static_cast<std::int64_t>(option)};
    const auto dims = static_cast<std::size_t>(s.layout.dims());
    const auto shown =
        s.feature.subspan((t * static_cast<std::size_t>(s.layout.options) + option) * dims, dims);
    return std::vector<std::int64_t>(shown.begin(), shown.end());
  };
  std::vector<std::int64_t> first;
  int n = 0;
  for (std::size_t t = 0; t < s.size(); ++t) {
    if (!observed(learner, s, t) || s.choice[t] < 0) continue;
    if (n++ == 0)
      first = taken(t);
    else if (taken(t) != first)
      return false;
  }
  return n > 1;
}

void name_constant_choices(const LearnerEntry& learner, std::span<const SubjectTrials> units,
                           const GroupFitOptions& o, GroupFit& fit) {
  if (learner.reports || learner.times_only) return;
  constexpr std::size_t kNamed = 5;
  std::vector<std::string> some;
  std::size_t n = 0;
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (!is_constant(learner, units[u])) continue;
    if (++n <= kNamed) some.push_back(o.unit_names.empty() ? fmt::format("{}", u + 1) : o.unit_names[u]);
  }
  if (n > 0)
    fit.weak.push_back(
        fmt::format("{} of {} chose the same option every time ({}{}): what they learned cannot be told from "
                    "what they preferred, and the group's prior fills in",
                    n, units.size(), fmt::join(some, ", "), n > kNamed ? ", ..." : ""));
}
}  // namespace

double prior_overlap(std::span<const double> draws, const std::function<double(double)>& cdf) {
  constexpr int kBins = 10;
  std::array<double, kBins> count{};
  for (const double x : draws) {
    const double share = cdf(x);
    if (std::isnan(share)) return std::numeric_limits<double>::quiet_NaN();
    ++count[static_cast<std::size_t>(std::clamp(static_cast<int>(kBins * share), 0, kBins - 1))];
  }
  double r = 0;
  for (const double n : count) r += std::min(1.0 / kBins, n / static_cast<double>(draws.size()));
  return draws.empty() ? std::numeric_limits<double>::quiet_NaN() : r;
}

void name_what_is_weak(const Posterior& p, std::span<const SubjectTrials> units, const GroupFitOptions& o,
                       GroupFit& fit) {
  for (int k = 0; k < p.params(); ++k)
    name_parameter(p.model().params[static_cast<std::size_t>(k)], fit.own_share[static_cast<std::size_t>(k)],
                   p.subjects() == 1, fit);
  name_constant_choices(p.learner(), units, o, fit);
  if (p.subjects() == 1)
    fit.weak.push_back(
        "one subject: how much people differ (sigma) cannot be told from one, and is what its prior says");
}

}  // namespace labile
