#include "tasks/reversal.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace labile {

void ReversalTask::start() {
  const std::size_t n = size();
  for (auto* v : {&trial_in_block_, &run_, &length_}) v->assign(n, 0);
  for (auto* v : {&p_better_, &p_worse_}) v->assign(n, 0.0);
  due_ = 0;
  for (std::size_t lane = 0; lane < n; ++lane) {
    start_block(static_cast<int>(lane), 0);
    event_[lane] = 0;
  }
}

void ReversalTask::start_block(int lane, int block) {
  BlockPlan p{};
  alive_[lane] = plan(lane, block, p);
  if (!alive_[lane]) return;
  block_[lane] = block;
  trial_in_block_[lane] = run_[lane] = 0;
  length_[lane] = p.length;
  p_better_[lane] = p.p.better;
  p_worse_[lane] = p.p.worse;
  event_[lane] = block > 0;
}

void ReversalTask::show() {
  present();
  draw_luck();
}

void ReversalTask::draw_luck() {
  const std::size_t n = size();
  const PhiloxKeys seed(subjects_.seed);
  for (std::size_t g = 0; g < n; g += kWidth) {
    const Index4 entity = load_index(&entity_[g]), best = load_index(&best_[g]);
    Vec better, worse;
    std::memcpy(&better, &p_better_[g], sizeof better);
    std::memcpy(&worse, &p_worse_[g], sizeof worse);
    std::array<Index4, 4> words{};
    // Option o's luck is word o % 3 of block o / 3; word 3 of block 0 is the interval after the trial.
    for (int o = 0; o < info_.layout.options; ++o) {
      if (o % 3 == 0)
        words = bits4(seed, Purpose::luck, entity, static_cast<std::uint32_t>(trial_),
                      static_cast<std::uint32_t>(o / 3));
      if (o == 0 && subjects_.durations) {
        const Vec interval = Vec(-timing_.iti_ms) * log(uniform32(words[3]));
        std::memcpy(&interval_[g], &interval, sizeof interval);
      }
      const Vec p = select(best == Index4(o), better, worse);
      const Vec pays = select(uniform32(words[o % 3]) < p, Vec(1.0), Vec(0.0));
      std::memcpy(&would_pay_[o * n + g], &pays, sizeof pays);
    }
  }
  if (exclusive_)
    for (std::size_t lane = 0; lane < n; ++lane) would_pay_[n + lane] = 1 - would_pay_[lane];
}

void ReversalTask::advance() {
  const std::size_t n = size();
  for (std::size_t lane = 0; lane < n; ++lane) trial_in_block_[lane] += alive_[lane];
  if (criterion_ > 0)
    for (std::size_t lane = 0; lane < n; ++lane)
      run_[lane] = choice_[lane] >= 0 && choice_[lane] == best_[lane] ? run_[lane] + 1 : 0;
  else if (trial_ < due_)
    return;
  due_ = std::numeric_limits<int>::max();
  for (std::size_t lane = 0; lane < n; ++lane) {
    if (!alive_[lane]) continue;
    const bool reached = criterion_ > 0 && run_[lane] >= criterion_;
    if (trial_in_block_[lane] >= length_[lane] || reached)
      start_block(static_cast<int>(lane), block_[lane] + 1);
    if (alive_[lane]) due_ = std::min(due_, trial_ + length_[lane] - trial_in_block_[lane]);
  }
}

}  // namespace labile
