#include "bayes/group_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kWide = 1e3;  // wider ranges count as none
constexpr double kA = 0.07056, kB = 1.5976;

/// y with a y^3 + b y = u, by Newton; the cubic rises everywhere.
double solve_cubic(double u) {
  double y = std::cbrt(u / kA);
  if (std::abs(u) < 4) y = u / kB;
  for (int i = 0; i < 60; ++i) {
    const double step = (kA * y * y * y + kB * y - u) / (3 * kA * y * y + kB);
    y -= step;
    if (std::abs(step) < 1e-15 * (1 + std::abs(y))) break;
  }
  return y;
}
}  // namespace

Group group_of(const ParamInfo& p) {
  if (p.group.kind != Group::by_table) return p.group;
  const auto& [lo, hi] = p.bounds;
  Group g;
  if (p.prior.kind == Prior::gamma) {
    g.kind = Group::exp;
    g.mu_mean = std::log(p.prior.a * p.prior.b);
  } else if (p.prior.kind == Prior::normal) {
    g.kind = Group::identity;
    g.mu_mean = p.prior.a;
    g.mu_sd = p.prior.b;
    g.sigma = p.prior.b;
  } else if (hi - lo < kWide) {
    g = phi_group(lo, hi - lo);
  } else if (lo == 0) {
    g = exp_group(std::log(std::max(std::get<double>(p.standard), 1e-3)));
  } else {
    g = wide_group();
    g.mu_mean = std::get<double>(p.standard);
  }
  return g;
}

GroupModel group_model(const LearnerEntry& learner, const std::vector<FitOverride>& overrides) {
  if (!learner.likelihood) throw Error(learner.no_likelihood);
  std::vector<std::string> known;
  for (const auto& p : learner.params) known.push_back(p.name);
  for (const auto& o : overrides)
    if (std::find(known.begin(), known.end(), o.name) == known.end())
      throw Error(fmt::format("learner '{}' has no parameter '{}'{}", learner.info.name, o.name,
                              suggest(o.name, known)));
  GroupModel m;
  for (std::size_t k = 0; k < learner.params.size(); ++k) {
    const auto& p = learner.params[k];
    double standard = std::get<double>(p.standard);
    bool fixed = p.prior.kind == Prior::fixed;
    for (const auto& o : overrides)
      if (o.name == p.name) {
        fixed = o.held.has_value();
        if (fixed) standard = *o.held;
        if (fixed && !(standard >= p.bounds.lo && standard <= p.bounds.hi))
          throw Error(
              fmt::format("parameter '{}' cannot be held at {}: {}", o.name, standard, bounds_text(p)));
      }
    m.standard.push_back(standard);
    if (!fixed) m.params.push_back({p.name, p.unit, static_cast<int>(k), p.bounds, group_of(p)});
  }
  if (m.params.empty())
    throw Error(fmt::format("every parameter of learner '{}' is held: nothing to fit", learner.info.name));
  return m;
}

double from_line(const Group& g, double y) {
  if (g.kind == Group::exp) return exp(y);
  if (g.kind == Group::phi) return g.lo + g.width * logistic(kA * y * y * y + kB * y);
  return y;
}

double to_line(const Group& g, double x) {
  if (g.kind == Group::exp) return std::log(std::max(x, 1e-8));
  if (g.kind == Group::phi) {
    const double q = std::clamp((x - g.lo) / g.width, 1e-6, 1 - 1e-6);
    return solve_cubic(std::log(q / (1 - q)));
  }
  return x;
}

}  // namespace labile
