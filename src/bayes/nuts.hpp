/// The No-U-Turn sampler on any log density with a gradient.
///
/// Stan's sampler (Betancourt 2017, arXiv:1701.02434; Hoffman & Gelman 2014), from the headers that Debian ships, with its
/// adaptation of the step size and its windows; fed by our keyed generator, so that a chain is a function of (density, start,
/// options) and of nothing else. Differs from Stan: the diagonal metric is drawn towards the one that the chain began with instead of
/// 0.001, as far as the two differ by no more than chance; where a density is much steeper than a normal one of its variance, the inverse mean square of
/// the slope stands for the variance; and steps are learned with a gain of 0.2 instead of 0.05.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/archive.hpp"
#include "core/random.hpp"

namespace labile {

/// A log density over R^dim, up to a constant. One object serves one thread.
class LogDensityOver {
 public:
  virtual ~LogDensityOver() = default;
  [[nodiscard]] virtual int dim() const = 0;
  /// Value at q [dim]; grad [dim] gets the gradient. NaN and -inf are rejected by the sampler.
  virtual double gradient(std::span<const double> q, std::span<double> grad) = 0;
  /// Called after every iteration: may change q in a way of its own that leaves the density invariant. By how much the value changed. Words
  /// of `draw` with indices from kOwnWords on are free to use.
  virtual double move(std::span<double> q, const Draw& draw, std::uint32_t iteration) {
    (void)q, (void)draw, (void)iteration;
    return 0;
  }
  /// Told, in warm-up, of each metric learned [dim].
  virtual void learned(std::span<const double> inverse_metric) { (void)inverse_metric; }
  static constexpr std::uint32_t kOwnWords = 0x80000000u;
};

struct NutsOptions {
  int warmup = 500, draws = 1000;
  double adapt_delta = 0.8;  // mean acceptance that the step size aims at, in (0, 1)
  int max_depth = 10;        // of the tree: at most 2^max_depth - 1 leapfrog steps a draw
  double step = 0.1;         // first guess of the step size
  double least_step = 0;     // adaptation stops there: no step is small enough for a density that jumps
  std::uint64_t seed = 1;
  std::uint32_t chain = 0;
};

/// One chain's draws after warm-up.
struct NutsChain {
  int dim = 0;
  std::vector<double> q;                   // [draw][dim]
  std::vector<double> lp, energy, accept;  // [draw]; energy: -lp and what the momentum had
  std::vector<double> moved;               // [draw] by how much the density's own move had changed lp
  std::vector<int> depth, leapfrogs;       // [draw]
  std::vector<std::uint8_t> divergent;     // [draw]
  double step = 0;                         // adapted
  std::vector<double> inverse_metric;      // [dim], adapted variances
  double warmup_s = 0, sampling_s = 0;     // CPU seconds of the thread
  std::int64_t gradients = 0;              // evaluations, warm-up included
  [[nodiscard]] int draws() const { return static_cast<int>(lp.size()); }
  void keep(Archive& a) {
    a(dim, q, lp, energy, moved, accept, depth, leapfrogs, divergent, step, inverse_metric, warmup_s,
      sampling_s, gradients);
  }
};

/// Runs one chain from `start` [dim] with first variances `inverse_metric` [dim]. `go_on(iteration)` is asked before
/// every iteration (warm-up counts); when it says no, the draws made so far are returned. Throws Error when the density is
/// not finite at the start, or improper.
[[nodiscard]] NutsChain sample_chain(LogDensityOver& density, std::span<const double> start,
                                     std::span<const double> inverse_metric, const NutsOptions& options,
                                     const std::function<bool(int)>& go_on = {});

}  // namespace labile
