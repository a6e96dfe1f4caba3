#include "network/memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <new>
#include <string>

#include "core/error.hpp"

namespace labile {

LargeArray::LargeArray(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  constexpr std::size_t kPage = std::size_t{2} << 20;
  if (bytes < kPage / 4) {  // small ones need no pages of their own
    const std::size_t padded = (bytes + 63) / 64 * 64;
    data_ = static_cast<std::byte*>(std::aligned_alloc(64, padded));
    if (!data_) throw std::bad_alloc();
    std::fill_n(data_, padded, std::byte{0});
    return;
  }
  mapped_ = (bytes + kPage - 1) / kPage * kPage + kPage;
  map_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map_ == MAP_FAILED) {
    map_ = nullptr;
    throw Error(
        fmt::format("the system gave no memory for an array of {:.1f} MB", static_cast<double>(bytes) / 1e6));
  }
  data_ = reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(map_) + kPage - 1) / kPage * kPage);
  madvise(data_, (bytes + kPage - 1) / kPage * kPage, MADV_HUGEPAGE);
}

LargeArray::~LargeArray() {
  if (map_)
    munmap(map_, mapped_);
  else
    std::free(data_);
}

std::size_t available_memory() {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  std::ifstream info("/proc/meminfo");
  for (std::string key; info >> key;) {
    std::size_t kb = 0;
    if (key == "MemAvailable:" && info >> kb) least = kb * 1024;
    info.ignore(256, '\n');
  }
  // A container's limit (cgroup 2); "max" does not parse and means none.
  std::ifstream limit("/sys/fs/cgroup/memory.max"), used("/sys/fs/cgroup/memory.current");
  std::size_t most = 0, now = 0;
  if (limit >> most && used >> now) least = std::min(least, most > now ? most - now : 0);
  return least;
}

}  // namespace labile
