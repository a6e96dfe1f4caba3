/// Processor time used so far, in seconds: for what is reported about a run, never for what it does.
#pragma once

#include <time.h>

namespace labile {

inline double cpu_seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
/// Of all threads of this process.
inline double process_cpu_s() {
  return cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
}
/// Of the calling thread.
inline double thread_cpu_s() {
  return cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
}

}  // namespace labile
