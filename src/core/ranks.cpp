#include "core/ranks.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <thread>
#include <utility>

#include "core/archive.hpp"
#include "core/error.hpp"

#ifdef LABILE_MPI
#define OMPI_SKIP_MPICXX 1  // the C functions only
#include <mpi.h>
#endif

namespace labile {
namespace {

/// How many processes the launcher says there are: Open MPI's own, PMIx (with srun), PMI.
int launched() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* n = std::getenv(name)) return std::atoi(n);
  // srun's variables are there in any of its steps; only with PMIx can the processes find each other.
  if (std::getenv("PMIX_RANK") != nullptr)
    if (const char* n = std::getenv("SLURM_NTASKS")) return std::atoi(n);
  return 1;
}

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
void wait_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
}  // namespace

/// Where a rank runs: processes see each other where host and process numbers' space are the same.
struct Ranks::Place {
  char host[72] = {};
  std::uint64_t numbers = 0;
  std::int64_t pid = 0;
};

/// Messages under way. None is waited for: whoever it comes from or goes to may have died.
struct Ranks::Mail {
#ifdef LABILE_MPI
  struct Letter {
    int other, topic;  // to or from whom
    std::vector<std::byte> bytes;
    MPI_Request request;
    [[nodiscard]] bool done() {
      int is = 0;
      MPI_Test(&request, &is, MPI_STATUS_IGNORE);
      return is != 0;
    }
  };
  std::list<Letter> leaving, arriving;
  void clear() {
    std::erase_if(leaving, [](Letter& l) { return l.done(); });
  }
#endif
};

Ranks::Ranks(int rank, int size) : rank_(rank), size_(size), mail_(std::make_unique<Mail>()) {
  const auto n = static_cast<std::size_t>(size);
  parts_.resize(n);
  whole_.resize(n);
  long_.resize(n);
  lost_.resize(n);
  left_.resize(n);
  complaints_.resize(n);
  introduce();
}
Ranks::~Ranks() = default;

void Ranks::introduce() {
  Place mine;
  gethostname(mine.host, sizeof mine.host - 1);
  struct stat space {};
  if (stat("/proc/self/ns/pid", &space) == 0) mine.numbers = space.st_ino;
  mine.pid = getpid();
  here_ = 0;
  for (const Place& p : gather_values(mine)) {
    const bool same = std::strcmp(p.host, mine.host) == 0 && p.numbers == mine.numbers;
    here_ += std::strcmp(p.host, mine.host) == 0;
    hosts_.emplace_back(p.host);
    pids_.push_back(same ? static_cast<long>(p.pid) : 0);
  }
}

int Ranks::threads() const {
  // What the launcher bound this process to, or its part of a machine on which nobody is bound.
  const auto bound = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto all = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  return std::max(1, std::min(bound, all / here_));
}

bool Ranks::gone(int rank) const {
  const auto r = static_cast<std::size_t>(rank);
  return lost_[r] || (pids_[r] > 0 && kill(static_cast<pid_t>(pids_[r]), 0) != 0 && errno == ESRCH);
}

void Ranks::lose(int rank) {
  whole_launch_ = false;
  say_farewell(rank, "");  // should it live after all, it ends as well
  lost_[static_cast<std::size_t>(rank)] = 1;
}

void Ranks::say_farewell(int to, std::string complaint) {
  Archive out;
  out(whole_launch_, complaint);
  send(to, kFarewell, out.take());
}

double Ranks::silence_s() {
  const char* text = std::getenv("LABILE_RANK_SILENCE_S");
  if (text == nullptr || *text == 0) return 60;
  char* end = nullptr;
  const double s = std::strtod(text, &end);
  if (*end != 0 || !(s >= 1))
    throw Error(std::string("LABILE_RANK_SILENCE_S is '") + text +
                "'; give seconds, 1 or more, after which a rank that says nothing counts as dead");
  return s;
}

Ranks& Ranks::alone() {
  static Ranks one(0, 1);
  return one;
}

