/// What a run has worked out so far, in one SQLite file beside its results, so that a run that was killed goes on.
///
/// DIR/run.sqlite: `run` (key, value: the card, how and with what it was run), `work` (who did what when, with the
/// result). It is made once a run has lasted a while; when the run is complete, results are dropped and the record stays.
/// A kill at any moment leaves a whole index: what was written last may be missing, never torn.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/share.hpp"

namespace labile {

/// By key: card (canonical text), hash, source, source_name, folder, set, version, build, program, inputs, options, ...
using RunFacts = std::map<std::string, std::string>;

class RunIndex final : public ResultStore {
 public:
  /// For a new run in `folder`: the file is made, in place of an older one, when results are first wanted, `after_s`
  /// seconds from now. LABILE_INDEX_AFTER_S stands in for it.
  RunIndex(std::filesystem::path folder, RunFacts facts, double after_s = 2);
  /// The one in `folder`, to go on with. Throws Error, with what was found, where there is none, it is damaged, or
  /// another process is at work on it.
  explicit RunIndex(std::filesystem::path folder);
  ~RunIndex() override;

  [[nodiscard]] const RunFacts& facts() const { return facts_; }
  /// Whether the file is there.
  [[nodiscard]] bool made() const { return db_ != nullptr; }
  [[nodiscard]] bool complete() const;
  /// The results of the run are safe elsewhere: they are dropped here. Removes an older run's file where this one was
  /// too short to have its own.
  void finish();

  void find(int phase, const std::function<void(int, std::span<const std::byte>)>& take) override;
  [[nodiscard]] bool wanted() override;
  /// Makes the file now: there is something to go on from. Any thread.
  void ensure();
  void keep(const PieceDone& done, std::span<const std::byte> result) override;
  void flush() override;

 private:
  struct Database;
  void make();
  mutable std::recursive_mutex lock_;
  std::filesystem::path file_;
  RunFacts facts_;
  double wanted_at_ = 0, flushed_ = 0;  // seconds on the steady clock
  std::unique_ptr<Database> db_;
};

/// Facts that a run can only be resumed with if they are the same: version, build, program (a hash of the executable).
[[nodiscard]] RunFacts build_facts();
/// Throws Error where the index is of another build than this one.
void check_build(const RunIndex& index, const std::filesystem::path& folder);
/// Hashes of files that a card reads beside itself, a line each; files that are not there are left out.
[[nodiscard]] std::string hashes_of(const std::vector<std::filesystem::path>& files);

}  // namespace labile
