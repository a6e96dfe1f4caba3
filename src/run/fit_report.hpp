/// What results.json holds of a card's hierarchical fits: all that the report draws.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "run/card_fits.hpp"

namespace labile::json {

/// One fit: json_of(GroupResult) with histograms of posteriors and priors, rank histograms of chains, predictive checks and the methods
/// paragraph (docs/dev/results.md).
[[nodiscard]] nlohmann::ordered_json report_of(const CardFit& fit);
/// Groups of fits that predict the same decisions, each with differences in elpd and stacking weights; none where no two do.
[[nodiscard]] nlohmann::ordered_json comparisons_of(const std::vector<CardFit>& fits);

}  // namespace labile::json
