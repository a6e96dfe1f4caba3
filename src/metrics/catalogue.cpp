#include <fmt/format.h>

#include "metrics/metric.hpp"

namespace labile {

#define ENTRY(name) MetricEntry name();
#include "metrics/catalogue.def"
#undef ENTRY

std::span<const MetricEntry> all_metrics() {
  static const std::vector<MetricEntry> entries{
#define ENTRY(name) name(),
#include "metrics/catalogue.def"
#undef ENTRY
  };
  return entries;
}

const MetricEntry& find_metric(std::string_view name, const Where& where) {
  std::vector<std::string> known;
  for (const auto& e : all_metrics()) {
    if (name == e.info.name) return e;
    known.emplace_back(e.info.name);
  }
  throw Error(where, fmt::format("no metric is called '{}'{}", name, suggest(name, known)));
}

}  // namespace labile
