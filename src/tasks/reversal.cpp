#include "tasks/reversal.hpp"

#include <algorithm>
#include <cstring>

#include "core/random.hpp"

namespace labile {

void ReversalTask::begin(const Subjects& subjects) {
  entity_.assign(subjects.entity.begin(), subjects.entity.end());
  subjects_ = {subjects.seed, entity_, subjects.count};
  const std::size_t n = entity_.size(), options = info_.layout.options;
  for (auto* v : {&block_, &trial_in_block_, &run_, &length_}) v->assign(n, 0);
  for (auto* v : {&best_, &old_best_, &relevant_}) v->assign(n, -1);
  for (auto* v : {&p_better_, &p_worse_, &outcome_, &duration_, &interval_}) v->assign(n, 0.0);
  for (auto* v : {&live_, &event_, &fresh_}) v->assign(n, 0);
  would_pay_.assign(options * n, 0.0);
  feature_.assign(info_.layout.feature_is_option ? 0 : options * info_.layout.dims() * n, 0);
  trial_ = 0;
  step_ = Step::cue;
  stop_ = false;
  for (std::size_t lane = 0; lane < n; ++lane) {
    start_block(static_cast<int>(lane), 0);
    fresh_[lane] = live_[lane];
    event_[lane] = 0;
  }
}

void ReversalTask::start_block(int lane, int block) {
  BlockPlan p{};
  live_[lane] = plan(lane, block, p);
  if (!live_[lane]) return;
  block_[lane] = block;
  trial_in_block_[lane] = run_[lane] = 0;
  length_[lane] = p.length;
  p_better_[lane] = p.p.better;
  p_worse_[lane] = p.p.worse;
  event_[lane] = block > 0;
}

bool ReversalTask::next(Phase& ph) {
  if (step_ == Step::cue) {
    if (std::find(live_.begin(), live_.end(), 1) == live_.end()) return false;
    show(trial_);
    draw_luck();
  }
  ph.trial = trial_;
  ph.layout = &info_.layout;
  ph.live = live_;
  ph.feature = feature_;
  ph.fresh = fresh_;
  ph.outcome = {};
  ph.duration_ms = duration_;
  ph.deadline_ms = 0;
  ph.awaits_action = false;
  switch (step_) {
    case Step::cue:
      ph.kind = PhaseKind::cue;
      std::fill(duration_.begin(), duration_.end(), timing_.cue_ms);
      step_ = Step::choice;
      break;
    case Step::choice:
      ph.kind = PhaseKind::choice;
      ph.awaits_action = true;
      ph.deadline_ms = timing_.deadline_ms;
      std::fill(duration_.begin(), duration_.end(), timing_.deadline_ms);
      step_ = Step::outcome;
      break;
    case Step::outcome:
      ph.kind = PhaseKind::outcome;
      ph.outcome = outcome_;
      std::fill(duration_.begin(), duration_.end(), timing_.outcome_ms);
      step_ = Step::iti;
      break;
    case Step::iti:
      ph.kind = PhaseKind::iti;
      duration_ = interval_;
      advance();
      step_ = Step::cue;
      break;
  }
  return true;
}

void ReversalTask::draw_luck() {
  const std::size_t n = entity_.size();
  for (std::size_t g = 0; g < n; g += kWidth) {
    const Index4 entity = load_index(&entity_[g]), best = load_index(&best_[g]);
    Vec better, worse;
    std::memcpy(&better, &p_better_[g], sizeof better);
    std::memcpy(&worse, &p_worse_[g], sizeof worse);
    std::array<Index4, 4> words{};
    // Option o's luck is word o % 3 of block o / 3; word 3 of block 0 is the interval after the trial.
    for (int o = 0; o < info_.layout.options; ++o) {
      if (o % 3 == 0)
        words = bits4(subjects_.seed, Purpose::luck, entity, static_cast<std::uint32_t>(trial_),
                      static_cast<std::uint32_t>(o / 3));
      if (o == 0) {
        const Vec interval = Vec(-timing_.iti_ms) * log(uniform32(words[3]));
        std::memcpy(&interval_[g], &interval, sizeof interval);
      }
      const Vec p = select(best == Index4(o), better, worse);
      const Vec pays = select(uniform32(words[o % 3]) < p, Vec(1.0), Vec(0.0));
      std::memcpy(&would_pay_[o * n + g], &pays, sizeof pays);
    }
  }
}

void ReversalTask::take(const Actions& actions) {
  const std::size_t n = entity_.size();
  for (std::size_t lane = 0; lane < n; ++lane) {
    const int c = actions.choice[lane];
    outcome_[lane] = c < 0 ? kNaN : would_pay_[c * n + lane];
    run_[lane] = c >= 0 && c == best_[lane] ? run_[lane] + 1 : 0;
  }
}

void ReversalTask::advance() {
  ++trial_;
  for (std::size_t lane = 0; lane < entity_.size(); ++lane) {
    if (!live_[lane]) continue;
    event_[lane] = fresh_[lane] = 0;
    ++trial_in_block_[lane];
    const bool reached = criterion_ > 0 && run_[lane] >= criterion_;
    if (trial_in_block_[lane] >= length_[lane] || reached)
      start_block(static_cast<int>(lane), block_[lane] + 1);
  }
}

Position ReversalTask::position() const {
  return {block_, best_, old_best_, relevant_, event_, would_pay_};
}

}  // namespace labile
