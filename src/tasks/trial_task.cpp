#include "tasks/trial_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace labile {

void refuse_schedule(const Schedule* schedule, const char* task) {
  if (schedule)
    throw Error(
        fmt::format("task '{}' draws what happens; it takes no schedule. Tasks that do: bandit_reversal, "
                    "volatile_bandit, restless_bandit, two_step, rl_working_memory, predictive_inference",
                    task));
}

void need_of_schedule(const Schedule& schedule, bool there, const char* task, const char* what) {
  if (!there)
    throw Error(fmt::format("{}: task '{}' needs {}, which this schedule does not have", schedule.source,
                            task, what));
  if (schedule.subjects() == 0 || schedule.block.empty())
    throw Error(fmt::format("{}: holds no schedule", schedule.source));
}

void need_options_of_schedule(const Schedule& schedule, int options, const char* task) {
  const auto check = [&](const std::vector<std::vector<double>>& lists, const char* stem) {
    for (std::size_t who = 0; who < lists.size(); ++who) {
      const std::size_t trials = schedule.block[who].size(), n = trials > 0 ? lists[who].size() / trials : 0;
      if (lists[who].size() != trials * static_cast<std::size_t>(options))
        throw Error(fmt::format("{}: has {}_k of {} option(s); task '{}' has {} here: write {}_0 to {}_{}",
                                schedule.source, stem, n, task, options, stem, stem, options - 1));
    }
  };
  check(schedule.payoff, "payoff");
  check(schedule.probability, "p");
}

void TrialTask::begin(const Subjects& subjects) {
  entity_.assign(subjects.entity.begin(), subjects.entity.end());
  subjects_ = {subjects.seed, entity_, subjects.count, subjects.durations};
  const std::size_t n = size(), options = static_cast<std::size_t>(info_.layout.options);
  block_.assign(n, 0);
  for (auto* v : {&best_, &old_best_, &relevant_, &choice_}) v->assign(n, -1);
  for (auto* v : {&outcome_, &duration_, &interval_}) v->assign(n, 0.0);
  for (auto* v : {&live_, &event_}) v->assign(n, 0);
  for (auto* v : {&alive_, &fresh_}) v->assign(n, 1);
  would_pay_.assign(options * n, 0.0);
  feature_.assign(
      info_.layout.feature_is_option ? 0 : options * static_cast<std::size_t>(info_.layout.dims()) * n, 0);
  state_.assign(info_.layout.states > 1 ? n : 0, 0);
  input_.assign(info_.inputs.size() * n, 0.0);
  told_.assign(tells_right_ ? n : 0, -1);
  trial_ = 0;
  step_ = Step::cue;
  start();
  fresh_ = alive_;
}

bool TrialTask::next(Phase& ph) {
  if (step_ == Step::cue) {
    if (std::find(alive_.begin(), alive_.end(), 1) == alive_.end()) return false;
    live_ = alive_;
    show();
    if (schedule_) follow_schedule();
    if (subjects_.durations) draw_interval();
  }
  ph.trial = trial_;
  ph.layout = &info_.layout;
  ph.live = live_;
  ph.feature = feature_;
  ph.fresh = fresh_;
  ph.state = state_;
  ph.stage = stage();
  ph.input = input_;
  ph.outcome = {};
  ph.right = {};
  ph.duration_ms = duration_;
  ph.deadline_ms = 0;
  ph.awaits_action = false;
  switch (step_) {
    case Step::cue:
      ph.kind = PhaseKind::cue;
      set_duration(timing_.cue_ms);
      step_ = Step::choice;
      break;
    case Step::choice:
      ph.kind = PhaseKind::choice;
      ph.awaits_action = true;
      ph.deadline_ms = timing_.deadline_ms;
      set_duration(timing_.deadline_ms);
      step_ = Step::outcome;
      break;
    case Step::outcome:
      ph.kind = PhaseKind::outcome;
      ph.outcome = outcome_;
      ph.right = told_;
      set_duration(timing_.outcome_ms);
      step_ = Step::iti;
      break;
    case Step::iti:
      ph.kind = PhaseKind::iti;
      if (subjects_.durations) duration_ = interval_;
      std::fill(event_.begin(), event_.end(), 0);
      std::fill(fresh_.begin(), fresh_.end(), 0);
      ++trial_;
      advance();
      step_ = Step::cue;
      break;
  }
  return true;
}

