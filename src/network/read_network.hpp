/// A network out of the tables of a card, and back into text.
#pragma once

#include <filesystem>

#include "network/spec.hpp"
#include "toml/read_keys.hpp"

namespace labile {

/// Reads dt of [network] and all of [[population]], [[projection]], [[field]] and [[gate]], and [modulation] with its tables
/// (read_modulation.hpp); keys of these tables that are not theirs, wrong types, units and bounds are refused with line and column. Files of
/// connections are looked for in `folder`, the card's own. What only the whole network knows (delays against
/// dt, ports, formulas) is for Network's constructor.
[[nodiscard]] NetworkSpec read_network(const Node& root, const std::filesystem::path& folder);
/// The top-level keys of a card that read_network reads, [network] included.
[[nodiscard]] const std::vector<std::string>& network_sections();
/// Keys of [network] beside dt are the caller's; this names dt.
[[nodiscard]] std::vector<Field<NetworkSpec>> network_keys();

/// A number or a table such as { uniform = [0, 20] }, { normal = [20, 2], min = 0 }. `one` says unit, bounds
/// and meaning of a single value.
[[nodiscard]] Distribution read_distribution(const Node& node, const ParamInfo& one);
/// A number in `one`'s unit and bounds, out of a value or text with a unit.
[[nodiscard]] double read_number(const Node& node, const ParamInfo& one);
/// ParamInfo of a number that no model declares.
[[nodiscard]] ParamInfo number_info(std::string name, std::string unit, Bounds bounds = {});

/// The network as canonical TOML: what matters, in a fixed order, defaults written out.
[[nodiscard]] std::string network_text(const NetworkSpec& spec);
[[nodiscard]] std::string distribution_text(const Distribution& d);

}  // namespace labile
