#include "bayes/coding.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/error.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
constexpr double kDependent = 1e-7;  // of a column's length: what is left of it beside the others

/// Levels in their order: by size where all are numbers, else by the alphabet.
std::vector<std::string> sorted_levels(const std::vector<std::string>& values) {
  std::vector<std::string> r(values);
  std::sort(r.begin(), r.end());
  r.erase(std::unique(r.begin(), r.end()), r.end());
  if (std::none_of(r.begin(), r.end(), [](const auto& s) { return std::isnan(number_of(s)); }))
    std::stable_sort(r.begin(), r.end(),
                     [](const auto& a, const auto& b) { return number_of(a) < number_of(b); });
  return r;
}

/// Mean and sd (divisor n - 1).
std::pair<double, double> moments(const std::vector<double>& x) {
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / (static_cast<double>(x.size()) - 1))};
}
}  // namespace

double number_of(const std::string& s) {
  const char* from = s.data() + (!s.empty() && s[0] == '+');
  double x = kNaN;
  const auto [end, ec] = std::from_chars(from, s.data() + s.size(), x);
  return ec == std::errc{} && end == s.data() + s.size() && std::isfinite(x) ? x : kNaN;
}

Coding::Coding(const Formula& formula, std::span<const Covariate> columns, std::span<const int> subject_of,
               const std::map<std::string, std::string>& references, double prior_sd)
    : formula_(formula), codes_(formula.variables.size()), at_(subject_of.size()) {
  for (auto& row : at_) row.resize(codes_.size());
  std::map<std::string, std::string> coded;  // column of a factor -> how
  for (std::size_t v = 0; v < codes_.size(); ++v) {
    const auto& variable = formula_.variables[v];
    const auto c = std::find_if(columns.begin(), columns.end(),
                                [&](const auto& x) { return x.name == variable.column; });
    if (c == columns.end()) throw Bug("a formula's column was not read: " + variable.column);
    read(static_cast<int>(v), *c, subject_of, references);
    if (codes_[v].factor && !coded.try_emplace(variable.column, variable.name()).second)
      fail(fmt::format("column '{}' is coded in two ways; choose one", variable.column));
  }
  lay_out();
  design_.prior_sd = prior_sd;
  for (const auto& at : at_) design_.x.push_back(row(at));
  check_rank();
  find_slopes(subject_of);
}

void Coding::fail(const std::string& why) const {
  throw Error(fmt::format("formula \"{}\": {}", formula_.text, why));
}

void Coding::read(int variable, const Covariate& c, std::span<const int> subject_of,
                  const std::map<std::string, std::string>& references) {
  const auto& v = formula_.variables[static_cast<std::size_t>(variable)];
  auto& code = codes_[static_cast<std::size_t>(variable)];
  std::string word, figure;  // an example of each
  for (const auto& s : c.values) (std::isnan(number_of(s)) ? word : figure) = s;
  const bool asked_number =
      v.kind == Variable::scale || v.kind == Variable::center || v.kind == Variable::number;
  code.factor = v.kind == Variable::factor || v.kind == Variable::sum ||
                (v.kind == Variable::plain && (c.names || !word.empty()));
  if (asked_number && !word.empty())
    fail(fmt::format("{} wants numbers, and column '{}' holds '{}'", v.name(), v.column, word));
  if (v.kind == Variable::plain && !c.names && !word.empty() && !figure.empty())
    fail(
        fmt::format("column '{0}' holds both words and numbers ('{1}' and '{2}'); is '{1}' a missing value? "
                    "factor({0}) takes all as "
                    "levels",
                    v.column, word, figure));
  code.by_sum = v.kind == Variable::sum;
  if (code.factor)
    read_factor(code, v, c, subject_of, references);
  else
    read_number(code, v, c, subject_of);
  for (std::size_t u = 0; u < at_.size(); ++u)
    at_[u][static_cast<std::size_t>(variable)] =
        code.factor ? static_cast<double>(std::find(code.levels.begin(), code.levels.end(), c.values[u]) -
                                          code.levels.begin())
                    : number_of(c.values[u]);
}

