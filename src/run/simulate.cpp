#include "run/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.hpp"
#include "core/random.hpp"

namespace labile {
namespace {

thread_local std::size_t t_decisions = 0;
thread_local std::vector<Onset> t_onsets;

/// The record of a block while it runs: [trial][lane], turned subject-major at the end.
class Recorder {
 public:
  Recorder(const TaskInfo& info, const Agent& agent, int lanes, int count)
      : layout_(info.layout),
        stages_(info.stages),
        reports_(info.reports),
        inputs_(info.inputs),
        agent_(agent),
        lanes_(lanes),
        count_(count),
        scratch_(lanes) {
    shown_.resize(inputs_.size());
    for (const auto& s : agent.signals())
      if (s.feature_map) {
        map_scratch_.resize(static_cast<std::size_t>(layout_.features()) * lanes);
        columns_.push_back({s.name + "_relevant", {}});
        columns_.push_back({s.name + "_total", {}});
      } else {
        columns_.push_back({s.name, {}});
      }
  }

  /// Before the task moves on from the outcome phase.
  void take(const Phase& ph, const Position& at, const Actions& actions) {
    const auto n = static_cast<std::size_t>(lanes_);
    live_.insert(live_.end(), ph.live.begin(), ph.live.end());
    block_.insert(block_.end(), at.block.begin(), at.block.end());
    best_.insert(best_.end(), at.best.begin(), at.best.end());
    old_best_.insert(old_best_.end(), at.old_best.begin(), at.old_best.end());
    choice_.insert(choice_.end(), actions.choice.begin(), actions.choice.end());
    rt_ms_.insert(rt_ms_.end(), actions.rt_ms.begin(), actions.rt_ms.end());
    if (reports_) report_.insert(report_.end(), actions.report.begin(), actions.report.end());
    outcome_.insert(outcome_.end(), ph.outcome.begin(), ph.outcome.end());
    feature_.insert(feature_.end(), ph.feature.begin(), ph.feature.end());
    state_.insert(state_.end(), ph.state.begin(), ph.state.end());
    right_.insert(right_.end(), ph.right.begin(), ph.right.end());
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      const auto now = ph.input.subspan(k * n, n);
      shown_[k].insert(shown_[k].end(), now.begin(), now.end());
    }
    std::size_t column = 0;
    for (std::size_t s = 0; s < agent_.signals().size(); ++s) {
      if (agent_.signals()[s].feature_map) {
        agent_.read(static_cast<int>(s), map_scratch_);
        append_map(ph, at, actions, columns_[column].values, columns_[column + 1].values);
        column += 2;
      } else {
        agent_.read(static_cast<int>(s), scratch_);
        auto& v = columns_[column++].values;
        v.insert(v.end(), scratch_.begin(), scratch_.begin() + static_cast<std::ptrdiff_t>(n));
      }
    }
    ++trials_;
  }

  [[nodiscard]] Trials finish(int first) const {
    Trials r;
    r.layout = layout_;
    r.first.push_back(0);
    for (const auto& c : columns_) r.signals[c.name].reserve(static_cast<std::size_t>(trials_) * count_);
    for (int lane = 0; lane < count_; ++lane) {
      r.subjects.push_back(fmt::format("{}", first + lane));
      for (int t = 0; t < trials_; ++t) append_row(r, t, lane);
      r.first.push_back(r.rows());
    }
    return r;
  }

 private:
  struct Column {
    std::string name;
    std::vector<double> values;  // [trial][lane]
  };

  /// Credit at the chosen option's true value in the relevant dimension, and credit in all.
  void append_map(const Phase& ph, const Position& at, const Actions& actions, std::vector<double>& relevant,
                  std::vector<double>& total) const {
    const auto n = static_cast<std::size_t>(lanes_);
    for (std::size_t lane = 0; lane < n; ++lane) {
      double sum = 0;
      for (int f = 0; f < layout_.features(); ++f) sum += map_scratch_[f * n + lane];
      total.push_back(sum);
      const int c = actions.choice[lane];
      if (c < 0 || at.relevant[lane] < 0) {
        relevant.push_back(kNaN);
        continue;
      }
      int dim = 0;
      while (dim + 1 < layout_.dims() && layout_.offset[dim + 1] <= at.relevant[lane]) ++dim;
      const std::int64_t f = ph.feature.empty() ? c : ph.feature[(c * layout_.dims() + dim) * n + lane];
      relevant.push_back(map_scratch_[f * n + lane]);
    }
  }

