/// Named arrays in one HDF5 file that appears whole or not at all: a part of a checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace labile {

/// Writes under a temporary name beside the target; commit() puts everything on the disk and renames. Destroyed without
/// commit, it leaves nothing. Throws Error (file, reason) when the disk refuses a byte. Any thread may fill.
class StateWriter {
 public:
  explicit StateWriter(std::filesystem::path target);
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// An attribute of the file.
  void note(const std::string& name, const std::string& text);
  /// An array of n elements, filled piece by piece. T: std::byte, std::uint32_t, float, double.
  template <class T>
  void make(const std::string& name, std::size_t n);
  template <class T>
  void fill(const std::string& name, std::size_t offset, std::span<const T> values);
  template <class T>
  void write(const std::string& name, std::span<const T> values) {
    make<T>(name, values.size());
    fill(name, 0, values);
  }
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Throws Error when the file is not there, is no such file, or lacks what is asked for.
class StateReader {
 public:
  explicit StateReader(std::filesystem::path path);
  ~StateReader();
  StateReader(StateReader&&) noexcept;
  StateReader& operator=(StateReader&&) noexcept;

  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] std::string note(const std::string& name) const;
  [[nodiscard]] std::size_t size(const std::string& name) const;
  template <class T>
  void read(const std::string& name, std::size_t offset, std::span<T> values) const;
  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& name) const {
    std::vector<T> r(size(name));
    read(name, 0, std::span<T>(r));
    return r;
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace labile