void Coding::read_factor(Code& code, const Variable& v, const Covariate& c, std::span<const int> subject_of,
                         const std::map<std::string, std::string>& references) {
  code.levels = sorted_levels(c.values);
  if (code.levels.size() == 1)
    fail(fmt::format("column '{}' is '{}' for everyone: there is nothing to compare", v.column,
                     code.levels[0]));
  if (const auto it = references.find(v.column); it != references.end()) {
    const auto at = std::find(code.levels.begin(), code.levels.end(), it->second);
    if (at == code.levels.end())
      throw Error(fmt::format("reference {}={}: column '{}' has no such level{}", it->first, it->second,
                              v.column, suggest(it->second, code.levels)));
    std::rotate(code.levels.begin(), at, at + 1);
  }
  std::string said;
  std::vector<std::string> alone;
  std::set<int> everyone(subject_of.begin(), subject_of.end());
  for (std::size_t l = 0; l < code.levels.size(); ++l) {
    std::set<int> who;
    for (std::size_t u = 0; u < c.values.size(); ++u)
      if (c.values[u] == code.levels[l]) who.insert(subject_of[u]);
    if (l < 8) said += fmt::format("{}{} ({})", l ? ", " : "", code.levels[l], who.size());
    if (who.size() == 1 && everyone.size() > 1) alone.push_back(code.levels[l]);
  }
  if (code.levels.size() >= everyone.size() && everyone.size() > 2 && alone.size() == code.levels.size())
    fail(fmt::format("column '{}' has a level of its own for every subject, {} of them: {}", v.column,
                     code.levels.size(),
                     std::isnan(number_of(code.levels[0])) ? "it tells people apart and not groups of them"
                                                           : "write it as a number, not as a factor"));
  notes_.push_back(fmt::format(
      "{}: factor, levels (subjects) {}{}; {} {}", v.column, said, code.levels.size() > 8 ? ", ..." : "",
      code.by_sum ? "coded as deviations from their mean, left out is" : "compared with", code.levels[0]));
  if (!alone.empty())
    notes_.push_back(
        fmt::format("{}: only one subject has {}, so its effect is that subject's peculiarity too", v.column,
                    fmt::join(alone, ", ")));
}

void Coding::read_number(Code& code, const Variable& v, const Covariate& c, std::span<const int> subject_of) {
  std::vector<double> x;
  for (const auto& s : c.values) x.push_back(number_of(s));
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  if (*low == *high)
    fail(fmt::format("column '{}' is {} for everyone: there is nothing to compare", v.column, *low));
  std::map<int, double> of_subject;
  bool within = false;
  for (std::size_t u = 0; u < x.size(); ++u)
    within = within || of_subject.try_emplace(subject_of[u], x[u]).first->second != x[u];
  std::vector<double> over = x;
  if (!within) {
    over.clear();
    for (const auto& [who, value] : of_subject) over.push_back(value);
  }
  std::tie(code.mean, code.sd) = moments(over);
  if (v.kind == Variable::scale || v.kind == Variable::center) code.shift = code.mean;
  if (v.kind == Variable::scale) code.unit = code.sd;
  notes_.push_back(fmt::format("{}: number, mean {:.4g}, sd {:.3g} over {} {}", v.column, code.mean, code.sd,
                               over.size(), within ? "subjects' conditions" : "subjects"));
  if (code.unit == 1 && (code.sd > 3 || code.sd < 0.3))
    notes_.push_back(
        fmt::format("{0}: its sd is {1:.3g}, and the prior of its effect is for a change by 1; scale({0}) "
                    "makes that one sd",
                    v.column, code.sd));
  const bool has_zero = *low <= 0 && *high >= 0;
  if (code.shift == 0 && !has_zero)
    notes_.push_back(
        fmt::format("{0}: runs from {1:.4g} to {2:.4g}, and the group's value is that at {0} = 0; "
                    "center({0}) or scale({0}) "
                    "makes it that at the mean",
                    v.column, *low, *high));
}

/// A factor is coded by all its levels where the term without it is not in the model.
bool Coding::whole(const std::vector<int>& term, int variable) const {
  auto margin = term;
  margin.erase(std::find(margin.begin(), margin.end(), variable));
  return !margin.empty() &&
         std::find(formula_.terms.begin(), formula_.terms.end(), margin) == formula_.terms.end();
}

void Coding::lay_out() {
  for (const auto& term : formula_.terms) {
    std::vector<Part> parts(1);
    parts[0].slope = std::find(formula_.slopes.begin(), formula_.slopes.end(), term) != formula_.slopes.end();
    std::vector<std::string> names(1);
    // The first factor's levels run fastest.
    for (const int v : term) {
      const auto& c = code(v);
      const auto& variable = formula_.variables[static_cast<std::size_t>(v)];
      const bool all = c.factor && whole(term, v);
      std::vector<Part> next;
      std::vector<std::string> next_names;
      const int from = c.factor ? !all : 0, to = c.factor ? static_cast<int>(c.levels.size()) : 1;
      for (int level = from; level < to; ++level)
        for (std::size_t i = 0; i < parts.size(); ++i) {
          Part p = parts[i];
          std::string name = variable.name();
          if (c.factor) {
            p.factors.emplace_back(v, level);
            p.whole.push_back(all);
            name += fmt::format("[{}]", c.levels[static_cast<std::size_t>(level)]);
          } else {
            p.numbers.push_back(v);
          }
          next.push_back(std::move(p));
          next_names.push_back(names[i].empty() ? name : names[i] + ":" + name);
        }
      parts = std::move(next);
      names = std::move(next_names);
    }
    parts_.insert(parts_.end(), parts.begin(), parts.end());
    design_.names.insert(design_.names.end(), names.begin(), names.end());
  }
}

std::vector<double> Coding::row(std::span<const double> at) const {
  std::vector<double> r;
  for (const auto& p : parts_) {
    double x = 1;
    for (std::size_t i = 0; i < p.factors.size(); ++i) {
      const auto [v, level] = p.factors[i];
      const int is = static_cast<int>(at[static_cast<std::size_t>(v)]);
      const bool minus = code(v).by_sum && !p.whole[i] && is == 0;
      x *= is == level ? 1 : minus ? -1 : 0;
    }
    for (const int v : p.numbers) x *= (at[static_cast<std::size_t>(v)] - code(v).shift) / code(v).unit;
    r.push_back(x);
  }
  return r;
}

