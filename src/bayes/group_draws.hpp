/// The draws of all chains as one list, and what is made of them.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "bayes/diagnostics.hpp"
#include "bayes/nuts.hpp"

namespace labile {

/// Draws [chain][iteration], as many of each chain as the shortest has. The chains must outlive it.
class Draws {
 public:
  explicit Draws(const std::vector<NutsChain>& chains) : chains_(chains) {
    iterations_ = chains.front().draws();
    for (const auto& c : chains) iterations_ = std::min(iterations_, c.draws());
  }
  [[nodiscard]] int chains() const { return static_cast<int>(chains_.size()); }
  [[nodiscard]] int iterations() const { return iterations_; }
  [[nodiscard]] int total() const { return iterations_ * chains(); }
  [[nodiscard]] std::span<const double> q(int draw) const {
    const auto& c = chains_[static_cast<std::size_t>(draw / iterations_)];
    const auto dim = static_cast<std::size_t>(c.dim);
    return std::span(c.q).subspan(static_cast<std::size_t>(draw % iterations_) * dim, dim);
  }
  /// [chain][iteration] of a function of a draw.
  template <class F>
  std::vector<double> of(F&& f) const {
    std::vector<double> r(static_cast<std::size_t>(total()));
    for (int d = 0; d < total(); ++d) r[static_cast<std::size_t>(d)] = f(q(d));
    return r;
  }
  template <class F>
  DrawSummary summary(F&& f) const {
    return summarize_draws(of(f), chains());
  }

 private:
  const std::vector<NutsChain>& chains_;
  int iterations_ = 0;
};

}  // namespace labile
