/// What the files that read and write a network's card share. Private to src/run/network_card*.cpp and network_protocols.cpp.
#pragma once

#include "card/sections.hpp"
#include "run/network_card.hpp"

namespace labile {

inline constexpr double kLongest = 1e9;  // ms

/// One text or a list of texts.
[[nodiscard]] std::vector<std::string> one_or_more(const Node& node);
/// A list of whole numbers from 0.
[[nodiscard]] std::vector<int> read_units(const Node& node);
template <class T>
void require_part(const std::vector<T>& parts, const std::string& name, const Where& where,
                  std::string_view what) {
  require_known(names_of(parts, &T::name), name, where, what);
}
/// Parts that are known to be there.
[[nodiscard]] const PopulationSpec& population_named(const NetworkSpec& net, const std::string& name);
[[nodiscard]] const ProjectionSpec& projection_named(const NetworkSpec& net, const std::string& name);
void check_units(const NetworkSpec& net, const std::string& population, const std::vector<int>& units,
                 const Where& where);

[[nodiscard]] const SectionInfo& protocol_info(ProtocolSpec::Kind kind);
[[nodiscard]] ProtocolSpec read_protocol(const Node& node, const NetworkCondition& c);
/// Refuses the last protocol where one before it sets the same thing at the same time.
void refuse_contradiction(const std::vector<ProtocolSpec>& all);

/// Refuses doses and lesions that leave no steady state to start from, or take what is not there.
void check_start(const NetworkCondition& c);

/// Measures of a field, gate, concentration or receptor over time.
[[nodiscard]] inline bool is_trace(MeasureSpec::Kind k) {
  return k >= MeasureSpec::Kind::mean;
}
/// All that runs under a condition, as text.
[[nodiscard]] std::string condition_text(const NetworkCondition& c);

}  // namespace labile
