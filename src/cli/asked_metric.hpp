/// Metrics as the command line names them.
#pragma once

#include <string>

#include "metrics/evaluate.hpp"

namespace labile {

struct Asked {
  std::string name;  // how it is printed
  MetricRequest request;
};
/// "win_stay,next=state,blocks=session" as a request; `option` is what messages name.
[[nodiscard]] Asked asked_metric(const std::string& text, const char* option = "--metric");

}  // namespace labile
