/// Checkpoints of one run of a network: when to write one, where, and which to go on from.
///
/// FOLDER/step_N holds the newest; it is written as step_N.new and renamed when all ranks have written their part, and
/// only then is the one before it removed.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>

#include "core/ranks.hpp"
#include "network/network.hpp"

namespace labile {

class RunCheckpoints {
 public:
  /// `identity` is what a run that goes on from them must have in common with this one. A checkpoint every so many
  /// seconds of wall time, or more rarely where one takes more than a hundredth of that.
  RunCheckpoints(std::filesystem::path folder, Network::Identity identity, double every_s, Ranks& ranks);
  /// Called on rank 0 when there is a checkpoint; any thread.
  std::function<void()> written = {};
  [[nodiscard]] const Network::Identity& identity() const { return identity_; }
  /// Whether it is time, as rank 0 sees it.
  [[nodiscard]] bool due() const { return Clock::now() >= next_; }
  /// Calls write(folder) on all ranks and keeps what it wrote. Throws Error (file, reason) where that
  /// fails; then the one before is there still. One of this step is left as it is.
  void write(Step step, const std::function<void(const std::filesystem::path&)>& write);
  /// The newest that is whole, as rank 0 sees it; none when there is none.
  [[nodiscard]] std::optional<std::filesystem::path> newest() const;
  /// Seconds that writing took so far.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::filesystem::path folder_;
  Network::Identity identity_;
  double every_s_, seconds_ = 0;
  Ranks& ranks_;
  Clock::time_point next_;
};

}  // namespace labile
