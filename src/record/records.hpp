/// Delimited text cut into records and fields, a chunk at a time.
#pragma once

#include <cstdio>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace labile {

/// Reads records of comma-, tab- or semicolon-separated text (RFC 4180): quoted fields may hold delimiters, line ends and
/// doubled quotes; lines end with LF or CRLF; a byte order mark is skipped; empty lines are no records.
/// Holds one chunk of text, or one record where that is longer.
class Records {
 public:
  explicit Records(const std::filesystem::path& path);

  /// Moves to the next record; false at the end of the file. The delimiter is told from the first record.
  bool next();
  /// Fields of the current record, spaces around unquoted ones removed. Valid until next().
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const { return fields_[i]; }
  [[nodiscard]] int line() const { return line_; }     // where the record starts, from 1
  [[nodiscard]] bool ended() const { return ended_; }  // was there a line end after it?
  [[nodiscard]] std::size_t bytes_read() const { return bytes_; }

 private:
  enum class Found { record, nothing, unfinished };
  Found split();
  const char* quoted(const char* p, const char* end);
  void choose_delimiter();
  void refill();
  void add(std::string_view field);

  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, bytes_ = 0;
  bool at_end_ = false, ended_ = false;
  char delimiter_ = 0;
  int line_ = 0, next_line_ = 1, inner_lines_ = 0;
  std::size_t count_ = 0;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unescaped_;  // fields with doubled quotes
};

}  // namespace labile
