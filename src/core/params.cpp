#include "core/params.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace labile {
namespace {
struct Unit {
  const char *name, *base;
  double factor;  // 1 name = factor base
};
// Units of one dimension share a base; a value converts when its unit and the parameter's have the same.
constexpr Unit kUnits[] = {
    {"s", "s", 1},           {"ms", "s", 1e-3},      {"us", "s", 1e-6}, {"min", "s", 60}, {"h", "s", 3600},
    {"Hz", "Hz", 1},         {"kHz", "Hz", 1e3},     {"mV", "mV", 1},   {"V", "mV", 1e3}, {"pA", "pA", 1},
    {"nA", "pA", 1e3},       {"nS", "nS", 1},        {"uS", "nS", 1e3}, {"pF", "pF", 1},  {"nF", "pF", 1e3},
    {"uM", "uM", 1},         {"nM", "uM", 1e-3},     {"mM", "uM", 1e3}, {"1", "1", 1},    {"%", "1", 0.01},
    {"trials", "trials", 1}, {"trial", "trials", 1},
};
const Unit* find_unit(std::string_view name) {
  for (const auto& u : kUnits)
    if (name == u.name) return &u;
  return nullptr;
}

std::string type_text(const Value& v) {
  switch (v.index()) {
    case 0:
      return "a number";
    case 1:
      return "true or false";
    case 2:
      return "text";
    default:
      return "a list";
  }
}

[[noreturn]] void wrong_type(const ParamInfo& p, const Setting& s, std::string_view wanted) {
  throw Error(s.where, fmt::format("expected {}{}, found {} ({})", wanted,
                                   p.unit == "1" || p.unit.empty() ? "" : " in " + p.unit, type_text(s.value),
                                   to_text(s.value)));
}

double with_unit(const ParamInfo& p, const Where& where, const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, number);
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  const std::string own = p.unit.empty() ? "1" : p.unit;
  if (ec != std::errc{})
    throw Error(
        where,
        fmt::format("'{}' is not a number; {}allowed: {}", text,
                    own == "1"
                        ? ""
                        : fmt::format("write one in {0}, or as text with a unit such as \"20 {0}\"; ", own),
                    bounds_text(p)));
  if (unit.empty() || unit == own) return number;
  const Unit *from = find_unit(unit), *to = find_unit(own);
  if (!from || !to || std::string_view(from->base) != to->base)
    throw Error(where, fmt::format("'{}': unit '{}' does not fit; {} is in {}", text, unit, p.name,
                                   own == "1" ? "pure numbers (no unit)" : own));
  return number * from->factor / to->factor;
}

void check_bounds(const ParamInfo& p, const Where& where, double x, bool is_default) {
  if (is_default) return;
  if (std::isnan(x)) throw Error(where, fmt::format("is NaN; allowed: {}", bounds_text(p)));
  if (x < p.bounds.lo || x > p.bounds.hi)
    throw Error(where, fmt::format("{} is out of bounds; allowed: {}", x, bounds_text(p)));
}

double number_of(const ParamInfo& p, const Setting& s, const Value& v) {
  double x = 0;
  if (const auto* d = std::get_if<double>(&v)) {
    x = *d;
  } else if (const auto* t = std::get_if<std::string>(&v)) {
    x = with_unit(p, s.where, *t);
  } else {
    wrong_type(p, s, "a number");
  }
  check_bounds(p, s.where, x, p.standard == v);
  return x;
}
}  // namespace

std::string to_text(const Value& v) {
  if (const auto* d = std::get_if<double>(&v)) return fmt::format("{}", *d);
  if (const auto* b = std::get_if<bool>(&v)) return *b ? "true" : "false";
  if (const auto* t = std::get_if<std::string>(&v)) return fmt::format("\"{}\"", *t);
  if (const auto* l = std::get_if<std::vector<double>>(&v)) return fmt::format("[{}]", fmt::join(*l, ", "));
  return fmt::format("{}", std::get<std::vector<std::string>>(v));
}

std::string bounds_text(const ParamInfo& p) {
  const std::string unit = p.unit == "1" || p.unit.empty() ? "" : " " + p.unit;
  if (p.bounds == Bounds{}) return "any number" + unit;
  if (p.bounds.hi >= 1e300) return fmt::format("at least {}{}", p.bounds.lo, unit);
  if (p.bounds.lo <= -1e300) return fmt::format("at most {}{}", p.bounds.hi, unit);
  return fmt::format("{} to {}{}", p.bounds.lo, p.bounds.hi, unit);
}

double checked_number(const ParamInfo& p, const Setting& s) {
  return number_of(p, s, s.value);
}

int checked_integer(const ParamInfo& p, const Setting& s) {
  const double x = number_of(p, s, s.value);
  if (x != std::floor(x) || std::abs(x) > 2e9)
    throw Error(s.where, fmt::format("{} is not a whole number; allowed: {}", x, bounds_text(p)));
  return static_cast<int>(x);
}

bool checked_boolean(const ParamInfo& p, const Setting& s) {
  if (const auto* b = std::get_if<bool>(&s.value)) return *b;
  wrong_type(p, s, "true or false");
}

std::string checked_text(const ParamInfo& p, const Setting& s) {
  const auto* t = std::get_if<std::string>(&s.value);
  if (!t) wrong_type(p, s, "text");
  if (!p.choices.empty() && std::find(p.choices.begin(), p.choices.end(), *t) == p.choices.end())
    throw Error(s.where, fmt::format("'{}' is not one of {}{}", *t, fmt::join(p.choices, ", "),
                                     nearest(*t, p.choices).empty() ? "" : suggest(*t, p.choices)));
  return *t;
}

std::vector<double> checked_numbers(const ParamInfo& p, const Setting& s) {
  std::vector<double> r;
  // A default may lie outside the bounds ("not given"); written out in full it must be accepted again.
  if (s.value == p.standard) return std::get<std::vector<double>>(s.value);
  if (const auto* l = std::get_if<std::vector<double>>(&s.value)) {
    for (const double x : *l) r.push_back(number_of(p, s, x));
  } else if (const auto* t = std::get_if<std::vector<std::string>>(&s.value)) {
    for (const auto& x : *t) r.push_back(number_of(p, s, x));
  } else {
    r.push_back(number_of(p, s, s.value));  // a single number is a list of one
  }
  if (p.type == ParamType::integers)
    for (const double x : r)
      if (x != std::floor(x)) throw Error(s.where, fmt::format("{} is not a whole number", x));
  return r;
}

void refuse_unknown(const Settings& given, const std::vector<ParamInfo>& known, std::string_view owner) {
  std::vector<std::string> names;
  for (const auto& p : known) names.push_back(p.name);
  for (const auto& [name, setting] : given)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(setting.where,
                  fmt::format("{} has no parameter '{}'{}", owner, name, suggest(name, names)));
}

}  // namespace labile
