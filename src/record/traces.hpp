/// Traces of a network on disk: an HDF5 file that appears whole or not at all.
///
/// Everything is written in chunks while the run goes on, under a temporary name beside the target; commit()
/// renames it. Destroyed without commit, it leaves nothing. The layout is that of docs/networks.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/archive.hpp"
#include "core/error.hpp"

namespace labile {

/// One array of the file that grows by rows.
struct TraceInfo {
  std::string path;   // "/spikes/E/times_ms"
  std::string unit;   // "" = none
  std::string about;  // a phrase
  int columns = 0;    // 0: one value a row, no second dimension
};

class Traces {
 public:
  explicit Traces(std::filesystem::path target);
  ~Traces();
  Traces(const Traces&) = delete;
  Traces& operator=(const Traces&) = delete;

  /// Attributes of a group or array that exists; "/" is the file itself. Groups are made on the way.
  void attribute(const std::string& path, const std::string& name, const std::string& text);
  void attribute(const std::string& path, const std::string& name, double number);
  void attribute(const std::string& path, const std::string& name, std::int64_t number);

  /// Makes an empty array and returns its handle. A path must be new.
  int add_doubles(const TraceInfo& info);
  int add_floats(const TraceInfo& info);
  int add_integers(const TraceInfo& info);

  /// Appends whole rows: columns values each. Throws Error (file, reason) when the disk refuses a byte.
  void append(int array, std::span<const double> values);
  void append(int array, std::span<const std::int64_t> values);
  /// Rows so far.
  [[nodiscard]] std::size_t rows(int array) const;

  /// A copy of the file as it is now, and what waits in memory: together with them a new Traces with the same arrays
  /// goes on where this one was, and ends with the same values (bytes of the file may lie elsewhere in it).
  void save(const std::filesystem::path& copy, Archive& state);
  void load(const std::filesystem::path& copy, Archive& state);

  /// Everything is on the disk, still under the temporary name.
  void finish();
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace labile
