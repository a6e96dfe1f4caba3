#include "record/read.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "core/error.hpp"
#include "core/math.hpp"
#include "record/records.hpp"

namespace labile {
namespace {

constexpr int kMissing = -1;

/// A column that the reader knows: our name and the names it goes by, folded (see fold()).
struct Known {
  const char* name;
  std::vector<std::string> aliases;
};
enum Column {
  kSubject,
  kSession,
  kBlock,
  kTrial,
  kStage,
  kStimulus,
  kChoice,
  kOutcome,
  kGain,
  kLoss,
  kCorrect,
  kRt,
  kRtMs,
  kBest,
  kOldBest,
  kCondition,
  kState,
  kInput,
  kReport,
  kChoice1,
  kChoice2,
  kState2,
  kRt1,
  kRt2,
  kColumns
};

const std::array<Known, kColumns>& known_columns() {
  static const std::array<Known, kColumns> known{{
      {"subject", {"subject", "subjid", "subjectid", "participant", "participantid", "id"}},
      {"session", {"session"}},
      {"block", {"block"}},
      {"trial", {"trial", "trialnum", "trialnumber"}},
      {"stage", {"stage"}},
      {"stimulus", {"stimulus"}},
      {"choice", {"choice", "keypressed", "response"}},
      {"outcome", {"outcome", "reward", "feedback"}},
      {"gain", {"gain"}},
      {"loss", {"loss"}},
      {"correct", {"correct"}},
      {"rt_s", {"rts", "rt", "choicert", "responsetime"}},
      {"rt_ms", {"rtms"}},
      {"best", {"best", "bestoption", "correctoption"}},
      {"old_best", {"oldbest"}},
      {"condition", {"condition"}},
      {"state", {"state", "cue", "deck"}},
      {"input", {"input", "u"}},
      {"report", {"report", "estimate", "prediction"}},
      {"choice1", {"choice1", "level1choice", "stage1choice"}},
      {"choice2", {"choice2", "level2choice", "stage2choice"}},
      {"state2", {"state2", "stage2state"}},
      {"rt1_s", {"rt1s", "rt1"}},
      {"rt2_s", {"rt2s", "rt2"}},
  }};
  return known;
}

std::string fold(std::string_view s) {
  std::string r;
  for (const char c : s)
    if (c != '_' && c != '-' && c != '.' && c != ' ')
      r += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return r;
}

bool missing(std::string_view s) {
  const auto lower = [&](std::size_t i) { return static_cast<char>(s[i] | 0x20); };
  switch (s.size()) {
    case 0:
      return true;
    case 1:
      return s[0] == '.';
    case 2:
      return lower(0) == 'n' && lower(1) == 'a';
    case 3:
      return lower(0) == 'n' && (s[1] == '/' || lower(1) == 'a') && lower(2) == (s[1] == '/' ? 'a' : 'n');
    default:
      return false;
  }
}

/// The number that `s` spells out in full, else NaN.
double number(std::string_view s) {
  if (s.size() == 1 && s[0] >= '0' && s[0] <= '9') return s[0] - '0';
  if (!s.empty() && s[0] == '+') s.remove_prefix(1);
  double x = kNaN;
  const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), x);
  return ec == std::errc{} && end == s.data() + s.size() ? x : kNaN;
}

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

/// A number column kept by name; filled only once a value occurs.
struct Signal {
  std::string name;
  std::size_t column;
  std::vector<double> values;
};

/// Rows that stand together in the file and belong to one subject.
struct Run {
  std::int32_t subject;
  std::size_t begin, end;
};

class Reader {
 public:
  Reader(const std::filesystem::path& path, const ReadOptions& options)
      : path_(path), options_(options), in_(path), map_(outcome_pairs(options.outcome_map)) {}

  TrialsFile read() {
    header();
    while (in_.next()) row();
    if (t_.rows() == 0) throw Error(fmt::format("{}: has a header and no rows", path_.string()));
    group();
    refuse_doubles();
    number_actions();
    number_options();
    number_states();
    number_stages();
    fill_in();
    for (auto& s : signals_)
      if (!s.values.empty()) t_.signals[s.name] = std::move(s.values);
    t_.source = path_.string();
    return std::move(file_);
  }

