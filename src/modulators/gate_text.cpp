#include "modulators/gate_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/math.hpp"

namespace labile {
namespace {
constexpr int kMaxValues = 32;  // on eval's stack
constexpr int kMaxNesting =
    64;  // of parentheses, signs and powers, so that the parser's own stack is bounded

enum Code : std::uint8_t {
  kNumber,
  kName,
  kNegate,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kPower,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kExp,
  kLog,
  kSqrt,
  kAbs,
  kMin,
  kMax,
  kTanh,
  kLogistic,
  kHill,
  kRectify,
  kIf,
};

struct Function {
  std::string_view name, signature;
  int arity;
  Code code;
};
constexpr std::array<Function, 11> kFunctions{{{"exp", "exp(x)", 1, kExp},
                                               {"log", "log(x)", 1, kLog},
                                               {"sqrt", "sqrt(x)", 1, kSqrt},
                                               {"abs", "abs(x)", 1, kAbs},
                                               {"min", "min(a, b)", 2, kMin},
                                               {"max", "max(a, b)", 2, kMax},
                                               {"tanh", "tanh(x)", 1, kTanh},
                                               {"logistic", "logistic(x)", 1, kLogistic},
                                               {"hill", "hill(x, k, n)", 3, kHill},
                                               {"rectify", "rectify(x)", 1, kRectify},
                                               {"if", "if(c, a, b)", 3, kIf}}};

double divide(double a, double b) {
  return b == 0 ? kNaN : a / b;
}
double compare(double a, double b, bool result) {
  return a != a || b != b ? kNaN : static_cast<double>(result);
}
/// x^y; a negative base takes an integer exponent only, and zero a positive one or 0.
double power(double x, double y) {
  if (y == 2) return x * x;
  if (x > 0) return pow(x, y);
  if (x == 0) return y > 0 ? 0 : y == 0 ? 1 : kNaN;
  if (std::abs(y) <= 0x1p53 && y == std::floor(y)) {
    const double r = pow(-x, y);
    return std::floor(y / 2) * 2 == y ? r : -r;
  }
  return kNaN;
}
double hyperbolic_tangent(double x) {
  const double e = expm1(-2 * std::abs(x));
  return std::copysign(e / (2 + e), x);
}
/// x^n / (x^n + k^n) without overflow, for x >= 0 and k > 0.
double hill(double x, double k, double n) {
  if (!(x >= 0 && k > 0)) return kNaN;
  return 1 / (1 + pow(std::abs(k / x), n));
}
double smaller(double a, double b) {
  return a != a || a < b ? a : b;
}
double larger(double a, double b) {
  return a != a || a > b ? a : b;
}

/// The program needs at most kMaxValues values at once (the parser checks it) and leaves one.
double run(std::span<const GateText::Op> ops, const double* values) noexcept {
  std::array<double, kMaxValues> stack;
  double* next = stack.data();  // one past the top
  for (const GateText::Op& op : ops) {
    switch (op.code) {
      case kNumber:
        *next++ = op.number;
        break;
      case kName:
        *next++ = values[op.index];
        break;
      case kNegate:
        next[-1] = -next[-1];
        break;
      case kAdd:
        --next, next[-1] += next[0];
        break;
      case kSubtract:
        --next, next[-1] -= next[0];
        break;
      case kMultiply:
        --next, next[-1] *= next[0];
        break;
      case kDivide:
        --next, next[-1] = divide(next[-1], next[0]);
        break;
      case kPower:
        --next, next[-1] = power(next[-1], next[0]);
        break;
      case kLess:
        --next, next[-1] = compare(next[-1], next[0], next[-1] < next[0]);
        break;
      case kLessEqual:
        --next, next[-1] = compare(next[-1], next[0], next[-1] <= next[0]);
        break;
      case kGreater:
        --next, next[-1] = compare(next[-1], next[0], next[-1] > next[0]);
        break;
      case kGreaterEqual:
        --next, next[-1] = compare(next[-1], next[0], next[-1] >= next[0]);
        break;
      case kExp:
        next[-1] = exp(next[-1]);
        break;
      case kLog:
        next[-1] = next[-1] > 0 ? log(next[-1]) : kNaN;
        break;
      case kSqrt:
        next[-1] = next[-1] >= 0 ? std::sqrt(next[-1]) : kNaN;
        break;
      case kAbs:
        next[-1] = std::abs(next[-1]);
        break;
      case kMin:
        --next, next[-1] = smaller(next[-1], next[0]);
        break;
      case kMax:
        --next, next[-1] = larger(next[-1], next[0]);
        break;
      case kTanh:
        next[-1] = hyperbolic_tangent(next[-1]);
        break;
      case kLogistic:
        next[-1] = logistic(next[-1]);
        break;
      case kHill:
        next -= 2, next[-1] = hill(next[-1], next[0], next[1]);
        break;
      case kRectify:
        next[-1] = next[-1] < 0 ? 0 : next[-1];
        break;
      case kIf:
        next -= 2, next[-1] = next[-1] != next[-1] ? kNaN : next[-1] != 0 ? next[0] : next[1];
        break;
    }
  }
  return std::isfinite(stack[0]) ? stack[0] : kNaN;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Token {
  enum class Kind { number, name, symbol, end } kind = Kind::end;
  std::size_t begin = 0, end = 0;  // bytes of the text
  double number = 0;
};

/// Recursive descent; each level returns where its expression begins, for messages.
class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string> names, const Where& where)
      : text_(text), names_(names), where_(where) {}

