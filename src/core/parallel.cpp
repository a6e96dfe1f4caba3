#include "core/parallel.hpp"

#include <atomic>
#include <csignal>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/error.hpp"

namespace labile {
namespace {
// The one process-wide flag: a signal handler can reach nothing else.
std::atomic<bool> g_interrupted{false}, g_installed{false};
void on_signal(int signal) {
  g_interrupted.store(true);
  std::signal(signal, SIG_DFL);  // a second Ctrl-C kills
}
}  // namespace

bool interrupted() noexcept {
  return g_interrupted.load(std::memory_order_relaxed);
}
void request_interrupt() noexcept {
  g_interrupted.store(true);
}
void clear_interrupt() noexcept {
  g_interrupted.store(false);
  if (g_installed.load()) install_interrupt();  // the next is heard again
}
void install_interrupt() noexcept {
  g_installed.store(true);
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

void parallel_for(int n, int threads, const std::function<void(int)>& work) {
  std::atomic<int> next{0};
  std::exception_ptr failure;
  int failed = n;
  std::mutex failure_lock;
  const auto loop = [&] {
    for (int i = next++; i < n; i = next++) {
      try {
        if (interrupted()) throw Interrupted("interrupted");
        work(i);
      } catch (...) {
        const std::lock_guard lock(failure_lock);
        // All below were handed out before: of those that fail, the lowest is the same for any number of threads.
        if (i < failed) failure = std::current_exception();
        failed = std::min(failed, i);
        next = n;
        return;
      }
    }
  };
  if (threads <= 1 || n <= 1) {
    loop();
  } else {
    std::vector<std::jthread> pool;
    for (int t = 0; t < std::min(threads, n); ++t) pool.emplace_back(loop);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace labile
