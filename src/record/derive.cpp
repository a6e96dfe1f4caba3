#include "record/derive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "core/math.hpp"

namespace labile {
namespace {
bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto first = static_cast<unsigned char>(s[i]);
    const std::size_t more = first < 0x80                    ? 0
                             : first >= 0xC2 && first < 0xE0 ? 1
                             : first >= 0xE0 && first < 0xF0 ? 2
                             : first >= 0xF0 && first < 0xF5 ? 3
                                                             : 4;
    if (more == 4 || i + more >= s.size()) return false;
    const auto second = more > 0 ? static_cast<unsigned char>(s[i + 1]) : 0;
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
      return false;  // longer than needed, half a pair, beyond the last
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(s[i + k]) & 0xC0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

class Derivation {
 public:
  Derivation(const Header& header, const ReadOptions& options, Rows& rows, std::vector<std::string> notes)
      : h_(header), options_(options), rows_(rows), t_(rows.trials) {
    file_.notes = std::move(notes);
    file_.notes.insert(file_.notes.end(), rows.notes.begin(), rows.notes.end());
  }

  TrialsFile run() {
    refuse_foreign_bytes();
    note_words();
    group();
    refuse_doubles();
    refuse_disorder();
    std::replace(t_.trial.begin(), t_.trial.end(), Rows::kNoTrial, 0);
    number_actions();
    number_options();
    number_states();
    number_stages();
    fill_in();
    refuse_absent_resets();
    for (auto& s : rows_.signals)
      if (!s.values.empty()) t_.signals[s.name] = std::move(s.values);
    for (std::size_t i = 0; i < rows_.spelled.size(); ++i)
      file_.kept.push_back({h_.spelled[i].name, h_.spelled[i].names, rows_.spelled[i].words.list(),
                            std::move(rows_.spelled[i].values)});
    if (has(kSubject)) file_.subject_column = h_.name(kSubject);
    file_.has_blocks = has(kSession) || has(kBlockColumn);
    t_.source = h_.path.string();
    t_.report_after = options_.report_after;
    if (t_.report_after)
      note("column '{}' holds reports that came after the outcome of their row", h_.name(kReport));
    file_.trials = std::move(t_);
    return std::move(file_);
  }

 private:
  template <class... A>
  void note(fmt::format_string<A...> text, A&&... a) {
    file_.notes.push_back(fmt::format(text, std::forward<A>(a)...));
  }
  [[nodiscard]] bool has(Column c) const { return h_.has(c); }
  [[nodiscard]] Error about(Column c, const std::string& message) const { return h_.bad(c, 0, message); }
  /// "a = 0, b = 1, ..."
  static std::string numbered(const std::vector<std::string>& words) {
    std::string r;
    for (std::size_t i = 0; i < words.size() && i < 8; ++i)
      r += fmt::format("{}{} = {}", i ? ", " : "", words[i], i);
    return words.size() > 8 ? r + ", ..." : r;
  }
  /// Names in another encoding could be printed nowhere.
  void refuse_foreign_bytes() const {
    const auto look = [&](const std::vector<std::string>& words, const std::string& column) {
      if (!std::ranges::all_of(words, is_utf8))
        throw Error({h_.path.string(), 0, 0, column},
                    "holds names that are not in UTF-8; save the file in UTF-8");
    };
    look(h_.names, "");
    look(t_.subjects, has(kSubject) ? h_.name(kSubject) : "");
    look(t_.conditions, has(kCondition) ? h_.name(kCondition) : "");
    look(rows_.session.words.list(), "");
    look(rows_.block.words.list(), "");
    look(rows_.state.words.list(), "");
    look(rows_.option_words.list(), "");
    for (std::size_t i = 0; i < rows_.spelled.size(); ++i)
      look(rows_.spelled[i].words.list(), h_.spelled[i].name);
  }
  void note_words() {
    const auto tell = [&](const Codes& codes, Column c) {
      if (codes.are_words)
        note("column '{}' holds {}, numbered in the order in which they appear: {}", h_.name(c),
             std::isnan(number(codes.words.list().front())) ? "words" : "fractions",
             numbered(codes.words.list()));
    };
    tell(rows_.session, kSession);
    tell(rows_.block, kBlockColumn);
    if (rows_.shows_states) tell(rows_.state, rows_.state_column);
  }

