#include "network/plastic_clock.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.hpp"

namespace labile {
namespace {
Step ring(Step least) {
  return static_cast<Step>(std::bit_ceil(static_cast<std::uint64_t>(least)));
}
Step epoch_of(const RuleForm& r, double dt) {
  // Short, because what is stored and the sums hold more than they mean, by up to exp(epoch/tau) a spike, and
  // floats round that too; long enough that frames are few.
  const double ms = std::min(r.tau_plus_ms, 10 * r.tau_minus_ms);
  return std::max<Step>(1, static_cast<Step>(std::floor(ms / dt + 0.5)));
}
/// Frames that a target's spike must enter: exp(-21) is below a float's precision.
double frames_entered(const RuleForm& r, Step epoch, double dt) {
  return std::ceil(21 * r.tau_plus_ms / (static_cast<double>(epoch) * dt)) + 1;
}
int frames_of(const RuleForm& r, Step epoch, double dt) {
  // About 640 ms of frames, so that sources firing at 2 Hz and more need few refreshes. Where a spike could
  // not enter all of the frames it should, there are no others, or potentiation would be lost in between.
  const double wanted = std::ceil(640.0 / (static_cast<double>(epoch) * dt));
  const bool all = frames_entered(r, epoch, dt) <= PostStep::kLiveMost;
  return static_cast<int>(std::clamp<double>(wanted, 8, all ? 64 : PostStep::kLiveMost));
}
}  // namespace

PlasticClock::Sizes::Sizes(const RuleForm& rule, double dt, Step max_delay, Step window_steps)
    : epoch(epoch_of(rule, dt)),
      frames(frames_of(rule, epoch, dt)),
      live(static_cast<int>(std::min<double>(frames, frames_entered(rule, epoch, dt)))),
      events(ring(max_delay + 2 * window_steps + 2)),
      past(ring((frames + 1) * epoch + 2 * window_steps + max_delay + 4)),
      window(ring(window_steps + 1)),
      history(rule.gated ? (frames + 1) * epoch + 2 * window_steps + max_delay + 4 : 1) {}

std::size_t PlasticClock::bytes_for(const RuleForm& rule, double dt, int sources, Step max_delay,
                                    Step window) {
  const Sizes s(rule, dt, max_delay, window);
  const auto n = [](Step x) { return static_cast<std::size_t>(x); };
  return static_cast<std::size_t>(sources) * (2 * sizeof(double) + sizeof(Step)) +
         4 * n(s.epoch) * sizeof(double) + n(s.events) * sizeof(std::vector<PreEvent>) +
         n(s.past) * sizeof(Past) + n(s.window) * (sizeof(Now) + sizeof(PostStep) + 2 * sizeof(double)) +
         GateIntegral::bytes_for(s.history);
}

PlasticClock::PlasticClock(const RuleForm& rule, double dt, int sources, Step dendritic, Step max_delay,
                           Step window)
    : PlasticClock(rule, dt, sources, dendritic, Sizes(rule, dt, max_delay, window)) {
  bytes_ = bytes_for(rule, dt, sources, max_delay, window);
}

PlasticClock::PlasticClock(const RuleForm& rule, double dt, int sources, Step dendritic, const Sizes& sizes)
    : rule_(rule),
      dendritic_(dendritic),
      epoch_(sizes.epoch),
      frames_(sizes.frames),
      live_(sizes.live),
      bytes_(0),
      decay_e_(rule.tau_e_ms, dt),
      decay_plus_(rule.tau_plus_ms, dt),
      decay_minus_(rule.tau_minus_ms, dt),
      decay_x_(rule.tau_x_ms, dt),
      slow_post_(rule.tau_y_ms, dt),
      // The reference moves at least once an epoch: further back, sums would be small differences of large
      // ones.
      integral_(rule.tau_e_ms, dt, sizes.history, epoch_) {
  if (rule.clock == RuleClock::sweep)
    sweep_ = std::max<Step>(1, static_cast<Step>(std::llround(rule.sweep_ms / dt)));
  const auto n = static_cast<std::size_t>(epoch_);
  for (auto* t : {&rise_plus_, &fall_plus_, &rise_minus_, &fall_minus_}) t->resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) * dt;
    rise_plus_[i] = exp(t / rule.tau_plus_ms);
    fall_plus_[i] = exp(-t / rule.tau_plus_ms);
    rise_minus_[i] = exp(t / rule.tau_minus_ms);
    fall_minus_[i] = exp(-t / rule.tau_minus_ms);
  }
  fall_per_epoch_ = exp(-static_cast<double>(epoch_) * dt / rule.tau_plus_ms);
  y_per_epoch_ = static_cast<float>(exp(-static_cast<double>(epoch_) * dt / rule.tau_minus_ms));
  x_.assign(static_cast<std::size_t>(sources), 0.0);
  r2_.assign(static_cast<std::size_t>(sources), 0.0);
  last_.assign(static_cast<std::size_t>(sources), 0);
  events_.resize(static_cast<std::size_t>(sizes.events));
  event_mask_ = sizes.events - 1;
  past_.resize(static_cast<std::size_t>(sizes.past));
  past_mask_ = sizes.past - 1;
  past_[0] = {1, 0};
  const auto steps = static_cast<std::size_t>(sizes.window);
  at_.resize(steps);
  post_.resize(steps);
  plus_.resize(steps);
  minus_.resize(steps);
  window_mask_ = sizes.window - 1;
}

