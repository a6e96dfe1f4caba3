/// What the tests of Flex against the reference circuit share: cards in text, estimates with standard errors,
/// and the comparison with printed targets.
///
/// The reference circuit draws other random numbers, so nothing can agree to the digit. Ours and the target
/// may differ by four combined standard errors plus half a unit of the target's last printed digit. The
/// standard error of the target is ours, scaled to the number of agents behind it; where the reference
/// printed one of its own, that one counts.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run/run.hpp"

namespace labile::flex_tables {

inline constexpr double kTolerance = 4;  // combined standard errors

inline const nlohmann::json& targets() {
  static const nlohmann::json all = [] {
    std::ifstream file(std::string(LABILE_SOURCE_DIR) + "/tests/oracles/flex_tables.json");
    return nlohmann::json::parse(file);
  }();
  return all;
}

struct Estimate {
  double value = 0, se = 0;
};

/// sum(num) / sum(den) with its linearized standard error over subjects; 0 where nothing is defined, as the
/// reference has it.
inline Estimate estimate(const std::vector<Sample>& samples) {
  double num = 0, den = 0, squares = 0;
  for (const auto& s : samples) num += s.num, den += s.den;
  if (den == 0) return {};
  for (const auto& s : samples) squares += std::pow(s.num - num / den * s.den, 2);
  const auto n = static_cast<double>(samples.size());
  return {num / den, std::sqrt(squares * n / (n - 1)) / den};
}

/// The reference's conditions by its names.
struct Arm {
  const char *name, *target;
  double factor;
};
inline constexpr Arm kArms[] = {{"DA-", "da.release", 0.35}, {"ACh-", "ach.release", 0.3},
                                {"NE-", "ne.release", 0.1},  {"5HT-", "ser.release", 0.2},
                                {"DA+", "da.release", 1.6},  {"NE+", "ne.release", 1.6},
                                {"5HT+", "ser.release", 1.8}};

/// Manipulations of the first `count` arms.
inline std::string arms(const std::string& at, int count = 7) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += fmt::format(
        "[[manipulation]]\ncondition = \"{}\"\nop = \"scale\"\ntarget = \"{}\"\namount = {}\nat = \"{}\"\n",
        kArms[i].name, kArms[i].target, kArms[i].factor, at);
  return text;
}

/// A card of Flex in the feature task, one variant for each text in `p_better`. `task` is the inside of
/// [task], `conditions` are [[manipulation]] tables, `params` is the inside of the agent's table.
inline Card flex_card(int subjects, std::uint64_t seed, const std::string& task,
                      const std::string& conditions, const std::vector<std::string>& metrics,
                      const std::vector<std::string>& p_better, const std::string& params = "") {
  std::string text = fmt::format(
      "seed = {}\nsubjects = {}\nmetrics = [\"switch_lag\"]\n[task]\nname = \"feature_reversal\"\n{}\n", seed,
      subjects, task);
  for (const auto& p : p_better)
    text += fmt::format("[[variant]]\nname = \"{}\"\ntask = {{ p_better = {} }}\n", p, p);
  text +=
      fmt::format("[[agent]]\nname = \"Flex\"\nmodel = \"flex\"\nparams = {{ {} }}\n{}", params, conditions);
  Card card = parse_card(text, "flex_tables");
  card.metrics.clear();
  for (const auto& m : metrics) card.metrics.push_back({m, m, "", {}, {}});
  card.resamples = 2;  // standard errors are linearized; the card's own intervals are not looked at
  return card;
}

inline Estimate value(const RunResult& r, const std::string& variant, const std::string& condition,
                      int metric) {
  const Cell* cell = r.find(variant, "Flex", condition);
  if (!cell) throw Bug("no cell " + variant + ", " + condition);
  return estimate(cell->samples[metric]);
}

/// A table ours / target; judges as it goes, prints at the end.
class Comparison {
 public:
  Comparison(const std::string& title, int ours_n, int target_n)
      : scale_(std::sqrt(static_cast<double>(ours_n) / target_n)) {
    text_ = fmt::format("\n{}   ours / target\n", title);
  }
  ~Comparison() { fmt::print("{}largest distance {:.2f} SE: {}\n", text_, worst_, where_); }
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  void row(const std::string& name) {
    text_ += fmt::format("{}{:<12}", text_.back() == '\n' ? "" : "\n", name);
    row_ = name;
  }
  void end() { text_ += "\n"; }

  /// `target_se`, where the reference printed it.
  void add(const std::string& column, Estimate ours, const std::string& target, double target_se = -1) {
    const double wanted = std::stod(target), off = std::abs(ours.value - wanted);
    const double se = std::hypot(ours.se, target_se >= 0 ? target_se : ours.se * scale_);
    const double beyond = std::max(0.0, off - half_unit(target));
    const double z = beyond == 0 ? 0 : beyond / se;
    const int digits = static_cast<int>(target.size() - target.find('.') - 1);
    text_ += fmt::format(" {} {:.{}f}/{}{}", column, ours.value, digits, target, z > kTolerance ? "(!)" : "");
    if (z > worst_) worst_ = z, where_ = row_ + " " + column;
    EXPECT_LE(z, kTolerance) << row_ << ", " << column << ": ours " << ours.value << " +- " << ours.se
                             << ", target " << target << ", " << z << " combined standard errors apart";
  }

 private:
  static double half_unit(const std::string& target) {
    return 0.5 * std::pow(10.0, -static_cast<double>(target.size() - target.find('.') - 1));
  }

  double scale_, worst_ = 0;
  std::string text_, row_, where_ = "none";
};

}  // namespace labile::flex_tables
