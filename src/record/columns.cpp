#include "record/columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/math.hpp"

namespace labile {
namespace {

/// Our name and the names that a column goes by, folded.
struct Known {
  const char* name;
  std::vector<std::string> aliases;
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
      {"best", {"best", "bestoption", "correctoption", "correctaction"}},
      {"old_best", {"oldbest"}},
      {"condition", {"condition"}},
      {"state", {"state", "cue", "deck"}},
      {"input", {"input", "u"}},
      {"report", {"report", "estimate", "prediction"}},
      {"change", {"changepoint", "change"}},
      {"choice1", {"choice1", "level1choice", "stage1choice"}},
      {"choice2", {"choice2", "level2choice", "stage2choice"}},
      {"state2", {"state2", "stage2state"}},
      {"rt1_s", {"rt1s", "rt1"}},
      {"rt2_s", {"rt2s", "rt2"}},
      {"common", {"common"}},
  }};
  return known;
}

class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, const Records& in, const ReadOptions& options,
               std::vector<std::string>& notes)
      : in_(in), options_(options), notes_(notes) {
    h_.path = path;
    for (std::size_t i = 0; i < in.size(); ++i) h_.names.emplace_back(in[i]);
  }

  Header read() {
    h_.at.fill(-1);
    for (int c = 0; c < kColumns; ++c) h_.at[c] = find(static_cast<Column>(c));
    h_.ours = h_.has(kStage) && h_.has(kState) && h_.has(kOldBest);
    if (h_.ours) h_.at[kChange] = h_.at[kCommon] = -1;  // there these are signals
    // Such names may mean something else where what they stand for is there; who means them says so.
    if (h_.has(kOutcome) && !h_.ours) leave_alone(kInput, kOutcome);
    if (h_.has(kChoice) && !h_.ours) leave_alone(kReport, kChoice);
    for (const auto& [ours, theirs] : options_.columns) assign(ours, theirs);
    one_unit_of_time();
    if (options_.min_rt_s > 0 && !h_.has(kRt) && !h_.has(kRtMs) && !h_.has(kRt1))
      throw Error(where(), "has no column of response times, so none can be too short");
    if (options_.report_after && !h_.has(kReport))
      throw Error(where(), "has no column of reports, so none can come after its outcome");
    h_.wide = !h_.has(kChoice) && h_.has(kChoice1) && h_.has(kChoice2);
    if (h_.wide) notes_.emplace_back("two choices a row became two rows, stage 0 and stage 1");
    require_what_is_needed();
    find_options();
    find_signals();
    find_spelled();
    find_filters();
    refuse_equal_names();
    note_second_columns();
    return std::move(h_);
  }

 private:
  [[nodiscard]] Where where() const { return {h_.path.string(), in_.line(), 0, ""}; }
  [[nodiscard]] int find(Column c) const {
    for (const auto& alias : known_columns()[c].aliases)
      if (const int i = place(alias); i >= 0) return i;
    return -1;
  }
  /// Place of the column of that name, however it is written; -1 = none.
  [[nodiscard]] int place(std::string_view name) const {
    for (std::size_t i = 0; i < h_.names.size(); ++i)
      if (fold(h_.names[i]) == fold(name)) return static_cast<int>(i);
    return -1;
  }
  [[nodiscard]] std::size_t named(const std::string& name) const {
    const int i = place(name);
    if (i < 0) throw Error(where(), fmt::format("no column '{}'{}", name, suggest(name, h_.names)));
    return static_cast<std::size_t>(i);
  }
  void assign(const std::string& ours, const std::string& theirs) {
    std::vector<std::string> known;
    for (int c = 0; c < kColumns; ++c) {
      known.emplace_back(known_columns()[c].name);
      if (fold(ours) != fold(known.back())) continue;
      h_.at[c] = theirs == "none" && place(theirs) < 0 ? -1 : static_cast<int>(named(theirs));
      assigned_[c] = true;
      return;
    }
    throw Error(fmt::format("columns: Labile reads no column '{}'{}", ours, suggest(ours, known)));
  }
  void leave_alone(Column c, Column because) {
    if (!h_.has(c)) return;
    notes_.push_back(
        fmt::format("column '{}' was left alone, because there is '{}'", h_.name(c), h_.name(because)));
    h_.at[c] = -1;
  }
  /// A column that was said to hold milliseconds holds no seconds, whatever its name, and the reverse.
  void one_unit_of_time() {
    for (const auto& [said, other] : {std::pair{kRtMs, kRt}, std::pair{kRt, kRtMs}})
      if (assigned_[said] && !assigned_[other] && h_.has(said)) h_.at[other] = -1;
  }
  /// Of two columns of one name nobody can say which is meant.
  void refuse_equal_names() const {
    for (std::size_t i = 0; i < h_.names.size(); ++i)
      for (std::size_t k = i + 1; k < h_.names.size(); ++k)
        if (h_.names[i] == h_.names[k] && taken(i))
          throw Error(where(),
                      fmt::format("column '{}' stands twice, as number {} and {}; rename or remove one",
                                  h_.names[i], i + 1, k + 1));
  }
  /// Columns beside the one that was read for something, which would mean the same.
  void note_second_columns() {
    if (h_.ours) return;
    for (int k = 0; k < kColumns; ++k) {
      const auto c = static_cast<Column>(k);
      if (!h_.has(c) || assigned_[c]) continue;
      for (std::size_t i = 0; i < h_.names.size(); ++i)
        if (means(i, c) && !taken(i)) note_second(c, h_.names[i]);
    }
    if (h_.has(kRt) && h_.has(kRtMs) && !assigned_[kRt]) note_second(kRt, h_.name(kRtMs));
    if (h_.has(kOutcome) && h_.has(kGain) && h_.has(kLoss) && !assigned_[kOutcome])
      note_second(kOutcome, h_.name(kGain) + "' and '" + h_.name(kLoss));
  }
  void note_second(Column c, const std::string& second) {
    notes_.push_back(
        fmt::format("column '{0}' was read as {1}, and '{2}', which may mean the same, was not; "
                    "--columns {1}=NAME chooses (cards: columns = {{ {1} = \"NAME\" }})",
                    h_.name(c), known_columns()[c].name, second));
  }
  [[nodiscard]] bool means(std::size_t i, Column c) const {
    const auto& aliases = known_columns()[c].aliases;
    return std::find(aliases.begin(), aliases.end(), fold(h_.names[i])) != aliases.end();
  }
  /// Whether column i of the file is read for anything.
  [[nodiscard]] bool taken(std::size_t i) const {
    const auto is = [&](const auto& kept) { return kept.column == i; };
    return std::find(h_.at.begin(), h_.at.end(), static_cast<int>(i)) != h_.at.end() ||
           std::find(h_.options.begin(), h_.options.end(), i) != h_.options.end() ||
           std::any_of(h_.signals.begin(), h_.signals.end(), is) ||
           std::any_of(h_.spelled.begin(), h_.spelled.end(), is) ||
           std::any_of(h_.filters.begin(), h_.filters.end(), is);
  }
  void require_what_is_needed() const {
    if (!h_.has(kInput)) require(kSubject);
    if (!h_.wide && !h_.has(kInput) && !h_.has(kReport)) require(kChoice);
    if (h_.has(kInput)) return;
    if (!h_.has(kGain) || !h_.has(kLoss)) require(kOutcome);
  }
  void require(Column c) const {
    if (h_.has(c)) return;
    const Known& k = known_columns()[c];
    const std::string near = nearest(k.name, h_.names);
    throw Error(where(), fmt::format("column '{}' is missing{}; it may be called {}; the file has {}", k.name,
                                     near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
                                     fmt::join(k.aliases, ", "), fmt::join(h_.names, ", ")));
  }
  /// Columns that say what stands for each option: those named, or stim_left and stim_right.
  void find_options() {
    for (const auto& name : options_.option_columns) h_.options.push_back(named(name));
    if (!h_.options.empty() || h_.has(kStimulus)) return;
    const int left = place("stim_left"), right = place("stim_right");
    if (left >= 0 && right >= 0)
      h_.options = {static_cast<std::size_t>(left), static_cast<std::size_t>(right)};
  }
  void find_signals() {
    for (const auto& name : options_.signals) h_.signals.push_back({name, named(name), false});
    for (const auto& [name, theirs] : options_.renamed_signals)
      h_.signals.push_back({name, named(theirs), false});
    for (const auto& name : options_.optional_signals)
      if (const int i = place(name); i >= 0 && !kept(name))
        h_.signals.push_back({name, static_cast<std::size_t>(i), false});
    for (auto& s : h_.signals)
      s.needed = std::find(options_.needed.begin(), options_.needed.end(), s.name) != options_.needed.end();
    if (!h_.ours) return;
    for (std::size_t i = 0; i < h_.names.size(); ++i) {
      const bool known = std::find(h_.at.begin(), h_.at.end(), static_cast<int>(i)) != h_.at.end();
      const bool asked = std::any_of(h_.signals.begin(), h_.signals.end(),
                                     [&](const Header::Kept& s) { return s.column == i; });
      if (!known && !asked) h_.signals.push_back({h_.names[i], i, false});
    }
  }
  [[nodiscard]] bool kept(const std::string& name) const {
    return std::any_of(h_.signals.begin(), h_.signals.end(),
                       [&](const Header::Kept& s) { return s.name == name; });
  }
  /// By the file's name first, then by ours: `condition` is the column that --by names.
  void find_spelled() {
    for (const auto& name : options_.kept) {
      int at = place(name);
      for (int c = 0; c < kColumns; ++c)
        if (h_.at[c] >= 0 && (assigned_[c] || at < 0) && fold(known_columns()[c].name) == fold(name))
          at = h_.at[c];
      if (at < 0) throw Error(where(), fmt::format("no column '{}'{}", name, suggest(name, h_.names)));
      bool names = false;
      for (const Column c : {kSession, kBlockColumn, kStage, kCondition}) names = names || h_.at[c] == at;
      h_.spelled.push_back({name, static_cast<std::size_t>(at), names});
    }
  }
  void find_filters() {
    for (const auto& [name, value] : options_.where) {
      const std::size_t column = named(name);
      const auto it = std::find_if(h_.filters.begin(), h_.filters.end(),
                                   [&](const Header::Filter& f) { return f.column == column; });
      if (it == h_.filters.end())
        h_.filters.push_back({column, {value}});
      else
        it->values.push_back(value);
    }
  }

  const Records& in_;
  const ReadOptions& options_;
  std::vector<std::string>& notes_;
  std::array<bool, kColumns> assigned_{};  // [column] the user said which it is
  Header h_;
};

}  // namespace

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

double number(std::string_view s) {
  if (s.size() == 1 && s[0] >= '0' && s[0] <= '9') return s[0] - '0';
  if (!s.empty() && s[0] == '+') s.remove_prefix(1);
  double x = kNaN;
  const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), x);
  return ec == std::errc{} && end == s.data() + s.size() ? x : kNaN;
}

Header read_header(const std::filesystem::path& path, const Records& in, const ReadOptions& options,
                   std::vector<std::string>& notes) {
  return HeaderReader(path, in, options, notes).read();
}

}  // namespace labile
