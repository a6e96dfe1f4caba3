/// The hierarchical model of a learner: how the parameters of people arise from those of their group.
///
///   theta[k][u] = T_k(mu_k + X_k[u] b_k + sigma_k z[k][s(u)]),   z ~ N(0, 1)
///   mu_k, b_k normal, sigma_k half-normal or half-Cauchy
///
/// A unit u is what has one row of parameters: a subject, or a subject in one condition. T is the identity, exp, or
/// lo + width Phi_approx with Phi_approx(x) = logistic(0.07056 x^3 + 1.5976 x). The group's value that is reported is T(mu): the median
/// subject. Source of the parametrization and its priors: Ahn, Haines & Zhang (2017), doi:10.1162/CPSY_a_00002.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "contract/agent.hpp"
#include "fit/fit.hpp"

namespace labile {

/// Effects of what differs between units on one parameter, before T.
struct Design {
  std::vector<std::string> names;      // [coefficient]
  std::vector<std::vector<double>> x;  // [unit][coefficient]
  double prior_sd = 1;                 // coefficients are N(0, prior_sd)
  /// Effects that differ between subjects around those: sum of slope_x tau v[subject] is added, v ~ N(0, 1), tau a priori as sigma.
  std::vector<std::string> slope_names = {};      // [slope]
  std::vector<std::vector<double>> slope_x = {};  // [unit][slope]
};

struct GroupParam {
  std::string name, unit;
  int at = 0;  // position in the learner's table
  Bounds bounds;
  Group group;  // never by_table
  Design design = {};
};

struct GroupModel {
  std::vector<GroupParam> params;  // those that are estimated
  std::vector<double> standard;    // [parameter in table order]; the others stay there
  double lkj = 0;  // z of a subject's parameters correlate, a priori as LKJ(this) has it; 0 = they do not
};

/// Group of a parameter by its table: as declared; else phi on [lo, hi] for bounded parameters, exp for positive ones around their
/// prior's mean, identity with the prior's mean and sd else.
[[nodiscard]] Group group_of(const ParamInfo& p);

/// "beta = phi 0 10": another transform and other priors of one parameter, by name. Words after the transform, in any order:
///   identity | exp | phi LO WIDTH;   mu MEAN SD;   sigma SCALE (half-normal);   cauchy SCALE (half-Cauchy)
struct NamedGroup {
  std::string name;
  Group group;
};
/// Throws Error naming the word and the form.
[[nodiscard]] NamedGroup parse_group(const std::string& text);
[[nodiscard]] std::vector<NamedGroup> parse_groups(std::span<const std::string> texts);

/// Effects on one parameter, by name.
struct NamedDesign {
  std::string name;
  Design design;
};
/// Puts them into the model. Throws Error where one names no parameter that is estimated, or one twice, and Bug where rows are not `units`.
void add_designs(GroupModel& model, const LearnerEntry& learner, const std::vector<NamedDesign>& designs,
                 int units);

/// The learner's model with all parameters that its table does not hold fixed, less the overrides, and
/// with the named groups instead of the table's. Throws Error as fits do, and where a group names no parameter that is estimated
/// or reaches beyond its bounds.
[[nodiscard]] GroupModel group_model(const LearnerEntry& learner,
                                     const std::vector<FitOverride>& overrides = {},
                                     const std::vector<NamedGroup>& groups = {});

/// "exp", "0 + 1 Phi_approx".
[[nodiscard]] std::string transform_text(const Group& g);
/// T(y), and its inverse for x inside the range (values at its edge are moved inside).
[[nodiscard]] double from_line(const Group& g, double y);
[[nodiscard]] double to_line(const Group& g, double x);

}  // namespace labile