  // ---- rows ----
  /// Brings each subject's rows together, in the order they stood in.
  void group() {
    auto& runs = rows_.runs;
    std::stable_sort(runs.begin(), runs.end(),
                     [](const Rows::Run& a, const Rows::Run& b) { return a.subject < b.subject; });
    for (std::size_t i = 0, row = 0; i < runs.size(); ++i) {
      if (i == 0 || runs[i].subject != runs[i - 1].subject) t_.first.push_back(row);
      row += runs[i].end - runs[i].begin;
    }
    t_.first.push_back(t_.rows());
    for (auto& s : rows_.signals)
      if (!s.values.empty()) s.values.resize(t_.rows(), kNaN);
    if (runs.size() == t_.subjects.size()) return;
    for (auto* c :
         {&t_.session, &t_.block, &t_.trial, &t_.stage, &t_.choice, &t_.best, &t_.old_best, &t_.condition})
      reorder(*c, 1);
    reorder(t_.correct, 1);
    reorder(t_.outcome, 1);
    reorder(t_.rt_s, 1);
    for (auto* c : {&t_.state, &t_.right})
      if (!c->empty()) reorder(*c, 1);
    for (auto* c : {&rows_.change, &rows_.common})
      if (!c->empty()) reorder(*c, 1);
    if (!t_.report.empty()) reorder(t_.report, 1);
    if (rows_.featured) reorder(t_.feature, t_.feature.size() / t_.rows());
    for (auto& s : rows_.signals)
      if (!s.values.empty()) reorder(s.values, 1);
    for (auto& s : rows_.spelled) reorder(s.values, 1);
    note("rows of a subject stood apart and were brought together in their order");
  }
  template <class T>
  void reorder(std::vector<T>& column, std::size_t wide) const {
    std::vector<T> r;
    r.reserve(column.size());
    for (const auto& run : rows_.runs)
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
        if (t_.trial[order[i]] != Rows::kNoTrial && identity(order[i - 1]) == identity(order[i])) {
          if (t_.choice[order[i - 1]] != kMissing && t_.choice[order[i]] != kMissing)
            twice(s, order[i - 1], order[i]);
          repeated = true;
        }
    }
    if (repeated) note("trials that were missed and then repeated stand twice");
  }
  /// Models learn row by row: rows of a block stand in the order in which they happened, which the column trial tells. Trials that were
  /// missed may come again later.
  void refuse_disorder() const {
    if (!has(kTrial) || h_.ours) return;
    struct Before {
      std::size_t row = 0;
      std::set<int> missed;
    };
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) {
      std::map<std::tuple<int, int, int>, Before> all;  // of each (session, condition, block)
      for (std::size_t r = t_.first[s]; r < t_.first[s + 1]; ++r) {
        if (t_.trial[r] == Rows::kNoTrial) continue;
        const auto [at, fresh] = all.try_emplace({t_.session[r], t_.condition[r], t_.block[r]});
        Before& before = at->second;
        if (before.missed.count(t_.trial[r])) continue;
        if (t_.choice[r] == kMissing) before.missed.insert(t_.trial[r]);
        const std::size_t last = std::exchange(before.row, r);
        if (!fresh && t_.trial[r] < t_.trial[last]) out_of_order(s, last, r);
      }
    }
  }
  [[noreturn]] void out_of_order(std::size_t subject, std::size_t before, std::size_t row) const {
    throw h_.bad(
        kTrial, line_of(row),
        fmt::format(
            "subject '{}' has trial {} after trial {}; rows of a subject stand in the order in which they "
            "happened: sort the file, name the column that tells blocks apart (--columns block=NAME), or, "
            "where this column is no order, leave it alone (--columns trial=none)",
            t_.subjects[subject], t_.trial[row], t_.trial[before]));
  }
  [[noreturn]] void twice(std::size_t subject, std::size_t a, std::size_t b) const {
    throw h_.bad(
        kTrial, line_of(b),
        fmt::format("subject '{}' has trial {} twice, first on line {}; a column session, block, stage "
                    "or condition may tell them apart",
                    t_.subjects[subject], t_.trial[b], line_of(a)));
  }
  /// Lines are not kept: finding one means reading the file again.
  [[nodiscard]] int line_of(std::size_t row) const {
    for (const auto& run : rows_.runs) {
      if (row >= run.end - run.begin) {
        row -= run.end - run.begin;
        continue;
      }
      Records again(h_.path);
      again.next();
      Rows until(h_, options_);
      while (until.trials.rows() <= run.begin + row && again.next()) until.add(again);
      return again.line();
    }
    return 0;
  }

