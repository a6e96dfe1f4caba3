#include "record/read_schedule.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/math.hpp"
#include "record/columns.hpp"

namespace labile {
namespace {

class ScheduleReader {
 public:
  explicit ScheduleReader(const std::filesystem::path& path) : path_(path), in_(path) {
    if (!in_.next()) throw Error(fmt::format("{}: is empty", path.string()));
    for (std::size_t i = 0; i < in_.size(); ++i) names_.emplace_back(in_[i]);
    find_columns();
    s_.source = path.string();
  }

  Schedule read() {
    while (in_.next()) row();
    if (subjects_.empty()) throw Error(fmt::format("{}: has a header and no rows", path_.string()));
    if (best_ < 0 && outcome_ < 0 && payoff_.empty() && probability_.empty())
      throw Error(
          {path_.string(), 1, 0, ""},
          fmt::format("says nothing of what happens; write best, outcome, payoff_0, payoff_1, ... or p_0, "
                      "p_1, ...; the file has {}",
                      fmt::join(names_, ", ")));
    s_.options =
        std::max({s_.options, static_cast<int>(payoff_.size()), static_cast<int>(probability_.size())});
    for (const auto& list : s_.state)
      for (const auto x : list) s_.states = std::max(s_.states, x + 1);
    return std::move(s_);
  }

 private:
  [[nodiscard]] int place(std::string_view name) const {
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (fold(names_[i]) == fold(name)) return static_cast<int>(i);
    return -1;
  }
  void find_columns() {
    subject_ = place("subject"), trial_ = place("trial"), block_ = place("block"), state_ = place("state");
    best_ = place("best"), outcome_ = place("outcome");
    std::vector<int> known{subject_, trial_, block_, state_, best_, outcome_};
    for (auto [stem, list] : {std::pair{"payoff", &payoff_}, std::pair{"p", &probability_}})
      for (int o = 0; o < kMaxOptions; ++o) {
        const int at = place(fmt::format("{}_{}", stem, o));
        if (at < 0) break;
        list->push_back(at);
        known.push_back(at);
      }
    refuse_gaps();
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (std::find(known.begin(), known.end(), static_cast<int>(i)) == known.end()) {
        numbers_.push_back(static_cast<int>(i));
        s_.inputs.push_back({names_[i], {}});
      }
  }
  /// Options count up from 0: payoff_2 without payoff_1 would be a number shown.
  void refuse_gaps() const {
    for (const auto& [stem, list] : {std::pair{"payoff", &payoff_}, std::pair{"p", &probability_}})
      for (int o = static_cast<int>(list->size()) + 1; o < kMaxOptions; ++o)
        if (const int at = place(fmt::format("{}_{}", stem, o)); at >= 0)
          throw Error(
              {path_.string(), 1, 0, names_[static_cast<std::size_t>(at)]},
              fmt::format("there is no column {}_{}; options count up from {}_0", stem, list->size(), stem));
  }
  [[nodiscard]] Error bad(int column, const std::string& message) const {
    return Error({path_.string(), in_.line(), 0, names_[static_cast<std::size_t>(column)]}, message);
  }
  [[nodiscard]] double real(int column) const {
    const std::string_view s = in_[static_cast<std::size_t>(column)];
    const double x = number(s);
    if (!std::isfinite(x)) throw bad(column, fmt::format("'{}' is not a number", s));
    return x;
  }
  [[nodiscard]] std::int32_t whole(int column, int most) const {
    const double x = real(column);
    if (x != std::floor(x) || x < 0 || x > most)
      throw bad(column, fmt::format("{} is not a whole number from 0 to {}", x, most));
    return static_cast<std::int32_t>(x);
  }
  void row() {
    if (in_.size() != names_.size())
      throw Error({path_.string(), in_.line(), 0, ""},
                  fmt::format("too {} fields: {}, the header has {}",
                              in_.size() < names_.size() ? "few" : "many", in_.size(), names_.size()));
    const std::size_t who = subject();
    check_trial(who);
    const auto at = [&](auto& lists) -> auto& {
      if (lists.size() <= who) lists.resize(who + 1);
      return lists[who];
    };
    if (best_ >= 0) {
      at(s_.best).push_back(whole(best_, kMaxOptions - 1));
      s_.options = std::max(s_.options, s_.best[who].back() + 1);
    }
    count_block(who, block_ >= 0 ? whole(block_, 1000000000) : 0, at(s_.block));
    if (state_ >= 0) at(s_.state).push_back(whole(state_, kMaxStates - 1));
    if (outcome_ >= 0) at(s_.outcome).push_back(real(outcome_));
    for (const int c : payoff_) at(s_.payoff).push_back(real(c));
    for (const int c : probability_) {
      const double p = real(c);
      if (p < 0 || p > 1) throw bad(c, fmt::format("{} is no probability; it is from 0 to 1", p));
      at(s_.probability).push_back(p);
    }
    for (std::size_t k = 0; k < numbers_.size(); ++k) at(s_.inputs[k].values).push_back(real(numbers_[k]));
  }
  /// Blocks are counted from 0, whatever the file calls them.
  void count_block(std::size_t who, std::int32_t name, std::vector<std::int32_t>& block) {
    if (block.empty()) last_block_.resize(std::max(last_block_.size(), who + 1), name);
    block.push_back(block.empty() ? 0 : block.back() + (name != last_block_[who]));
    last_block_[who] = name;
  }
  std::size_t subject() {
    const std::string name = subject_ < 0 ? "" : std::string(in_[static_cast<std::size_t>(subject_)]);
    if (subject_ >= 0 && name.empty()) throw bad(subject_, "is empty; every row needs a subject");
    const auto [it, fresh] = subjects_.try_emplace(name, subjects_.size());
    if (fresh) last_trial_.push_back(kNaN);
    return it->second;
  }
  void check_trial(std::size_t who) {
    if (trial_ < 0) return;
    const double x = whole(trial_, 1000000000), before = last_trial_[who];
    if (std::isnan(before) ? x > 1 : x != before + 1)
      throw bad(trial_, std::isnan(before)
                            ? fmt::format("the first trial is {}; trials count from 0 or 1", x)
                            : fmt::format("trial {} follows trial {}; trials count up by 1", x, before));
    last_trial_[who] = x;
  }

  std::filesystem::path path_;
  Records in_;
  Schedule s_;
  std::vector<std::string> names_;
  int subject_ = -1, trial_ = -1, block_ = -1, state_ = -1, best_ = -1, outcome_ = -1;
  std::vector<int> payoff_, probability_, numbers_;
  std::map<std::string, std::size_t> subjects_;
  std::vector<double> last_trial_;        // [subject]
  std::vector<std::int32_t> last_block_;  // [subject]
};

}  // namespace

Schedule read_schedule(const std::filesystem::path& path) {
  return ScheduleReader(path).read();
}

}  // namespace labile
