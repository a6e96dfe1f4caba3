/// One network of a card under one condition: built, run, recorded and measured.
#pragma once

#include <functional>

#include "run/network_run.hpp"

namespace labile {

struct SingleNetwork {
  std::vector<Sample> samples;  // [measure]
  NetworkSummary summary;
};
using SingleReport = std::function<void(double share, double model_s, double speed)>;

/// Records of the card go to `traces` unless it is null. The same bits for any number of threads, recorded or not.
[[nodiscard]] SingleNetwork run_single_network(const NetworkCard& card, const NetworkCondition& condition,
                                               std::uint64_t seed, int threads, Traces* traces,
                                               const SingleReport& report);

}  // namespace labile
