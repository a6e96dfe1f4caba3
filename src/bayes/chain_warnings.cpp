/// What is wrong with chains, in words, and what to do about it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bayes/diagnostics.hpp"

namespace labile {
namespace {
constexpr double kMostRhat = 1.01;  // Vehtari et al. (2021)
constexpr double kApart = 1.05;     // from here on intervals are known to be too narrow (docs/calibration.md)
constexpr double kLeastSize = 100;  // draws a chain; the same
constexpr double kLeastBfmi = 0.2;  // rstan's bound
constexpr std::size_t kNamesShown = 5;  // the worst ones

using Quantity = ChainChecks::Quantity;

/// Quantities that `bad` holds true for, worst first by `badness`, as text.
template <class Bad, class Badness>
std::string worst(const std::vector<Quantity>& all, std::size_t& count, Bad&& bad, Badness&& badness) {
  std::vector<const Quantity*> found;
  for (const auto& q : all)
    if (bad(q)) found.push_back(&q);
  std::ranges::stable_sort(found, [&](const auto* a, const auto* b) { return badness(*a) > badness(*b); });
  count = found.size();
  std::string text;
  for (std::size_t i = 0; i < std::min(count, kNamesShown); ++i) text += (i ? ", " : "") + found[i]->name;
  if (count > kNamesShown) text += fmt::format(" and {} more", count - kNamesShown);
  return text;
}

const char* plural(std::size_t n) {
  return n == 1 ? "" : "s";
}
}  // namespace

std::vector<std::string> chain_warnings(const ChainChecks& c) {
  std::vector<std::string> all;
  const int draws = c.chains * c.iterations;
  std::size_t count = 0;

  double top = 0, top_of_group = 0;
  for (std::size_t i = 0; i < c.quantities.size(); ++i) {
    const double rhat = c.quantities[i].rhat;
    top = std::max(top, std::isnan(rhat) ? 0 : rhat);
    if (i < c.of_group) top_of_group = std::max(top_of_group, std::isnan(rhat) ? 0 : rhat);
  }
  std::string names = worst(
      c.quantities, count, [](const auto& q) { return q.rhat > kMostRhat; },
      [](const auto& q) { return q.rhat; });
  if (count)
    all.push_back(fmt::format(
        "{}: R-hat above {} for {} quantit{} ({}), at most {:.4g}. Run longer (twice the "
        "warm-up and the draws); if it stays, the model has several solutions or a parameter that these "
        "data do not tell. {}",
        c.chains > 1 ? (top > kApart ? "Chains do not agree" : "Chains do not quite agree")
                     : "The halves of the chain do not agree, and one chain cannot tell whether others would",
        kMostRhat, count, count == 1 ? "y" : "ies", names, top,
        c.of_group > 0 && top_of_group <= kMostRhat
            ? fmt::format("{}; chains agree on the group's values and effects (R-hat at most {:.3f}).",
                          top > kApart ? "Do not use the values of these subjects"
                                       : "The values of these subjects are rough",
                          top_of_group)
        : top > kApart ? std::string("Do not use these results.")
                       : std::string("Until then take the intervals of these for rough.")));

  const double asked = kLeastSize * c.chains;
  // Of draws too few for an effective size there are too few; what stands still has no R-hat either and is named below.
  const auto smallest = [&](const Quantity& q) {
    if (std::isnan(q.rhat)) return asked;
    return std::isnan(q.ess_bulk) || std::isnan(q.ess_tail) ? 1.0 : std::min(q.ess_bulk, q.ess_tail);
  };
  double least = asked;
  for (const auto& q : c.quantities) least = std::min(least, smallest(q));
  names = worst(
      c.quantities, count, [&](const auto& q) { return smallest(q) < asked; },
      [&](const auto& q) { return -smallest(q); });
  if (count)
    all.push_back(fmt::format(
        "Few independent draws: fewer than {:.0f} (100 a chain) for {} quantit{} ({}), at least "
        "{:.0f}. Means and intervals of these are imprecise; draw about {:.0f} times as many.",
        asked, count, count == 1 ? "y" : "ies", names, least, std::ceil(asked / std::max(least, 1.0))));

  names = worst(
      c.quantities, count, [](const auto& q) { return std::isnan(q.rhat); }, [](const auto&) { return 0; });
  if (count)
    all.push_back(
        fmt::format("No diagnostics for {} quantit{} ({}): every draw is the same, or some are not numbers. "
                    "Expected for what is held at a value; anything else is a fault.",
                    count, count == 1 ? "y" : "ies", names));

  if (c.divergences > 0)
    all.push_back(fmt::format(
        "{} of {} draws diverged: the sampler could not follow the posterior, and results may be biased. "
        "{}tighten the priors or drop a parameter that the data do not tell.",
        c.divergences, draws,
        c.shortest_steps
            ? std::string("This likelihood jumps, and steps are as short as they may be, so a higher target "
                          "acceptance would change nothing: ")
        : c.target_accept < 0.99
            ? fmt::format("Raise the target acceptance (now {:g}; try {:g}); if they stay, ", c.target_accept,
                          c.target_accept < 0.95 ? 0.95 : 0.99)
            : std::string("A higher target acceptance will not help: ")));
  if (c.depth_hits > 0)
    all.push_back(fmt::format(
        "{} of {} draws stopped at the largest tree (depth {}): slow, not wrong. Allow a depth of {} if "
        "effective sizes are small.",
        c.depth_hits, draws, c.max_depth, c.max_depth + 2));

  std::string low;
  std::size_t low_count = 0;
  for (std::size_t k = 0; k < c.e_bfmi.size(); ++k)
    if (c.e_bfmi[k] < kLeastBfmi)
      low += fmt::format("{}{} ({:.2f})", low_count++ ? ", " : "", k + 1, c.e_bfmi[k]);
  if (low_count)
    all.push_back(
        fmt::format("E-BFMI below {} in chain{} {}: the tails of the posterior were hardly explored. Run a "
                    "longer warm-up; if it stays, tighten the priors of group spreads.",
                    kLeastBfmi, plural(low_count), low));
  return all;
}

}  // namespace labile
