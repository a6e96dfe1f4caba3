#include "network/post_sums.hpp"

#include <algorithm>
#include <bit>

namespace labile {

PostSums::PostSums(const PlasticClock& clock, int targets)
    : clock_(&clock), targets_(padded_targets(targets)) {
  const int width = clock.gated() ? 2 : 1;
  frame_floats_ = static_cast<std::ptrdiff_t>(targets_) * width;
  const auto now_floats = static_cast<std::ptrdiff_t>(targets_) * 2 * width;
  memory_ = LargeArray(static_cast<std::size_t>(now_floats + clock.frames() * frame_floats_) * sizeof(float));
  now_ = reinterpret_cast<float*>(memory_.data());
  frames_ = now_ + now_floats;
  if (clock.rule().A3_plus != 0) {
    o2_.assign(static_cast<std::size_t>(targets_), 0.0);
    o2_at_.assign(static_cast<std::size_t>(targets_), 0);
  }
  if (clock.post_lag() > 0) {
    const auto n = std::bit_ceil(static_cast<std::uint64_t>(clock.post_lag() + 1));
    waiting_.resize(n);
    waiting_mask_ = static_cast<Step>(n) - 1;
  }
}

void PostSums::begin_step(Step n) {
  const bool gated = clock_->gated();
  if (gated && n % clock_->reference_steps() == 0) {
    const auto [factor, integral] = clock_->move_at(n);
    const auto f = static_cast<float>(factor), g = static_cast<float>(integral);
    for (std::ptrdiff_t i = 0; i < clock_->frames() * frame_floats_; i += 2) {
      frames_[i + 1] += frames_[i] * g;
      frames_[i] *= f;
    }
    for (int j = 0; j < targets_; ++j) {
      float* t = now_ + std::ptrdiff_t{4} * j;
      t[2] += t[1] * g;
      t[1] *= f;
    }
  }
  if (n % clock_->epoch_steps() != 0) return;
  float* opened = frame_at(clock_->frame_at(n));
  for (std::ptrdiff_t i = 0; i < frame_floats_; ++i) opened[i] = 0;
  const float per_epoch = clock_->y_per_epoch();
  const int width = gated ? 4 : 2;
  for (int j = 0; j < targets_; ++j) {
    float* t = now_ + std::ptrdiff_t{width} * j;
    t[0] *= per_epoch;
    for (int k = 1; k < width; ++k) t[k] = 0;
  }
}

void PostSums::enter(Step n, std::span<const std::uint16_t> fired) {
  if (waiting_.empty()) {
    if (!fired.empty()) add(clock_->post(n), n, fired);
    return;
  }
  waiting_[static_cast<std::size_t>(n & waiting_mask_)].assign(fired.begin(), fired.end());
  const Step then = n - clock_->post_lag();
  if (then < 1) return;
  const auto& due = waiting_[static_cast<std::size_t>(then & waiting_mask_)];
  if (!due.empty()) add(clock_->post(n), n, due);
}

void PostSums::add(const PostStep& s, Step n, std::span<const std::uint16_t> fired) {
  const RuleForm& rule = clock_->rule();
  const Step epoch = n / clock_->epoch_steps();
  const int live = static_cast<int>(std::min<Step>(clock_->live_frames(), epoch + 1));
  const int frames = clock_->frames();
  const int present = static_cast<int>(epoch % frames);
  for (const std::uint16_t j : fired) {
    auto amplitude = static_cast<float>(rule.A2_plus);
    if (!o2_.empty()) {
      const double o2 = o2_[j] * clock_->o2_decay(n - o2_at_[j]);
      amplitude = static_cast<float>(rule.A2_plus + rule.A3_plus * o2);
      o2_[j] = o2 + 1;
      o2_at_[j] = n;
    }
    if (clock_->gated()) {
      float* t = now_ + std::ptrdiff_t{4} * j;
      t[0] += s.y;
      t[1] += amplitude * s.a[0];
      t[2] += amplitude * s.b[0];
      for (int age = 0, slot = present; age < live; ++age, slot = slot == 0 ? frames - 1 : slot - 1) {
        float* f = frame_at(slot) + std::ptrdiff_t{2} * j;
        f[0] += amplitude * s.a[age];
        f[1] += amplitude * s.b[age];
      }
    } else {
      float* t = now_ + std::ptrdiff_t{2} * j;
      t[0] += s.y;
      t[1] += amplitude * s.a[0];
      for (int age = 0, slot = present; age < live; ++age, slot = slot == 0 ? frames - 1 : slot - 1)
        frame_at(slot)[j] += amplitude * s.a[age];
    }
  }
}

std::size_t PostSums::kept() const {
  const std::size_t width = clock_->gated() ? 2 : 1;
  return width * (2 + static_cast<std::size_t>(clock_->frames())) + (o2_.empty() ? 0 : 2);
}
void PostSums::save(int target, double* to) const {
  const int width = clock_->gated() ? 2 : 1;
  const float* t = now_ + std::ptrdiff_t{2} * width * target;
  to = std::copy_n(t, 2 * width, to);
  for (int f = 0; f < clock_->frames(); ++f)
    to = std::copy_n(frame_at(f) + std::ptrdiff_t{width} * target, width, to);
  if (o2_.empty()) return;
  *to++ = o2_[static_cast<std::size_t>(target)];
  *to = static_cast<double>(o2_at_[static_cast<std::size_t>(target)]);
}
void PostSums::load(int target, const double* from) {
  const int width = clock_->gated() ? 2 : 1;
  const auto take = [&](float* to, int n) {
    for (int i = 0; i < n; ++i) to[i] = static_cast<float>(*from++);
  };
  take(now_ + std::ptrdiff_t{2} * width * target, 2 * width);
  for (int f = 0; f < clock_->frames(); ++f) take(frame_at(f) + std::ptrdiff_t{width} * target, width);
  if (o2_.empty()) return;
  o2_[static_cast<std::size_t>(target)] = *from++;
  o2_at_[static_cast<std::size_t>(target)] = static_cast<Step>(*from);
}

void PostSums::clear() {
  std::fill_n(frames_, clock_->frames() * frame_floats_, 0.0f);
  const int width = clock_->gated() ? 4 : 2;
  for (int j = 0; j < targets_; ++j)
    for (int k = 1; k < width; ++k) now_[std::ptrdiff_t{width} * j + k] = 0;
}

}  // namespace labile