  std::vector<GateText::Op> parse() {
    advance();
    if (token_.kind == Token::Kind::end)
      throw Error(where_, "the gate's text is empty; write a formula, such as '0.001 + DA'");
    comparison();
    if (is(")")) fail(token_, "unexpected ')': no '(' is open");
    if (token_.kind != Token::Kind::end) unexpected("an operator or the end");
    return std::move(ops_);
  }

 private:
  std::size_t comparison() {
    const std::size_t begin = sum();
    if (const int code = comparison_code(); code >= 0) {
      advance();
      sum();
      emit(static_cast<Code>(code), 2, begin);
      if (comparison_code() >= 0)
        fail(token_,
             fmt::format("'{}' follows a comparison; comparisons do not chain: write (a < b) * (b < c)",
                         spelled(token_)));
    }
    return begin;
  }
  [[nodiscard]] int comparison_code() const {
    return is("<") ? kLess : is("<=") ? kLessEqual : is(">") ? kGreater : is(">=") ? kGreaterEqual : -1;
  }
  std::size_t sum() {
    const std::size_t begin = product();
    while (is("+") || is("-")) {
      const Code code = is("+") ? kAdd : kSubtract;
      advance();
      product();
      emit(code, 2, begin);
    }
    return begin;
  }
  std::size_t product() {
    const std::size_t begin = negation();
    while (is("*") || is("/")) {
      const Code code = is("*") ? kMultiply : kDivide;
      advance();
      negation();
      emit(code, 2, begin);
    }
    return begin;
  }
  std::size_t negation() {
    if (++nesting_ > kMaxNesting) fail(token_, fmt::format("nested more than {} deep", kMaxNesting));
    const std::size_t begin = token_.begin;
    if (is("-")) {
      advance();
      negation();
      emit(kNegate, 1, begin);
    } else {
      primary();
      if (is("^")) {
        advance();
        negation();  // binds to the right: 2^3^2 = 2^9, 2^-1 = 0.5
        emit(kPower, 2, begin);
      }
    }
    --nesting_;
    return begin;
  }
  void primary() {
    const Token first = token_;
    if (first.kind == Token::Kind::number) {
      advance();
      push({kNumber, 0, first.number}, first);
    } else if (first.kind == Token::Kind::name) {
      advance();
      is("(") ? call(first) : value(first);
    } else if (is("(")) {
      advance();
      comparison();
      close(first);
    } else {
      unexpected("a number, a name or '('");
    }
  }
  void value(const Token& name) {
    const auto it = std::find(names_.begin(), names_.end(), spelled(name));
    if (it != names_.end()) return push({kName, static_cast<int>(it - names_.begin()), 0}, name);
    if (const Function* f = function(spelled(name)))
      fail(name, fmt::format("'{}' is a function; write {}", f->name, f->signature));
    const std::string spelling(spelled(name));
    fail(name, fmt::format("no field or receptor is called '{}'{}", spelling, suggest(spelling, names_)));
  }
  void call(const Token& name) {
    const Function* f = function(spelled(name));
    if (f == nullptr) unknown_function(name);
    const Token open = token_;
    advance();
    int arguments = 0;
    if (!is(")")) {
      for (;;) {
        comparison();
        ++arguments;
        if (!is(",")) break;
        if (arguments == f->arity) wrong_number(name, *f, "more");
        advance();
      }
    }
    close(open);
    if (arguments != f->arity) wrong_number(name, *f, fmt::format("{}", arguments));
    emit(f->code, f->arity, name.begin);
  }
  [[noreturn]] void wrong_number(const Token& name, const Function& f, const std::string& got) const {
    fail(name, fmt::format("{} takes {} argument{}, not {}; write {}", f.name, f.arity,
                           f.arity == 1 ? "" : "s", got, f.signature));
  }
  [[noreturn]] void unknown_function(const Token& name) const {
    const std::string spelling(spelled(name));
    if (known(spelling))
      fail(name, fmt::format("'{0}' is a value, not a function; write {0} * (...) to multiply", spelling));
    std::vector<std::string> functions;
    for (const Function& f : kFunctions) functions.emplace_back(f.name);
    fail(name, fmt::format("no function is called '{}'{}", spelling, suggest(spelling, functions)));
  }
  static const Function* function(std::string_view name) {
    for (const Function& f : kFunctions)
      if (f.name == name) return &f;
    return nullptr;
  }
  void close(const Token& open) {
    if (!is(")")) unexpected(fmt::format("an operator or the ')' that closes column {}", column(open.begin)));
    advance();
  }

