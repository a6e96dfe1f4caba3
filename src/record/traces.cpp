#include "record/traces.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/hdf5.hpp"

namespace labile {
namespace {

using namespace hdf5;

constexpr std::size_t kBuffer = 1 << 15;  // values that wait in memory, and values a chunk on disk

struct Array {
  TraceInfo info;
  Handle set;
  bool integer = false;
  std::size_t rows = 0;  // with those that wait
  hsize_t written = 0;
  std::vector<double> doubles;  // waiting, one of the two
  std::vector<std::int64_t> integers;
  [[nodiscard]] std::size_t columns() const { return static_cast<std::size_t>(std::max(1, info.columns)); }
};

}  // namespace

struct Traces::Impl final : NewFile {
  std::vector<Array> arrays;
  void close_arrays() noexcept override { arrays.clear(); }

  Handle access() {
    Handle a(checked(H5Pcreate(H5P_FILE_ACCESS)), H5Pclose);
    check(H5Pset_libver_bounds(a, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0);
    return a;
  }
  void require_open() {
    if (file < 0) throw Bug("traces were finished; no more can be written");
  }

  template <class T>
  void write_attribute(const std::string& path, const std::string& name, hid_t type, const T* value) {
    require_open();
    if (path != "/") make_groups(path + "/");
    Handle object(checked(H5Oopen(file, path.c_str(), H5P_DEFAULT)), H5Oclose);
    Handle space(checked(H5Screate(H5S_SCALAR)), H5Sclose);
    if (H5Aexists(object, name.c_str()) > 0) check(H5Adelete(object, name.c_str()) >= 0);
    Handle a(checked(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT)), H5Aclose);
    check(H5Awrite(a, type, value) >= 0);
  }
  /// Every part of the path has to be there before the library answers for the next.
  bool exists(const std::string& path) {
    for (auto slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
      if (H5Lexists(file, path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
      if (slash == std::string::npos) return true;
    }
  }

  /// The groups before the path's last slash, without times, like arrays.
  void make_groups(const std::string& path) {
    Handle make(checked(H5Pcreate(H5P_GROUP_CREATE)), H5Pclose);
    check(H5Pset_obj_track_times(make, false) >= 0);
    for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      const std::string group = path.substr(0, slash);
      if (H5Lexists(file, group.c_str(), H5P_DEFAULT) <= 0)
        Handle(checked(H5Gcreate2(file, group.c_str(), H5P_DEFAULT, make, H5P_DEFAULT)), H5Gclose);
    }
  }
  static hsize_t rows_of_chunk(hsize_t columns) { return std::max<hsize_t>(1, kBuffer / columns); }
  int add(const TraceInfo& info, hid_t type, bool integer) {
    require_open();
    if (exists(info.path)) throw Bug("a second array at " + info.path);
    Array array;
    array.info = info;
    array.integer = integer;
    const hsize_t columns = array.columns();
    const int rank = info.columns > 0 ? 2 : 1;
    const hsize_t now[] = {0, columns}, most[] = {H5S_UNLIMITED, columns};
    // A chunk holds whole rows; very wide rows are cut.
    const hsize_t width = std::min<hsize_t>(columns, kBuffer);
    const hsize_t chunk[] = {rows_of_chunk(columns), width};
    Handle space(checked(H5Screate_simple(rank, now, most)), H5Sclose);
    Handle make(checked(H5Pcreate(H5P_DATASET_CREATE)), H5Pclose);
    check(H5Pset_obj_track_times(make, false) >= 0);  // equal runs write equal files
    check(H5Pset_chunk(make, rank, chunk) >= 0);
    if (H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0)
      check(H5Pset_shuffle(make) >= 0 && H5Pset_deflate(make, 1) >= 0);
    make_groups(info.path);
    array.set = Handle(
        checked(H5Dcreate2(file, info.path.c_str(), type, space, H5P_DEFAULT, make, H5P_DEFAULT)), H5Dclose);
    arrays.push_back(std::move(array));
    return static_cast<int>(arrays.size()) - 1;
  }

  /// Writes what waits. All but the last time whole chunks only: each is written once, so that the file's bytes do not
  /// depend on when it was looked at.
  void flush(Array& a, bool last) {
    const std::size_t values = a.integer ? a.integers.size() : a.doubles.size();
    const hsize_t columns = a.columns();
    hsize_t rows = values / columns;
    if (!last) rows -= rows % rows_of_chunk(columns);
    if (rows == 0) return;
    const int rank = a.info.columns > 0 ? 2 : 1;
    const hsize_t size[] = {a.written + rows, columns}, start[] = {a.written, 0}, count[] = {rows, columns};
    check(H5Dset_extent(a.set, size) >= 0);
    Handle space(checked(H5Dget_space(a.set)), H5Sclose);
    check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr) >= 0);
    Handle memory(checked(H5Screate_simple(rank, count, nullptr)), H5Sclose);
    const void* from = a.integer ? static_cast<const void*>(a.integers.data()) : a.doubles.data();
    check(H5Dwrite(a.set, a.integer ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT,
                   from) >= 0);
    a.written += rows;
    const auto gone = static_cast<std::ptrdiff_t>(rows * columns);
    if (a.integer)
      a.integers.erase(a.integers.begin(), a.integers.begin() + gone);
    else
      a.doubles.erase(a.doubles.begin(), a.doubles.begin() + gone);
  }