 private:
  [[nodiscard]] bool has(Column c) const { return at_[c] >= 0; }
  [[nodiscard]] std::string_view field(Column c) const { return in_[static_cast<std::size_t>(at_[c])]; }
  [[nodiscard]] Error bad(Column c, const std::string& message) const {
    return Error({path_.string(), in_.line(), 0, names_[static_cast<std::size_t>(at_[c])]}, message);
  }
  template <class... A>
  void note(fmt::format_string<A...> text, A&&... a) {
    file_.notes.push_back(fmt::format(text, std::forward<A>(a)...));
  }

  // ---- header ----
  void header() {
    if (!in_.next()) throw Error(fmt::format("{}: is empty", path_.string()));
    for (std::size_t i = 0; i < in_.size(); ++i) names_.emplace_back(in_[i]);
    at_.fill(-1);
    for (int c = 0; c < kColumns; ++c) at_[c] = find(static_cast<Column>(c));
    ours_ = has(kStage) && has(kState) && has(kOldBest);
    // Such names may mean something else where what they stand for is there; who means them says so.
    if (has(kOutcome)) leave_alone(kInput, kOutcome);
    if (has(kChoice) && !ours_) leave_alone(kReport, kChoice);
    for (const auto& [ours, theirs] : options_.columns) assign(ours, theirs);
    if (options_.min_rt_s > 0 && !has(kRt) && !has(kRtMs) && !has(kRt1))
      throw Error({path_.string(), in_.line(), 0, ""},
                  "has no column of response times, so none can be too short");
    if (!has(kInput)) require(kSubject);
    wide_ = !has(kChoice) && has(kChoice1) && has(kChoice2) && has(kState2);
    if (wide_) note("two choices a row became two rows, stage 0 and stage 1");
    if (!wide_ && !has(kInput) && !has(kReport)) require(kChoice);
    if (has(kInput)) return find_signals();
    if (!has(kGain) || !has(kLoss)) require(kOutcome);
    find_signals();
  }
  [[nodiscard]] int find(Column c) const {
    for (const auto& alias : known_columns()[c].aliases)
      for (std::size_t i = 0; i < names_.size(); ++i)
        if (fold(names_[i]) == alias) return static_cast<int>(i);
    return -1;
  }
  [[nodiscard]] std::size_t named(const std::string& name) const {
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (fold(names_[i]) == fold(name)) return i;
    throw Error({path_.string(), in_.line(), 0, ""},
                fmt::format("no column '{}'{}", name, suggest(name, names_)));
  }
  void assign(const std::string& ours, const std::string& theirs) {
    std::vector<std::string> known;
    for (int c = 0; c < kColumns; ++c) {
      known.emplace_back(known_columns()[c].name);
      if (fold(ours) != fold(known.back())) continue;
      at_[c] = static_cast<int>(named(theirs));
      return;
    }
    throw Error(fmt::format("columns: Labile reads no column '{}'{}", ours, suggest(ours, known)));
  }
  void leave_alone(Column c, Column because) {
    if (!has(c)) return;
    note("column '{}' was left alone, because there is '{}'", names_[static_cast<std::size_t>(at_[c])],
         names_[static_cast<std::size_t>(at_[because])]);
    at_[c] = -1;
  }
  void require(Column c) const {
    if (has(c)) return;
    const Known& k = known_columns()[c];
    const std::string near = nearest(k.name, names_);
    throw Error({path_.string(), in_.line(), 0, ""},
                fmt::format("column '{}' is missing{}; it may be called {}; the file has {}", k.name,
                            near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
                            fmt::join(k.aliases, ", "), fmt::join(names_, ", ")));
  }
  void find_signals() {
    for (const auto& name : options_.signals) signals_.push_back({name, named(name), {}});
    for (const auto& name : options_.optional_signals)
      for (std::size_t i = 0; i < names_.size(); ++i)
        if (fold(names_[i]) == fold(name)) signals_.push_back({name, i, {}});
    if (!ours_) return;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const bool known = std::find(at_.begin(), at_.end(), static_cast<int>(i)) != at_.end();
      const bool asked =
          std::any_of(signals_.begin(), signals_.end(), [&](const Signal& s) { return s.column == i; });
      if (!known && !asked) signals_.push_back({names_[i], i, {}});
    }
  }

  // ---- rows ----
  void row() {
    check_size();
    if (t_.rows() == 1024) reserve();
    if (!wide_) return decision();
    at_[kChoice] = at_[kChoice1];
    at_[kRt] = at_[kRt1];
    second_ = false;
    decision();
    if (t_.choice.back() == kMissing || missing(field(kState2))) return;
    at_[kChoice] = at_[kChoice2];
    at_[kRt] = at_[kRt2];
    second_ = true;
    decision();
  }
  void decision() {
    subject();
    push(t_.session, kSession, 0);
    push(t_.block, kBlock, 0);
    push(t_.trial, kTrial, 0);
    push(t_.stage, kStage, second_);
    if (has(kReport)) t_.report.push_back(real(kReport));
    choice(t_.choice, kChoice);
    if (has(kReport) && !has(kChoice)) t_.choice.back() = std::isnan(t_.report.back()) ? kMissing : 0;
    choice(t_.best, kBest);
    choice(t_.old_best, kOldBest);
    correct();
    if (has(kInput)) input();
    outcome();
    response_time();
    condition();
    if (has(kStimulus)) stimulus();
    state();
    for (auto& s : signals_) signal(s);
    if (options_.min_rt_s > 0 && t_.rt_s.back() < options_.min_rt_s && t_.choice.back() != kMissing) {
      t_.choice.back() = kMissing;
      t_.correct.back() = kMissing;
      if (!t_.report.empty()) t_.report.back() = kNaN;
      ++too_fast_;
    }
  }
  void check_size() const {
    if (in_.size() == names_.size()) return;
    const Where where{path_.string(), in_.line(), 0, ""};
    if (in_.size() < names_.size() && !in_.ended())
      throw Error(where, fmt::format("the file ends in the middle of a row: {} of {} fields", in_.size(),
                                     names_.size()));
    throw Error(where, fmt::format("too {} fields: {}, the header has {}",
                                   in_.size() < names_.size() ? "few" : "many", in_.size(), names_.size()));
  }
  void reserve() {
    std::error_code ec;
    const auto size = std::filesystem::file_size(path_, ec);
    if (ec || size == 0) return;
    // Of the bytes read, the part behind the current row is at most one chunk; line lengths vary little.
    const double rows = 1.1 * static_cast<double>(size) * 1024 / std::max(1.0, bytes_of_rows_);
    const auto n = static_cast<std::size_t>(std::min(rows, 1e9));
    for (auto* c :
         {&t_.session, &t_.block, &t_.trial, &t_.stage, &t_.choice, &t_.best, &t_.old_best, &t_.condition})
      c->reserve(n);
    t_.correct.reserve(n);
    t_.outcome.reserve(n);
    t_.rt_s.reserve(n);
  }
  void subject() {
    const std::string_view name = has(kSubject) ? field(kSubject) : "1";
    if (t_.rows() < 1024)
      for (std::size_t i = 0; i < in_.size(); ++i) bytes_of_rows_ += static_cast<double>(in_[i].size()) + 1;
    const std::size_t row = t_.rows();
    if (!runs_.empty() && t_.subjects[static_cast<std::size_t>(runs_.back().subject)] == name) {
      runs_.back().end = row + 1;
      return;
    }
    if (name.empty()) throw bad(kSubject, "is empty; every row needs a subject");
    const auto [it, fresh] =
        ids_.try_emplace(std::string(name), static_cast<std::int32_t>(t_.subjects.size()));
    if (fresh) t_.subjects.emplace_back(name);
    runs_.push_back({it->second, row, row + 1});
  }
  [[nodiscard]] int integer(Column c, const char* allowed) const {
    const std::string_view s = field(c);
    const double x = number(s);
    if (!(std::abs(x) < 2147483647.0) || x != std::floor(x))
      throw bad(c, fmt::format("'{}' is not {}", s, allowed));
    return static_cast<int>(x);
  }
  void push(std::vector<std::int32_t>& column, Column c, std::int32_t otherwise) {
    column.push_back(has(c) && !missing(field(c)) ? integer(c, "a whole number") : otherwise);
  }
  /// Option numbers as the file has them; number_options() counts them from 0 later.
  void choice(std::vector<std::int32_t>& column, Column c) {
    if (!has(c) || missing(field(c))) {
      column.push_back(kMissing);
      return;
    }
    static const std::string allowed = fmt::format(
        "an option: a whole number from 0 to {0} (or from 1 to {1}), or NA", kMaxOptions - 1, kMaxOptions);
    const int x = integer(c, allowed.c_str());
    if (x < 0 || x > kMaxOptions) throw bad(c, fmt::format("'{}' is not {}", field(c), allowed));
    column.push_back(x);
    lowest_ = std::min(lowest_, x);
    if (x > highest_) {
      highest_ = x;
      highest_at_ = {path_.string(), in_.line(), 0, names_[static_cast<std::size_t>(at_[c])]};
    }
  }
  /// The option that was right, whatever was chosen; 0 and 1, as are choices beside it.
  void input() {
    const std::string_view s = field(kInput);
    const double x = missing(s) ? -1 : number(s);
    if (x != 0 && x != 1 && !missing(s)) throw bad(kInput, fmt::format("'{}' is not 0, 1 or NA", s));
    t_.right.push_back(static_cast<std::int32_t>(x));
  }
  void correct() {
    if (!has(kCorrect) || missing(field(kCorrect))) {
      t_.correct.push_back(kMissing);
      return;
    }
    const std::string_view s = field(kCorrect);
    const double x = number(s);
    const bool yes = x == 1 || fold(s) == "true";
    if (!yes && x != 0 && fold(s) != "false") throw bad(kCorrect, fmt::format("'{}' is not 1, 0 or NA", s));
    t_.correct.push_back(t_.choice.back() < 0 ? kMissing : static_cast<std::int8_t>(yes));
  }
  [[nodiscard]] double real(std::size_t column, const char* allowed) const {
    const std::string_view s = in_[column];
    if (missing(s)) return kNaN;
    const double x = number(s);
    if (!std::isfinite(x))
      throw Error({path_.string(), in_.line(), 0, names_[column]}, fmt::format("'{}' is not {}", s, allowed));
    return x;
  }
  [[nodiscard]] double real(Column c) const {
    return real(static_cast<std::size_t>(at_[c]), "a number or NA");
  }
  void outcome() {
    if (wide_ && !second_) {
      t_.outcome.push_back(kNaN);
      return;
    }
    if (has(kInput) && !has(kOutcome)) {  // right is what the input was
      const int chosen = t_.choice.back(), right = t_.right.back();
      t_.outcome.push_back(chosen < 0 || right < 0 ? kNaN : chosen == right);
      return;
    }
    double x = has(kOutcome) ? real(kOutcome) : real(kGain) - std::abs(real(kLoss));
    if (!map_.empty() && !std::isnan(x)) {
      const auto it =
          std::find_if(map_.begin(), map_.end(), [&](const auto& pair) { return pair.first == x; });
      if (it == map_.end())
        throw bad(has(kOutcome) ? kOutcome : kGain,
                  fmt::format("outcome {} is not in outcome_map '{}'", x, options_.outcome_map));
      x = it->second;
    }
    t_.outcome.push_back(x);
  }
  void response_time() { t_.rt_s.push_back(has(kRt) ? real(kRt) : has(kRtMs) ? real(kRtMs) / 1000 : kNaN); }
  void condition() {
    if (!has(kCondition) || field(kCondition).empty()) {
      t_.condition.push_back(kMissing);
      return;
    }
    const std::string_view name = field(kCondition);
    if (t_.rows() > 1 && last_condition_ >= 0 &&
        t_.conditions[static_cast<std::size_t>(last_condition_)] == name) {
      t_.condition.push_back(last_condition_);
      return;
    }
    const auto next = static_cast<std::int32_t>(t_.conditions.size());
    const auto [it, fresh] = condition_ids_.try_emplace(std::string(name), next);
    if (fresh) t_.conditions.emplace_back(name);
    t_.condition.push_back(last_condition_ = it->second);
  }
  /// Digits of every option; the first row tells whether the column is of this form at all.
  void stimulus() {
    const std::string_view s = field(kStimulus);
    if (t_.rows() == 1) {
      featured_ = s.find('/') != std::string_view::npos;
      dims_ = featured_ ? static_cast<int>(s.find('/')) : 0;
      options_shown_ = static_cast<int>(std::count(s.begin(), s.end(), '/')) + 1;
      if (!featured_ && !s.empty() && !has(kState) && std::isfinite(number(s))) {
        at_[kState] = at_[kStimulus];
        note("column '{}' holds numbers: they are the states shown",
             names_[static_cast<std::size_t>(at_[kState])]);
      } else if (!featured_ && !s.empty()) {
        note("column '{}' is not of the form 010/101 and was left out",
             names_[static_cast<std::size_t>(at_[kStimulus])]);
      }
      arity_.assign(static_cast<std::size_t>(dims_), 2);
    }
    if (!featured_) return;
    const auto wide = static_cast<std::size_t>(dims_) + 1;
    bool good = dims_ > 0 && options_shown_ <= kMaxOptions &&
                s.size() + 1 == wide * static_cast<std::size_t>(options_shown_);
    for (std::size_t i = 0; good && i < s.size(); ++i) {
      const std::size_t d = i % wide;
      if (d + 1 == wide) {
        good = s[i] == '/';
        continue;
      }
      good = s[i] >= '0' && s[i] <= '9';
      t_.feature.push_back(s[i] - '0');
      arity_[d] = std::max(arity_[d], s[i] - '0' + 1);
    }
    if (!good)
      throw bad(kStimulus,
                fmt::format("'{}' is not the features of {} options, {} digits each, as in the first row", s,
                            options_shown_, dims_));
  }
  /// States as the file has them; number_states() counts them from 0 later.
  void state() {
    if (wide_) {
      t_.state.push_back(second_ ? integer(kState2, "a whole number") : kMissing);
      return;
    }
    if (!has(kState) || missing(field(kState))) {
      if (!t_.state.empty()) throw bad(kState, "is missing here; every row needs the state that was shown");
      return;
    }
    if (t_.state.empty() && t_.rows() > 1)
      throw bad(kState, "was missing in rows before; every row needs the state that was shown");
    const int x = integer(kState, "a whole number");
    if (x < 0 || x > kMaxStates)
      throw bad(kState, fmt::format("{} is out of range: states go up to {}", x, kMaxStates));
    t_.state.push_back(x);
  }
  void number_stages() {
    if (ours_ || !has(kStage) || *std::min_element(t_.stage.begin(), t_.stage.end()) != 1) return;
    for (auto& x : t_.stage) x -= 1;
    note("stages count from 1 in the file (no 0 occurs): stage 1 became 0");
  }
  void number_states() {
    if (t_.state.empty()) return;
    if (wide_) return number_rooms();
    const auto [low, high] = std::minmax_element(t_.state.begin(), t_.state.end());
    const int shift = !ours_ && *low == 1 ? 1 : 0;
    if (*high - shift >= kMaxStates)
      throw Error({path_.string(), 0, 0, names_[static_cast<std::size_t>(at_[kState])]},
                  fmt::format("state {} is out of range: {} states are the most", *high, kMaxStates));
    t_.layout.states = *high - shift + 1;
    for (auto& x : t_.state) x -= shift;
    if (shift) note("states count from 1 in the file (no 0 occurs): state 1 became 0");
  }
  /// First decisions are in state 0, rooms are 1 and 2, whether the file counts them from 0 or 1.
  void number_rooms() {
    int low = std::numeric_limits<int>::max(), high = 0;
    for (const auto x : t_.state)
      if (x != kMissing) low = std::min(low, x), high = std::max(high, x);
    if (high - low > 1)
      throw Error({path_.string(), 0, 0, names_[static_cast<std::size_t>(at_[kState2])]},
                  fmt::format("holds {} and {}; two rooms are numbered 0 and 1, or 1 and 2", low, high));
    for (auto& x : t_.state) x = x == kMissing ? 0 : 1 + x - low;
    t_.layout.states = 3;
  }
  void signal(Signal& s) const {
    const double x = real(s.column, "a number or NA");
    if (s.values.empty() && std::isnan(x)) return;
    s.values.resize(t_.rows() - 1, kNaN);
    s.values.push_back(x);
  }

  // ---- after the last row ----
  /// Brings each subject's rows together, in the order they stood in.
  void group() {
    std::stable_sort(runs_.begin(), runs_.end(),
                     [](const Run& a, const Run& b) { return a.subject < b.subject; });
    for (std::size_t i = 0, row = 0; i < runs_.size(); ++i) {
      if (i == 0 || runs_[i].subject != runs_[i - 1].subject) t_.first.push_back(row);
      row += runs_[i].end - runs_[i].begin;
    }
    t_.first.push_back(t_.rows());
    for (auto& s : signals_)
      if (!s.values.empty()) s.values.resize(t_.rows(), kNaN);
    if (runs_.size() == t_.subjects.size()) return;
    for (auto* c :
         {&t_.session, &t_.block, &t_.trial, &t_.stage, &t_.choice, &t_.best, &t_.old_best, &t_.condition})
      reorder(*c, 1);
    reorder(t_.correct, 1);
    reorder(t_.outcome, 1);
    reorder(t_.rt_s, 1);
    if (!t_.state.empty()) reorder(t_.state, 1);
    if (!t_.right.empty()) reorder(t_.right, 1);
    if (!t_.report.empty()) reorder(t_.report, 1);
    if (featured_) reorder(t_.feature, t_.feature.size() / t_.rows());
    for (auto& s : signals_)
      if (!s.values.empty()) reorder(s.values, 1);
    note("rows of a subject stood apart and were brought together in their order");
  }
  template <class T>
  void reorder(std::vector<T>& column, std::size_t wide) const {
    std::vector<T> r;
    r.reserve(column.size());
    for (const Run& run : runs_)
      r.insert(r.end(), column.begin() + static_cast<std::ptrdiff_t>(run.begin * wide),
               column.begin() + static_cast<std::ptrdiff_t>(run.end * wide));
    column = std::move(r);
  }
  [[nodiscard]] auto identity(std::size_t row) const {
    return std::tuple(t_.session[row], t_.condition[row], t_.block[row], t_.trial[row], t_.stage[row]);
  }
  void refuse_doubles() {
    if (!has(kTrial)) return;
    bool repeated = false;
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) {
      const std::size_t begin = t_.first[s], end = t_.first[s + 1];
      bool rising = true;
      for (std::size_t r = begin + 1; r < end && rising; ++r) rising = identity(r - 1) < identity(r);
      if (rising) continue;
      std::vector<std::size_t> order(end - begin);
      std::iota(order.begin(), order.end(), begin);
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return identity(a) < identity(b); });
      for (std::size_t i = 1; i < order.size(); ++i)
        if (identity(order[i - 1]) == identity(order[i])) {
          if (t_.choice[order[i - 1]] != kMissing && t_.choice[order[i]] != kMissing)
            twice(s, order[i - 1], order[i]);
          repeated = true;
        }
    }
    if (repeated) note("trials that were missed and then repeated stand twice");
  }
  [[noreturn]] void twice(std::size_t subject, std::size_t a, std::size_t b) const {
    throw Error(
        {path_.string(), line_of(b), 0, names_[static_cast<std::size_t>(at_[kTrial])]},
        fmt::format("subject '{}' has trial {} twice, first on line {}; a column session, block, stage or "
                    "condition may tell them apart",
                    t_.subjects[subject], t_.trial[b], line_of(a)));
  }
  /// Lines are not kept: finding one means reading the file again.
  [[nodiscard]] int line_of(std::size_t row) const {
    for (const Run& run : runs_) {
      if (row >= run.end - run.begin) {
        row -= run.end - run.begin;
        continue;
      }
      Records again(path_);
      again.next();
      for (std::size_t r = 0; r <= run.begin + row && again.next(); r += decisions(again)) {
      }
      return again.line();
    }
    return 0;
  }
  /// Rows that a record becomes.
  [[nodiscard]] std::size_t decisions(const Records& record) const {
    if (!wide_) return 1;
    const auto blank = [&](Column c) { return missing(record[static_cast<std::size_t>(at_[c])]); };
    return blank(kChoice1) || blank(kState2) ? 1 : 2;
  }
  /// Actions may be numbered through the rooms, 0 and 1 in one, 2 and 3 in the other.
  void number_actions() {
    if (!wide_) return;
    int room = std::numeric_limits<int>::max(), low = kMaxOptions + 1, high = -1;
    for (std::size_t r = 0; r < t_.rows(); ++r) {
      if (t_.stage[r] != 1 || t_.choice[r] == kMissing) continue;
      room = std::min(room, t_.state[r]);
      low = std::min(low, t_.choice[r]);
      high = std::max(high, t_.choice[r]);
    }
    if (high - low < 2) return;
    lowest_ = kMaxOptions + 1, highest_ = -1;
    for (std::size_t r = 0; r < t_.rows(); ++r) {
      if (t_.choice[r] == kMissing) continue;
      if (t_.stage[r] == 1 && t_.state[r] != room) t_.choice[r] -= 2;
      if (t_.choice[r] < 0)
        throw Error({path_.string(), line_of(r), 0, names_[static_cast<std::size_t>(at_[kChoice2])]},
                    "actions are numbered neither 0 and 1 in both rooms nor through them, 0 and 1, 2 and 3");
      lowest_ = std::min(lowest_, t_.choice[r]);
      highest_ = std::max(highest_, t_.choice[r]);
    }
    note("second choices are numbered through the rooms: those of the second room lost 2");
  }
  void number_options() {
    const bool from_one = !ours_ && lowest_ == 1 && t_.right.empty();
    if (from_one) {
      for (auto* c : {&t_.choice, &t_.best, &t_.old_best})
        for (auto& x : *c) x -= x > 0 ? 1 : 0;
      note("choices count from 1 in the file (no 0 occurs): option 1 became 0");
    }
    const int shift = from_one ? 1 : 0;
    const int seen = highest_ - shift + 1;
    const int options = options_.layout ? options_.layout->options
                        : featured_     ? options_shown_
                                        : std::max(2, seen);
    if (seen > options || seen > kMaxOptions)
      throw Error(highest_at_, fmt::format("option {} is out of range: allowed are {} to {}", highest_, shift,
                                           std::min(options, kMaxOptions) - 1 + shift));
    lay_out(options);
  }
  void lay_out(int options) {
    t_.layout = options_.layout ? *options_.layout
                : featured_     ? Layout::featured(options, arity_)
                                : Layout::bandit(options);
    if (!featured_) {
      if (!t_.layout.feature_is_option)
        throw Error(
            fmt::format("{}: these options have features, and the file has no column stimulus with them",
                        path_.string()));
      return;
    }
    if (t_.layout.feature_is_option) {
      t_.feature.clear();
      return;
    }
    if (t_.layout.dims() != dims_ || t_.layout.options != options_shown_)
      throw Error({path_.string(), 0, 0, "stimulus"},
                  fmt::format("shows {} options of {} features, wanted are {} of {}", options_shown_, dims_,
                              t_.layout.options, t_.layout.dims()));
    for (int d = 0; d < dims_; ++d)
      if (arity_[static_cast<std::size_t>(d)] > std::max(2, t_.layout.arity[static_cast<std::size_t>(d)]))
        throw Error({path_.string(), 0, 0, "stimulus"},
                    fmt::format("dimension {} has value {}, allowed are 0 to {}", d,
                                arity_[static_cast<std::size_t>(d)] - 1,
                                t_.layout.arity[static_cast<std::size_t>(d)] - 1));
    if (t_.layout.features() > kMaxFeatures)
      throw Error({path_.string(), 0, 0, "stimulus"},
                  fmt::format("{} features, at most {} are allowed", t_.layout.features(), kMaxFeatures));
    for (std::size_t i = 0; i < t_.feature.size(); ++i)
      t_.feature[i] += t_.layout.offset[i % static_cast<std::size_t>(dims_)];
  }
  void fill_in() {
    if (!has(kTrial)) count_trials();
    if (!has(kBlock) && has(kBest) && !featured_) find_blocks();
    if (!has(kCorrect) && has(kBest)) {
      for (std::size_t r = 0; r < t_.rows(); ++r)
        if (t_.choice[r] >= 0 && t_.best[r] >= 0) t_.correct[r] = t_.choice[r] == t_.best[r] ? 1 : 0;
      note("no column correct: a choice of the best option counts as correct");
    }
    if (!has(kOldBest) && has(kBest)) find_old_best();
    if (too_fast_ > 0)
      note("{} choices took less than {} s and count as missing", too_fast_, options_.min_rt_s);
    if (ours_) return;
    double sum = 0, n = 0;
    for (const double x : t_.rt_s)
      if (!std::isnan(x)) sum += x, n += 1;
    if (sum > 60 * n)
      note("response times average {:.0f} s; are they milliseconds? then call the column rt_ms", sum / n);
  }
  void count_trials() {
    for (std::size_t s = 0; s < t_.subjects.size(); ++s)
      for (std::size_t r = t_.first[s]; r < t_.first[s + 1]; ++r)
        t_.trial[r] = static_cast<std::int32_t>(r - t_.first[s]);
    note("no column trial: each subject's rows are taken in their order");
  }
  void find_blocks() {
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) {
      int block = 0, best = kMissing;
      for (std::size_t r = t_.first[s]; r < t_.first[s + 1]; ++r) {
        if (r > t_.first[s] && t_.session[r] != t_.session[r - 1]) block = 0, best = kMissing;
        if (t_.best[r] >= 0) {
          if (best >= 0 && t_.best[r] != best) ++block;
          best = t_.best[r];
        }
        t_.block[r] = block;
      }
    }
    note("no column block: a block ends where the best option changes");
  }
  void find_old_best() {
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) {
      std::int32_t old = kMissing;
      for (std::size_t r = t_.first[s], end; r < t_.first[s + 1]; r = end) {
        std::int32_t best = t_.best[r];
        for (end = r;
             end < t_.first[s + 1] && t_.session[end] == t_.session[r] && t_.block[end] == t_.block[r];
             ++end) {
          t_.old_best[end] = old;
          if (t_.best[end] != best) best = kMissing;
        }
        old = end < t_.first[s + 1] && t_.session[end] != t_.session[r] ? kMissing : best;
      }
    }
  }

  std::filesystem::path path_;
  const ReadOptions& options_;
  Records in_;
  std::vector<std::pair<double, double>> map_;
  TrialsFile file_;
  Trials& t_ = file_.trials;
  std::vector<std::string> names_;
  std::array<int, kColumns> at_{};  // [column] its place in the file, -1 = absent
  bool ours_ = false;               // a trials.csv that Labile wrote
  bool wide_ = false;               // two choices a row
  bool second_ = false;             // this is the row's second
  std::size_t too_fast_ = 0;
  std::vector<Signal> signals_;
  std::vector<Run> runs_;
  std::unordered_map<std::string, std::int32_t> ids_, condition_ids_;
  std::int32_t last_condition_ = kMissing;
  int lowest_ = kMaxOptions + 1, highest_ = -1;
  Where highest_at_;
  bool featured_ = false;
  int dims_ = 0, options_shown_ = 0;
  std::vector<int> arity_;
  double bytes_of_rows_ = 0;  // of the first 1024 rows, to guess how many there are
};

}  // namespace

