#include "contract/lanes.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace labile {
namespace {
bool same_layout(const SubjectTrials& a, const SubjectTrials& b) {
  const Layout &x = a.layout, &y = b.layout;
  return x.options == y.options && x.arity == y.arity && x.feature_is_option == y.feature_is_option &&
         x.states == y.states && a.report_after == b.report_after;
}

/// One lane before it is packed: a subject's rows, or those in one state.
struct Lane {
  std::size_t subject;
  bool whole;                     // all rows
  std::vector<std::size_t> rows;  // else these
  [[nodiscard]] std::size_t size(const SubjectTrials& s) const { return whole ? s.size() : rows.size(); }
  [[nodiscard]] std::size_t row(std::size_t i) const { return whole ? i : rows[i]; }
};

/// The decision that comes next: the earliest in a trial among lanes that are furthest behind, so that lanes meet again.
int next_stage(std::span<const SubjectTrials> trials, std::span<const Lane> lanes,
               std::span<const std::size_t> at) {
  int stage = -1;
  std::size_t left = 0;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::size_t rest = lanes[i].size(trials[i]) - at[i];
    if (rest == 0) continue;
    const int here = trials[i].stage.empty() ? 0 : trials[i].stage[lanes[i].row(at[i])];
    if (rest > left || (rest == left && here < stage)) {
      left = rest;
      stage = here;
    }
  }
  return stage;
}

class Packer {
 public:
  Packer(LaneTrials& r, std::span<const Lane> lanes, const LaneNeeds& needs)
      : r_(r), lanes_(lanes), needs_(needs) {
    for (const auto& s : r.trials) {
      const auto find = [&](const std::string& name) {
        for (const auto& c : s.inputs)
          if (c.name == name) return c.values;
        return std::span<const double>();
      };
      std::vector<std::span<const double>> columns;
      for (const auto& name : needs.inputs) columns.push_back(find(name));
      columns_.push_back(std::move(columns));
      has_state_ = has_state_ || (!s.state.empty() && !needs.states_apart);
      has_right_ = has_right_ || !s.right.empty();
    }
  }
  void run() {
    std::array<std::size_t, kWidth> at{};
    for (;;) {
      const int stage = next_stage(r_.trials, lanes_, {at.data(), lanes_.size()});
      if (stage < 0) break;
      begin_step(stage);
      for (std::size_t i = 0; i < r_.trials.size(); ++i) {
        const auto& s = r_.trials[i];
        const auto& l = lanes_[i];
        if (at[i] >= l.size(s)) continue;
        const auto t = l.row(at[i]), before = at[i] == 0 ? t : l.row(at[i] - 1);
        if ((s.stage.empty() ? 0 : s.stage[t]) != stage) continue;
        put(i, t,
            std::any_of(s.fresh.begin() + static_cast<std::ptrdiff_t>(before) + 1,
                        s.fresh.begin() + static_cast<std::ptrdiff_t>(t) + 1, [](auto f) { return f != 0; }));
        ++at[i];
      }
      let_idle_follow(at);
    }
  }

