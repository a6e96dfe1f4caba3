#include "bayes/effects.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labile {
namespace {
using Series = std::vector<double>;  // [draw]

/// One parameter's group values at any setting of its covariates, draw by draw.
class Values {
 public:
  Values(const GroupFit& fit, std::size_t k) : fit_(fit), param_(fit.params[k]) {
    const int parameter = static_cast<int>(k);
    mu_ = fit.posterior->nu(parameter);
    b_ = fit.posterior->b(parameter);
    iterations_ = fit.chains.front().draws();
    for (const auto& c : fit.chains) iterations_ = std::min(iterations_, c.draws());
  }
  /// T(mu + x b).
  [[nodiscard]] Series at(const std::vector<double>& x) const {
    return of([&](std::span<const double> q) {
      double y = fit_.posterior->coefficient(q, mu_);
      for (std::size_t c = 0; c < x.size(); ++c)
        y += x[c] * fit_.posterior->coefficient(q, b_ + static_cast<int>(c));
      return from_line(param_.group, y);
    });
  }
  [[nodiscard]] Series coefficient(std::size_t c) const {
    return of(
        [&](std::span<const double> q) { return fit_.posterior->coefficient(q, b_ + static_cast<int>(c)); });
  }
  [[nodiscard]] DrawSummary summary(const Series& x) const {
    return summarize_draws(x, static_cast<int>(fit_.chains.size()));
  }
  [[nodiscard]] GroupEffect effect(std::string name, const Series& x) const {
    double above = 0;  // draws at 0, as where a parameter is at its end, are half above
    for (const double v : x) above += v > 0 ? 1 : v == 0 ? 0.5 : 0;
    return {std::move(name), summary(x), above / static_cast<double>(x.size()), x};
  }

 private:
  template <class F>
  [[nodiscard]] Series of(F&& f) const {
    Series r;
    for (const auto& c : fit_.chains) {
      const auto dim = static_cast<std::size_t>(c.dim);
      for (int d = 0; d < iterations_; ++d)
        r.push_back(f(std::span(c.q).subspan(static_cast<std::size_t>(d) * dim, dim)));
    }
    return r;
  }

  const GroupFit& fit_;
  const GroupParam& param_;
  int mu_ = 0, b_ = 0;
  int iterations_ = 0;
};

/// Every choice of one of sizes[i] for each i, the last running fastest.
std::vector<std::vector<int>> all_of(const std::vector<int>& sizes) {
  std::vector<std::vector<int>> r{{}};
  for (const int n : sizes) {
    std::vector<std::vector<int>> next;
    for (const auto& head : r)
      for (int i = 0; i < n; ++i) {
        next.push_back(head);
        next.back().push_back(i);
      }
    r = std::move(next);
  }
  return r;
}

class Contrasts {
 public:
  Contrasts(const Values& values, const Coding& coding) : values_(values), coding_(coding) {
    const auto n = static_cast<int>(coding.formula().variables.size());
    for (int v = 0; v < n; ++v) {
      middle_.push_back(code(v).factor ? 0 : code(v).mean);
      if (code(v).factor) factors_.push_back(v);
    }
  }
  [[nodiscard]] std::vector<GroupCell> cells() const {
    std::vector<GroupCell> r;
    for (const auto& at : all_of(sizes(factors_))) {
      GroupCell c;
      for (std::size_t i = 0; i < at.size(); ++i)
        c.at.emplace_back(column(factors_[i]), level(factors_[i], at[i]));
      c.value = values_.summary(values_.at(coding_.row(setting(factors_, at))));
      r.push_back(std::move(c));
    }
    return r;
  }
  [[nodiscard]] std::vector<GroupEffect> differences() const {
    std::vector<GroupEffect> r;
    for (int v = 0; v < static_cast<int>(middle_.size()); ++v) {
      const auto beside = interacting(v);
      const auto all = pairs(v);
      for (const auto& [a, b, name] : all) {
        r.push_back(values_.effect(name + averaged(v, {}), difference(v, a, b, {}, {})));
        for (const auto& at : all_of(sizes(beside))) {
          if (beside.empty()) break;
          std::string where;
          for (std::size_t i = 0; i < at.size(); ++i)
            where += fmt::format(", {} {}", column(beside[i]), level(beside[i], at[i]));
          r.push_back(values_.effect(name + where + averaged(v, beside), difference(v, a, b, beside, at)));
        }
        for (const int g : beside)
          for (int l = 1; (g > v || !code(v).factor) && l < sizes({g})[0]; ++l)
            r.push_back(values_.effect(fmt::format("{}, {} {} less {}{}", name, column(g), level(g, l),
                                                   level(g, 0), averaged(v, {g})),
                                       less(difference(v, a, b, {g}, {l}), difference(v, a, b, {g}, {0}))));
      }
    }
    return r;
  }