void TrialTask::set_duration(double ms) {
  if (subjects_.durations) std::fill(duration_.begin(), duration_.end(), ms);
}

void TrialTask::take(const Actions& actions) {
  const std::size_t n = size();
  std::copy(actions.choice.begin(), actions.choice.end(), choice_.begin());
  if (always_shown_)
    std::copy(would_pay_.begin(), would_pay_.begin() + static_cast<std::ptrdiff_t>(n), outcome_.begin());
  else
    std::fill(outcome_.begin(), outcome_.end(), kNaN);
  for (int o = 0; o < info_.layout.options; ++o) {
    const double* pays = would_pay_.data() + static_cast<std::size_t>(o) * n;
    for (std::size_t g = 0; g < n; g += kWidth) {
      Vec now, would;
      std::memcpy(&now, &outcome_[g], sizeof now);
      std::memcpy(&would, &pays[g], sizeof would);
      now = select(load_index(&choice_[g]) == Index4(o), would, now);
      std::memcpy(&outcome_[g], &now, sizeof now);
    }
  }
}

void TrialTask::end_at_max() {
  if (trial_ >= info_.max_trials) std::fill(alive_.begin(), alive_.end(), 0);
  if (!schedule_) return;
  const auto t = static_cast<std::size_t>(trial_ / info_.stages);
  for (std::size_t lane = 0; lane < size(); ++lane)
    if (t >= schedule_->block[subject_of(lane)].size()) alive_[lane] = 0;
}

void TrialTask::follow_schedule() {
  const auto t = static_cast<std::size_t>(trial_ / info_.stages), n = size();
  const auto options = static_cast<std::size_t>(info_.layout.options);
  for (std::size_t lane = 0; lane < n; ++lane) {
    if (!alive_[lane]) continue;
    const std::size_t who = subject_of(lane);
    if (!schedule_->fresh.empty() && stage() == 0 && t > 0) fresh_[lane] = schedule_->fresh[who][t];
    for (std::size_t k = 0; k < info_.inputs.size(); ++k)
      if (const auto* values = numbers(info_.inputs[k])) input_[k * n + lane] = (*values)[who][t];
    if (info_.stages > 1) continue;
    if (!schedule_->payoff.empty()) {
      for (std::size_t o = 0; o < options; ++o)
        if (const double x = schedule_->payoff[who][t * options + o]; x == x) would_pay_[o * n + lane] = x;
    } else if (!schedule_->probability.empty()) {
      draw_payoffs(lane, t, &schedule_->probability[who][t * options]);
    }
  }
}

void TrialTask::draw_payoffs(std::size_t lane, std::size_t t, const double* p) {
  constexpr std::uint32_t kScheduled = 1 << 16;  // draws of the task's own luck stay below
  const auto options = static_cast<std::size_t>(info_.layout.options), n = size();
  const Draw luck = draw(Purpose::luck, lane);
  const auto at = static_cast<std::uint32_t>(t);
  // One of two pays where the two chances are those of one event.
  const bool one_pays = options == 2 && std::abs(p[0] + p[1] - 1) < 1e-9;
  for (std::size_t o = 0; o < options; ++o) {
    if (std::isnan(p[o])) continue;  // not known: as the task drew it
    const double u = luck.uniform(at, kScheduled + (one_pays ? 0 : static_cast<std::uint32_t>(o)));
    would_pay_[o * n + lane] = (one_pays && o == 1 ? u >= p[0] : u < p[o]) ? 1 : 0;
  }
}

void TrialTask::follow_blocks() {
  const auto t = static_cast<std::size_t>(trial_ / info_.stages);
  for (std::size_t lane = 0; lane < size(); ++lane) {
    if (!alive_[lane]) continue;
    const auto& block = schedule_->block[subject_of(lane)];
    block_[lane] = block[t];
    event_[lane] = t > 0 && block[t] != block[t - 1];
  }
}

const std::vector<std::vector<double>>* TrialTask::numbers(const std::string& name) const {
  for (const auto& n : schedule_->inputs)
    if (n.name == name) return &n.values;
  return nullptr;
}

void TrialTask::draw_interval() {
  for (std::size_t lane = 0; lane < size(); ++lane)
    interval_[lane] =
        timing_.iti_ms * draw(Purpose::timing, lane).exponential(static_cast<std::uint32_t>(trial_));
}

Position TrialTask::position() const {
  return {block_, best_, old_best_, relevant_, event_, would_pay_};
}

}  // namespace labile
