/// Which synapses a projection has: drawn for each target by identity, so that a network does not depend on
/// how it is split over blocks, threads or machines.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "network/partition.hpp"
#include "network/spec.hpp"
#include "network/time.hpp"

namespace labile {

/// One synapse onto a given target.
struct NewSynapse {
  std::uint32_t source;
  std::uint32_t delay;  // steps, total
  float weight;
};

/// A projection ready to be drawn: numbers checked, files read.
class Connector {
 public:
  /// `index` tells projections apart in draws. Throws Error: bad numbers, delays outside [1, kMaxDelay]
  /// steps, a list that names neurons there are not, a projection without synapses where that is certain.
  /// `own`: the targets whose synapses will be asked for; what is drawn for all at once is kept of these only.
  Connector(const ProjectionSpec& spec, int index, int sources, int targets, const Range& own,
            bool same_population, double dt_ms, std::uint64_t seed);
  /// The neurons among which sources choose, where they are more than one population's: `size` of them, of
  /// which the target population's start at `first`, the source population's at `self` (-1: not among them).
  struct Group {
    int size, first, self;
  };
  Connector(const ProjectionSpec& spec, int index, int sources, int targets, const Range& own,
            const Group& group, double dt_ms, std::uint64_t seed);

  /// Synapses onto `target`, in an order that depends on nothing else; appended to `out`.
  void synapses(int target, std::vector<NewSynapse>& out) const;
  /// Synapses expected onto one target, for memory.
  [[nodiscard]] double expected_indegree() const { return expected_; }
  [[nodiscard]] bool one_weight() const {
    return weight_.is_constant() && connect_.kind != ConnectivitySpec::Kind::list;
  }
  [[nodiscard]] float weight() const {
    return static_cast<float>(std::clamp(weight_.a, weight_.lo, weight_.hi));
  }
  /// No weight lies below.
  [[nodiscard]] double least_weight() const { return least_weight_; }
  /// Delays that can occur, ascending, steps.
  [[nodiscard]] std::span<const std::uint32_t> delays() const { return delays_; }

  static constexpr Step kMaxDelay = 60000;

 private:
  void draw_outdegree(const Group& group, int index);
  void sources_of(int target, std::vector<std::uint32_t>& out) const;
  struct Listed {
    std::uint32_t target;
    NewSynapse synapse;
  };
  ConnectivitySpec connect_;
  Distribution weight_, delay_;
  std::uint32_t index_;
  int sources_, targets_;
  Range own_;
  bool same_;
  double dt_, expected_ = 0, least_weight_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> delays_;
  std::vector<Listed> listed_;            // sorted by target; kind list
  std::vector<std::uint32_t> out_begin_;  // fixed_outdegree: [own target + 1] into out_source_
  std::vector<std::uint32_t> out_source_;
};

/// One draw from a distribution at (counter, index) of `draw`.
[[nodiscard]] double draw_from(const Distribution& d, const Draw& draw, std::uint32_t counter,
                               std::uint32_t index = 0);
/// Throws Error at `where` when the numbers make no distribution; `what` is how messages call it.
void check_distribution(const Distribution& d, const Where& where, std::string_view what);

}  // namespace labile
