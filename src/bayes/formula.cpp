#include "bayes/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "core/error.hpp"

namespace labile {
namespace {

struct Token {
  enum Kind { name, number, sign, end } kind = end;
  std::string text;
  std::size_t at = 0;  // in the formula
};

/// What a part of a formula stands for: a sum of terms.
struct Sum {
  std::vector<std::vector<int>> terms;
  std::optional<bool> intercept;  // 1 or 0, where it is written
};

class Parser {
 public:
  explicit Parser(const std::string& text) {
    f_.text = text;
    cut(text);
  }
  Formula parse() {
    params();
    take("~");
    const Sum all = sum();
    if (!is_end()) fail(fmt::format("{} stands where + - : * or the end should", here()));
    if (all.intercept == false)
      fail(
          "the intercept cannot be left out: it is the group's mean mu, with a prior of its own. Leave out "
          "0; "
          "values of all cells are reported anyway");
    f_.terms = all.terms;
    for (const auto& t : f_.slopes)
      if (std::find(f_.terms.begin(), f_.terms.end(), t) == f_.terms.end())
        fail(
            fmt::format("'{0}' differs between subjects and has no effect in common: add + {0}", text_of(t)));
    std::stable_sort(f_.terms.begin(), f_.terms.end(),
                     [](const auto& a, const auto& b) { return a.size() < b.size(); });
    drop_unused();
    return std::move(f_);
  }

 private:
  // ---- words ----
  static bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || (c & 0x80) != 0;
  }
  void cut(const std::string& s) {
    for (std::size_t i = 0; i < s.size();) {
      if (s[i] == ' ' || s[i] == '\t') {
        ++i;
      } else if (s[i] == '`') {
        const auto close = s.find('`', i + 1);
        if (close == std::string::npos || close == i + 1)
          fail("a name in backticks wants both and something between");
        tokens_.push_back({Token::name, s.substr(i + 1, close - i - 1), i});
        i = close + 1;
      } else if (in_name(s[i])) {
        std::size_t to = i;
        while (to < s.size() && in_name(s[to])) ++to;
        const std::string word = s.substr(i, to - i);
        const bool digits = word.find_first_not_of("0123456789.") == std::string::npos;
        tokens_.push_back({digits ? Token::number : Token::name, word, i});
        i = to;
      } else {
        static const std::string known = "+-:*()|~,";
        if (s[i] == '^' || s[i] == '/' || s[i] == '%')
          fail(fmt::format("'{}' is not read; write the terms out with + - : *", s[i]));
        if (s.compare(i, 2, "**") == 0) fail("'**' is not read; write the terms out with + - : *");
        if (known.find(s[i]) == std::string::npos)
          fail(fmt::format("'{}' means nothing in a formula; names with such characters stand in backticks",
                           s[i]));
        tokens_.push_back({Token::sign, std::string(1, s[i]), i});
        ++i;
      }
    }
    tokens_.push_back({Token::end, "", s.size()});
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("formula \"{}\": {}", f_.text, why));
  }
  [[nodiscard]] const Token& next() const { return tokens_[at_]; }
  [[nodiscard]] bool is(const char* sign) const { return next().kind == Token::sign && next().text == sign; }
  [[nodiscard]] bool is_end() const { return next().kind == Token::end; }
  [[nodiscard]] std::string here() const {
    return is_end() ? std::string("the end") : fmt::format("'{}'", next().text);
  }
  void take(const char* sign) {
    if (!is(sign)) fail(fmt::format("'{}' is missing before {}", sign, here()));
    ++at_;
  }
  bool taken(const char* sign) {
    if (!is(sign)) return false;
    ++at_;
    return true;
  }
  std::string name(const char* what) {
    if (next().kind != Token::name) fail(fmt::format("wants {} where {} stands", what, here()));
    return tokens_[at_++].text;
  }

  // ---- grammar ----
  void params() {
    if (std::none_of(tokens_.begin(), tokens_.end(), [](const Token& t) { return t.text == "~"; }))
      fail("write PARAMETER ~ TERMS, such as \"alpha ~ drug * session\"");
    do {
      const std::string p = name("a parameter");
      if (std::find(f_.params.begin(), f_.params.end(), p) != f_.params.end())
        fail(fmt::format("parameter '{}' is named twice", p));
      f_.params.push_back(p);
    } while (taken(","));
  }
  Sum sum() {
    Sum r;
    bool minus = false;
    if (is("+") || is("-")) minus = tokens_[at_++].text == "-";
    while (true) {
      const Sum x = product();
      if (minus)
        take_away(r, x);
      else
        add(r, x);
      if (!is("+") && !is("-")) return r;
      minus = tokens_[at_++].text == "-";
    }
  }
  /// `*`, which binds less than `:`.
  Sum product() {
    Sum r = interaction();
    while (taken("*")) {
      const Sum x = interaction();
      Sum all = r;
      add(all, x);
      add(all, crossed(r, x));
      r = all;
    }
    return r;
  }
  Sum interaction() {
    Sum r = atom();
    while (taken(":")) r = crossed(r, atom());
    return r;
  }
  Sum atom() {
    if (taken("(")) {
      Sum r = sum();
      if (taken("|")) return random_part(r);
      take(")");
      return r;
    }
    if (next().kind == Token::number) {
      if (next().text != "0" && next().text != "1")
        fail(fmt::format("{} is no term; of numbers only 1 and 0 are, for the intercept", here()));
      return {{}, tokens_[at_++].text == "1"};
    }
    Variable v{Variable::plain, name("a column")};
    if (taken("(")) {
      v.kind = kind_called(v.column);
      v.column = name("a column");
      take(")");
    }
    return {{{index_of(v)}}, {}};
  }
  /// Right of the bar of `(1 | subject)`.
  Sum random_part(const Sum& left) {
    if (left.intercept == false) fail("people differ in the intercept anyway: write (1 + x | subject)");
    if (left.terms.empty() && !left.intercept) fail("write (1 | subject)");
    for (const auto& t : left.terms)
      if (std::find(f_.slopes.begin(), f_.slopes.end(), t) == f_.slopes.end()) f_.slopes.push_back(t);
    f_.grouping.push_back(name("the column of subjects"));
    take(")");
    return {};
  }
  Variable::Kind kind_called(const std::string& f) const {
    if (f == "scale" || f == "standardize") return Variable::scale;
    if (f == "center") return Variable::center;
    if (f == "number") return Variable::number;
    if (f == "factor" || f == "C") return Variable::factor;
    if (f == "sum") return Variable::sum;
    static const std::vector<std::string> known{"scale", "center", "number", "factor", "C", "sum"};
    fail(fmt::format("unknown function '{}'{}", f, suggest(f, known)));
  }