  // ---- two choices a row ----
  /// Actions may be numbered through the rooms, 0 and 1 in one, 2 and 3 in the other.
  void number_actions() {
    if (!h_.wide) return;
    int room = std::numeric_limits<int>::max(), low = kMaxOptions + 1, high = -1;
    for (std::size_t r = 0; r < t_.rows(); ++r) {
      if (t_.stage[r] != 1 || t_.choice[r] == kMissing) continue;
      room = std::min(room, t_.state[r]);
      low = std::min(low, t_.choice[r]);
      high = std::max(high, t_.choice[r]);
    }
    if (high - low < 2) return;
    rows_.lowest = kMaxOptions + 1, rows_.highest = -1;
    for (std::size_t r = 0; r < t_.rows(); ++r) {
      if (t_.choice[r] == kMissing) continue;
      if (t_.stage[r] == 1 && t_.state[r] != room) t_.choice[r] -= 2;
      if (t_.choice[r] < 0)
        throw h_.bad(kChoice2, line_of(r),
                     "actions are numbered neither 0 and 1 in both rooms nor through them, 0 and 1, 2 and 3");
      rows_.lowest = std::min(rows_.lowest, t_.choice[r]);
      rows_.highest = std::max(rows_.highest, t_.choice[r]);
    }
    note("second choices are numbered through the rooms: those of the second room lost 2");
  }
  /// First decisions are in state 0, rooms are 1 and 2, whether the file counts them from 0 or 1.
  void number_rooms() {
    int low = std::numeric_limits<int>::max(), high = 0;
    for (const auto x : t_.state)
      if (x != kMissing) low = std::min(low, x), high = std::max(high, x);
    if (high - low > 1)
      throw about(kState2,
                  fmt::format("holds {} and {}; two rooms are numbered 0 and 1, or 1 and 2", low, high));
    for (auto& x : t_.state) x = x == kMissing ? 0 : 1 + x - low;
    t_.layout.states = 3;
    name_rooms();
  }
  /// Action 0 leads commonly to room 1, as models of the task have it.
  void name_rooms() {
    long all[2] = {0, 0};  // transitions to one's own room, to the other
    std::size_t swapped = 0, told = 0;
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) {
      long own[2] = {0, 0}, by_column[2] = {0, 0};
      for (std::size_t r = t_.first[s] + 1; r < t_.first[s + 1]; ++r) {
        if (t_.stage[r] != 1 || t_.stage[r - 1] != 0 || t_.choice[r - 1] < 0 || t_.choice[r - 1] > 1)
          continue;
        const bool other = t_.state[r] != 1 + t_.choice[r - 1];
        ++own[other];
        if (!rows_.common.empty() && rows_.common[r] < 2) ++by_column[other == (rows_.common[r] == 1)];
      }
      all[0] += own[0], all[1] += own[1];
      if (by_column[0] + by_column[1] == 0) continue;
      ++told;
      if (by_column[0] > 0 && by_column[1] > 0)
        note("subject '{}': column '{}' calls both rooms common for one action ({} and {} times)",
             t_.subjects[s], h_.name(kCommon), by_column[0], by_column[1]);
      if (by_column[1] <= by_column[0]) continue;
      swap_rooms(s);
      ++swapped;
    }
    if (told > 0) {
      if (swapped == 0)
        note("column '{}' agrees: action 0 leads commonly to room 1", h_.name(kCommon));
      else
        note(
            "by column '{}' action 0 led commonly to room 2 for {} of {} subjects: their rooms changed "
            "places",
            h_.name(kCommon), swapped, t_.subjects.size());
      return;
    }
    const double n = static_cast<double>(all[0] + all[1]);
    if (n == 0) return;
    // By what happened only where that is more than two standard errors from even.
    const double share = static_cast<double>(all[0]) / n, sure = 1 / std::sqrt(n);
    const bool other = share < 0.5 - sure;
    if (other)
      for (std::size_t s = 0; s < t_.subjects.size(); ++s) swap_rooms(s);
    note("actions led to {} room in {:.1f} % of transitions{}", other ? "the other's" : "their own",
         100 * (other ? 1 - share : share),
         other                           ? ": the rooms changed places"
         : std::abs(share - 0.5) <= sure ? "; which room is whose cannot be told"
                                         : "");
  }
  void swap_rooms(std::size_t subject) {
    for (std::size_t r = t_.first[subject]; r < t_.first[subject + 1]; ++r)
      if (t_.state[r] > 0) t_.state[r] = 3 - t_.state[r];
  }

  // ---- numbers ----
  void number_options() {
    refuse_two_beginnings();
    // Rows that a filter leaves out are of the same options, and may hold codes that are none: they count where they go on from those seen.
    const auto& out = rows_.left_out;
    const bool ones =
        rows_.lowest == 1 ? rows_.highest > 1 || !out[0] : rows_.lowest > 1 && out[1] && !out[0];
    const bool from_one = !h_.ours && ones && t_.right.empty();
    if (from_one) {
      for (auto* c : {&t_.choice, &t_.best, &t_.old_best})
        for (auto& x : *c) x -= x > 0 ? 1 : 0;
      note("choices count from 1 in the file (no 0 occurs): option 1 became 0");
    }
    const int shift = from_one ? 1 : 0;
    const int seen = rows_.highest - shift + 1;
    int all = std::max(2, seen);
    while (!h_.ours && all + shift <= kMaxOptions && out[static_cast<std::size_t>(all + shift)]) ++all;
    const int options = options_.layout                          ? options_.layout->options
                        : rows_.featured && !h_.options_by_set() ? rows_.options_shown
                                                                 : std::min(all, kMaxOptions);
    const bool by_left_out =
        !options_.layout && options > std::max(2, seen) && (!rows_.featured || h_.options_by_set());
    if (by_left_out)
      note(
          "{} options are taken to exist, as in the rows that were left out (option {} occurs there); where "
          "these had others, "
          "put the rows that are wanted in a file of their own",
          options, options - 1 + shift);
    if (seen > options || seen > kMaxOptions)
      throw Error(rows_.highest_at,
                  fmt::format("option {} is out of range: allowed are {} to {}", rows_.highest, shift,
                              std::min(options, kMaxOptions) - 1 + shift));
    lay_out(options);
    if (!h_.ours && !by_left_out && !options_.layout && (!rows_.featured || h_.options_by_set()))
      note_unused(options, shift);
  }
  /// Choices that count from 1 beside best options that count from 0, or the other way round.
  void refuse_two_beginnings() const {
    const Range &a = rows_.chosen, &b = rows_.best;
    if (h_.ours || !a.any() || !b.any() || a.lowest == b.lowest || a.highest == b.highest) return;
    if (a.highest - a.lowest != b.highest - b.lowest || std::abs(a.lowest - b.lowest) != 1 ||
        a.highest == a.lowest)
      return;
    throw about(
        kBest,
        fmt::format(
            "holds options {} to {} and '{}' {} to {}: they count from different numbers; recode one, or "
            "leave this column alone (--columns best=none)",
            b.lowest, b.highest, h_.name(has(kChoice) ? kChoice : kChoice1), a.lowest, a.highest));
  }
  /// A code that stands for something else looks like an option.
  void note_unused(int options, int shift) {
    std::vector<bool> used(static_cast<std::size_t>(options), false);
    for (const auto* column : {&t_.choice, &t_.best})
      for (const auto x : *column)
        if (x >= 0) used[static_cast<std::size_t>(x)] = true;
    std::vector<int> unused;
    for (int o = 0; o < options; ++o)
      if (!used[static_cast<std::size_t>(o)]) unused.push_back(o + shift);
    if (!unused.empty() && options > 2)
      note(
          "{} options are taken to exist, since {} occurs (line {}), but {} {} never chosen; if a number "
          "stands for something else, "
          "recode it or make it NA",
          options, rows_.highest, rows_.highest_at.line, fmt::join(unused, ", "),
          unused.size() > 1 ? "are" : "is");
  }
  void lay_out(int options) {
    if (!h_.options.empty()) sort_option_words();
    if (h_.options_by_set()) show_each_option(options);
    t_.layout = options_.layout  ? *options_.layout
                : rows_.featured ? Layout::featured(options, rows_.arity)
                                 : Layout::bandit(options);
    if (!rows_.featured) {
      if (!t_.layout.feature_is_option)
        throw Error(
            fmt::format("{}: these options have features, and the file has no column stimulus with them",
                        h_.path.string()));
      return;
    }
    if (t_.layout.feature_is_option) {
      t_.feature.clear();
      return;
    }
    check_features();
    for (std::size_t i = 0; i < t_.feature.size(); ++i)
      t_.feature[i] += t_.layout.offset[i % static_cast<std::size_t>(rows_.dims)];
  }
  [[nodiscard]] Error about_features(const std::string& message) const {
    return {{h_.path.string(), 0, 0, h_.options.empty() ? "stimulus" : h_.names[h_.options[0]]}, message};
  }
  void check_features() const {
    if (t_.layout.dims() != rows_.dims || t_.layout.options != rows_.options_shown)
      throw about_features(fmt::format("shows {} options of {} features, wanted are {} of {}",
                                       rows_.options_shown, rows_.dims, t_.layout.options, t_.layout.dims()));
    for (int d = 0; d < rows_.dims; ++d) {
      const int shown = rows_.arity[static_cast<std::size_t>(d)];
      const int allowed = t_.layout.arity[static_cast<std::size_t>(d)];
      if (shown > std::max(2, allowed))
        throw about_features(
            fmt::format("dimension {} has value {}, allowed are 0 to {}", d, shown - 1, allowed - 1));
    }
    if (t_.layout.features() > kMaxFeatures)
      throw about_features(
          fmt::format("{} features, at most {} are allowed", t_.layout.features(), kMaxFeatures));
  }
  /// What options show, numbered by the alphabet.
  void sort_option_words() {
    const auto& words = rows_.option_words.list();
    std::vector<std::size_t> order(words.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return words[a] < words[b]; });
    std::vector<std::int64_t> number(words.size());
    std::vector<std::string> sorted;
    for (std::size_t i = 0; i < order.size(); ++i) {
      number[order[i]] = static_cast<std::int64_t>(i);
      sorted.push_back(words[order[i]]);
    }
    for (auto& f : t_.feature) f = number[static_cast<std::size_t>(f)];
    if (h_.options_by_set()) {
      note("each value of column {} has options of its own, one feature each: {}", h_.names[h_.options[0]],
           numbered(sorted));
      return;
    }
    std::vector<std::string> columns;
    for (const auto k : h_.options) columns.push_back(h_.names[k]);
    note("options are what columns {} show, one feature each: {}", fmt::join(columns, ", "),
         numbered(sorted));
  }
  /// From which set of options a row shows to what each of them is: option k of set s is s * options + k.
  void show_each_option(int options) {
    std::vector<std::int64_t> each;
    each.reserve(t_.feature.size() * static_cast<std::size_t>(options));
    for (const auto set : t_.feature)
      for (int k = 0; k < options; ++k) each.push_back(set * options + k);
    t_.feature = std::move(each);
    rows_.options_shown = options;
    rows_.arity[0] = static_cast<int>(rows_.option_words.list().size()) * options;
  }
  void number_stages() {
    if (h_.ours || !has(kStage) || *std::min_element(t_.stage.begin(), t_.stage.end()) != 1) return;
    for (auto& x : t_.stage) x -= 1;
    note("stages count from 1 in the file (no 0 occurs): stage 1 became 0");
  }
  void number_states() {
    if (t_.state.empty()) return;
    if (h_.wide) return number_rooms();
    auto seen = t_.state;
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    const std::string& column = h_.name(rows_.state_column);
    const int shift = !h_.ours && !rows_.state.are_words && seen.front() == 1 ? 1 : 0;
    if (static_cast<int>(seen.size()) > kMaxStates) {
      file_.states_left_out = static_cast<int>(seen.size());
      t_.state.clear();
      note("column '{}' was left alone: it shows {} states, and at most {} are kept apart", column,
           seen.size(), kMaxStates);
      return;
    }
    if (seen.back() - shift >= kMaxStates) {
      for (auto& x : t_.state)
        x = static_cast<std::int32_t>(std::lower_bound(seen.begin(), seen.end(), x) - seen.begin());
      t_.layout.states = static_cast<int>(seen.size());
      note("column '{}': states {} to {} were numbered 0 to {} in their order", column, seen.front(),
           seen.back(), seen.size() - 1);
      return;
    }
    t_.layout.states = seen.back() - shift + 1;
    for (auto& x : t_.state) x -= shift;
    if (shift) note("states count from 1 in the file (no 0 occurs): state 1 became 0");
  }

  // ---- what is absent ----
  void fill_in() {
    if (!has(kTrial)) count_trials();
    if (!has(kBlockColumn) && has(kChange)) {
      count_changes();
    } else if (!has(kBlockColumn) && has(kBest) && !rows_.featured) {
      find_blocks();
    }
    if (!has(kCorrect) && has(kBest)) {
      for (std::size_t r = 0; r < t_.rows(); ++r)
        if (t_.choice[r] >= 0 && t_.best[r] >= 0) t_.correct[r] = t_.choice[r] == t_.best[r] ? 1 : 0;
      note("no column correct: a choice of the best option counts as correct");
    }
    if (!has(kOldBest) && has(kBest)) find_old_best();
    if (rows_.too_fast > 0)
      note("{} choices took less than {} s and count as missing", rows_.too_fast, options_.min_rt_s);
    if (h_.ours) return;
    note_missing_outcomes();
    note_codes_among_outcomes();
    double sum = 0, n = 0;
    for (const double x : t_.rt_s)
      if (!std::isnan(x)) sum += x, n += 1;
    if (sum > 60 * n)
      note("response times average {:.0f} s; are they milliseconds? then call the column rt_ms", sum / n);
  }
  void note_missing_outcomes() {
    if (!has(kOutcome) || has(kStage) || h_.wide) return;  // of several decisions only the last has one
    std::size_t chosen = 0, missing = 0;
    for (std::size_t r = 0; r < t_.rows(); ++r) {
      chosen += t_.choice[r] >= 0;
      missing += t_.choice[r] >= 0 && std::isnan(t_.outcome[r]);
    }
    if (missing > 0)
      note("{} of {} choices have no outcome: they are predicted, and nothing is learned from them", missing,
           chosen);
  }
  /// Numbers that files write where a value is missing.
  void note_codes_among_outcomes() {
    for (const double code : {-999.0, -99.0, 999.0, -9999.0, 9999.0}) {
      const auto n = std::count(t_.outcome.begin(), t_.outcome.end(), code);
      const bool others = std::all_of(t_.outcome.begin(), t_.outcome.end(), [&](double x) {
        return std::isnan(x) || x == code || std::abs(x) < std::abs(code) / 4;
      });
      if (n > 0 && others && has(kOutcome))
        note(
            "{} outcomes are {:g}, far from all others, and are taken as paid; where it stands for a missing "
            "one, write NA",
            n, code);
    }
  }
  /// Values that are to start afresh with a column need one.
  void refuse_absent_resets() const {
    const bool blocks = has(kBlockColumn) || has(kChange) || (has(kBest) && !rows_.featured);
    for (const auto& column : options_.reset_on) {
      const std::string name = fold(column);
      if ((name == "session" && !has(kSession)) || (name == "block" && !blocks))
        throw Error({h_.path.string(), 1, 0, ""},
                    fmt::format("values cannot start afresh with each {0}: there is no column '{0}'{1}; "
                                "--columns {0}=NAME names one; the file has {2}",
                                name, suggest(name, h_.names), fmt::join(h_.names, ", ")));
    }
  }
  void count_trials() {
    for (std::size_t s = 0; s < t_.subjects.size(); ++s)
      for (std::size_t r = t_.first[s]; r < t_.first[s + 1]; ++r)
        t_.trial[r] = static_cast<std::int32_t>(r - t_.first[s]);
    note("no column trial: each subject's rows are taken in their order");
  }
  void count_changes() {
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) {
      int block = 0;
      for (std::size_t r = t_.first[s]; r < t_.first[s + 1]; ++r) {
        const bool first = r == t_.first[s] || t_.session[r] != t_.session[r - 1];
        block = first ? 0 : block + (rows_.change[r] == 1);
        t_.block[r] = block;
      }
    }
    note("no column block: a block begins where column '{}' is 1", h_.name(kChange));
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

  const Header& h_;
  const ReadOptions& options_;
  Rows& rows_;
  Trials& t_;
  TrialsFile file_;
};

}  // namespace

TrialsFile derive(const Header& header, const ReadOptions& options, Rows& rows,
                  std::vector<std::string> notes) {
  return Derivation(header, options, rows, std::move(notes)).run();
}

}  // namespace labile
