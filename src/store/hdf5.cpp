#include "store/hdf5.hpp"

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

}  // namespace labile::hdf5
