#include "record/traces.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/resource.h>

#include <csignal>
#include <numeric>

namespace labile {
namespace {
namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    path = fs::temp_directory_path() / ("labile_traces_" + std::to_string(::getpid()));
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
  fs::path path;
};

/// Reads an array with the C library alone.
template <class T>
std::vector<T> read(const fs::path& file, const char* path, hid_t type,
                    std::vector<hsize_t>* shape = nullptr) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t d = H5Dopen2(f, path, H5P_DEFAULT);
  const hid_t s = H5Dget_space(d);
  std::vector<hsize_t> size(static_cast<std::size_t>(H5Sget_simple_extent_ndims(s)));
  H5Sget_simple_extent_dims(s, size.data(), nullptr);
  std::vector<T> r(std::accumulate(size.begin(), size.end(), hsize_t{1}, std::multiplies<>()));
  H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, r.data());
  H5Sclose(s);
  H5Dclose(d);
  H5Fclose(f);
  if (shape) *shape = size;
  return r;
}

std::string read_text(const fs::path& file, const char* path, const char* name) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t a = H5Aopen_by_name(f, path, name, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t t = H5Aget_type(a);
  char* text = nullptr;
  H5Aread(a, t, static_cast<void*>(&text));
  const std::string r = text ? text : "";
  H5free_memory(text);
  H5Tclose(t);
  H5Aclose(a);
  H5Fclose(f);
  return r;
}

TEST(Traces, HoldWhatWasAppendedInManyPieces) {
  const Folder folder;
  const fs::path file = folder.path / "t.h5";
  std::vector<double> times;
  std::vector<std::int64_t> ids;
  {
    Traces t(file);
    const int a = t.add_doubles({"/spikes/E/times_ms", "ms", "when", 0});
    const int b = t.add_integers({"/spikes/E/ids", "", "who", 0});
    for (int k = 0; k < 1000; ++k) {
      std::vector<double> x;
      std::vector<std::int64_t> y;
      for (int i = 0; i < k % 200; ++i) {
        x.push_back(k + 0.001 * i);
        y.push_back(7 * k + i);
      }
      t.append(a, x);
      t.append(b, y);
      times.insert(times.end(), x.begin(), x.end());
      ids.insert(ids.end(), y.begin(), y.end());
    }
    EXPECT_EQ(t.rows(a), times.size());
    t.commit();
  }
  EXPECT_EQ(read<double>(file, "/spikes/E/times_ms", H5T_NATIVE_DOUBLE), times);
  EXPECT_EQ(read<std::int64_t>(file, "/spikes/E/ids", H5T_NATIVE_INT64), ids);
  EXPECT_EQ(read_text(file, "/spikes/E/times_ms", "unit"), "ms");
  EXPECT_EQ(read_text(file, "/spikes/E/ids", "about"), "who");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Traces, KeepRowsOfWideArraysTogether) {
  const Folder folder;
  const fs::path file = folder.path / "t.h5";
  const int columns = 70000;  // wider than a chunk
  {
    Traces t(file);
    const int a = t.add_floats({"/synapses/E->E/w", "pA", "", columns});
    for (int r = 0; r < 3; ++r) {
      std::vector<double> row(columns);
      for (int c = 0; c < columns; ++c) row[static_cast<std::size_t>(c)] = r + c * 0x1p-17;
      t.append(a, row);
    }
    t.commit();
  }
  std::vector<hsize_t> shape;
  const auto all = read<float>(file, "/synapses/E->E/w", H5T_NATIVE_FLOAT, &shape);
  ASSERT_EQ(shape, (std::vector<hsize_t>{3, 70000}));
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < columns; c += 4999)
      ASSERT_EQ(all[static_cast<std::size_t>(r * columns + c)], static_cast<float>(r + c * 0x1p-17));
}

TEST(Traces, CarryTheCardAndItsSeed) {
  const Folder folder;
  const fs::path file = folder.path / "t.h5";
  {
    Traces t(file);
    t.attribute("/", "card", "seed = 3\n# \xc2\xb5");
    t.attribute("/", "seed", std::int64_t{3});
    t.attribute("/fields/dopamine", "tau_ms", 200.0);
    t.attribute("/", "card", "seed = 4");  // the last one holds
    t.commit();
  }
  EXPECT_EQ(read_text(file, "/", "card"), "seed = 4");
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  double tau = 0;
  const hid_t a = H5Aopen_by_name(f, "/fields/dopamine", "tau_ms", H5P_DEFAULT, H5P_DEFAULT);
  H5Aread(a, H5T_NATIVE_DOUBLE, &tau);
  H5Aclose(a);
  H5Fclose(f);
  EXPECT_EQ(tau, 200.0);
}

TEST(Traces, EmptyArraysAreThereWithNoRows) {
  const Folder folder;
  const fs::path file = folder.path / "t.h5";
  {
    Traces t(file);
    t.add_doubles({"/spikes/I/times_ms", "ms", "", 0});
    t.commit();
  }
  EXPECT_TRUE(read<double>(file, "/spikes/I/times_ms", H5T_NATIVE_DOUBLE).empty());
}

TEST(Traces, LeaveNothingWhenNotCommitted) {
  const Folder folder;
  {
    Traces t(folder.path / "t.h5");
    const int a = t.add_doubles({"/x", "", "", 0});
    t.append(a, std::vector<double>(100000, 1.0));
    EXPECT_FALSE(fs::exists(folder.path / "t.h5"));
    EXPECT_EQ(folder.files(), 1u);
  }
  EXPECT_EQ(folder.files(), 0u);
}

TEST(Traces, KeepTheOldFileUntilTheNewOneIsWhole) {
  const Folder folder;
  const fs::path file = folder.path / "t.h5";
  for (const double x : {1.0, 2.0}) {
    Traces t(file);
    t.append(t.add_doubles({"/x", "", "", 0}), std::vector<double>{x});
    if (x == 2.0) {
      t.finish();
      EXPECT_EQ(read<double>(file, "/x", H5T_NATIVE_DOUBLE).at(0), 1.0);
    }
    t.commit();
  }
  EXPECT_EQ(read<double>(file, "/x", H5T_NATIVE_DOUBLE).at(0), 2.0);
}

TEST(Traces, SayWhichFileCannotBeWritten) {
  try {
    const Traces t("/nowhere/at/all/t.h5");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("/nowhere/at/all/t.h5: cannot write: No such file"),
              std::string::npos)
        << e.what();
  }
}

TEST(Traces, AFullDiskIsAnErrorAndLeavesNothing) {
  const Folder folder;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100000;
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    Traces t(folder.path / "t.h5");
    const int a = t.add_doubles({"/x", "", "", 0});
    std::uint64_t state = 1;
    for (int k = 0; k < 200; ++k) {
      std::vector<double> noise(1000);
      for (double& x : noise)
        x = static_cast<double>(state = state * 6364136223846793005u + 1442695040888963407u);
      t.append(a, noise);
    }
    t.commit();
  } catch (const Error& e) {
    message = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(message.find("cannot write: File too large"), std::string::npos) << message;
  EXPECT_EQ(folder.files(), 0u);
}

}  // namespace
}  // namespace labile