  template <class T>
  void append(int array, std::vector<T> Array::*waiting, std::span<const T> values) {
    const Lock lock(library());
    require_open();
    Array& a = arrays.at(static_cast<std::size_t>(array));
    if (a.integer != std::is_same_v<T, std::int64_t> || values.size() % a.columns() != 0)
      throw Bug("wrong kind or number of values for " + a.info.path);
    (a.*waiting).insert((a.*waiting).end(), values.begin(), values.end());
    a.rows += values.size() / a.columns();
    if ((a.*waiting).size() >= kBuffer) flush(a, false);
  }

  int add_described(const TraceInfo& info, hid_t type, bool integer) {
    const int array = add(info, type, integer);
    if (!info.unit.empty()) text(info.path, "unit", info.unit);
    if (!info.about.empty()) text(info.path, "about", info.about);
    return array;
  }

  void text(const std::string& path, const std::string& name, const std::string& value) {
    Handle type(checked(H5Tcopy(H5T_C_S1)), H5Tclose);
    check(H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
    const char* characters = value.c_str();
    write_attribute(path, name, type, &characters);
  }
};

Traces::Traces(std::filesystem::path target) : impl_(std::make_unique<Impl>()) {
  const Lock lock(library());
  quiet();
  impl_->create(std::move(target), impl_->access());
}

Traces::~Traces() {
  const Lock lock(library());
  impl_->discard();
}

void Traces::attribute(const std::string& path, const std::string& name, const std::string& text) {
  const Lock lock(library());
  impl_->text(path, name, text);
}
void Traces::attribute(const std::string& path, const std::string& name, double number) {
  const Lock lock(library());
  impl_->write_attribute(path, name, H5T_NATIVE_DOUBLE, &number);
}
void Traces::attribute(const std::string& path, const std::string& name, std::int64_t number) {
  const Lock lock(library());
  impl_->write_attribute(path, name, H5T_NATIVE_INT64, &number);
}

int Traces::add_doubles(const TraceInfo& info) {
  const Lock lock(library());
  return impl_->add_described(info, H5T_IEEE_F64LE, false);
}
int Traces::add_floats(const TraceInfo& info) {
  const Lock lock(library());
  return impl_->add_described(info, H5T_IEEE_F32LE, false);
}
int Traces::add_integers(const TraceInfo& info) {
  const Lock lock(library());
  return impl_->add_described(info, H5T_STD_I64LE, true);
}

void Traces::append(int array, std::span<const double> values) {
  impl_->append(array, &Array::doubles, values);
}
void Traces::append(int array, std::span<const std::int64_t> values) {
  impl_->append(array, &Array::integers, values);
}

std::size_t Traces::rows(int array) const {
  return impl_->arrays.at(static_cast<std::size_t>(array)).rows;
}

void Traces::save(const std::filesystem::path& copy, Archive& state) {
  const Lock lock(library());
  Impl& m = *impl_;
  m.require_open();
  m.check(H5Fflush(m.file, H5F_SCOPE_GLOBAL) >= 0);
  std::error_code ec;
  std::filesystem::copy_file(m.temporary, copy, std::filesystem::copy_options::overwrite_existing, ec);
  if (ec) throw Error(fmt::format("{}: cannot write: {}", copy.string(), ec.message()));
  for (Array& a : m.arrays) state(a.rows, a.written, a.doubles, a.integers);
}

void Traces::load(const std::filesystem::path& copy, Archive& state) {
  const Lock lock(library());
  Impl& m = *impl_;
  m.require_open();
  for (Array& a : m.arrays) a.set.reset();
  m.file.reset();
  std::error_code ec;
  std::filesystem::copy_file(copy, m.temporary, std::filesystem::copy_options::overwrite_existing, ec);
  if (ec) throw Error(fmt::format("{}: cannot be read: {}", copy.string(), ec.message()));
  m.file = Handle(m.checked(H5Fopen(m.temporary.c_str(), H5F_ACC_RDWR, m.access())), H5Fclose);
  for (Array& a : m.arrays) {
    a.set = Handle(m.checked(H5Dopen2(m.file, a.info.path.c_str(), H5P_DEFAULT)), H5Dclose);
    state(a.rows, a.written, a.doubles, a.integers);
  }
}

void Traces::finish() {
  const Lock lock(library());
  if (impl_->file < 0) return;
  for (auto& a : impl_->arrays) impl_->flush(a, true);
  impl_->check(H5Fflush(impl_->file, H5F_SCOPE_GLOBAL) >= 0);
  for (auto& a : impl_->arrays) impl_->check(a.set.reset());
  impl_->check(impl_->file.reset());
}

void Traces::commit() {
  finish();
  impl_->take_name();
}

}  // namespace labile