bool Coding::interact(int a, int b) const {
  return std::any_of(formula_.terms.begin(), formula_.terms.end(), [&](const auto& t) {
    return std::find(t.begin(), t.end(), a) != t.end() && std::find(t.begin(), t.end(), b) != t.end();
  });
}

/// Columns whose effect differs between subjects, less their mean over units: so that people's intercepts and slopes have little to do with
/// each other.
void Coding::find_slopes(std::span<const int> subject_of) {
  design_.slope_x.resize(at_.size());
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    if (!parts_[c].slope) continue;
    std::map<int, double> first;
    std::set<int> changes;
    double mean = 0;
    for (std::size_t u = 0; u < at_.size(); ++u) {
      const double x = design_.x[u][c];
      if (first.try_emplace(subject_of[u], x).first->second != x) changes.insert(subject_of[u]);
      mean += x / static_cast<double>(at_.size());
    }
    if (changes.size() < 2)
      fail(fmt::format("{} changes within {}: whether its effect differs between subjects cannot be told",
                       design_.names[c], changes.empty() ? "no subject" : "one subject alone"));
    design_.slope_names.push_back(design_.names[c]);
    for (std::size_t u = 0; u < at_.size(); ++u) design_.slope_x[u].push_back(design_.x[u][c] - mean);
  }
}

/// Where an interaction's factors do not occur in all combinations, that is what is wrong.
void Coding::refuse_empty_cell(const Part& part) const {
  std::vector<std::vector<int>> cells{{}};
  for (const auto& [v, level] : part.factors) {
    std::vector<std::vector<int>> next;
    for (const auto& head : cells)
      for (std::size_t l = 0; l < code(v).levels.size(); ++l) {
        next.push_back(head);
        next.back().push_back(static_cast<int>(l));
      }
    cells = std::move(next);
  }
  for (const auto& cell : cells) {
    const bool occurs = std::any_of(at_.begin(), at_.end(), [&](const auto& at) {
      for (std::size_t i = 0; i < cell.size(); ++i)
        if (static_cast<int>(at[static_cast<std::size_t>(part.factors[i].first)]) != cell[i]) return false;
      return true;
    });
    if (occurs) continue;
    std::vector<std::string> what, columns;
    for (std::size_t i = 0; i < cell.size(); ++i) {
      const int v = part.factors[i].first;
      columns.push_back(formula_.variables[static_cast<std::size_t>(v)].column);
      what.push_back(fmt::format("{} {}", columns.back(), code(v).levels[static_cast<std::size_t>(cell[i])]));
    }
    fail(fmt::format("no subject has {}, so the interaction {} cannot be told; leave it out",
                     fmt::join(what, " and "), fmt::join(columns, ":")));
  }
}

/// Columns are taken off those before them (intercept first), one after another; one that leaves nothing repeats them.
void Coding::check_rank() const {
  const std::size_t units = design_.x.size(), n = design_.names.size();
  std::vector<std::vector<double>> basis;    // orthonormal
  std::vector<std::vector<double>> made_of;  // [basis][column, the intercept first]
  for (std::size_t c = 0; c <= n; ++c) {
    std::vector<double> x(units), of(n + 1, 0.0);
    of[c] = 1;
    double length = 0, left = 0;
    for (std::size_t u = 0; u < units; ++u) {
      x[u] = c == 0 ? 1 : design_.x[u][c - 1];
      length += x[u] * x[u];
    }
    for (int twice = 0; twice < 2; ++twice)
      for (std::size_t b = 0; b < basis.size(); ++b) {
        double dot = 0;
        for (std::size_t u = 0; u < units; ++u) dot += x[u] * basis[b][u];
        for (std::size_t u = 0; u < units; ++u) x[u] -= dot * basis[b][u];
        for (std::size_t j = 0; j <= c; ++j) of[j] -= dot * made_of[b][j];
      }
    for (const double v : x) left += v * v;
    if (std::sqrt(left) <= kDependent * std::sqrt(length)) {
      refuse_empty_cell(parts_[c - 1]);
      std::vector<std::string> others;
      for (std::size_t j = 1; j < c; ++j)
        if (std::abs(of[j]) > 1e-6) others.push_back(design_.names[j - 1]);
      fail(others.empty() ? fmt::format("{} is the same for everyone", design_.names[c - 1])
                          : fmt::format("{} says nothing that {} {} not: their effects cannot be told apart",
                                        design_.names[c - 1], fmt::join(others, ", "),
                                        others.size() > 1 ? "do" : "does"));
    }
    const double scale = 1 / std::sqrt(left);
    for (auto& v : x) v *= scale;
    for (auto& v : of) v *= scale;
    basis.push_back(std::move(x));
    made_of.push_back(std::move(of));
  }
}

}  // namespace labile
