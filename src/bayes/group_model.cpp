#include "bayes/group_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kWide = 1e3;  // wider ranges count as none
constexpr double kNominal =
    20;  // ranges from here on are no walls: people lie far inside, and transforms may pass them
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
  } else if (p.prior.kind == Prior::normal && hi - lo < kNominal) {
    g = phi_group(lo, hi - lo);
    g.mu_mean = to_line(g, p.prior.a);
  } else if (p.prior.kind == Prior::normal) {
    g.kind = Group::identity;
    g.mu_mean = p.prior.a;
    g.mu_sd = p.prior.b;
    g.sigma = p.prior.b;
  } else if (hi - lo < kWide) {
    g = phi_group(lo, hi - lo);
  } else if (lo >= 0) {
    g = exp_group(std::log(std::max(std::get<double>(p.standard), 1e-3)));
  } else {
    g = wide_group();
    g.mu_mean = std::get<double>(p.standard);
  }
  return g;
}

std::string transform_text(const Group& g) {
  if (g.kind == Group::exp) return "exp";
  if (g.kind == Group::identity) return "identity";
  return fmt::format("{:g} + {:g} Phi_approx", g.lo, g.width);
}

NamedGroup parse_group(const std::string& text) {
  const auto eq = text.find('=');
  const std::string form =
      "write NAME = identity | exp | phi LO WIDTH, then mu MEAN SD, sigma SCALE or cauchy SCALE";
  if (eq == std::string::npos) throw Error(fmt::format("group '{}': {}", text, form));
  std::istringstream name_in(text.substr(0, eq)), in(text.substr(eq + 1));
  NamedGroup r;
  name_in >> r.name;
  const auto next = [&](const char* what) {
    double x = 0;
    if (!(in >> x) || !std::isfinite(x))
      throw Error(fmt::format("group '{}': {} wants a number; {}", text, what, form));
    return x;
  };
  const auto positive = [&](const char* what) {
    const double x = next(what);
    if (!(x > 0)) throw Error(fmt::format("group '{}': {} must be above 0", text, what));
    return x;
  };
  std::string word;
  in >> word;
  if (word == "identity" || word == "exp") {
    r.group.kind = word == "exp" ? Group::exp : Group::identity;
  } else if (word == "phi") {
    r.group = phi_group(0, 1);
    r.group.lo = next("phi");
    r.group.width = positive("phi's width");
  } else {
    throw Error(fmt::format("group '{}': unknown transform '{}'{}; {}", text, word,
                            suggest(word, std::vector<std::string>{"identity", "exp", "phi"}), form));
  }
  while (in >> word) {
    if (word == "mu") {
      r.group.mu_mean = next("mu");
      r.group.mu_sd = positive("mu's sd");
    } else if (word == "sigma" || word == "cauchy") {
      r.group.cauchy = word == "cauchy";
      r.group.sigma = positive(word.c_str());
    } else {
      throw Error(fmt::format("group '{}': unknown word '{}'{}; {}", text, word,
                              suggest(word, std::vector<std::string>{"mu", "sigma", "cauchy"}), form));
    }
  }
  return r;
}

std::vector<NamedGroup> parse_groups(std::span<const std::string> texts) {
  std::vector<NamedGroup> r;
  for (const auto& text : texts) r.push_back(parse_group(text));
  return r;
}

GroupModel group_model(const LearnerEntry& learner, const std::vector<FitOverride>& overrides,
                       const std::vector<NamedGroup>& groups) {
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
  for (const auto& g : groups) {
    const auto it =
        std::find_if(m.params.begin(), m.params.end(), [&](const auto& p) { return p.name == g.name; });
    std::vector<std::string> names;
    for (const auto& p : m.params) names.push_back(p.name);
    if (it == m.params.end())
      throw Error(fmt::format("group of '{}': learner '{}' estimates no such parameter{}", g.name,
                              learner.info.name, suggest(g.name, names)));
    const auto& b = it->bounds;
    if (g.group.kind == Group::phi && (g.group.lo < b.lo || g.group.lo + g.group.width > b.hi))
      throw Error(fmt::format("group of '{}': phi {} {} reaches beyond its bounds, {}", g.name, g.group.lo,
                              g.group.width, bounds_text(learner.params[static_cast<std::size_t>(it->at)])));
    const bool bounded = b.hi - b.lo < kNominal;
    if ((g.group.kind == Group::identity && bounded) || (g.group.kind == Group::exp && (b.lo > 0 || bounded)))
      throw Error(fmt::format("group of '{}': {} reaches beyond its bounds, {}; phi {} {} does not", g.name,
                              g.group.kind == Group::exp ? "exp" : "identity",
                              bounds_text(learner.params[static_cast<std::size_t>(it->at)]), b.lo,
                              b.hi - b.lo));
    if (!std::isfinite(from_line(g.group, g.group.mu_mean)))
      throw Error(
          fmt::format("group of '{}': its prior's mean, {} before the transform, is no number after it",
                      g.name, g.group.mu_mean));
    // Half-normal spreads reach to twice their scale.
    if (const double lowest = g.group.mu_mean - 4 * std::hypot(g.group.mu_sd, 2 * g.group.sigma);
        g.group.kind == Group::identity && b.lo >= 0 && lowest < b.lo)
      throw Error(fmt::format(
          "group of '{}': identity lets people pass its lower bound, {}, by these priors (they reach to "
          "{:.4g}); exp or phi does not",
          g.name, b.lo, lowest));
    if (std::count_if(groups.begin(), groups.end(), [&](const auto& x) { return x.name == g.name; }) > 1)
      throw Error(fmt::format("group of '{}' is given twice", g.name));
    it->group = g.group;
  }
  if (m.params.empty())
    throw Error(fmt::format("every parameter of learner '{}' is held: nothing to fit", learner.info.name));
  return m;
}

void add_designs(GroupModel& m, const LearnerEntry& learner, const std::vector<NamedDesign>& designs,
                 int units) {
  for (const auto& d : designs) {
    const auto it =
        std::find_if(m.params.begin(), m.params.end(), [&](const auto& p) { return p.name == d.name; });
    if (it == m.params.end()) {
      std::vector<std::string> names;
      for (const auto& p : m.params) names.push_back(p.name);
      throw Error(fmt::format("formula of '{}': learner '{}' estimates no such parameter{}", d.name,
                              learner.info.name, suggest(d.name, names)));
    }
    if (!it->design.names.empty()) throw Error(fmt::format("parameter '{}' has two formulas", d.name));
    if (static_cast<int>(d.design.x.size()) != units) throw Bug("a design has a row a unit");
    it->design = d.design;
  }
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
