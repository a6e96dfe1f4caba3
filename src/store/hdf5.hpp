/// The HDF5 C library, made safe: identifiers that give themselves back, one thread at a time, reasons in words. For files
/// that talk to the library; nothing else includes it.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

namespace labile::hdf5 {

/// The C library is not made for threads: whoever calls it holds this.
inline std::recursive_mutex& library() {
  static std::recursive_mutex lock;
  return lock;
}
using Lock = std::lock_guard<std::recursive_mutex>;

/// An HDF5 identifier with the function that gives it back.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& o) noexcept : id_(std::exchange(o.id_, -1)), close_(o.close_) {}
  Handle& operator=(Handle&& o) noexcept {
    if (this != &o) {
      reset();
      id_ = std::exchange(o.id_, -1);
      close_ = o.close_;
    }
    return *this;
  }
  ~Handle() { reset(); }
  /// Whether closing went well; a file's last bytes are written here.
  bool reset() noexcept {
    const bool good = id_ < 0 || close_(id_) >= 0;
    id_ = -1;
    return good;
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// The deepest reason on the library's error stack, which says what the disk objected to.
std::string reason();
/// Failures become Errors here, not lines on stderr. Holds for the thread that calls.
void quiet();

}  // namespace labile::hdf5
