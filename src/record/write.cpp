#include "record/write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace labile {

std::string csv_field(const std::string& s) {
  const bool plain = s.find_first_of("\",\n\r\t") == std::string::npos &&
                     (s.empty() || (s.front() != ' ' && s.back() != ' '));
  if (plain) return s;
  std::string r = "\"";
  for (const char c : s) r += c == '"' ? std::string("\"\"") : std::string(1, c);
  return r + '"';
}

namespace {

constexpr std::size_t kFlush = 1 << 20;
constexpr std::array<const char*, 7> kSignals{"da", "ach", "ne", "ser", "delta", "belief", "learning_rate"};

class Lines {
 public:
  explicit Lines(OutputFile& file) : file_(file) {}
  void text(std::string_view s) { b_.append(s.data(), s.data() + s.size()); }
  void integer(std::int64_t x) {
    const fmt::format_int digits(x);
    b_.append(digits.data(), digits.data() + digits.size());
  }
  void option(std::int32_t x) {
    if (x >= 0) integer(x);
  }
  void number(double x) {
    if (std::isnan(x)) return;
    if (x == 0 && !std::signbit(x))
      b_.push_back('0');
    else if (x == 1)
      b_.push_back('1');
    else
      fmt::format_to(std::back_inserter(b_), "{}", x);
  }
  void comma() { b_.push_back(','); }
  void end() {
    b_.push_back('\n');
    if (b_.size() >= kFlush) flush();
  }
  void flush() {
    if (interrupted()) throw Interrupted("interrupted while writing trials");
    file_.write({b_.data(), b_.size()});
    b_.clear();
  }

 private:
  OutputFile& file_;
  fmt::memory_buffer b_;
};

/// The features of each option as digits, "010/101"; nothing for a bandit.
void stimulus(Lines& out, const Trials& t, std::size_t row) {
  if (t.layout.feature_is_option || t.feature.empty()) return;
  const auto dims = static_cast<std::size_t>(t.layout.dims());
  const auto options = static_cast<std::size_t>(t.layout.options);
  for (std::size_t o = 0; o < options; ++o) {
    if (o > 0) out.text("/");
    for (std::size_t d = 0; d < dims; ++d)
      out.integer(t.feature[(row * options + o) * dims + d] - t.layout.offset[d]);
  }
}

}  // namespace

void write_trials(OutputFile& file, const Trials& t, bool header) {
  for (const int a : t.layout.arity)
    if (!t.layout.feature_is_option && a > 10)
      throw Error(fmt::format("trials.csv writes a feature as one digit; a dimension has {} values", a));
  Lines out(file);
  std::vector<const std::vector<double>*> signals;
  std::string names =
      "subject,session,block,trial,stage,state,stimulus,choice,outcome,correct,rt_s,best,old_best,condition";
  for (const auto* name : kSignals) {
    const auto it = t.signals.find(name);
    signals.push_back(it == t.signals.end() ? nullptr : &it->second);
    names += std::string(",") + name;
  }
  if (!t.report.empty()) {
    signals.push_back(&t.report);
    names += ",report";
  }
  const std::size_t told = signals.size();  // where column input stands
  if (!t.right.empty()) names += ",input";
  for (const auto& [name, values] : t.signals) {
    if (std::find(kSignals.begin(), kSignals.end(), name) != kSignals.end()) continue;
    signals.push_back(&values);
    names += "," + csv_field(name);
  }
  if (header) {
    out.text(names);
    out.end();
  }
  const auto right = [&](std::size_t r) {
    if (t.right.empty()) return;
    out.comma();
    out.option(t.right[r]);
  };
  std::vector<std::string> conditions;
  for (const auto& c : t.conditions) conditions.push_back(csv_field(c));
  for (std::size_t s = 0; s < t.subjects.size(); ++s) {
    const std::string subject = csv_field(t.subjects[s]);
    for (std::size_t r = t.first[s]; r < t.first[s + 1]; ++r) {
      out.text(subject);
      for (const auto* c : {&t.session, &t.block, &t.trial, &t.stage}) {
        out.comma();
        out.integer((*c)[r]);
      }
      out.comma();
      if (!t.state.empty()) out.integer(t.state[r]);
      out.comma();
      stimulus(out, t, r);
      out.comma();
      out.option(t.choice[r]);
      out.comma();
      out.number(t.outcome[r]);
      out.comma();
      out.option(t.correct[r]);
      out.comma();
      out.number(t.rt_s[r]);
      out.comma();
      out.option(t.best[r]);
      out.comma();
      out.option(t.old_best[r]);
      out.comma();
      if (!conditions.empty() && t.condition[r] >= 0)
        out.text(conditions[static_cast<std::size_t>(t.condition[r])]);
      for (std::size_t k = 0; k < signals.size(); ++k) {
        if (k == told) right(r);
        out.comma();
        if (signals[k]) out.number((*signals[k])[r]);
      }
      if (told == signals.size()) right(r);
      out.end();
    }
  }
  out.flush();
}

}  // namespace labile
