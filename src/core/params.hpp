/// Parameter tables: each parameter is declared once (name, unit, bounds, sentence; its default stands in
/// the struct), and parsing, checks, `describe`, documentation and reports read that one table.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/error.hpp"

namespace labile {

/// A value as a user writes it; numbers are in the parameter's declared unit or strings with a unit.
using Value = std::variant<double, bool, std::string, std::vector<double>, std::vector<std::string>>;
[[nodiscard]] std::string to_text(const Value& v);

struct Setting {
  Value value;
  Where where;
};
/// Settings of one object, by parameter name.
using Settings = std::map<std::string, Setting, std::less<>>;

enum class ParamType { number, integer, boolean, text, numbers, integers };

struct Bounds {
  double lo = -1e300, hi = 1e300;
  bool operator==(const Bounds&) const = default;
};

/// Prior of a parameter for MAP fits and recovery, on the natural scale.
struct Prior {
  enum Kind { flat, beta, gamma, normal, fixed } kind = flat;
  double a = 0, b = 0;  // beta(a, b) | gamma(shape a, scale b) | normal(mean a, sd b)
};
/// Not estimated unless a card or the command line asks for it: stays at its default.
inline constexpr Prior fixed_prior() {
  return {Prior::fixed, 0, 0};
}
inline constexpr Prior beta_prior(double a, double b) {
  return {Prior::beta, a, b};
}
inline constexpr Prior gamma_prior(double shape, double scale) {
  return {Prior::gamma, shape, scale};
}
inline constexpr Prior normal_prior(double mean, double sd) {
  return {Prior::normal, mean, sd};
}

/// How a parameter varies between people in a hierarchical fit: x = T(mu + sigma z), z ~ N(0, 1), mu ~ N(mu_mean,
/// mu_sd), sigma half-normal or half-Cauchy with scale `sigma`.
struct Group {
  enum Kind { by_table, identity, exp, phi } kind = by_table;  // by_table: as bounds and prior suggest
  double lo = 0, width = 1;  // of phi: lo + width Phi_approx(y), see bayes/group_model.hpp
  double mu_mean = 0, mu_sd = 1, sigma = 0.2;
  bool cauchy = false;
};
inline constexpr Group phi_group(double lo, double width) {
  return {Group::phi, lo, width, 0, 1, 0.2, false};
}
inline constexpr Group exp_group(double mu_mean = 0) {
  return {Group::exp, 0, 1, mu_mean, 1, 0.2, false};
}
inline constexpr Group wide_group() {
  return {Group::identity, 0, 1, 0, 10, 1, true};
}

/// One parameter as everything outside the model sees it.
struct ParamInfo {
  std::string name, unit;
  ParamType type;
  Bounds bounds;
  std::string about;
  Value standard;  // the default
  Prior prior;
  std::vector<std::string> choices;  // for text parameters with a closed list
  Group group = {};
};

/// One parameter as the model declares it.
template <class S>
struct Field {
  using Member = std::variant<double S::*, int S::*, bool S::*, std::string S::*, std::vector<double> S::*,
                              std::vector<int> S::*>;
  const char* name;
  const char* unit;  // "1" for pure numbers
  Member member;
  Bounds bounds;
  const char* about;
  Prior prior;
  std::vector<std::string> choices;
  Group group;

  Field(const char* name_, const char* unit_, Member member_, Bounds bounds_, const char* about_,
        Prior prior_ = {}, std::vector<std::string> choices_ = {}, Group group_ = {})
      : name(name_),
        unit(unit_),
        member(member_),
        bounds(bounds_),
        about(about_),
        prior(prior_),
        choices(std::move(choices_)),
        group(group_) {}
};

/// A number out of a value: "20 ms" and 20 are the same for a parameter in ms. Checks bounds.
[[nodiscard]] double checked_number(const ParamInfo& p, const Setting& s);
[[nodiscard]] int checked_integer(const ParamInfo& p, const Setting& s);
[[nodiscard]] bool checked_boolean(const ParamInfo& p, const Setting& s);
[[nodiscard]] std::string checked_text(const ParamInfo& p, const Setting& s);
[[nodiscard]] std::vector<double> checked_numbers(const ParamInfo& p, const Setting& s);
/// Throws when a setting names no parameter of `known`; `owner` is how the message calls the object.
void refuse_unknown(const Settings& given, const std::vector<ParamInfo>& known, std::string_view owner);
[[nodiscard]] std::string bounds_text(const ParamInfo& p);

namespace detail {
template <class S>
ParamInfo param_info(const Field<S>& f, const S& standard) {
  ParamInfo p{f.name, f.unit, ParamType::number, f.bounds, f.about, 0.0, f.prior, f.choices, f.group};
  std::visit(
      [&](auto member) {
        const auto& v = standard.*member;
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, int>) {
          p.type = ParamType::integer;
          p.standard = static_cast<double>(v);
        } else if constexpr (std::is_same_v<V, std::vector<int>>) {
          p.type = ParamType::integers;
          p.standard = std::vector<double>(v.begin(), v.end());
        } else {
          p.type = std::is_same_v<V, bool>          ? ParamType::boolean
                   : std::is_same_v<V, std::string> ? ParamType::text
                   : std::is_same_v<V, double>      ? ParamType::number
                                                    : ParamType::numbers;
          p.standard = v;
        }
      },
      f.member);
  return p;
}
}  // namespace detail

/// The table as everything outside reads it.
template <class S>
std::vector<ParamInfo> describe_params(const std::vector<Field<S>>& table) {
  std::vector<ParamInfo> r;
  for (const auto& f : table) r.push_back(detail::param_info(f, S{}));
  return r;
}

/// The struct with the given settings checked and filled in.
/// Throws Error naming file, line, key, value, bound and the nearest known name.
template <class S>
S read_params(const std::vector<Field<S>>& table, const Settings& given, std::string_view owner) {
  S s{};
  refuse_unknown(given, describe_params(table), owner);
  for (const auto& f : table) {
    const auto it = given.find(f.name);
    if (it == given.end()) continue;
    const ParamInfo p = detail::param_info(f, s);
    std::visit(
        [&](auto member) {
          using V = std::decay_t<decltype(s.*member)>;
          if constexpr (std::is_same_v<V, double>) s.*member = checked_number(p, it->second);
          if constexpr (std::is_same_v<V, int>) s.*member = checked_integer(p, it->second);
          if constexpr (std::is_same_v<V, bool>) s.*member = checked_boolean(p, it->second);
          if constexpr (std::is_same_v<V, std::string>) s.*member = checked_text(p, it->second);
          if constexpr (std::is_same_v<V, std::vector<double>>) s.*member = checked_numbers(p, it->second);
          if constexpr (std::is_same_v<V, std::vector<int>>) {
            const auto v = checked_numbers(p, it->second);
            (s.*member).assign(v.begin(), v.end());
          }
        },
        f.member);
  }
  return s;
}

}  // namespace labile