  void push(GateText::Op op, const Token& token) {
    if (++values_ > kMaxValues)
      fail(token,
           fmt::format("more than {} values wait for their operators; use fewer parentheses", kMaxValues));
    ops_.push_back(op);
  }
  /// Appends an operation on the last `arity` values, or their result where all are numbers.
  void emit(Code code, int arity, std::size_t begin) {
    values_ -= arity - 1;
    ops_.push_back({code, 0, 0});
    const auto last = std::span(ops_).last(static_cast<std::size_t>(arity) + 1);
    if (!std::all_of(last.begin(), last.end() - 1, [](const auto& op) { return op.code == kNumber; })) return;
    const double result = run(last, nullptr);
    if (!std::isfinite(result))
      throw Error(where_, fmt::format("column {}: '{}' has no finite value", column(begin),
                                      text_.substr(begin, consumed_ - begin)));
    ops_.resize(ops_.size() - last.size());
    ops_.push_back({kNumber, 0, result});
  }

  void advance() {
    consumed_ = token_.end;
    std::size_t i = token_.end;
    while (i < text_.size() && std::string_view(" \t\r\n").find(text_[i]) != std::string_view::npos) ++i;
    token_ = {Token::Kind::end, i, i, 0};
    if (i == text_.size()) return;
    if (const std::size_t end = end_of_word(i); is_letter(text_[i]) || known(text_.substr(i, end - i))) {
      i = end;
      token_.kind = Token::Kind::name;
    } else if (is_digit(text_[i]) || (text_[i] == '.' && i + 1 < text_.size() && is_digit(text_[i + 1]))) {
      const char* first = text_.data() + i;
      const auto [end, status] = std::from_chars(first, text_.data() + text_.size(), token_.number);
      i += static_cast<std::size_t>(end - first);
      token_.kind = Token::Kind::number;
      token_.end = i;
      if (status != std::errc{})
        fail(token_, fmt::format("{} is outside what a number can be", spelled(token_)));
    } else {
      const bool two = (text_[i] == '<' || text_[i] == '>') && i + 1 < text_.size() && text_[i + 1] == '=';
      i += two ? 2 : 1;
      while (i < text_.size() && (text_[i] & 0xC0) == 0x80) ++i;  // the rest of a UTF-8 character
      token_.kind = Token::Kind::symbol;
    }
    token_.end = i;
  }
  /// Letters, digits, and dots between them: "5HT1A.prefrontal". A word that begins with a digit is a name where one is spelled so.
  [[nodiscard]] std::size_t end_of_word(std::size_t i) const {
    const auto part = [&](std::size_t k) {
      return k < text_.size() && (is_letter(text_[k]) || is_digit(text_[k]));
    };
    while (part(i) || (i < text_.size() && text_[i] == '.' && part(i + 1))) ++i;
    return i;
  }
  [[nodiscard]] bool known(std::string_view word) const {
    return std::find(names_.begin(), names_.end(), word) != names_.end();
  }
  [[nodiscard]] std::string_view spelled(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  [[nodiscard]] bool is(std::string_view symbol) const {
    return token_.kind == Token::Kind::symbol && spelled(token_) == symbol;
  }
  /// Characters, not bytes, from 1.
  [[nodiscard]] int column(std::size_t byte) const {
    return 1 +
           static_cast<int>(std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(byte),
                                          [](char c) { return (c & 0xC0) != 0x80; }));
  }
  [[noreturn]] void fail(const Token& token, const std::string& message) const {
    throw Error(where_, fmt::format("column {}: {}", column(token.begin), message));
  }
  [[noreturn]] void unexpected(const std::string& expected) const {
    if (token_.kind == Token::Kind::end) fail(token_, fmt::format("the text ends; expected {}", expected));
    fail(token_, fmt::format("unexpected '{}'; expected {}", spelled(token_), expected));
  }

  std::string_view text_;
  std::span<const std::string> names_;
  const Where& where_;
  Token token_;               // the next one
  std::size_t consumed_ = 0;  // end of the one before
  std::vector<GateText::Op> ops_;
  int values_ = 0;  // on the stack
  int nesting_ = 0;
};
}  // namespace

GateText::GateText(std::string_view text, std::span<const std::string> names, const Where& where)
    : text_(text), ops_(Parser(text, names, where).parse()) {
  for (const Op& op : ops_)
    if (op.code == kName) used_.push_back(op.index);
  std::sort(used_.begin(), used_.end());
  used_.erase(std::unique(used_.begin(), used_.end()), used_.end());
}

double GateText::eval(std::span<const double> values) const noexcept {
  if (!used_.empty() && static_cast<std::size_t>(used_.back()) >= values.size()) return kNaN;
  return run(ops_, values.data());
}

}  // namespace labile
