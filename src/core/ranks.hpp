/// The processes of one launch (mpirun, srun), the only file that knows of MPI with ranks.cpp.
///
/// All ranks run the same program on the same input; what they work out apart they exchange here, and everyone then
/// holds the same bits. Without a launcher, or where Labile was built without MPI, there is one rank.
///
/// Only the thread that called world() first may communicate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace labile {

class Archive;

class Ranks {
 public:
  /// What the launcher started. The first call joins the others. Throws Error when the launcher started several
  /// processes and this build has no MPI.
  static Ranks& world();
  /// This process by itself.
  static Ranks& alone();
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] bool first() const { return rank_ == 0; }

  /// Everyone's bytes to everyone, by rank; valid until the next call. All ranks call it together.
  [[nodiscard]] const std::vector<std::span<const std::byte>>& gather(std::span<const std::byte> mine);
  /// One value of each rank, by rank.
  template <class T>
  [[nodiscard]] std::vector<T> gather_values(const T& mine) {
    std::vector<T> r;
    for (const auto& b : gather(std::as_bytes(std::span(&mine, 1))))
      r.push_back(*reinterpret_cast<const T*>(b.data()));
    return r;
  }
  /// Lists of each rank, one after another.
  template <class T>
  [[nodiscard]] std::vector<T> gather_lists(std::span<const T> mine) {
    std::vector<T> r;
    for (const auto& b : gather(std::as_bytes(mine))) {
      const auto* at = reinterpret_cast<const T*>(b.data());
      r.insert(r.end(), at, at + b.size() / sizeof(T));
    }
    return r;
  }
  /// Rank 0's value for everyone.
  template <class T>
  [[nodiscard]] T of_first(const T& mine) {
    return size_ == 1 ? mine : gather_values(mine).front();
  }
  /// Adds up what the ranks hold, place by place; whole numbers, so that no order matters. All ranks call it together.
  void sum(std::span<std::uint64_t> x);
  void sum(std::span<std::uint32_t> x);
  /// Ranks on this machine, which share its memory; with this one.
  [[nodiscard]] int on_this_machine() const { return here_; }
  /// Waits until all ranks are here, so long at most; whether they came.
  [[nodiscard]] bool meet(double seconds);
  /// Throws on every rank what any rank has to say: the message of the lowest rank that has one, as Error. All ranks
  /// call it together.
  void agree(const std::string& failure);

  /// Messages from one rank to another, for work that is handed out. Sending waits for nobody.
  struct Message {
    int from;
    std::vector<std::byte> bytes;
  };
  void send(int to, std::vector<std::byte> bytes);
  /// The next message, if one is there.
  [[nodiscard]] std::optional<Message> receive();

 private:
  Ranks(int rank, int size);
  int rank_ = 0, size_ = 1, here_ = 1;
  std::size_t slot_ = 1024;  // bytes that one exchange carries of each rank
  std::vector<std::byte> sent_, received_, rest_;
  std::vector<std::vector<std::byte>> whole_;
  std::vector<std::span<const std::byte>> parts_;
  struct Outbox;
  std::unique_ptr<Outbox> outbox_;
};

}  // namespace labile
