/// Totals and gradients at the points of an oracle's cases (tests/oracles/derivatives.py), of one subject at a time and over lanes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "contract/agent.hpp"
#include "contract/lanes.hpp"

namespace labile {

/// Compares at points and remembers which derivatives were.
class PointsCompared {
 public:
  /// At every point of the case `c`: the total and each derivative that the oracle gives, to 1e-9 of the number or of 1, or as the case
  /// says. Points are in the parameters' bounds.
  void compare(const LearnerEntry& e, const SubjectTrials& subject, const nlohmann::json& c) {
    SubjectTrials s = subject;
    std::map<std::string, std::vector<double>> derived;  // once, as fits do it
    if (e.derive) derived = e.derive(s);
    for (const auto& [name, values] : derived) s.inputs.push_back({name, values});
    const double near = c.value("points_tolerance", 1e-9);
    std::vector<std::vector<double>> rows;
    for (const auto& point : c.at("points")) {
      rows.push_back(row_of(e, point["params"]));
      std::vector<double> grad(e.params.size());
      const double total = e.likelihood->gradient(rows.back(), s, grad);
      compare_one(e, point, total, grad, near);
    }
    compare_lanes(e, s, c, rows, near);
  }
  /// Every parameter of the learners that were met was compared at one point at least, but those `left_out`,
  /// "learner.parameter"; at least `derivatives` were in all.
  void expect_all_but(const std::set<std::string>& left_out, std::size_t derivatives) const {
    std::set<std::string> none;
    std::size_t all = 0;
    for (const auto& [name, n] : compared_) {
      if (n == 0) none.insert(name);
      all += n;
    }
    EXPECT_EQ(none, left_out);
    EXPECT_GE(all, derivatives);
    testing::Test::RecordProperty("derivatives", std::to_string(all));
    testing::Test::RecordProperty("largest_difference", std::to_string(1e12 * largest_) + "e-12: " + where_);
  }

 private:
  static std::vector<double> row_of(const LearnerEntry& e, const nlohmann::json& params) {
    std::vector<double> row;
    for (const auto& p : e.params) {
      row.push_back(params.at(p.name).get<double>());
      EXPECT_GE(row.back(), p.bounds.lo) << e.info.name << " " << p.name;
      EXPECT_LE(row.back(), p.bounds.hi) << e.info.name << " " << p.name;
    }
    return row;
  }
  void compare_one(const LearnerEntry& e, const nlohmann::json& point, double total,
                   const std::vector<double>& grad, double near) {
    const std::string name = e.info.name, base = name.substr(0, name.find('+'));
    expect(name + " in all", total, point["loglik"], near);
    for (std::size_t k = 0; k < grad.size(); ++k) {
      const auto& slope = point["gradient"].at(e.params[k].name);
      std::size_t& count = compared_[base + "." + e.params[k].name];
      if (slope.is_null()) continue;  // a kink, a threshold, an edge
      ++count;
      expect(name + "." + e.params[k].name, grad[k], slope, near);
    }
  }
  /// A point a lane, all of them with the same trials.
  void compare_lanes(const LearnerEntry& e, const SubjectTrials& s, const nlohmann::json& c,
                     const std::vector<std::vector<double>>& rows, double near) {
    const std::vector<SubjectTrials> subjects(rows.size(), s);
    std::vector<double> total(rows.size());
    std::vector<std::vector<double>> grad(rows.size(), std::vector<double>(e.params.size()));
    for (const auto& g : pack_lanes(subjects, e.likelihood->lane_needs())) {
      std::vector<Vec> theta(e.params.size()), slope(e.params.size());
      for (std::size_t k = 0; k < theta.size(); ++k)
        for (int i = 0; i < kWidth; ++i) {  // idle lanes get valid parameters too
          const auto lane = static_cast<std::size_t>(i);
          theta[k].set(i, rows[lane < g.subject.size() ? g.subject[lane] : 0][k]);
        }
      const Vec l = e.likelihood->lanes(theta, g, ~std::uint64_t{0}, slope);
      for (std::size_t i = 0; i < g.subject.size(); ++i) {  // a subject may take several lanes
        total[g.subject[i]] += l[static_cast<int>(i)];
        for (std::size_t k = 0; k < slope.size(); ++k) grad[g.subject[i]][k] += slope[k][static_cast<int>(i)];
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) compare_one(e, c["points"][i], total[i], grad[i], near);
  }
  void expect(const std::string& what, double got, double expected, double near) {
    const double off = std::abs(got - expected) / std::max(1.0, std::abs(expected));
    EXPECT_LE(off, near) << what << ": " << got << " instead of " << expected;
    if (near > 1e-9 || off <= largest_) return;
    largest_ = off;
    where_ = what;
  }

  std::map<std::string, std::size_t> compared_;  // by learner and parameter
  double largest_ = 0;                           // of those that are equal to 1e-9
  std::string where_;
};

}  // namespace labile
