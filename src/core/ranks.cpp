#include "core/ranks.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <list>
#include <thread>

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

#ifdef LABILE_MPI
constexpr int kTag = 1;
#endif
}  // namespace

struct Ranks::Outbox {
#ifdef LABILE_MPI
  struct Letter {
    std::vector<std::byte> bytes;
    MPI_Request request;
  };
  std::list<Letter> letters;
  void clear() {
    std::erase_if(letters, [](Letter& l) {
      int done = 0;
      MPI_Test(&l.request, &done, MPI_STATUS_IGNORE);
      return done != 0;
    });
  }
#endif
};

Ranks::Ranks(int rank, int size) : rank_(rank), size_(size), outbox_(std::make_unique<Outbox>()) {
  parts_.resize(static_cast<std::size_t>(size));
  whole_.resize(static_cast<std::size_t>(size));
}
Ranks::~Ranks() = default;

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
    auto r = std::unique_ptr<Ranks>(new Ranks(rank, size));
    MPI_Comm here = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &r->here_);
    MPI_Comm_free(&here);
    return r;
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
  check(MPI_Allgather(sent_.data(), static_cast<int>(stride), MPI_BYTE, received_.data(),
                      static_cast<int>(stride), MPI_BYTE, MPI_COMM_WORLD));
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

void Ranks::sum([[maybe_unused]] std::span<std::uint64_t> x) {
#ifdef LABILE_MPI
  if (size_ > 1)
    MPI_Allreduce(MPI_IN_PLACE, x.data(), static_cast<int>(x.size()), MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
#endif
}
void Ranks::sum([[maybe_unused]] std::span<std::uint32_t> x) {
#ifdef LABILE_MPI
  if (size_ > 1)
    MPI_Allreduce(MPI_IN_PLACE, x.data(), static_cast<int>(x.size()), MPI_UINT32_T, MPI_SUM, MPI_COMM_WORLD);
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

void Ranks::send([[maybe_unused]] int to, [[maybe_unused]] std::vector<std::byte> bytes) {
#ifdef LABILE_MPI
  outbox_->clear();
  auto& letter = outbox_->letters.emplace_back(Outbox::Letter{std::move(bytes), MPI_REQUEST_NULL});
  if (MPI_Isend(letter.bytes.data(), static_cast<int>(letter.bytes.size()), MPI_BYTE, to, kTag,
                MPI_COMM_WORLD, &letter.request) != MPI_SUCCESS)
    outbox_->letters.pop_back();  // whoever is gone hears nothing
#endif
}

std::optional<Ranks::Message> Ranks::receive() {
#ifdef LABILE_MPI
  if (size_ == 1) return {};
  outbox_->clear();
  int there = 0;
  MPI_Status status;
  if (MPI_Iprobe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &there, &status) != MPI_SUCCESS || !there) return {};
  int n = 0;
  MPI_Get_count(&status, MPI_BYTE, &n);
  Message m{status.MPI_SOURCE, std::vector<std::byte>(static_cast<std::size_t>(n))};
  if (MPI_Recv(m.bytes.data(), n, MPI_BYTE, m.from, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE) != MPI_SUCCESS)
    return {};
  return m;
#else
  return {};
#endif
}

}  // namespace labile