Ranks& Ranks::world() {
  static const auto all = [] {
    const int n = launched();
    if (n <= 1) return std::unique_ptr<Ranks>(new Ranks(0, 1));
#ifdef LABILE_MPI
    int given = 0, rank = 0, size = 1;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given);
    // A process that ends leaves the others in peace when all have come to their end.
    std::atexit([] {
      int over = 0;
      MPI_Finalized(&over);
      if (!over) MPI_Finalize();
    });
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return std::unique_ptr<Ranks>(new Ranks(rank, size));
#else
    throw Error("the launcher started " + std::to_string(n) +
                " processes, but this build has no MPI: install it (Debian: libopenmpi-dev) and build again");
#endif
  }();
  return *all;
}

const std::vector<std::span<const std::byte>>& Ranks::gather(std::span<const std::byte> mine) {
  if (size_ == 1) {
    received_.assign(mine.begin(), mine.end());
    parts_[0] = received_;
    return parts_;
  }
#ifdef LABILE_MPI
  for (int r = 0; r < size_; ++r)
    if (lost(r))
      throw Error("rank " + std::to_string(r) + " on " + host(r) + " has died, and this needs all ranks");
  // One exchange of equal slots: a length and as much as fits. What does not fit goes in a second one, and slots are
  // larger from then on.
  const std::uint64_t length = mine.size();
  const auto n = static_cast<std::size_t>(size_);
  const std::size_t stride = sizeof length + slot_;
  sent_.resize(stride);
  received_.resize(stride * n);
  std::memcpy(sent_.data(), &length, sizeof length);
  if (!mine.empty()) std::memcpy(sent_.data() + sizeof length, mine.data(), std::min(mine.size(), slot_));
  const auto check = [](int code) {
    if (code != MPI_SUCCESS) throw Error("another rank cannot be reached any more");
  };
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallgather(sent_.data(), static_cast<int>(stride), MPI_BYTE, received_.data(),
                       static_cast<int>(stride), MPI_BYTE, MPI_COMM_WORLD, &request));
  complete(&request);
  std::vector<std::uint64_t> lengths(n);
  std::uint64_t most = 0;
  for (std::size_t r = 0; r < n; ++r) {
    std::memcpy(&lengths[r], received_.data() + r * stride, sizeof length);
    most = std::max(most, lengths[r]);
    parts_[r] =
        std::span(received_).subspan(r * stride + sizeof length, std::min<std::size_t>(lengths[r], slot_));
  }
  if (most <= slot_) return parts_;
  for (std::size_t r = 0; r < n; ++r) {
    if (lengths[r] <= slot_) continue;
    whole_[r].resize(lengths[r]);
    if (static_cast<int>(r) == rank_) std::memcpy(whole_[r].data(), mine.data(), mine.size());
    constexpr std::size_t kMost = std::size_t{1} << 30;  // MPI counts with int
    for (std::size_t at = 0; at < lengths[r]; at += kMost)
      check(MPI_Bcast(whole_[r].data() + at, static_cast<int>(std::min(kMost, lengths[r] - at)), MPI_BYTE,
                      static_cast<int>(r), MPI_COMM_WORLD));
    parts_[r] = whole_[r];
  }
  constexpr std::size_t kLargest = 1 << 16;
  slot_ = std::min(kLargest, std::bit_ceil(static_cast<std::size_t>(most)));
#endif
  return parts_;
}

/// Waits, but not for a rank that has failed meanwhile.
void Ranks::complete([[maybe_unused]] void* request) {
#ifdef LABILE_MPI
  constexpr int kLook = 2000;  // tries between looks for trouble, about a millisecond
  for (int k = 1;; ++k) {
    int done = 0;
    if (MPI_Test(static_cast<MPI_Request*>(request), &done, MPI_STATUS_IGNORE) != MPI_SUCCESS)
      throw Error("another rank cannot be reached any more");
    if (done) return;
    if (k > 50) std::this_thread::yield();
    if (k % kLook != 0) continue;
    while (receive()) {
    }
    if (trouble_ != 0) whole_launch_ = false;  // what is waited for will never come
    check();
  }
#endif
}

std::string Ranks::of_rank(int rank, const std::string& text) const {
  return "rank " + std::to_string(rank) + " on " + host(rank) + ": " + text;
}

