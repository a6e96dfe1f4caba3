#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "report/report.hpp"

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

TEST(ReportPage, HoldsTheDataTheScriptsAndNoMark) {
  const std::string page = labile::report_page(R"({"title": "A run"})");
  EXPECT_NE(page.find(R"(id="results">{"title": "A run"}</script>)"), std::string::npos);
  EXPECT_NE(page.find("d3.svg.axis"), std::string::npos);
  EXPECT_EQ(count(page, "@LABILE_"), 0u);
}

TEST(ReportPage, TextOfTheRunCannotCloseTheScriptElement) {
  const std::string plain = labile::report_page(R"({"title": ""})");
  const std::string hostile = labile::report_page(R"({"title": "</script><script><!--"})");
  EXPECT_EQ(count(hostile, "</script>"), count(plain, "</script>"));
  EXPECT_NE(hostile.find(R"(\u003c/script>\u003cscript>\u003c!--)"), std::string::npos);
}

TEST(ReportPage, AMarkInTheDataStaysText) {
  const std::string page = labile::report_page(R"({"title": "@LABILE_JS@ @LABILE_D3@"})");
  EXPECT_NE(page.find(R"("@LABILE_JS@ @LABILE_D3@")"), std::string::npos);
}

TEST(ReportPage, RefusesTextThatIsNoObject) {
  for (const char* text : {"", "   \n", "[1, 2]", "null", "<html>"}) {
    EXPECT_THROW((void)labile::report_page(text), std::invalid_argument) << text;
  }
  EXPECT_NO_THROW((void)labile::report_page(" \n{}"));
}

TEST(ReportPage, TheSameTextGivesTheSamePage) {
  EXPECT_EQ(labile::report_page("{}"), labile::report_page("{}"));
}

}  // namespace
