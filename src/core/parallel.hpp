/// Work split over threads without changing a bit: tasks are independent and results go to their own place.
#pragma once

#include <functional>

namespace labile {

/// Calls work(i) for i in [0, n) on `threads` threads; each i exactly once, in any order.
/// An exception stops the hand-out, and that of the lowest i is rethrown here. Interrupts (Ctrl-C) stop it likewise.
void parallel_for(int n, int threads, const std::function<void(int)>& work);

/// True once the user asked to stop (SIGINT or SIGTERM), after install_interrupt().
[[nodiscard]] bool interrupted() noexcept;
void install_interrupt() noexcept;
/// For tests and library users.
void request_interrupt() noexcept;
void clear_interrupt() noexcept;

}  // namespace labile
