/// Every plasticity rule there is, by name.
#pragma once

#include <span>
#include <string_view>

#include "plasticity/rule.hpp"

namespace labile {

[[nodiscard]] std::span<const RuleEntry> all_rules();
/// Throws Error with the nearest known name.
[[nodiscard]] const RuleEntry& find_rule(std::string_view name, const Where& where = {});

}  // namespace labile
