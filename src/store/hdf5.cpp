#include "store/hdf5.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.hpp"

namespace labile::hdf5 {

std::string reason() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned, const H5E_error2_t* e, void* out) -> herr_t {
        auto& r = *static_cast<std::string*>(out);
        if (r.empty() && e->desc) r = e->desc;
        return 0;
      },
      &text);
  if (const auto at = text.find("error message = '"); at != std::string::npos) {
    const auto first = at + 17, last = text.find('\'', first);
    text = text.substr(first, last - first);
  }
  return text.empty() ? "the HDF5 library refused" : text;
}

void quiet() {
  // After a failed write the library crashes when it cleans up at exit; everything is closed here, so it need not.
  static const bool quiet_exit = H5dont_atexit() >= 0;
  (void)quiet_exit;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void NewFile::create(std::filesystem::path to, const Handle& access) {
  target = std::move(to);
  temporary = target;
  temporary += fmt::format(".part{}", ::getpid());
  file = Handle(checked(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access)), H5Fclose);
  pending = true;
}
void NewFile::fail(const std::string& why) {
  discard();
  failed = fmt::format("{}: cannot write: {}; nothing was left under this name", target.string(), why);
  throw Error(failed);
}
void NewFile::discard() noexcept {
  close_arrays();
  file.reset();
  std::error_code ignored;
  if (pending) std::filesystem::remove(temporary, ignored);
  pending = false;
}
void NewFile::take_name() {
  std::error_code ec;
  std::filesystem::rename(temporary, target, ec);
  if (ec) fail(ec.message());
  pending = false;
}

}  // namespace labile::hdf5