  // ---- terms ----
  int index_of(const Variable& v) {
    auto& all = f_.variables;
    const auto it = std::find(all.begin(), all.end(), v);
    if (it != all.end()) return static_cast<int>(it - all.begin());
    all.push_back(v);
    return static_cast<int>(all.size()) - 1;
  }
  static void add(Sum& to, const Sum& x) {
    for (const auto& t : x.terms)
      if (std::find(to.terms.begin(), to.terms.end(), t) == to.terms.end()) to.terms.push_back(t);
    if (x.intercept) to.intercept = x.intercept;
  }
  void take_away(Sum& from, const Sum& x) const {
    for (const auto& t : x.terms) {
      const auto it = std::find(from.terms.begin(), from.terms.end(), t);
      if (it == from.terms.end())
        fail(fmt::format("'{}' is taken away, and is not there before", text_of(t)));
      from.terms.erase(it);
    }
    if (x.intercept) from.intercept = !*x.intercept;
  }
  [[nodiscard]] Sum crossed(const Sum& a, const Sum& b) const {
    if (a.intercept || b.intercept) fail("1 and 0 stand alone, not in a product");
    Sum r;
    for (const auto& s : a.terms)
      for (const auto& t : b.terms) {
        auto both = s;
        both.insert(both.end(), t.begin(), t.end());
        std::sort(both.begin(), both.end());
        both.erase(std::unique(both.begin(), both.end()), both.end());
        add(r, {{both}, {}});
      }
    return r;
  }
  [[nodiscard]] std::string text_of(const std::vector<int>& term) const {
    std::string r;
    for (const int v : term) r += (r.empty() ? "" : ":") + f_.variables[static_cast<std::size_t>(v)].name();
    return r;
  }
  /// Variables of terms that were taken away are nobody's.
  void drop_unused() {
    std::vector<int> to(f_.variables.size(), -1);
    std::vector<Variable> left;
    for (std::size_t v = 0; v < to.size(); ++v)
      if (std::any_of(f_.terms.begin(), f_.terms.end(), [&](const auto& t) {
            return std::find(t.begin(), t.end(), static_cast<int>(v)) != t.end();
          })) {
        to[v] = static_cast<int>(left.size());
        left.push_back(f_.variables[v]);
      }
    f_.variables = left;
    for (auto* terms : {&f_.terms, &f_.slopes})
      for (auto& t : *terms)
        for (auto& v : t) v = to[static_cast<std::size_t>(v)];
  }

  Formula f_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};
}  // namespace

std::string Variable::name() const {
  switch (kind) {
    case scale:
      return fmt::format("scale({})", column);
    case center:
      return fmt::format("center({})", column);
    case sum:
      return fmt::format("sum({})", column);
    default:
      return column;
  }
}

Formula parse_formula(const std::string& text) {
  return Parser(text).parse();
}

std::vector<Formula> parse_formulas(std::span<const std::string> texts) {
  std::vector<Formula> r;
  for (const auto& text : texts) r.push_back(parse_formula(text));
  return r;
}

std::vector<std::string> columns_of(std::span<const Formula> formulas) {
  std::vector<std::string> r;
  for (const auto& f : formulas)
    for (const auto& v : f.variables)
      if (std::find(r.begin(), r.end(), v.column) == r.end()) r.push_back(v.column);
  return r;
}

void check_params(std::span<const Formula> formulas, const std::vector<std::string>& estimated) {
  std::set<std::string> seen;
  for (const auto& f : formulas)
    for (const auto& p : f.params) {
      if (std::find(estimated.begin(), estimated.end(), p) == estimated.end())
        throw Error(fmt::format("formula \"{}\": '{}' is no parameter that is estimated{}", f.text, p,
                                suggest(p, estimated)));
      if (!seen.insert(p).second)
        throw Error(fmt::format("formula \"{}\": parameter '{}' has two formulas", f.text, p));
    }
}

void check_references(std::span<const Formula> formulas,
                      const std::vector<std::pair<std::string, std::string>>& references) {
  const auto known = columns_of(formulas);
  std::set<std::string> seen;
  for (const auto& [column, level] : references) {
    if (std::find(known.begin(), known.end(), column) == known.end())
      throw Error(fmt::format("reference {}={}: no formula names column '{}'{}", column, level, column,
                              suggest(column, known)));
    if (!seen.insert(column).second) throw Error(fmt::format("reference: column '{}' has two", column));
  }
}

}  // namespace labile
