/// Memory for large arrays: zeroed, aligned to 64 bytes, on 2 MB pages where the system gives them.
#pragma once

#include <cstddef>
#include <utility>

namespace labile {

class LargeArray {
 public:
  LargeArray() = default;
  /// Throws Error when the system refuses.
  explicit LargeArray(std::size_t bytes);
  ~LargeArray();
  LargeArray(LargeArray&& o) noexcept { swap(o); }
  LargeArray& operator=(LargeArray&& o) noexcept {
    swap(o);
    return *this;
  }
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void swap(LargeArray& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(bytes_, o.bytes_);
    std::swap(mapped_, o.mapped_);
    std::swap(map_, o.map_);
  }
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0, mapped_ = 0;
  void* map_ = nullptr;
};

/// Bytes this process may still allocate: free memory and reclaimable cache, within a container's limit.
[[nodiscard]] std::size_t available_memory();

}  // namespace labile
