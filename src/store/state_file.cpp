#include "store/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <system_error>

#include "store/hdf5.hpp"

namespace labile {
namespace {

using hdf5::Handle;
using hdf5::library;
using hdf5::Lock;

template <class T>
hid_t type_of() {
  if constexpr (std::is_same_v<T, std::byte>) return H5T_NATIVE_UCHAR;
  if constexpr (std::is_same_v<T, std::uint32_t>) return H5T_NATIVE_UINT32;
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
}
Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}
/// The part [offset, offset + n) of an array in the file, and as much memory. Empty where the file does not have it.
struct Place {
  Handle file, memory;
  Place(hid_t set, std::size_t offset, std::size_t n) {
    Handle space(H5Dget_space(set), H5Sclose);
    const hsize_t start = offset, count = n;
    if (offset + n > static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) ||
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0)
      return;
    file = std::move(space);
    memory = Handle(H5Screate_simple(1, &count, nullptr), H5Sclose);
  }
  [[nodiscard]] bool there() const { return file >= 0; }
};
}  // namespace

struct StateWriter::Impl final : hdf5::NewFile {
  std::map<std::string, Handle> arrays;
  void close_arrays() noexcept override { arrays.clear(); }
};

StateWriter::StateWriter(std::filesystem::path target) : impl_(std::make_unique<Impl>()) {
  const Lock lock(library());
  hdf5::quiet();
  impl_->create(std::move(target), Handle(H5Pcreate(H5P_FILE_ACCESS), H5Pclose));
}
StateWriter::~StateWriter() {
  const Lock lock(library());
  impl_->discard();
}

void StateWriter::note(const std::string& name, const std::string& text) {
  const Lock lock(library());
  Impl& m = *impl_;
  const Handle type = text_type(), space(m.checked(H5Screate(H5S_SCALAR)), H5Sclose);
  const Handle a(m.checked(H5Acreate2(m.file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT)),
                 H5Aclose);
  const char* characters = text.c_str();
  m.check(H5Awrite(a, type, &characters) >= 0);
}

template <class T>
void StateWriter::make(const std::string& name, std::size_t n) {
  const Lock lock(library());
  Impl& m = *impl_;
  const hsize_t size = n;
  const Handle space(m.checked(H5Screate_simple(1, &size, nullptr)), H5Sclose);
  const Handle links(m.checked(H5Pcreate(H5P_LINK_CREATE)), H5Pclose);
  m.check(H5Pset_create_intermediate_group(links, 1) >= 0);
  m.arrays[name] = Handle(
      m.checked(H5Dcreate2(m.file, name.c_str(), type_of<T>(), space, links, H5P_DEFAULT, H5P_DEFAULT)),
      H5Dclose);
}
template <class T>
void StateWriter::fill(const std::string& name, std::size_t offset, std::span<const T> values) {
  if (values.empty()) return;
  const Lock lock(library());
  hdf5::quiet();
  Impl& m = *impl_;
  if (!m.pending) throw Error(m.failed);  // another thread has met what the disk said
  const hid_t set = m.arrays.at(name);
  const Place at(set, offset, values.size());
  if (!at.there()) throw Bug("state outside its array " + name);
  m.check(H5Dwrite(set, type_of<T>(), at.memory, at.file, H5P_DEFAULT, values.data()) >= 0);
}

void StateWriter::commit() {
  const Lock lock(library());
  Impl& m = *impl_;
  m.check(H5Fflush(m.file, H5F_SCOPE_GLOBAL) >= 0);
  for (auto& [name, array] : m.arrays) m.check(array.reset());
  m.check(m.file.reset());
  // On the disk before it has its name.
  const int descriptor = ::open(m.temporary.c_str(), O_RDONLY | O_CLOEXEC);
  const int refused = descriptor >= 0 && ::fsync(descriptor) == 0 ? 0 : errno;
  if (descriptor >= 0) ::close(descriptor);
  if (refused != 0) m.fail(std::generic_category().message(refused));
  m.take_name();
}

struct StateReader::Impl {
  std::filesystem::path path;
  Handle file;
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("{}: {}", path.string(), why));
  }
  [[nodiscard]] Handle open(const std::string& name) const {
    Handle set(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (set < 0) fail(fmt::format("this part of a checkpoint has no '{}'", name));
    return set;
  }
};

StateReader::StateReader(std::filesystem::path path) : impl_(std::make_unique<Impl>()) {
  const Lock lock(library());
  hdf5::quiet();
  impl_->path = std::move(path);
  std::error_code ec;
  if (!std::filesystem::exists(impl_->path, ec))
    impl_->fail(ec ? ec.message() : "this part of the checkpoint is missing");
  impl_->file = Handle(H5Fopen(impl_->path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (impl_->file < 0) impl_->fail("cannot be read as a part of a checkpoint: " + hdf5::reason());
}
StateReader::~StateReader() {
  const Lock lock(library());
  impl_.reset();
}
StateReader::StateReader(StateReader&&) noexcept = default;
StateReader& StateReader::operator=(StateReader&&) noexcept = default;

const std::filesystem::path& StateReader::path() const {
  return impl_->path;
}
std::string StateReader::note(const std::string& name) const {
  const Lock lock(library());
  hdf5::quiet();
  const Handle a(H5Aopen(impl_->file, name.c_str(), H5P_DEFAULT), H5Aclose);
  char* characters = nullptr;
  const Handle type = text_type();
  if (a < 0 || H5Aread(a, type, &characters) < 0)
    impl_->fail(fmt::format("does not say its '{}': it is no checkpoint of Labile", name));
  std::string r(characters);
  H5free_memory(characters);
  return r;
}
std::size_t StateReader::size(const std::string& name) const {
  const Lock lock(library());
  const Handle set = impl_->open(name), space(H5Dget_space(set), H5Sclose);
  return static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
}
template <class T>
void StateReader::read(const std::string& name, std::size_t offset, std::span<T> values) const {
  if (values.empty()) return;
  const Lock lock(library());
  hdf5::quiet();
  const Handle set = impl_->open(name);
  const Place at(set, offset, values.size());
  if (!at.there() || H5Dread(set, type_of<T>(), at.memory, at.file, H5P_DEFAULT, values.data()) < 0)
    impl_->fail(fmt::format("'{}' is damaged or of another shape", name));
}

#define LABILE_STATE_TYPE(T)                                                               \
  template void StateWriter::make<T>(const std::string&, std::size_t);                     \
  template void StateWriter::fill<T>(const std::string&, std::size_t, std::span<const T>); \
  template void StateReader::read<T>(const std::string&, std::size_t, std::span<T>) const;
LABILE_STATE_TYPE(std::byte)
LABILE_STATE_TYPE(std::uint32_t)
LABILE_STATE_TYPE(float)
LABILE_STATE_TYPE(double)
#undef LABILE_STATE_TYPE

}  // namespace labile