 private:
  [[nodiscard]] const Coding::Code& code(int v) const { return coding_.code(v); }
  [[nodiscard]] const std::string& column(int v) const {
    return coding_.formula().variables[static_cast<std::size_t>(v)].column;
  }
  [[nodiscard]] const std::string& level(int v, int l) const {
    return code(v).levels[static_cast<std::size_t>(l)];
  }
  [[nodiscard]] std::vector<int> sizes(const std::vector<int>& factors) const {
    std::vector<int> r;
    for (const int f : factors) r.push_back(static_cast<int>(code(f).levels.size()));
    return r;
  }
  [[nodiscard]] std::vector<double> setting(const std::vector<int>& factors,
                                            const std::vector<int>& at) const {
    auto r = middle_;
    for (std::size_t i = 0; i < at.size(); ++i) r[static_cast<std::size_t>(factors[i])] = at[i];
    return r;
  }
  [[nodiscard]] std::vector<int> interacting(int v) const {
    std::vector<int> r;
    for (const int f : factors_)
      if (f != v && coding_.interact(v, f)) r.push_back(f);
    return r;
  }
  /// ", mean over session": the factors that are neither compared nor fixed.
  [[nodiscard]] std::string averaged(int v, const std::vector<int>& fixed) const {
    std::string r;
    for (const int f : factors_)
      if (f != v && std::find(fixed.begin(), fixed.end(), f) == fixed.end())
        r += (r.empty() ? ", mean over " : " and ") + column(f);
    return r;
  }
  struct Pair {
    double a, b;  // a less b
    std::string name;
  };
  [[nodiscard]] std::vector<Pair> pairs(int v) const {
    const auto& c = code(v);
    if (!c.factor)
      return {{c.mean + c.sd, c.mean - c.sd,
               fmt::format("{}: {:.3g} - {:.3g}", column(v), c.mean + c.sd, c.mean - c.sd)}};
    std::vector<Pair> r;
    const int n = static_cast<int>(c.levels.size());
    for (int b = 0; b < (n <= 5 ? n : 1); ++b)
      for (int a = b + 1; a < n; ++a)
        r.push_back({static_cast<double>(a), static_cast<double>(b),
                     fmt::format("{}: {} - {}", column(v), level(v, a), level(v, b))});
    return r;
  }
  /// Of variable v from b to a, at these levels of these factors, averaged over those of the others.
  [[nodiscard]] Series difference(int v, double a, double b, const std::vector<int>& fixed,
                                  const std::vector<int>& at) const {
    std::vector<int> free;
    for (const int f : factors_)
      if (f != v && std::find(fixed.begin(), fixed.end(), f) == fixed.end()) free.push_back(f);
    const auto rest = all_of(sizes(free));
    Series r;
    for (const auto& others : rest) {
      auto x = setting(fixed, at);
      for (std::size_t i = 0; i < others.size(); ++i) x[static_cast<std::size_t>(free[i])] = others[i];
      x[static_cast<std::size_t>(v)] = a;
      const auto up = values_.at(coding_.row(x));
      x[static_cast<std::size_t>(v)] = b;
      const auto d = less(up, values_.at(coding_.row(x)));
      r.resize(d.size(), 0.0);
      for (std::size_t i = 0; i < d.size(); ++i) r[i] += d[i] / static_cast<double>(rest.size());
    }
    return r;
  }
  static Series less(Series a, const Series& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
    return a;
  }

  const Values& values_;
  const Coding& coding_;
  std::vector<double> middle_;  // [variable] reference levels and means
  std::vector<int> factors_;    // variables
};
}  // namespace

std::vector<ParamEffects> effects_of(const GroupFit& fit, std::span<const Coding* const> coding) {
  std::vector<ParamEffects> r;
  for (std::size_t k = 0; k < fit.params.size(); ++k) {
    if (!coding[k]) continue;
    const auto& p = fit.params[k];
    const Values values(fit, k);
    const Contrasts contrasts(values, *coding[k]);
    ParamEffects e{
        p.name, p.unit, coding[k]->formula().text, {}, {}, contrasts.cells(), contrasts.differences()};
    for (std::size_t c = 0; c < p.design.names.size(); ++c)
      e.coefficients.push_back(values.effect(p.design.names[c], values.coefficient(c)));
    for (const auto& c : p.design.slope_names) {
      const auto name = fmt::format("sigma[{}:{}]", p.name, c);
      e.spreads.emplace_back(c, std::find_if(fit.group.begin(), fit.group.end(), [&](const auto& q) {
                                  return q.name == name;
                                })->summary);
    }
    r.push_back(std::move(e));
  }
  return r;
}

}  // namespace labile