 private:
  void begin_step(int stage) {
    const Layout& l = r_.layout;
    r_.step.push_back({0, 0, 0, 0, 0, static_cast<std::int8_t>(stage)});
    r_.choice.emplace_back(0);
    r_.outcome.emplace_back(0.0);
    if (!l.feature_is_option)
      for (int o = 0; o < l.options; ++o)
        for (int d = 0; d < l.dims(); ++d) r_.feature.emplace_back(l.offset[d]);
    if (has_state_) r_.state.emplace_back(0);
    if (has_right_) r_.right.emplace_back(-1);
    if (needs_.reports) r_.report.emplace_back(0.0);
    for (std::size_t k = 0; k < needs_.inputs.size(); ++k) r_.input.emplace_back(needs_.not_shown);
  }
  /// Lanes without a subject, and those that have ended, do what the others do: nobody looks at them, and nothing has to be kept for them.
  void let_idle_follow(std::span<const std::size_t> at) {
    auto& step = r_.step.back();
    LaneBits unused = 0, ended = 0;
    for (std::size_t i = 0; i < kWidth; ++i) {
      const auto bit = static_cast<LaneBits>(1u << i);
      if (i >= lanes_.size())
        unused |= bit;
      else if (at[i] >= lanes_[i].size(r_.trials[i]) && !((step.chose | step.missed | step.learns) & bit))
        ended |= bit;
    }
    for (auto* bits : {&step.missed, &step.chose, &step.learns})
      if (*bits != 0) *bits |= unused | ended;
    if (step.scored != 0) step.scored |= unused;
  }
  /// Trial t of the subject in lane i becomes the last step's; `fresh`: values started afresh since the one before.
  void put(std::size_t i, std::size_t t, bool fresh) {
    const auto& s = r_.trials[i];
    const int lane = static_cast<int>(i);
    const auto bit = static_cast<LaneBits>(1u << i);
    auto& step = r_.step.back();
    const bool known = s.outcome[t] == s.outcome[t], chose = s.choice[t] >= 0;
    const bool scored = s.scored.empty() || s.scored[t];
    if (fresh) step.fresh |= bit;
    if (known) r_.outcome.back().set(lane, s.outcome[t]);
    if (needs_.reports) {
      const double report = s.report.empty() ? kNaN : s.report[t];
      if (report == report) {
        r_.report.back().set(lane, report);
        step.chose |= bit;
        if (scored) step.scored |= bit;
      }
      if (known) step.learns |= bit;
    } else if (!chose) {
      step.missed |= bit;
    } else {
      r_.choice.back().i[lane] = s.choice[t];
      step.chose |= bit;
      if (scored) step.scored |= bit;
      if (known || (needs_.learns_when_told && !s.right.empty() && s.right[t] >= 0)) step.learns |= bit;
    }
    const Layout& l = r_.layout;
    const std::size_t per = l.feature_is_option ? 0 : static_cast<std::size_t>(l.options) * l.dims();
    for (std::size_t k = 0; k < per; ++k)
      r_.feature[r_.feature.size() - per + k].i[lane] = s.feature[t * per + k];
    if (has_state_ && !s.state.empty()) r_.state.back().i[lane] = s.state[t];
    if (!s.right.empty()) r_.right.back().i[lane] = s.right[t];
    const std::size_t n = needs_.inputs.size();
    for (std::size_t k = 0; k < n; ++k) {
      const auto& column = columns_[i][k];
      const double shown = column.empty() ? needs_.not_shown : column[t];
      // What need not be shown and is missing counts as not shown; what is needed is there wherever it matters.
      r_.input[r_.input.size() - n + k].set(lane, shown == shown ? shown : needs_.not_shown);
    }
  }

  LaneTrials& r_;
  std::span<const Lane> lanes_;
  const LaneNeeds& needs_;
  std::vector<std::vector<std::span<const double>>> columns_;  // [lane][input]
  bool has_state_ = false, has_right_ = false;
};

/// Each subject's lanes: one, or one for each state that it met.
std::vector<Lane> lanes_to_pack(std::span<const SubjectTrials> subjects, const LaneNeeds& needs) {
  std::vector<Lane> r;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    if (!needs.states_apart || subjects[s].state.empty()) {
      r.push_back({s, true, {}});
      continue;
    }
    std::map<std::int32_t, std::vector<std::size_t>> rows;
    for (std::size_t t = 0; t < subjects[s].size(); ++t) rows[subjects[s].state[t]].push_back(t);
    for (auto& [state, of] : rows) r.push_back({s, false, std::move(of)});
  }
  return r;
}
}  // namespace

std::vector<LaneTrials> pack_lanes(std::span<const SubjectTrials> subjects, const LaneNeeds& needs) {
  std::vector<std::size_t> kind(subjects.size());  // the first subject of the same layout
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    kind[s] = s;
    for (std::size_t k = 0; k < s; ++k)
      if (kind[k] == k && same_layout(subjects[k], subjects[s])) {
        kind[s] = k;
        break;
      }
  }
  auto lanes = lanes_to_pack(subjects, needs);
  std::stable_sort(lanes.begin(), lanes.end(), [&](const Lane& a, const Lane& b) {
    if (kind[a.subject] != kind[b.subject]) return kind[a.subject] < kind[b.subject];
    return a.size(subjects[a.subject]) > b.size(subjects[b.subject]);
  });
  std::vector<LaneTrials> r;
  for (std::size_t i = 0; i < lanes.size();) {
    LaneTrials g;
    const std::size_t first = i, of = lanes[i].subject;
    g.layout = subjects[of].layout;
    if (needs.states_apart) g.layout.states = 1;
    g.report_after = subjects[of].report_after;
    for (; i < lanes.size() && i - first < kWidth && kind[lanes[i].subject] == kind[of]; ++i) {
      g.subject.push_back(lanes[i].subject);
      g.trials.push_back(subjects[lanes[i].subject]);
    }
    Packer(g, std::span(lanes).subspan(first, i - first), needs).run();
    r.push_back(std::move(g));
  }
  return r;
}

}  // namespace labile
