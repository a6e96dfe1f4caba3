#include "run/run_checkpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace labile {
namespace {
/// N of step_N, or -1.
Step step_of(const std::filesystem::path& p) {
  const std::string name = p.filename().string();
  if (!name.starts_with("step_")) return -1;
  Step step = -1;
  const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
  return error == std::errc{} && end == name.data() + name.size() ? step : -1;
}
std::vector<std::filesystem::path> inside(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> r;
  std::error_code ec;
  for (const auto& e : std::filesystem::directory_iterator(folder, ec)) r.push_back(e.path());
  return r;
}
}  // namespace

RunCheckpoints::RunCheckpoints(std::filesystem::path folder, Network::Identity identity, double every_s,
                               Ranks& ranks)
    : folder_(std::move(folder)),
      identity_(std::move(identity)),
      every_s_(every_s),
      ranks_(ranks),
      next_(Clock::now() +
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(every_s))) {}

void RunCheckpoints::write(Step step, const std::function<void(const std::filesystem::path&)>& write) {
  const auto start = Clock::now();
  std::error_code none;
  if (ranks_.of_first(std::filesystem::exists(folder_ / fmt::format("step_{}", step), none))) return;
  const auto last = folder_ / fmt::format("step_{}", step),
             unfinished = folder_ / fmt::format("step_{}.new", step);
  const auto first_alone = [&](const auto& f) {
    std::string failed;
    if (ranks_.first()) {
      std::error_code ec;
      f(ec);
      if (ec) failed = fmt::format("{}: cannot write a checkpoint: {}", folder_.string(), ec.message());
    }
    ranks_.agree(failed);
  };
  first_alone([&](std::error_code& ec) {
    for (const auto& p : inside(folder_))
      if (p.extension() == ".new") std::filesystem::remove_all(p, ec);
    if (!ec) std::filesystem::create_directories(unfinished, ec);
  });
  try {
    write(unfinished);
  } catch (...) {
    std::error_code ignored;
    if (ranks_.first()) std::filesystem::remove_all(unfinished, ignored);
    throw;
  }
  first_alone([&](std::error_code& ec) {
    std::filesystem::rename(unfinished, last, ec);
    if (ec) return;
    std::error_code ignored;
    for (const auto& p : inside(folder_))
      if (const Step s = step_of(p); s >= 0 && s != step) std::filesystem::remove_all(p, ignored);
  });
  if (ranks_.first() && written) written();
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  seconds_ += took;
  next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(std::max(every_s_, 100 * took)));
}

std::optional<std::filesystem::path> RunCheckpoints::newest() const {
  Step best = -1;
  for (const auto& p : inside(folder_)) best = std::max(best, step_of(p));
  best = ranks_.of_first(best);
  if (best < 0) return {};
  return folder_ / fmt::format("step_{}", best);
}

}  // namespace labile