  void append_row(Trials& r, int t, int lane) const {
    const auto n = static_cast<std::size_t>(lanes_);
    const std::size_t k = t * n + lane;
    if (!live_[k]) return;
    r.session.push_back(0);
    r.block.push_back(block_[k]);
    r.trial.push_back(t / stages_);
    r.stage.push_back(t % stages_);
    if (!state_.empty()) r.state.push_back(state_[k]);
    if (!right_.empty()) r.right.push_back(right_[k]);
    if (reports_) r.report.push_back(report_[k]);
    for (std::size_t i = 0; i < inputs_.size(); ++i) r.signals[inputs_[i]].push_back(shown_[i][k]);
    r.choice.push_back(choice_[k]);
    r.best.push_back(best_[k]);
    r.old_best.push_back(old_best_[k]);
    r.correct.push_back(choice_[k] < 0 || best_[k] < 0 ? std::int8_t{-1}
                                                       : static_cast<std::int8_t>(choice_[k] == best_[k]));
    r.outcome.push_back(outcome_[k]);
    r.rt_s.push_back(rt_ms_[k] / 1000);
    const std::size_t per = feature_.empty() ? 0 : static_cast<std::size_t>(layout_.options) * layout_.dims();
    for (std::size_t j = 0; j < per; ++j) r.feature.push_back(feature_[(t * per + j) * n + lane]);
    for (const auto& c : columns_) r.signals[c.name].push_back(c.values[k]);
  }

  Layout layout_;
  int stages_;
  bool reports_;
  std::vector<std::string> inputs_;
  const Agent& agent_;
  int lanes_, count_, trials_ = 0;
  std::vector<std::uint8_t> live_;
  std::vector<std::int32_t> block_, best_, old_best_, choice_;
  std::vector<double> rt_ms_, outcome_, report_;  // report_: empty unless asked for
  std::vector<std::int64_t> feature_;             // [trial][option][dim][lane]
  std::vector<std::int32_t> state_;               // [trial][lane], empty = one state
  std::vector<std::int32_t> right_;               // [trial][lane], empty = agents are not told
  std::vector<std::vector<double>> shown_;        // [input][trial][lane]
  std::vector<Column> columns_;
  std::vector<double> scratch_, map_scratch_;
};

/// Manipulations resolved against one agent's handles and one task's events.
class Interventions {
 public:
  Interventions(const std::vector<Manipulation>& list, const TaskInfo& info, Agent& agent, int lanes)
      : agent_(agent), amount_(lanes), elapsed_ms_(lanes, 0.0) {
    for (const auto& m : list) {
      Active a{m, handle(m), event(m, info), std::vector<int>(lanes, 0), std::vector<int>(lanes, -1)};
      active_.push_back(std::move(a));
    }
  }

  /// At the first phase of a trial: what begins now?
  void begin_trial(const Phase& ph, const Position& at) {
    for (auto& a : active_)
      for (std::size_t lane = 0; lane < a.seen.size(); ++lane) {
        if (!ph.live[lane] || a.onset[lane] >= 0) continue;
        const bool event = a.event >= 0 && (at.events[lane] >> a.event & 1);
        a.seen[lane] += event;
        const bool now = a.m.trial >= 0      ? ph.trial >= a.m.trial
                         : a.m.time_ms >= 0  ? elapsed_ms_[lane] >= a.m.time_ms
                         : a.m.at == "start" ? true
                                             : event && a.seen[lane] == a.m.occurrence;
        if (!now) continue;
        a.onset[lane] = ph.trial;
        if (a.handle >= 0 && a.m.op != Manipulation::Op::stimulate)
          agent_.apply(a.handle, static_cast<int>(lane), effect(a.m));
      }
  }

  /// After a phase: the clock of each lane. A choice takes its response time, or the whole phase without one.
  void pass_time(const Phase& ph, const Actions& actions) {
    for (std::size_t lane = 0; lane < elapsed_ms_.size(); ++lane) {
      const bool answered = ph.awaits_action && actions.choice[lane] >= 0 && actions.rt_ms[lane] >= 0;
      elapsed_ms_[lane] += answered ? actions.rt_ms[lane] : ph.duration_ms[lane];
    }
  }

  [[nodiscard]] std::vector<Onset> onsets(int count) const {
    std::vector<Onset> r;
    for (const auto& a : active_) {
      Onset o;
      for (int lane = 0; lane < count; ++lane) {
        o.subjects += a.onset[lane] >= 0;
        o.most_events = std::max(o.most_events, a.seen[lane]);
      }
      r.push_back(o);
    }
    return r;
  }

  /// Before the agent meets the outcome: stimulation contingent on it.
  void before_outcome(const Phase& ph, const Subjects& who) {
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const auto& a = active_[i];
      if (a.m.op != Manipulation::Op::stimulate) continue;
      for (std::size_t lane = 0; lane < amount_.size(); ++lane)
        amount_[lane] = a.onset[lane] >= 0 && stimulated(a, i, ph, who, lane) ? a.m.amount : 0.0;
      agent_.pulse(a.handle, amount_);
    }
  }

 private:
  struct Active {
    Manipulation m;
    int handle, event;
    std::vector<int> seen, onset;  // [lane] events so far; first trial in force, -1 = not yet
  };

