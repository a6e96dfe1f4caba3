/// What models of the two-step task share: the layout they can play.
#pragma once

#include <fmt/format.h>

#include "contract/learner.hpp"

namespace labile {

inline void check_two_step(const Layout& l, const char* name) {
  if (l.options != 2 || l.states != 3)
    throw Error(fmt::format(
        "learner '{}' plays two-step tasks of two actions and three states (first decision and two "
        "rooms); these are {} and {}",
        name, l.options, l.states));
}

}  // namespace labile
