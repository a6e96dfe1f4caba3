#include "record/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace labile {
namespace {
constexpr std::size_t kChunk = 1 << 20;
constexpr std::size_t kLongestRecord = 1 << 26;

std::string_view trimmed(const char* from, const char* to) {
  while (from < to && *from == ' ') ++from;
  while (to > from && to[-1] == ' ') --to;
  return {from, static_cast<std::size_t>(to - from)};
}
}  // namespace

Records::Records(const std::filesystem::path& path) : path_(path), buffer_(kChunk) {
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec))
    throw Error(fmt::format("{}: is a folder, not a file", path.string()));
  file_.reset(std::fopen(path.c_str(), "rb"));
  if (!file_) throw Error(fmt::format("{}: cannot read: {}", path.string(), std::strerror(errno)));
  refill();
  if (end_ >= 3 && std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) begin_ = 3;
  if (std::memchr(buffer_.data(), 0, std::min<std::size_t>(end_, 4096)))
    throw Error(fmt::format("{}: is not plain text; save it as CSV or TSV in UTF-8", path.string()));
}

void Records::refill() {
  if (interrupted()) throw Interrupted(fmt::format("interrupted while reading {}", path_.string()));
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) {
    if (end_ >= kLongestRecord)
      throw Error({path_.string(), next_line_, 0, ""},
                  "a row of more than 64 MB: is a quote opened here that does not close?");
    buffer_.resize(2 * buffer_.size());
  }
  const std::size_t n = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  if (std::ferror(file_.get()))
    throw Error(fmt::format("{}: cannot read: {}", path_.string(), std::strerror(errno)));
  at_end_ = n == 0;
  end_ += n;
  bytes_ += n;
}

void Records::choose_delimiter() {
  const char* p = buffer_.data() + begin_;
  const char* end = std::find(p, static_cast<const char*>(buffer_.data()) + end_, '\n');
  delimiter_ = ',';
  const auto count = [&](char c) {
    int n = 0;
    bool within = false;
    for (const char* x = p; x != end; ++x) {
      within = within != (*x == '"');
      n += *x == c && !within;
    }
    return n;
  };
  for (const char other : {'\t', ';'})
    if (count(other) > count(delimiter_)) delimiter_ = other;
}

void Records::add(std::string_view field) {
  if (count_ == fields_.size())
    fields_.push_back(field);
  else
    fields_[count_] = field;
  ++count_;
}

/// Adds the quoted field that opens at p; returns what follows it, null when its end is not in the buffer.
const char* Records::quoted(const char* p, const char* end) {
  const char* const start = ++p;
  bool doubled = false;
  for (;; ++p) {
    if (p == end) return nullptr;
    if (*p == '\n') ++inner_lines_;
    if (*p != '"') continue;
    if (p + 1 == end && !at_end_) return nullptr;
    if (p + 1 < end && p[1] == '"') {
      doubled = true;
      ++p;
      continue;
    }
    break;
  }
  std::string_view field(start, static_cast<std::size_t>(p - start));
  if (doubled) {
    std::string& text = unescaped_.emplace_back();
    for (std::size_t i = 0; i < field.size(); ++i) {
      text += field[i];
      if (field[i] == '"') ++i;
    }
    field = text;
  }
  add(field);
  for (++p; p < end && *p != delimiter_ && *p != '\n'; ++p) {
  }
  return p;
}

Records::Found Records::split() {
  const char* p = buffer_.data() + begin_;
  const char* const end = buffer_.data() + end_;
  if (p == end) return at_end_ ? Found::nothing : Found::unfinished;
  count_ = 0;
  inner_lines_ = 0;
  unescaped_.clear();
  const char delimiter = delimiter_;
  for (;;) {
    const char* const start = p;
    if (p < end && *p == '"') {
      p = quoted(p, end);
      if (!p && !at_end_) return Found::unfinished;
      if (!p)
        throw Error({path_.string(), next_line_, 0, ""},
                    "a quoted field opens in this row and does not close");
    } else {
      while (p < end && *p != delimiter && *p != '\n') ++p;
      if (p < end || at_end_)
        add(trimmed(start, p > start && p[-1] == '\r' && (p == end || *p == '\n') ? p - 1 : p));
    }
    if (p == end && !at_end_) return Found::unfinished;
    if (p == end || *p == '\n') break;
    ++p;
  }
  ended_ = p < end;
  begin_ = static_cast<std::size_t>(p - buffer_.data()) + (ended_ ? 1 : 0);
  line_ = next_line_;
  next_line_ += inner_lines_ + 1;
  return Found::record;
}

bool Records::next() {
  for (;;) {
    if (delimiter_ == 0) {
      while (!at_end_ && std::find(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                                   buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
                                   '\n') == buffer_.begin() + static_cast<std::ptrdiff_t>(end_))
        refill();
      choose_delimiter();
    }
    const Found found = split();
    if (found == Found::nothing) return false;
    if (found == Found::unfinished) {
      refill();
      continue;
    }
    if (count_ > 1 || !fields_[0].empty()) return true;
  }
}

}  // namespace labile
