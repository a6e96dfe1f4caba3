/// Files that appear whole or not at all, and the words for a disk that is full.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace labile {

/// Writes to a temporary name beside the target and renames on commit(). Destroyed without commit, it
/// leaves nothing. Throws Error (file, reason) when the disk refuses a byte. Files that belong together are
/// all finished before the first is committed: then a full disk leaves the old ones as they were. Links are followed; devices
/// and pipes are written in place.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path target);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  /// Everything is on the disk, still under the temporary name; no more can be written.
  void finish();
  void commit();

 private:
  void discard() noexcept;
  [[noreturn]] void fail(int error_number);
  std::filesystem::path target_, temporary_;
  std::FILE* file_ = nullptr;
  bool in_place_ = false;
  bool pending_ = true;  // the temporary name is still there
};

void write_file(const std::filesystem::path& target, std::string_view bytes);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace labile