  /// -1: what works through modulators, or what that does to handles that this agent lacks.
  [[nodiscard]] int handle(const Manipulation& m) const {
    if (m.through_modulators()) return -1;
    std::vector<std::string> names;
    for (const auto& h : agent_.handles()) names.push_back(h.name);
    const auto it = std::find(names.begin(), names.end(), m.target);
    if (m.derived && (it == names.end() || std::find(names.begin(), names.end(), m.unless) != names.end()))
      return -1;
    if (it == names.end())
      throw Error(m.where, fmt::format("no handle '{}' on this agent{}", m.target, suggest(m.target, names)));
    return static_cast<int>(it - names.begin());
  }
  static int event(const Manipulation& m, const TaskInfo& info) {
    if (m.trial >= 0 || m.time_ms >= 0 || m.at == "start") return -1;
    const auto it = std::find(info.events.begin(), info.events.end(), m.at);
    if (it == info.events.end())
      throw Error(m.where, fmt::format("this task has no event '{}'{}", m.at, suggest(m.at, info.events)));
    return static_cast<int>(it - info.events.begin());
  }
  static Effect effect(const Manipulation& m) {
    switch (m.op) {
      case Manipulation::Op::scale:
        return {Effect::scale, m.amount};
      case Manipulation::Op::set:
        return {Effect::set, m.amount};
      case Manipulation::Op::add:
        return {Effect::add, m.amount};
      case Manipulation::Op::lesion:
        return {Effect::scale, 1 - m.amount};
      case Manipulation::Op::reset:
        return {Effect::reset_fraction, m.amount};
      case Manipulation::Op::stimulate:
      case Manipulation::Op::dose:
        break;
    }
    throw Bug("a stimulation or a dose is no lasting effect of its own");
  }
  static bool stimulated(const Active& a, std::size_t index, const Phase& ph, const Subjects& who,
                         std::size_t lane) {
    switch (a.m.when) {
      case Manipulation::When::always:
        return true;
      case Manipulation::When::reward:
        return ph.outcome[lane] > 0;
      case Manipulation::When::no_reward:
        return ph.outcome[lane] <= 0;
      case Manipulation::When::random:
        break;
    }
    const std::size_t t = std::min<std::size_t>(ph.trial - a.onset[lane], a.m.probability.size() - 1);
    const Draw draw{who.seed, Purpose::contingency, who.entity[lane]};
    return draw.uniform(static_cast<std::uint32_t>(ph.trial), static_cast<std::uint32_t>(index)) <
           a.m.probability[t];
  }

  Agent& agent_;
  std::vector<Active> active_;
  std::vector<double> amount_;
  std::vector<double> elapsed_ms_;  // [lane] task time so far
};

}  // namespace

std::size_t simulated_decisions() noexcept {
  return t_decisions;
}

const std::vector<Onset>& simulated_onsets() noexcept {
  return t_onsets;
}

Trials simulate(const Simulation& s, int first, int count) {
  const int lanes = (count + kWidth - 1) / kWidth * kWidth;
  std::vector<std::uint32_t> entity(lanes);
  for (int i = 0; i < lanes; ++i) entity[i] = static_cast<std::uint32_t>(first + (i < count ? i : 0));
  const auto task = s.make_task(s.task_settings, s.schedule);
  const auto agent = s.rows ? s.make_each(*s.rows) : s.make_agent(s.agent_settings);
  const Subjects who{s.seed, entity, count, agent->lives_in_time() || !s.manipulations.empty()};
  task->begin(who);
  agent->begin(task->info(), who);
  Recorder recorder(task->info(), *agent, lanes, count);
  Interventions interventions(s.manipulations, task->info(), *agent, lanes);

  std::vector<std::int32_t> choice(lanes, -1);
  std::vector<double> rt(lanes, kNaN), report(lanes, kNaN);
  const Actions actions{choice, rt, report};
  t_decisions = 0;
  int last_trial = -1;
  Phase ph;
  while (task->next(ph)) {
    if (ph.trial != last_trial) {
      last_trial = ph.trial;
      if (ph.trial % 256 == 0 && interrupted()) throw Interrupted("interrupted");
      if (!s.manipulations.empty()) interventions.begin_trial(ph, task->position());
    }
    if (ph.kind == PhaseKind::outcome && !s.manipulations.empty()) interventions.before_outcome(ph, who);
    agent->phase(ph, actions);
    if (!s.manipulations.empty()) interventions.pass_time(ph, actions);
    if (ph.awaits_action) {
      task->take(actions);
      t_decisions += static_cast<std::size_t>(std::count(ph.live.begin(), ph.live.begin() + count, 1));
    }
    if (ph.kind == PhaseKind::outcome && s.record) recorder.take(ph, task->position(), actions);
  }
  t_onsets = interventions.onsets(count);
  return s.record ? recorder.finish(first) : Trials{};
}

}  // namespace labile
