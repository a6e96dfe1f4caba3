#include "network/worker_pool.hpp"

#include <immintrin.h>

#include <utility>

namespace labile {
namespace {
constexpr int kSpins = 2000;  // some microseconds: windows follow each other faster than threads wake

/// Waits until `value` differs from `seen`, spinning first.
int wait_change(const std::atomic<int>& value, int seen) {
  for (int i = 0; i < kSpins; ++i) {
    const int now = value.load(std::memory_order_acquire);
    if (now != seen) return now;
    _mm_pause();
  }
  value.wait(seen, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}
}  // namespace

WorkerPool::WorkerPool(int threads) {
  for (int t = 1; t < threads; ++t)
    threads_.emplace_back([this] {
      for (int seen = 0;;) {
        seen = wait_change(round_, seen);
        if (stop_.load(std::memory_order_acquire)) return;
        take();
        if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
      }
    });
}

WorkerPool::~WorkerPool() {
  stop_.store(true, std::memory_order_release);
  round_.fetch_add(1, std::memory_order_acq_rel);
  round_.notify_all();
}

void WorkerPool::take() {
  const FlushDenormals scope;
  for (int i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) {
    try {
      (*work_)(i);
    } catch (...) {
      if (!failed_.test_and_set()) failure_ = std::current_exception();
      next_.store(tasks_, std::memory_order_relaxed);
    }
  }
}

void WorkerPool::run(int n, const std::function<void(int)>& work) {
  work_ = &work;
  tasks_ = n;
  next_.store(0, std::memory_order_relaxed);
  if (!threads_.empty() && n > 1) {
    busy_.store(static_cast<int>(threads_.size()), std::memory_order_release);
    round_.fetch_add(1, std::memory_order_acq_rel);
    round_.notify_all();
    take();
    for (int left = busy_.load(std::memory_order_acquire); left != 0;) left = wait_change(busy_, left);
  } else {
    take();
  }
  if (failure_) {
    const std::exception_ptr f = std::exchange(failure_, nullptr);
    failed_.clear();
    std::rethrow_exception(f);
  }
}

FlushDenormals::FlushDenormals() : before_(_mm_getcsr()) {
  _mm_setcsr(before_ | 0x8040u);  // flush to zero, denormals are zero
}
FlushDenormals::~FlushDenormals() {
  _mm_setcsr(before_);
}

}  // namespace labile