TrialsFile read_trials(const std::filesystem::path& path, const ReadOptions& options) {
  return Reader(path, options).read();
}

std::vector<std::uint8_t> fresh_flags(const Trials& t, std::string_view reset_on, const Where& where) {
  bool session = false, block = false;
  for (std::string_view rest = reset_on; !rest.empty();) {
    const auto comma = rest.find(',');
    const std::string item = fold(rest.substr(0, comma));
    if (item == "session")
      session = true;
    else if (item == "block")
      session = block = true;
    else if (item != "none") {
      const std::vector<std::string> known{"none", "session", "block"};
      throw Error(where, fmt::format("reset_on = '{}': '{}' is nothing that values can start afresh on{}",
                                     reset_on, item, suggest(item, known)));
    }
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  std::vector<std::uint8_t> fresh(t.rows(), 0);
  for (std::size_t r = 1; r < t.rows(); ++r)
    fresh[r] = (session && t.session[r] != t.session[r - 1]) || (block && t.block[r] != t.block[r - 1]);
  for (std::size_t s = 0; s < t.subjects.size(); ++s) fresh[t.first[s]] = 1;
  return fresh;
}

SubjectTrials subject_trials(const Trials& t, int subject, std::span<const std::uint8_t> fresh) {
  const std::size_t begin = t.first[static_cast<std::size_t>(subject)];
  const std::size_t n = t.first[static_cast<std::size_t>(subject) + 1] - begin;
  const std::size_t wide = t.feature.empty() ? 0 : t.feature.size() / t.rows();
  SubjectTrials r{t.layout, std::span(t.choice).subspan(begin, n), std::span(t.outcome).subspan(begin, n),
                  fresh.subspan(begin, n), std::span(t.feature).subspan(begin * wide, n * wide)};
  if (!t.report.empty()) r.report = std::span(t.report).subspan(begin, n);
  if (!t.right.empty()) r.right = std::span(t.right).subspan(begin, n);
  if (!t.state.empty()) r.state = std::span(t.state).subspan(begin, n);
  r.stage = std::span(t.stage).subspan(begin, n);
  for (const auto& [name, values] : t.signals)
    r.inputs.push_back({name, std::span(values).subspan(begin, n)});
  return r;
}

std::optional<std::filesystem::path> find_data(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (name.empty()) return std::nullopt;
  if (fs::is_regular_file(name, ec)) return fs::path(name);
  const fs::path inside = fs::path(name) / (name + ".csv");
  if (const char* folder = std::getenv("LABILE_DATA"); folder && *folder)
    if (const fs::path p = fs::path(folder) / inside; fs::is_regular_file(p, ec)) return p;
  for (fs::path at = fs::current_path(ec); !at.empty(); at = at.parent_path()) {
    if (const fs::path p = at / "shared" / "data" / inside; fs::is_regular_file(p, ec)) return p;
    if (at == at.root_path()) break;
  }
  return std::nullopt;
}

}  // namespace labile
