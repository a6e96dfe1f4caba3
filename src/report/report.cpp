#include "report/report.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "embedded/report_css.hpp"
#include "embedded/report_d3.hpp"
#include "embedded/report_html.hpp"
#include "embedded/report_js.hpp"

namespace labile {
namespace {

constexpr std::string_view kResultsMark = "@LABILE_RESULTS@";

bool starts_as_object(std::string_view json) {
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && json[first] == '{';
}

// '<' occurs in JSON only inside strings, where \u003c means the same. Without it no text can close the
// script element or open a comment in it.
void append_script_safe(std::string& out, std::string_view json) {
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string report_page(std::string_view results_json) {
  if (!starts_as_object(results_json)) {
    throw std::invalid_argument(
        "report_page: results.json should hold a JSON object, but its text does not start with '{'");
  }
  const std::array<std::pair<std::string_view, std::string_view>, 4> parts{{
      {"@LABILE_CSS@", embedded::report_css},
      {kResultsMark, results_json},
      {"@LABILE_D3@", embedded::report_d3},
      {"@LABILE_JS@", embedded::report_js},
  }};

  // The template is walked once, in the order of its marks: a mark that occurs in the data stays text.
  std::string page;
  page.reserve(embedded::report_html.size() + embedded::report_css.size() + embedded::report_d3.size() +
               embedded::report_js.size() + results_json.size() + results_json.size() / 16);
  std::string_view rest = embedded::report_html;
  for (const auto& [mark, text] : parts) {
    const std::size_t at = rest.find(mark);
    if (at == std::string_view::npos) {
      throw std::logic_error("report_page: the template lacks " + std::string(mark));
    }
    page += rest.substr(0, at);
    if (mark == kResultsMark) {
      append_script_safe(page, text);
    } else {
      page += text;
    }
    rest.remove_prefix(at + mark.size());
  }
  page += rest;
  return page;
}

}  // namespace labile
