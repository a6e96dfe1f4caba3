/// Threads that share out numbered tasks, over and over, without creating threads each time.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace labile {

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Calls work(i) for i in [0, n), each once; returns when all are done. The first exception is rethrown.
  void run(int n, const std::function<void(int)>& work);

 private:
  void take();
  std::vector<std::jthread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  int tasks_ = 0;
  std::atomic<int> next_{0}, busy_{0}, round_{0};
  std::atomic<bool> stop_{false};
  std::exception_ptr failure_;
  std::atomic_flag failed_ = ATOMIC_FLAG_INIT;
};

/// While one lives, this thread treats denormal numbers as zero. Currents that fade away cost nothing then;
/// all threads that advance a network do so, so that bits do not depend on who computes.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned before_;
};

}  // namespace labile