void Ranks::check() {
  if (trouble_ == 0) return;
  constexpr int kInterruptedCode = 130;
  if (trouble_ == kInterruptedCode) throw Interrupted(trouble_text_);
  throw Error(trouble_text_);
}

void Ranks::sum([[maybe_unused]] std::span<std::uint64_t> x) {
#ifdef LABILE_MPI
  if (size_ == 1) return;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(MPI_IN_PLACE, x.data(), static_cast<int>(x.size()), MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD,
                 &request);
  complete(&request);
#endif
}
void Ranks::sum([[maybe_unused]] std::span<std::uint32_t> x) {
#ifdef LABILE_MPI
  if (size_ == 1) return;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(MPI_IN_PLACE, x.data(), static_cast<int>(x.size()), MPI_UINT32_T, MPI_SUM, MPI_COMM_WORLD,
                 &request);
  complete(&request);
#endif
}

bool Ranks::meet([[maybe_unused]] double seconds) {
#ifdef LABILE_MPI
  if (size_ == 1) return true;
  MPI_Request all = MPI_REQUEST_NULL;
  MPI_Ibarrier(MPI_COMM_WORLD, &all);
  const auto start = std::chrono::steady_clock::now();
  for (int there = 0;;) {
    MPI_Test(&all, &there, MPI_STATUS_IGNORE);
    if (there) return true;
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
#else
  return true;
#endif
}

void Ranks::agree(const std::string& failure) {
  if (size_ == 1) {
    if (!failure.empty()) throw Error(failure);
    return;
  }
  for (const auto& b : gather(std::as_bytes(std::span(failure))))
    if (!b.empty()) throw Error(std::string(reinterpret_cast<const char*>(b.data()), b.size()));
}

// Long messages go in parts, because MPI counts with int; the last byte of each says whether more follows.
void Ranks::send([[maybe_unused]] int to, [[maybe_unused]] int topic,
                 [[maybe_unused]] std::vector<std::byte> bytes) {
#ifdef LABILE_MPI
  if (lost(to)) return;
  mail_->clear();
  constexpr std::size_t kMost = std::size_t{1} << 30;
  const auto post = [&](std::vector<std::byte> part, bool more) {
    part.push_back(std::byte{more});
    auto& letter = mail_->leaving.emplace_back(Mail::Letter{to, topic, std::move(part), MPI_REQUEST_NULL});
    if (MPI_Isend(letter.bytes.data(), static_cast<int>(letter.bytes.size()), MPI_BYTE, to, topic,
                  MPI_COMM_WORLD, &letter.request) != MPI_SUCCESS)
      mail_->leaving.pop_back();  // whoever is gone hears nothing
  };
  std::size_t at = 0;
  for (; bytes.size() - at > kMost; at += kMost)
    post({bytes.begin() + static_cast<std::ptrdiff_t>(at),
          bytes.begin() + static_cast<std::ptrdiff_t>(at + kMost)},
         true);
  if (at > 0) bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  post(std::move(bytes), false);
#endif
}

std::optional<Ranks::Message> Ranks::receive() {
#ifdef LABILE_MPI
  if (size_ == 1) return {};
  mail_->clear();
  while (true) {
    int there = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status) != MPI_SUCCESS || !there)
      break;
    int n = 0;
    MPI_Get_count(&status, MPI_BYTE, &n);
    auto& letter = mail_->arriving.emplace_back(
        Mail::Letter{status.MPI_SOURCE, status.MPI_TAG, std::vector<std::byte>(static_cast<std::size_t>(n)),
                     MPI_REQUEST_NULL});
    if (MPI_Irecv(letter.bytes.data(), n, MPI_BYTE, letter.other, letter.topic, MPI_COMM_WORLD,
                  &letter.request) != MPI_SUCCESS)
      mail_->arriving.pop_back();
  }
  // The first of each rank that is whole; what a rank sent later waits behind a long one.
  std::vector<std::uint8_t> behind(static_cast<std::size_t>(size_), 0);
  for (auto it = mail_->arriving.begin(); it != mail_->arriving.end();) {
    const auto r = static_cast<std::size_t>(it->other);
    if (behind[r] || !it->done()) {
      behind[r] = 1;
      ++it;
      continue;
    }
    const int from = it->other, topic = it->topic;
    std::vector<std::byte> part = std::move(it->bytes);
    it = mail_->arriving.erase(it);
    const bool more = part.back() != std::byte{0};
    part.pop_back();
    auto& before = long_[r];
    if (!before.empty() || more) {
      before.insert(before.end(), part.begin(), part.end());
      if (more) continue;
      part = std::exchange(before, {});
    }
    if (lost(from)) continue;
    if (topic == kTrouble) {
      int code = 0;
      std::string text;
      Archive(part, "trouble")(code, text);
      if (trouble_ == 0) {
        trouble_ = code;
        trouble_text_ = of_rank(from, text);
      }
      continue;
    }
    if (topic != kFarewell) return Message{from, topic, std::move(part)};
    left_[r] = 1;
    bool whole = true;
    Archive(part, "a farewell")(whole, complaints_[r]);
    whole_launch_ = whole_launch_ && whole;
  }
