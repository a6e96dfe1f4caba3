/// Whether ranks are uniform: their empirical distribution beside the uniform one, inside a band that holds all of it at once.
///
/// Of n independent ranks on 0 .. cells - 1, C_i says how many are below i. A band gives each i the values of C_i whose
/// binomial tails, P(C <= c) and P(C >= c), both reach `tail`; `tail` is the largest for which all C_i together stay
/// inside at the probability asked for. That probability is exact: C is a Markov chain, C_(i+1) - C_i given C_i being
/// binomial (n - C_i, 1 / (cells - i)), and is followed through the band.
///
/// Source: Säilynoja, Bürkner & Vehtari (2022), doi:10.1007/s11222-022-10090-6, sections 2 and 3 (their exact,
/// optimized band). Differs from it: ranks are not scaled to (0, 1), so ties have their exact distribution; the
/// probability of ranks at least as far out is given too.
#pragma once

#include <span>
#include <vector>

namespace labile {

struct RankBand {
  std::vector<int> lo, hi;  // [cells + 1] of C_i, both included; C_0 = 0 and C_cells = n
  double tail = 0;          // of each C_i
  double probability = 0;   // that all stay inside: at least what was asked for
};
/// Throws Bug without ranks, with fewer than 2 cells, or a probability outside (0, 1). Cost: n^0.5 cells^1 times some
/// hundred steps, 0.1 s for 1000 ranks of 100.
[[nodiscard]] RankBand rank_band(int n, int cells, double probability);
/// Probability that n uniform ranks stay inside lo and hi, each [cells + 1].
[[nodiscard]] double inside_probability(int n, std::span<const int> lo, std::span<const int> hi);

/// What some ranks say.
struct RankUniformity {
  int n = 0;
  std::vector<int> below;  // [cells + 1] C_i
  double p = 1;      // probability of uniform ranks to be anywhere as far out as these are at their farthest
  int farthest = 0;  // the i where that is
  double p_chi2 =
      1;  // of Pearson's chi-square over at most 20 equal parts; coarse, without an order of cells
};
/// Ranks outside 0 .. cells - 1 are a Bug; n = 0 gives p = 1.
[[nodiscard]] RankUniformity rank_uniformity(std::span<const int> ranks, int cells);

/// Ranks 0 .. cells - 1 that a central interval of this share takes; exact where share * cells is an even whole number, else the nearest.
struct RankInterval {
  int first = 0, last = 0;
  double share = 0;  // what it is exactly
};
[[nodiscard]] RankInterval central_ranks(int cells, double share);

}  // namespace labile
