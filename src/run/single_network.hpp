/// One network of a card under one condition: built, run, recorded and measured.
#pragma once

#include <functional>

#include "run/network_run.hpp"
#include "run/run_checkpoints.hpp"

namespace labile {

struct SingleNetwork {
  std::vector<Sample> samples;  // [measure]
  NetworkSummary summary;
};
using SingleReport = std::function<void(double share, double model_s, double speed)>;

struct SingleOptions {
  int threads = 1;
  Ranks* ranks = nullptr;    // that run it together; null = this process alone
  bool record = false;       // the card's records are taken
  Traces* traces = nullptr;  // where they go; null on ranks other than the first
  SingleReport report = {};
  RunCheckpoints* checkpoints = nullptr;  // null = none are written or read
};

/// Goes on from the newest checkpoint where there is one. The same bits for any number of threads and ranks, recorded
/// or not, however often it was stopped.
[[nodiscard]] SingleNetwork run_single_network(const NetworkCard& card, const NetworkCondition& condition,
                                               std::uint64_t seed, const SingleOptions& options);

}  // namespace labile
