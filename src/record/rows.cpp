#include "record/rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ranges>

#include "core/math.hpp"

namespace labile {
namespace {

/// "0/1 to -1/1" as pairs.
std::vector<std::pair<double, double>> outcome_pairs(const std::string& text) {
  std::vector<std::pair<double, double>> pairs;
  if (text.empty()) return pairs;
  const auto numbers = [&](std::string_view part) {
    std::vector<double> r;
    while (true) {
      const auto slash = part.find('/');
      std::string_view item = part.substr(0, slash);
      while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
      while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
      r.push_back(number(item));
      if (slash == std::string_view::npos) return r;
      part.remove_prefix(slash + 1);
    }
  };
  const auto to = text.find(" to ");
  std::vector<double> a, b;
  if (to != std::string::npos) {
    a = numbers(std::string_view(text).substr(0, to));
    b = numbers(std::string_view(text).substr(to + 4));
  }
  const auto bad = [](double x) { return !std::isfinite(x); };
  if (a.empty() || a.size() != b.size() || std::any_of(a.begin(), a.end(), bad) ||
      std::any_of(b.begin(), b.end(), bad))
    throw Error(fmt::format(
        "outcome_map = '{}': write it like \"0/1 to -1/1\", as many numbers after 'to' as before", text));
  for (std::size_t i = 0; i < a.size(); ++i) pairs.emplace_back(a[i], b[i]);
  return pairs;
}

bool is_whole(std::string_view s) {
  const double x = number(s);
  return std::abs(x) < 2147483647.0 && x == std::floor(x);
}

}  // namespace

std::int32_t Words::operator[](std::string_view word) {
  if (last_ >= 0 && list_[static_cast<std::size_t>(last_)] == word) return last_;
  const auto [it, fresh] = ids_.try_emplace(std::string(word), static_cast<std::int32_t>(list_.size()));
  if (fresh) list_.emplace_back(word);
  return last_ = it->second;
}

Rows::Rows(const Header& header, const ReadOptions& options)
    : header_(header), options_(options), at_(header.at), map_(outcome_pairs(options.outcome_map)) {
  for (const auto& s : header.signals) signals.push_back({s.name, s.column, {}});
  for (const auto& s : header.spelled) spelled.push_back({s.column, {}, {}});
  if (header.options.empty()) return;
  featured = true;
  dims = 1;
  options_shown = static_cast<int>(header.options.size());
  if (options_shown > kMaxOptions)
    throw Error(
        fmt::format("{}: {} columns of options; there are {} at most (or one, each of whose values has "
                    "options of its own)",
                    header.path.string(), options_shown, kMaxOptions));
  arity.assign(1, 2);
  named_.resize(header.options.size());
}

void Rows::add(const Records& in) {
  in_ = &in;
  check_size();
  if (!wanted()) {
    ++filtered;
    for (const Column c : {kChoice, kBest}) left_out_option(c);
    return;
  }
  if (trials.rows() == 1024) reserve();
  if (!header_.wide) return decision();
  at_[kChoice] = at_[kChoice1];
  at_[kRt] = at_[kRt1];
  second_ = false;
  decision();
  if (trials.choice.back() == kMissing || missing(field(has(kState2) ? kState2 : kChoice2))) return;
  at_[kChoice] = at_[kChoice2];
  at_[kRt] = at_[kRt2];
  second_ = true;
  decision();
}

bool Rows::wanted() const {
  for (const auto& f : header_.filters) {
    const std::string_view s = (*in_)[f.column];
    const bool ok = std::any_of(f.values.begin(), f.values.end(), [&](const std::string& v) {
      return s == v || (number(s) == number(v) && !std::isnan(number(v)));
    });
    if (!ok) return false;
  }
  return true;
}

void Rows::decision() {
  subject();
  code(trials.session, kSession, session);
  code(trials.block, kBlockColumn, block);
  push(trials.trial, kTrial, kNoTrial);
  push(trials.stage, kStage, second_);
  if (!header_.options.empty()) option_names();
  if (has(kReport)) trials.report.push_back(real(kReport));
  choice(trials.choice, kChoice, &chosen);
  if (has(kReport) && !has(kChoice)) trials.choice.back() = std::isnan(trials.report.back()) ? kMissing : 0;
  choice(trials.best, kBest, &best);
  choice(trials.old_best, kOldBest);
  correct();
  if (has(kInput)) input();
  outcome();
  response_time();
  condition();
  if (has(kStimulus)) stimulus();
  if (header_.wide)
    room();
  else
    shown_state();
  if (has(kChange)) flag(change, kChange);
  if (header_.wide && has(kCommon)) flag(common, kCommon);
  for (auto& s : signals) {
    const double x = real(s.column, "a number or NA");
    if (s.values.empty() && std::isnan(x)) continue;
    s.values.resize(trials.rows() - 1, kNaN);
    s.values.push_back(x);
  }
  for (auto& s : spelled) {
    const std::string_view word = (*in_)[s.column];
    s.values.push_back(s.words[missing(word) ? std::string_view{} : word]);
  }
  take_away_fast();
  check_needed();
}

/// What models must be shown where they are asked for an answer.
void Rows::check_needed() const {
  if (trials.choice.back() == kMissing) return;
  for (const auto& s : header_.signals) {
    if (!s.needed) continue;
    const double x = number((*in_)[s.column]);
    const Where where{header_.path.string(), in_->line(), 0, header_.names[s.column]};
    if (std::isnan(x))
      throw Error(where,
                  fmt::format("is missing; the model must be shown '{}' where a choice was made", s.name));
    if (s.name == "set_size" && (x < 1 || x != std::floor(x)))
      throw Error(where, fmt::format("{} is no number of stimuli; allowed: whole numbers from 1", x));
  }
}

void Rows::take_away_fast() {
  if (!(options_.min_rt_s > 0 && trials.rt_s.back() < options_.min_rt_s) || trials.choice.back() == kMissing)
    return;
  trials.choice.back() = kMissing;
  trials.correct.back() = kMissing;
  if (!trials.report.empty()) trials.report.back() = kNaN;
  ++too_fast;
}

void Rows::check_size() const {
  const std::size_t want = header_.names.size();
  if (in_->size() == want) return;
  const Where where{header_.path.string(), in_->line(), 0, ""};
  if (in_->size() < want && !in_->ended())
    throw Error(where,
                fmt::format("the file ends in the middle of a row: {} of {} fields", in_->size(), want));
  throw Error(where, fmt::format("too {} fields: {}, the header has {}", in_->size() < want ? "few" : "many",
                                 in_->size(), want));
}

void Rows::reserve() {
  std::error_code ec;
  const auto size = std::filesystem::file_size(header_.path, ec);
  if (ec || size == 0 || filtered > 0) return;
  // Of the bytes read, the part behind the current row is at most one chunk; line lengths vary little.
  const double rows = 1.1 * static_cast<double>(size) * 1024 / std::max(1.0, bytes_of_rows_);
  const auto n = static_cast<std::size_t>(std::min(rows, 1e9));
  for (auto* c : {&trials.session, &trials.block, &trials.trial, &trials.stage, &trials.choice, &trials.best,
                  &trials.old_best, &trials.condition})
    c->reserve(n);
  trials.correct.reserve(n);
  trials.outcome.reserve(n);
  trials.rt_s.reserve(n);
}

void Rows::subject() {
  const std::string_view name = has(kSubject) ? field(kSubject) : "1";
  if (trials.rows() < 1024)
    for (std::size_t i = 0; i < in_->size(); ++i) bytes_of_rows_ += static_cast<double>((*in_)[i].size()) + 1;
  const std::size_t row = trials.rows();
  if (!runs.empty() && trials.subjects[static_cast<std::size_t>(runs.back().subject)] == name) {
    runs.back().end = row + 1;
    return;
  }
  if (name.empty()) throw bad(kSubject, "is empty; every row needs a subject");
  const auto [it, fresh] =
      ids_.try_emplace(std::string(name), static_cast<std::int32_t>(trials.subjects.size()));
  if (fresh) trials.subjects.emplace_back(name);
  runs.push_back({it->second, row, row + 1});
}

int Rows::integer(Column c, const char* allowed) const {
  const std::string_view s = field(c);
  if (!is_whole(s)) throw bad(c, fmt::format("'{}' is not {}", s, allowed));
  return static_cast<int>(number(s));
}

void Rows::push(std::vector<std::int32_t>& column, Column c, std::int32_t otherwise) {
  column.push_back(has(c) && !missing(field(c)) ? integer(c, "a whole number") : otherwise);
}

std::string Rows::some_lack(Column c, std::string_view what) const {
  return fmt::format(
      "{}; every row needs it: fill it in, drop these rows (--where COLUMN=VALUE), or leave this column "
      "alone "
      "(--columns {}=none)",
      what, c == kSession ? "session" : "block");
}

void Rows::code(std::vector<std::int32_t>& column, Column c, Codes& codes) {
  if (!has(c) || missing(field(c))) {
    if (codes.decided) throw bad(c, some_lack(c, "is missing here, where other rows have it"));
    codes.lacking = has(c);
    column.push_back(0);
    return;
  }
  if (codes.lacking) throw bad(c, some_lack(c, "was missing in rows before"));
  if (!codes.decided) {
    codes.decided = true;
    codes.are_words = !is_whole(field(c));
  }
  column.push_back(codes.are_words ? codes.words[field(c)] : integer(c, "a whole number"));
}

/// Option numbers as the file has them; derivation counts them from 0 later.
void Rows::choice(std::vector<std::int32_t>& column, Column c, Range* range) {
  if (!has(c) || missing(field(c))) {
    column.push_back(kMissing);
    return;
  }
  if (const int called = option_called(field(c)); called >= 0) {
    column.push_back(called);
    lowest = 0;
    highest = std::max(highest, called);
    return;
  }
  static const std::string allowed = fmt::format(
      "an option: a whole number from 0 to {0} (or from 1 to {1}), or NA", kMaxOptions - 1, kMaxOptions);
  if (header_.options.size() > 1 && !is_whole(field(c)))
    throw bad(c, fmt::format("'{}' is none of this row's options, {}", field(c),
                             fmt::join(header_.options | std::views::transform([&](std::size_t k) {
                                         return fmt::format("'{}'", (*in_)[k]);
                                       }),
                                       " and ")));
  const int x = integer(c, allowed.c_str());
  if (x < 0 || x > kMaxOptions) throw bad(c, fmt::format("'{}' is not {}", field(c), allowed));
  column.push_back(x);
  lowest = std::min(lowest, x);
  if (range) *range = {std::min(range->lowest, x), std::max(range->highest, x)};
  if (x > highest) {
    highest = x;
    highest_at = {header_.path.string(), in_->line(), 0, header_.names[static_cast<std::size_t>(at_[c])]};
  }
}

/// Of a row that a filter leaves out.
void Rows::left_out_option(Column c) {
  if (!has(c) || !is_whole(field(c))) return;
  const double x = number(field(c));
  if (x >= 0 && x <= kMaxOptions) left_out.set(static_cast<std::size_t>(x));
}

/// The option that shows this word; -1 = none does, or words are numbers, and a choice then counts options.
int Rows::option_called(std::string_view word) const {
  if (header_.options.size() < 2 || is_whole(word)) return -1;
  for (std::size_t o = 0; o < header_.options.size(); ++o)
    if ((*in_)[header_.options[o]] == word) return static_cast<int>(o);
  return -1;
}

void Rows::flag(std::vector<std::uint8_t>& column, Column c) {
  const std::string_view s = field(c);
  const double x = number(s);
  const bool yes = x == 1 || fold(s) == "true" || fold(s) == "common";
  if (!yes && x != 0 && fold(s) != "false" && fold(s) != "rare" && !missing(s))
    throw bad(c, fmt::format("'{}' is not 1, 0 or NA", s));
  column.push_back(missing(s) ? 2 : yes);
}

/// The option that was right, whatever was chosen; 0 and 1, as are choices beside it.
void Rows::input() {
  const std::string_view s = field(kInput);
  const double x = missing(s) ? -1 : number(s);
  if (x != 0 && x != 1 && !missing(s)) throw bad(kInput, fmt::format("'{}' is not 0, 1 or NA", s));
  trials.right.push_back(static_cast<std::int32_t>(x));
}

void Rows::correct() {
  if (!has(kCorrect) || missing(field(kCorrect))) {
    trials.correct.push_back(kMissing);
    return;
  }
  const std::string_view s = field(kCorrect);
  const double x = number(s);
  const bool yes = x == 1 || fold(s) == "true";
  if (!yes && x != 0 && fold(s) != "false") throw bad(kCorrect, fmt::format("'{}' is not 1, 0 or NA", s));
  trials.correct.push_back(trials.choice.back() < 0 ? kMissing : static_cast<std::int8_t>(yes));
}

double Rows::real(std::size_t column, const char* allowed) const {
  const std::string_view s = (*in_)[column];
  if (missing(s)) return kNaN;
  const double x = number(s);
  if (!std::isfinite(x))
    throw Error({header_.path.string(), in_->line(), 0, header_.names[column]},
                fmt::format("'{}' is not {}", s, allowed));
  return x;
}

void Rows::outcome() {
  if (header_.wide && !second_) {
    trials.outcome.push_back(kNaN);
    return;
  }
  if (has(kInput) && !has(kOutcome)) {  // right is what the input was
    const int chosen = trials.choice.back(), right = trials.right.back();
    trials.outcome.push_back(chosen < 0 || right < 0 ? kNaN : chosen == right);
    return;
  }
  double x = has(kOutcome) ? real(kOutcome) : real(kGain) - std::abs(real(kLoss));
  if (!map_.empty() && !std::isnan(x)) {
    const auto it = std::find_if(map_.begin(), map_.end(), [&](const auto& pair) { return pair.first == x; });
    if (it == map_.end())
      throw bad(has(kOutcome) ? kOutcome : kGain,
                fmt::format("outcome {} is not in outcome_map '{}'", x, options_.outcome_map));
    x = it->second;
  }
  trials.outcome.push_back(x);
}

void Rows::response_time() {
  const double rt = has(kRt) ? real(kRt) : has(kRtMs) ? real(kRtMs) / 1000 : kNaN;
  if (rt < 0) {
    const Column c = has(kRt) ? kRt : kRtMs;
    throw bad(c, fmt::format("'{}' is below 0; a response time counts from the cue", field(c)));
  }
  trials.rt_s.push_back(rt);
}

void Rows::condition() {
  const bool none = !has(kCondition) || field(kCondition).empty();
  trials.condition.push_back(none ? kMissing : conditions_[field(kCondition)]);
  if (conditions_.list().size() > trials.conditions.size())
    trials.conditions.push_back(conditions_.list().back());
}

/// Digits of every option; the first row tells whether the column is of this form at all.
void Rows::stimulus() {
  const std::string_view s = field(kStimulus);
  if (trials.rows() == 1 && header_.options.empty()) {
    featured = s.find('/') != std::string_view::npos;
    dims = featured ? static_cast<int>(s.find('/')) : 0;
    options_shown = static_cast<int>(std::count(s.begin(), s.end(), '/')) + 1;
    arity.assign(static_cast<std::size_t>(dims), 2);
    if (!featured && !missing(s) && !has(kState)) {
      state_column = kStimulus;
      notes.push_back(fmt::format("column '{}' holds {}: they are the states shown",
                                  header_.names[static_cast<std::size_t>(at_[kStimulus])],
                                  is_whole(s) ? "numbers" : "words"));
    } else if (!featured && !s.empty()) {
      notes.push_back(fmt::format("column '{}' is not of the form 010/101 and was left out",
                                  header_.names[static_cast<std::size_t>(at_[kStimulus])]));
    }
  }
  if (!featured || !header_.options.empty()) return;
  const auto wide = static_cast<std::size_t>(dims) + 1;
  bool good = dims > 0 && options_shown <= kMaxOptions &&
              s.size() + 1 == wide * static_cast<std::size_t>(options_shown);
  for (std::size_t i = 0; good && i < s.size(); ++i) {
    const std::size_t d = i % wide;
    if (d + 1 == wide) {
      good = s[i] == '/';
      continue;
    }
    good = s[i] >= '0' && s[i] <= '9';
    trials.feature.push_back(s[i] - '0');
    arity[d] = std::max(arity[d], s[i] - '0' + 1);
  }
  if (!good)
    throw bad(kStimulus,
              fmt::format("'{}' is not the features of {} options, {} digits each, as in the first row", s,
                          options_shown, dims));
}

/// What each option shows, or which set of options is shown, as words; derivation numbers them by the alphabet.
void Rows::option_names() {
  for (const std::size_t k : header_.options) {
    if (missing((*in_)[k]))
      throw Error({header_.path.string(), in_->line(), 0, header_.names[k]},
                  header_.options.size() > 1 ? "is missing; every row needs what each option shows"
                                             : "is missing; every row needs which options it shows");
    trials.feature.push_back(option_words[(*in_)[k]]);
  }
  const auto known = static_cast<int>(option_words.list().size());
  if (known > kMaxFeatures)
    throw Error({header_.path.string(), in_->line(), 0, header_.names[header_.options[0]]},
                fmt::format("options show {} different things, at most {} are allowed", known, kMaxFeatures));
  arity[0] = std::max(arity[0], known);
}

/// States as the file has them; derivation counts them from 0 later.
void Rows::shown_state() {
  const Column c = state_column;
  if (!has(c) || missing(field(c))) {
    if (!trials.state.empty()) throw bad(c, "is missing here; every row needs the state that was shown");
    return;
  }
  if (trials.state.empty() && trials.rows() > 1)
    throw bad(c, "was missing in rows before; every row needs the state that was shown");
  shows_states = true;
  code(trials.state, c, state);
  if (trials.state.back() < 0)
    throw bad(c, fmt::format("{} is out of range: states count from 0 or 1", trials.state.back()));
}

/// Of two choices in a row: the room of the second, by column or by how its actions are numbered.
void Rows::room() {
  if (!second_) {
    trials.state.push_back(kMissing);
  } else if (has(kState2)) {
    trials.state.push_back(integer(kState2, "a whole number"));
  } else {
    const int x = trials.choice.back();
    if (x == 0 || x > 4)
      throw bad(kChoice2,
                fmt::format("'{}' tells no room; without a column state2 the actions of both rooms are "
                            "numbered through, 1 and 2, 3 and 4",
                            field(kChoice2)));
    trials.state.push_back((x - 1) / 2);
  }
}

}  // namespace labile
