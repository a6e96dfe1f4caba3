/// Under sanitizers the same code runs on less: what only narrows a statistical error is asserted in the release build.
#pragma once

namespace labile {

#ifdef LABILE_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// `usual`, or `less` under sanitizers.
template <class T>
constexpr T unless_sanitized(T usual, T less) {
  return kSanitized ? less : usual;
}

}  // namespace labile