#endif
  return {};
}

bool Ranks::delivered([[maybe_unused]] int to) {
#ifdef LABILE_MPI
  mail_->clear();
  return std::none_of(mail_->leaving.begin(), mail_->leaving.end(),
                      [&](const auto& l) { return l.other == to; });
#else
  return true;
#endif
}

#ifdef LABILE_MPI
/// MPI's farewell waits for all ranks, and for ever for one that dies in these last moments.
void Ranks::finalize(int code) {
  std::fflush(nullptr);
  std::jthread watch([this, code](const std::stop_token& over) {
    constexpr double kGrace = 10;  // seconds in which who sees another one ended comes to its own end
    double until = now_s() + silence_s();
    while (!over.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      for (int r = 0; r < size_; ++r)
        if (r != rank_ && gone(r)) until = std::min(until, now_s() + kGrace);
      if (now_s() > until) _exit(code);
    }
  });
  MPI_Finalize();
}
#endif

std::vector<std::string> Ranks::leave([[maybe_unused]] int code, [[maybe_unused]] std::string complaint) {
  std::vector<std::string> heard;
#ifdef LABILE_MPI
  if (size_ == 1) return heard;
  if (complaint == trouble_text_) complaint.clear();  // another's, which it says itself
  if (code != 0)                                      // others may wait for this one in what they do together
    for (int r = 0; r < size_; ++r)
      if (r != rank_ && !gone(r)) {
        Archive out;
        out(code, complaint);
        send(r, kTrouble, out.take());
      }
  if (!first()) {
    say_farewell(0, complaint);
    while (!left(0)) {
      if (receive()) continue;
      if (gone(0)) {
        whole_launch_ = false;
        if (!complaint.empty()) heard.push_back(std::move(complaint));
        break;
      }
      wait_a_little();
    }
  } else {
    // Who computes still, without a word, is waited for no longer than for any other answer.
    const double until = now_s() + silence_s();
    for (int r = 1; r < size_; ++r) {
      while (!left(r) && !lost(r)) {
        if (receive()) continue;
        if (gone(r) || now_s() > until) lose(r);
        wait_a_little();
      }
      const std::string& theirs = complaints_[static_cast<std::size_t>(r)];
      if (std::string words = of_rank(r, theirs); !theirs.empty() && words != trouble_text_)
        heard.push_back(std::move(words));
    }
    for (int r = 1; r < size_; ++r)
      if (gone(r)) lose(r);  // also who died after its farewell
    for (int r = 1; r < size_; ++r) say_farewell(r, "");
    for (int r = 1; r < size_; ++r)
      while (!gone(r) && !delivered(r)) wait_a_little();
  }
  const int last = first() ? code : 0;
  if (whole_launch_) {
    finalize(last);
    return heard;
  }
  for (const auto& h : heard) std::fprintf(stderr, "labile: %s\n", h.c_str());
  std::fflush(nullptr);
  // Launchers wait for all that they started, also for who hangs.
  for (std::size_t r = 0; r < lost_.size(); ++r)
    if (lost_[r] && pids_[r] > 0) kill(static_cast<pid_t>(pids_[r]), SIGKILL);
  _exit(last);
#endif
  return heard;
}

}  // namespace labile
