/// Work in numbered pieces, shared out to whoever is free: threads of this process and, in a launch of several ranks,
/// theirs.
///
/// A piece fills a place of its own in the caller's results, so it does not matter who works on it and when. All ranks
/// come to the same calls in the same order with the same pieces; rank 0 hands them out, works itself, and keeps what is
/// finished where a run can be resumed. A rank that dies, or owes work and is silent, gives its pieces back.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace labile {

class Archive;
class Ranks;

/// Who worked on a piece, and how long.
struct PieceDone {
  int phase = 0, number = 0;
  std::string label;
  double seconds = 0;
  int rank = 0;
  std::string host;
  double finished = 0;  // seconds since 1970
};

/// Where finished pieces are kept for a run that is resumed. Sharing calls it from rank 0's main thread only.
class ResultStore {
 public:
  virtual ~ResultStore() = default;
  /// Hands over all results of a phase that are there; they live through the call of `take`.
  virtual void find(int phase,
                    const std::function<void(int number, std::span<const std::byte> result)>& take) = 0;
  /// Whether it is time to keep results; nothing is packed before. Asked now and then.
  [[nodiscard]] virtual bool wanted() = 0;
  /// An empty result is only recorded: it is worked out again when the run is resumed.
  virtual void keep(const PieceDone& done, std::span<const std::byte> result) = 0;
  /// Makes sure of all that was given.
  virtual void flush() = 0;
};

struct Pieces {
  int n = 0;
  /// Fills place i; any thread, each i at least once and never twice at a time in one process.
  std::function<void(int i)> work;
  /// Writes or reads place i.
  std::function<void(int i, Archive&)> keep;
  /// What people call piece i.
  std::function<std::string(int i)> label = {};
  /// Pieces that rank 0 alone may work on, and that are not kept: they do more than to fill their place.
  std::function<bool(int i)> only_first = {};
  /// Told on rank 0 of every piece that is there; never twice at a time.
  std::function<void(int i)> finished = {};
  /// Whether all ranks need all results, or rank 0 alone; the others' places then stay as they are but for what they
  /// worked on themselves.
  bool for_all = true;
  /// So many beside each other in a process; 0: as many as it has threads.
  int beside = 0;
};

class Sharing {
 public:
  /// `threads` of this process. The ranks and the store must live as long.
  explicit Sharing(int threads);
  Sharing(int threads, Ranks& ranks, ResultStore* store);

  /// Comes back when all pieces are done, with what they threw: the same on all ranks, of the lowest piece that failed.
  /// An interrupt on any rank stops all. One rank without a store is a parallel_for().
  void operator()(const Pieces& pieces);

  /// The same for pieces that all ranks work on together, one after another: work() runs on every rank, in its main
  /// thread, and may communicate; every rank has the whole result. What only_first names is not kept here either.
  void together(const Pieces& pieces);

  [[nodiscard]] int threads() const { return threads_; }
  [[nodiscard]] Ranks& ranks() const { return ranks_; }
  /// Sentences about ranks that were lost go here.
  std::function<void(const std::string&)> tell = {};

 private:
  int threads_;
  Ranks& ranks_;
  ResultStore* store_;
  int phase_ = 0;
};

}  // namespace labile
