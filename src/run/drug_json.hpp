/// What drugs do, as JSON: the list "pharmacology" of results.json and the curves of `labile describe drug`.
#pragma once

#include "pharmacology/drug_views.hpp"
#include "run/json.hpp"

namespace labile::json {

/// One entry a condition of the card that has doses; empty where none has.
[[nodiscard]] Json pharmacology(const Card& card);
[[nodiscard]] Json dose_response(const DoseResponse& r);

}  // namespace labile::json
