#include "contract/agent.hpp"

namespace labile {

void Agent::pulse(int, std::span<const double>) {
  throw Bug("pulse() on an agent without pulsed handles");
}

}  // namespace labile
