/// What is printed and written of a formula's effects.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/fit_formula.hpp"
#include "cli/output.hpp"

namespace labile {
namespace {
void line(const std::string& name, const DrawSummary& s, std::size_t width, const std::string& chance = "") {
  std::string text = fmt::format("    {:<{}} {:>10}   {:<20} {:>6.3f} {:>9}", name, width, text_of(s.mean),
                                 fmt::format("{} to {}", text_of(s.q2_5), text_of(s.q97_5)), s.rhat, chance);
  fmt::print("{}\n", text.substr(0, text.find_last_not_of(' ') + 1));
}
void lines(const std::string& title, const std::vector<GroupEffect>& effects, std::size_t width) {
  if (effects.empty()) return;
  fmt::print("  {}\n", title);
  for (const auto& e : effects)
    line(e.name, e.value, width,
         e.above_0 >= 0.5 ? fmt::format("{:.3f} > 0", e.above_0) : fmt::format("{:.3f} < 0", 1 - e.above_0));
}
std::string name_of(const GroupCell& c) {
  std::string r;
  for (const auto& [factor, level] : c.at) r += fmt::format("{}{} {}", r.empty() ? "" : ", ", factor, level);
  return r.empty() ? "at the means" : r;
}
}  // namespace

void print_correlations(const GroupFit& fit) {
  bool first = true;
  for (const auto& q : fit.group) {
    if (q.name.rfind("corr[", 0) != 0) continue;
    if (first) fmt::print("\n  correlations over people, before the parameters' transforms\n");
    first = false;
    line(q.name.substr(5, q.name.size() - 6), q.summary, 24);
  }
}

void print_effects(const std::vector<ParamEffects>& effects, double prior_sd) {
  for (const auto& e : effects) {
    std::size_t width = 24;
    for (const auto* list : {&e.coefficients, &e.differences})
      for (const auto& x : *list) width = std::max(width, x.name.size());
    for (const auto& c : e.cells) width = std::max(width, name_of(c).size());
    fmt::print("\n  {}{}\n", e.formula,
               e.formula.find(',') < e.formula.find('~') ? fmt::format(": {}", e.param) : "");
    fmt::print("  {:<{}} {:>10}   {:<20} {:>6} {:>9}\n", "median subject", width + 2, "mean", "95% interval",
               "R-hat", "of draws");
    for (const auto& c : e.cells) line(name_of(c), c.value, width);
    lines("differences between them", e.differences, width);
    lines(fmt::format("effects before {}'s transform, each N(0, {:.3g}) before the data", e.param, prior_sd),
          e.coefficients, width);
    if (!e.spreads.empty()) fmt::print("  how these differ between people (sigma)\n");
    for (const auto& [name, x] : e.spreads) line(name, x, width);
  }
}

}  // namespace labile
