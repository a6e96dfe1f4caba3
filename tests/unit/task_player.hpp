/// Plays a task by rule, for tests: what each lane met, one row a decision.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tasks/catalogue.hpp"

namespace labile {

struct PlayedRow {
  int trial = 0, block = 0, best = -1, choice = -1, state = 0, stage = 0;
  double outcome = kNaN;
  std::vector<double> would_pay = {};
  std::vector<double> input = {};
};

/// choose(lane, decision, best option) of every decision; [lane][decision].
inline std::vector<std::vector<PlayedRow>> play_by(Task& task, int lanes,
                                                   const std::function<int(int, int, int)>& choose,
                                                   std::uint64_t seed = 5) {
  const auto n = static_cast<std::size_t>(lanes);
  std::vector<std::uint32_t> entity(n);
  std::iota(entity.begin(), entity.end(), 0u);
  task.begin({seed, entity, lanes});
  std::vector<std::int32_t> choice(n);
  std::vector<double> rt(n, kNaN), report(n, kNaN);
  std::vector<std::vector<PlayedRow>> rows(n);
  Phase ph;
  while (task.next(ph)) {
    const auto at = task.position();
    if (ph.awaits_action) {
      for (std::size_t i = 0; i < n; ++i) choice[i] = choose(static_cast<int>(i), ph.trial, at.best[i]);
      task.take({choice, rt, report});
    }
    if (ph.kind != PhaseKind::outcome) continue;
    for (std::size_t i = 0; i < n; ++i) {
      if (!ph.live[i]) continue;
      PlayedRow r{ph.trial, at.block[i], at.best[i], choice[i], 0, ph.stage, ph.outcome[i]};
      if (!ph.state.empty()) r.state = ph.state[i];
      for (std::size_t o = 0; o < static_cast<std::size_t>(ph.layout->options); ++o)
        r.would_pay.push_back(at.would_pay[o * n + i]);
      for (std::size_t k = 0; k < task.info().inputs.size(); ++k) r.input.push_back(ph.input[k * n + i]);
      rows[i].push_back(std::move(r));
    }
  }
  return rows;
}

inline Settings settings(std::initializer_list<std::pair<const char*, Value>> list) {
  Settings s;
  for (const auto& [k, v] : list) s[k] = {v, Where{"card", 1, 1, k}};
  return s;
}

/// "block.stage state best pays ..." of the first decisions, a readable golden trace.
inline std::string trace(const std::vector<PlayedRow>& rows, std::size_t first, std::size_t count) {
  std::string text;
  for (std::size_t t = first; t < std::min(rows.size(), first + count); ++t) {
    const auto& r = rows[t];
    text += fmt::format("{}{}.{} state {} best {} pays", t == first ? "" : " | ", r.block, r.stage, r.state,
                        r.best);
    for (const double x : r.would_pay) text += fmt::format(" {:g}", x);
    for (const double x : r.input) text += fmt::format(" shows {:g}", x);
  }
  return text;
}

}  // namespace labile
