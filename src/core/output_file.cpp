#include "core/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.hpp"

namespace labile {

namespace fs = std::filesystem;
namespace {
/// Output that is open already, and may stand in the middle of a file: 1 or 2; else 0.
int is_open(const fs::path& target) {
  for (const int n : {1, 2})
    if (target == (n == 1 ? "/dev/stdout" : "/dev/stderr") || target == fmt::format("/dev/fd/{}", n))
      return n;
  return 0;
}
}  // namespace

OutputFile::OutputFile(fs::path target) : target_(std::move(target)) {
  std::error_code none;
  for (int links = 0; links < 40 && is_open(target_) == 0 && fs::is_symlink(target_, none); ++links) {
    const auto to = fs::read_symlink(target_, none);
    if (none) break;
    target_ = target_.parent_path() / to;  // an absolute one replaces the whole
  }
  const auto kind = fs::status(target_, none).type();
  const int open = is_open(target_);
  in_place_ = open > 0 || kind == fs::file_type::character || kind == fs::file_type::block ||
              kind == fs::file_type::fifo || kind == fs::file_type::socket;
  pending_ = !in_place_;
  temporary_ = target_;
  if (!in_place_) temporary_ += fmt::format(".part{}", ::getpid());
  if (open > 0) {
    std::fflush(open == 1 ? stdout : stderr);
    file_ = ::fdopen(::dup(open), "wb");
  } else {
    file_ = std::fopen(temporary_.c_str(), "wb");
  }
  if (!file_) {
    const int reason = errno;
    pending_ = false;
    fail(reason);
  }
}

OutputFile::~OutputFile() {
  discard();
}

void OutputFile::discard() noexcept {
  if (file_) std::fclose(file_);
  file_ = nullptr;
  std::error_code ignored;
  if (pending_) std::filesystem::remove(temporary_, ignored);
  pending_ = false;
}

void OutputFile::fail(int error_number) {
  discard();
  throw Error(fmt::format("{}: cannot write: {}{}", target_.string(), std::strerror(error_number),
                          in_place_ ? "" : "; nothing was left under this name"));
}

void OutputFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(errno);
}

void OutputFile::finish() {
  if (!file_) return;
  if (std::fflush(file_) != 0 || (!in_place_ && ::fsync(::fileno(file_)) != 0)) fail(errno);
  std::FILE* f = file_;
  file_ = nullptr;
  if (std::fclose(f) != 0) fail(errno);
}

void OutputFile::commit() {
  finish();
  if (in_place_) return;
  std::error_code ec;
  std::filesystem::rename(temporary_, target_, ec);
  if (ec) fail(ec.value());
  pending_ = false;
}

void write_file(const std::filesystem::path& target, std::string_view bytes) {
  OutputFile f(target);
  f.write(bytes);
  f.commit();
}

std::string read_file(const std::filesystem::path& path) {
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec))
    throw Error(fmt::format("{}: is a folder, not a file", path.string()));
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (!f) throw Error(fmt::format("{}: cannot read: {}", path.string(), std::strerror(errno)));
  std::string text;
  char buffer[1 << 16];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, f)) text.append(buffer, n);
  std::fclose(f);
  return text;
}

}  // namespace labile
