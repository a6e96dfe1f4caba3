#pragma once

#include <string>
#include <string_view>

namespace labile {

/// One self-contained HTML page that draws a results.json (docs/dev/results.md): style, charting library and
/// data are inside, nothing is fetched when the page is viewed.
///
/// Deterministic: the same text gives the same page.
/// @param results_json  the text of results.json, UTF-8; its contents are checked by the page, which says
/// what it
///                      cannot draw
/// @return the page, UTF-8
/// @throws std::invalid_argument if the text does not start as a JSON object
/// Cost: one copy of the text and of the template (about 300 KB).
[[nodiscard]] std::string report_page(std::string_view results_json);

}  // namespace labile
