/// The HDF5 C library, made safe: identifiers that give themselves back, one thread at a time, reasons in words. For files
/// that talk to the library; nothing else includes it.
#pragma once

#include <hdf5.h>

#include <filesystem>
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

/// A file that appears whole or not at all: written under a temporary name beside the target. Whoever derives from it
/// closes what it has open in the file by close_arrays(), and calls discard() in its destructor.
class NewFile {
 public:
  virtual ~NewFile() = default;
  /// Throws Error (file, reason) when the disk refuses.
  void create(std::filesystem::path target, const Handle& access);
  [[noreturn]] void fail(const std::string& why);
  void check(bool good) {
    if (!good) fail(reason());
  }
  hid_t checked(hid_t id) {
    check(id >= 0);
    return id;
  }
  void discard() noexcept;
  /// Closed before: the temporary name becomes the target's.
  void take_name();

  std::filesystem::path target, temporary;
  Handle file;
  bool pending = false;  // the temporary name is there
  std::string failed;    // why nothing more can be written

 private:
  virtual void close_arrays() noexcept = 0;
};

}  // namespace labile::hdf5