void PlasticClock::prepare(Step n, double plus, double minus) {
  PostStep& s = post_[static_cast<std::size_t>(n & window_mask_)];
  plus_[static_cast<std::size_t>(n & window_mask_)] = plus;
  minus_[static_cast<std::size_t>(n & window_mask_)] = minus;
  const auto off = static_cast<std::size_t>(n % epoch_);
  past_[static_cast<std::size_t>(n & past_mask_)] = {rise_plus_[off],
                                                     static_cast<int>((n / epoch_) % frames_)};
  at_[static_cast<std::size_t>(n & window_mask_)] = {rule_.gated ? integral_.decay(n) : 1,
                                                     rule_.gated ? integral_.since(n) : 0, rise_plus_[off],
                                                     minus * fall_minus_[off]};
  s.y = static_cast<float>(rise_minus_[off]);
  double phi = fall_plus_[off] * plus;
  const double up = rule_.gated ? 1 / integral_.decay(n) : 1, G = rule_.gated ? integral_.since(n) : 0;
  for (int age = 0; age < live_; ++age, phi *= fall_per_epoch_) {
    const double u = phi * up;
    s.a[age] = static_cast<float>(u);
    s.b[age] = static_cast<float>(-u * G);
  }
}

void PlasticClock::add(Step n, std::uint32_t source, bool deliver) {
  const Step gap = n - last_[source];
  const double before = x_[source];
  double now = before * decay_plus_(gap);
  double r2 = rule_.A3_minus != 0 ? r2_[source] * decay_x_(gap) : 0;
  const double depress = deliver ? rule_.A2_minus + rule_.A3_minus * r2 : 0;
  if (deliver) {
    now += 1;
    r2 += 1;
  }
  const double D = decay_e_(gap);
  const bool keep = D > 0.5;
  events_[static_cast<std::size_t>(n & event_mask_)].push_back(
      {source, deliver, static_cast<std::uint32_t>(gap), static_cast<float>(before), static_cast<float>(now),
       static_cast<float>(depress), static_cast<float>(keep ? D - 1 : D), keep});
  x_[source] = now;
  r2_[source] = r2;
  last_[source] = n;
}

void PlasticClock::fire(Step n, std::span<const std::uint32_t> fired) {
  events_[static_cast<std::size_t>(n & event_mask_)].clear();
  for (const std::uint32_t s : fired) add(n, s, true);
  const bool sweep = sweep_ > 0 && n % sweep_ == 0;
  if (!sweep && n % epoch_ != 0) return;
  // Sources last heard in the epoch whose frame goes next but one.
  const Step oldest = (n / epoch_ - (frames_ - 2) + 1) * epoch_;
  for (std::uint32_t s = 0; s < last_.size(); ++s)
    if (last_[s] < n && (sweep || last_[s] < oldest)) add(n, s, false);
}

RowConstants PlasticClock::constants(const PreEvent& e, Step n) const noexcept {
  const Step n0 = n - e.gap;
  const Now& now = at_[static_cast<std::size_t>(n & window_mask_)];
  const double c0 = static_cast<double>(e.x_before) * past_[static_cast<std::size_t>(n0 & past_mask_)].rise;
  const double c1 = static_cast<double>(e.x_now) * now.rise;
  const double kY = -static_cast<double>(e.depress) * now.depress;
  RowConstants k;
  if (rule_.gated) {
    const double d = now.decay, G = now.since, eta = rule_.eta;
    k.D = e.D;
    k.keep_e = e.keep_e;
    k.c0_d = static_cast<float>(c0 * d);
    k.eta_J = static_cast<float>(eta * integral_.integral(n0, n));
    k.eta_c0 = static_cast<float>(eta * c0);
    k.eta_c0_G = static_cast<float>(eta * c0 * G);
    k.kY = static_cast<float>(kY);
    k.c1_d = static_cast<float>(c1 * d);
    k.eta_c1 = static_cast<float>(eta * c1);
    k.eta_c1_G = static_cast<float>(eta * c1 * G);
  } else {
    k.eta_c0 = static_cast<float>(rule_.eta * c0);
    k.kY = static_cast<float>(rule_.eta * kY);
    k.eta_c1 = static_cast<float>(rule_.eta * c1);
  }
  return k;
}

PlasticClock::Last PlasticClock::last_visit(std::uint32_t source, Step d, Step n) const {
  // Events still on their way: the earliest of them knows what was before it.
  if (last_[source] + d <= n) return {last_[source] + d, x_[source]};
  for (Step m = std::max<Step>(1, n - d + 1); m <= n; ++m)
    for (const PreEvent& e : events(m))
      if (e.source == source) return {std::min(m - e.gap + d, n), static_cast<double>(e.x_before)};
  if (last_[source] == 0) return {n, 0};  // nothing has ever arrived
  throw Bug("a synapse's last visit is not on record");
}

PlasticClock::Reading PlasticClock::reading(std::uint32_t source, Step delay, Step n) const {
  const Last last = last_visit(source, delay, n);
  const int frame = frame_at(last.at);
  const double c0 = last.trace * rise_plus_[static_cast<std::size_t>(last.at % epoch_)];
  if (!rule_.gated) return {.frame = frame, .w_per_A = rule_.eta * c0};
  const double d = integral_.decay(n), G = integral_.since(n), eta = rule_.eta;
  return {frame, decay_e_(n - last.at), c0 * d, eta * integral_.integral(last.at, n), eta * c0 * G, eta * c0};
}

}  // namespace labile
