#include "contract/lanes.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace labile {
namespace {
bool same_layout(const SubjectTrials& a, const SubjectTrials& b) {
  const Layout &x = a.layout, &y = b.layout;
  return x.options == y.options && x.arity == y.arity && x.feature_is_option == y.feature_is_option &&
         x.states == y.states && a.report_after == b.report_after;
}

/// The decision that comes next: the earliest in a trial among lanes that are furthest behind, so that lanes meet again.
int next_stage(std::span<const SubjectTrials> lanes, std::span<const std::size_t> at) {
  int stage = -1;
  std::size_t left = 0;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::size_t rest = lanes[i].size() - at[i];
    if (rest == 0) continue;
    const int here = lanes[i].stage.empty() ? 0 : lanes[i].stage[at[i]];
    if (rest > left || (rest == left && here < stage)) {
      left = rest;
      stage = here;
    }
  }
  return stage;
}

class Packer {
 public:
  Packer(LaneTrials& r, const LaneNeeds& needs) : r_(r), needs_(needs) {
    for (const auto& s : r.trials) {
      const auto find = [&](const std::string& name) {
        for (const auto& c : s.inputs)
          if (c.name == name) return c.values;
        return std::span<const double>();
      };
      std::vector<std::span<const double>> columns;
      for (const auto& name : needs.inputs) columns.push_back(find(name));
      columns_.push_back(std::move(columns));
      has_state_ = has_state_ || !s.state.empty();
      has_right_ = has_right_ || !s.right.empty();
    }
  }
  void run() {
    std::array<std::size_t, kWidth> at{};
    for (;;) {
      const int stage = next_stage(r_.trials, {at.data(), r_.trials.size()});
      if (stage < 0) break;
      begin_step(stage);
      for (std::size_t i = 0; i < r_.trials.size(); ++i) {
        const auto& s = r_.trials[i];
        if (at[i] < s.size() && (s.stage.empty() ? 0 : s.stage[at[i]]) == stage) put(i, at[i]++);
      }
    }
    r_.steps = static_cast<int>(r_.step.size());
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
  /// Trial t of the subject in lane i becomes the last step's.
  void put(std::size_t i, std::size_t t) {
    const auto& s = r_.trials[i];
    const int lane = static_cast<int>(i);
    const auto bit = static_cast<LaneBits>(1u << i);
    auto& step = r_.step.back();
    const bool known = s.outcome[t] == s.outcome[t], chose = s.choice[t] >= 0;
    const bool scored = s.scored.empty() || s.scored[t];
    if (s.fresh[t] && t > 0) step.fresh |= bit;
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
    if (!s.state.empty()) r_.state.back().i[lane] = s.state[t];
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
  const LaneNeeds& needs_;
  std::vector<std::vector<std::span<const double>>> columns_;  // [lane][input]
  bool has_state_ = false, has_right_ = false;
};
}  // namespace

std::vector<LaneTrials> pack_lanes(std::span<const SubjectTrials> subjects, const LaneNeeds& needs) {
  std::vector<std::size_t> order(subjects.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> kind(subjects.size());  // the first subject of the same layout
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    kind[s] = s;
    for (std::size_t k = 0; k < s; ++k)
      if (kind[k] == k && same_layout(subjects[k], subjects[s])) {
        kind[s] = k;
        break;
      }
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return kind[a] != kind[b] ? kind[a] < kind[b] : subjects[a].size() > subjects[b].size();
  });
  std::vector<LaneTrials> r;
  for (std::size_t i = 0; i < order.size();) {
    LaneTrials g;
    const std::size_t first = order[i];
    g.layout = subjects[first].layout;
    g.report_after = subjects[first].report_after;
    for (; i < order.size() && g.subject.size() < kWidth && kind[order[i]] == kind[first]; ++i) {
      g.subject.push_back(order[i]);
      g.trials.push_back(subjects[order[i]]);
    }
    Packer(g, needs).run();
    r.push_back(std::move(g));
  }
  return r;
}

}  // namespace labile
