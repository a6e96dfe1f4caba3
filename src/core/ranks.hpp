/// The processes of one launch (mpirun, srun), the only file that knows of MPI with ranks.cpp.
///
/// All ranks run the same program on the same input; what they work out apart they exchange here, and everyone then
/// holds the same bits. Without a launcher, or where Labile was built without MPI, there is one rank.
///
/// A rank may die. Who only sends and receives (core/share.hpp) goes on without it; what all ranks do together cannot.
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
  /// The machine that a rank runs on; how many ranks run on this one; threads that are this rank's part of it.
  [[nodiscard]] const std::string& host(int rank) const { return hosts_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] int on_this_machine() const { return here_; }
  [[nodiscard]] int threads() const;

  /// Whether the process of a rank is known to have ended; of ranks on other machines nobody knows.
  [[nodiscard]] bool gone(int rank) const;
  /// From here on nothing is sent to this rank and nothing that it says is heard.
  void lose(int rank);
  [[nodiscard]] bool lost(int rank) const { return lost_[static_cast<std::size_t>(rank)]; }
  /// Seconds after which a rank that owes an answer counts as dead: LABILE_RANK_SILENCE_S, 60 without it. Throws Error
  /// when that is no number.
  [[nodiscard]] static double silence_s();

  /// Everyone's bytes to everyone, by rank; valid until the next call. All ranks call it together.
  [[nodiscard]] const std::vector<std::span<const std::byte>>& gather(std::span<const std::byte> mine);
  /// One value of each rank, by rank.
  template <class T>
  [[nodiscard]] std::vector<T> gather_values(const T& mine) {
    if (size_ == 1) return {mine};  // many networks may ask beside each other
    std::vector<T> r;
    for (const auto& b : gather(std::as_bytes(std::span(&mine, 1))))
      r.push_back(*reinterpret_cast<const T*>(b.data()));
    return r;
  }
  /// Lists of each rank, one after another.
  template <class T>
  [[nodiscard]] std::vector<T> gather_lists(std::span<const T> mine) {
    if (size_ == 1) return {mine.begin(), mine.end()};
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
  /// Waits until all ranks are here, so long at most; whether they came.
  [[nodiscard]] bool meet(double seconds);
  /// Throws what another rank failed with, as soon as that is known here: as Error, or Interrupted. What all ranks do
  /// together asks by itself while it waits.
  void check();
  /// Throws on every rank what any rank has to say: the message of the lowest rank that has one, as Error. All ranks
  /// call it together.
  void agree(const std::string& failure);

  /// Messages from one rank to another, for work that is handed out. Sending waits for nobody; messages of one rank come
  /// in the order in which they were sent.
  struct Message {
    int from, topic;
    std::vector<std::byte> bytes;
  };
  void send(int to, int topic, std::vector<std::byte> bytes);
  /// The next message, if one is there.
  [[nodiscard]] std::optional<Message> receive();
  /// Whether all that was sent to this rank has left.
  [[nodiscard]] bool delivered(int to);
  /// A topic of its own for what begins now; the same on all ranks, which come to it in the same order.
  [[nodiscard]] int next_topic() { return ++topic_; }
  /// Whether a rank has come to its end, and what went wrong there, if anything did.
  [[nodiscard]] bool left(int rank) const { return left_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] const std::string& complaint(int rank) const {
    return complaints_[static_cast<std::size_t>(rank)];
  }

  /// The last that a rank does: waits until all have come to their end, and ends the process without MPI's own farewell
  /// if one of them has died, which would wait for it. `complaint` is what went wrong on this rank, if anything did. On
  /// rank 0 it returns what others complained of.
  std::vector<std::string> leave(int code, std::string complaint);

 private:
  Ranks(int rank, int size);
  static constexpr int kFarewell = 0, kTrouble = 32000;  // topics: of leaving, of what went wrong
  struct Place;
  void introduce();
  void say_farewell(int to, std::string complaint);
  void finalize(int code);
  int rank_ = 0, size_ = 1, here_ = 1, topic_ = 0;
  std::vector<std::string> hosts_;         // [rank]
  std::vector<long> pids_;                 // [rank], 0 on other machines
  std::vector<std::uint8_t> lost_, left_;  // [rank]
  std::vector<std::string> complaints_;    // [rank]
  bool whole_launch_ = true;               // nobody has died or left the others waiting
  int trouble_ = 0;                        // exit code of a rank that failed; 0 = none has
  std::string trouble_text_;               // as rank 0 says it
  [[nodiscard]] std::string of_rank(int rank, const std::string& text) const;
  void complete(void* request);               // an MPI_Request
  std::vector<std::vector<std::byte>> long_;  // [rank] what has come of a message in several parts
  std::size_t slot_ = 1024;                   // bytes that one exchange carries of each rank
  std::vector<std::byte> sent_, received_, rest_;
  std::vector<std::vector<std::byte>> whole_;
  std::vector<std::span<const std::byte>> parts_;
  struct Mail;
  std::unique_ptr<Mail> mail_;
};

}  // namespace labile
