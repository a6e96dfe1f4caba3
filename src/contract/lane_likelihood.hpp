/// The likelihood of four subjects at once with its exact derivatives: the loop of likelihood.hpp on lanes. What it does on a trial is
/// what that loop does; a change to either belongs in both.
#pragma once

#include <array>
#include <type_traits>

#include "contract/lanes.hpp"
#include "contract/likelihood.hpp"

namespace labile::detail {

/// Sum of log probabilities of choices under softmax, and its derivatives. Logs are taken of products: one a few hundred
/// choices instead of one each. Exact in both tails.
template <int P>
class ChoiceSum {
 public:
  using T = Dual<Vec, P>;
  ChoiceSum() { grad_.fill(Vec(0.0)); }

  void add(const T* u, int options, Index4 choice, Mask4 scored) {
    if (options == 2)
      add_of_two(u, choice, scored);
    else
      add_of_many(u, options, choice, scored);
    if (++pending_ == kPending) flush();
  }
  void add(const T& log_density, Mask4 scored) {
    linear_ += select(scored, log_density.v, Vec(0.0));
    for (int k = 0; k < P; ++k) grad_[k] += select(scored, log_density.d[k], Vec(0.0));
  }
  [[nodiscard]] Vec value() {
    flush();
    return linear_;
  }
  [[nodiscard]] Vec slope(int k) const { return grad_[static_cast<std::size_t>(k)]; }

 private:
  static constexpr int kPending = 256;  // options^256 is far below the largest double, for at most 8 options

  /// ln P = -ln(1 + exp(x)), x = u[other] - u[chosen].
  void add_of_two(const T* u, Index4 choice, Mask4 scored) {
    const Mask4 second = choice == Index4(1);
    const Vec up = u[1].v - u[0].v;
    const Vec x = select(scored, select(second, -up, up), Vec(-1e3));
    const Mask4 unlikely = x > Vec(0.0);
    const Vec e = exp(select(unlikely, -x, x)), sum = e + Vec(1.0);
    linear_ -= select(unlikely, x, Vec(0.0));
    product_ *= sum;
    const Vec other = select(unlikely, Vec(1.0), e) / sum;  // probability of the other option
    const Vec w = select(second, other, -other);            // d ln P / d(u1 - u0)
    for (int k = 0; k < P; ++k) grad_[k] += select(scored, w * (u[1].d[k] - u[0].d[k]), Vec(0.0));
  }
  void add_of_many(const T* u, int options, Index4 choice, Mask4 scored) {
    Vec top = u[0].v;
    for (int o = 1; o < options; ++o) top = max(top, u[o].v);
    Vec p[kMaxOptions], sum(0.0), chosen(0.0);
    for (int o = 0; o < options; ++o) {
      const Vec x = u[o].v - top;
      sum += p[o] = exp(x);
      chosen = select(choice == Index4(o), x, chosen);
    }
    linear_ += select(scored, chosen, Vec(0.0));
    product_ *= select(scored, sum, Vec(1.0));
    const Vec scale = Vec(1.0) / sum;
    for (int k = 0; k < P; ++k) {
      Vec g(0.0);
      for (int o = 0; o < options; ++o)
        g += (select(choice == Index4(o), Vec(1.0), Vec(0.0)) - p[o] * scale) * u[o].d[k];
      grad_[k] += select(scored, g, Vec(0.0));
    }
  }
  void flush() {
    linear_ -= log(product_);
    product_ = Vec(1.0);
    pending_ = 0;
  }

  Vec linear_{0.0}, product_{1.0};
  std::array<Vec, P> grad_;
  int pending_ = 0;
};

/// Runs `change` on the state; lanes outside `which` keep what they had.
template <class S, class F>
[[gnu::always_inline]] inline void change_lanes(S& state, LaneBits which, F&& change) {
  static_assert(std::is_trivially_copyable_v<S> && sizeof(S) % sizeof(Vec) == 0);
  if (which == 0) return;
  if (which == 15) {
    change(state);
    return;
  }
  const S before = state;
  change(state);
  const Mask4 m = lanes_of(which);
  auto* now = reinterpret_cast<Vec*>(&state);
  const auto* old = reinterpret_cast<const Vec*>(&before);
  for (std::size_t k = 0; k < sizeof(S) / sizeof(Vec); ++k) now[k] = select(m, now[k], old[k]);
}

/// Log-likelihood of each lane at params [parameter in table order], and grad [parameter].
template <class L>
[[gnu::flatten]] Vec lane_gradient(std::span<const Vec> params, const LaneTrials& s, std::span<Vec> grad) {
  constexpr int n = kParams<L>;
  using T = Dual<Vec, n>;
  const auto p =
      fill_params<L, T>([&](int k) { return T::variable(params[static_cast<std::size_t>(k)], k); });
  auto state = L::start(p, s.layout);
  ChoiceSum<n> sum;
  T u[kMaxOptions];
  constexpr std::size_t inputs = input_count<L>();
  std::array<T, inputs + 1> input{};
  const std::size_t per =
      s.layout.feature_is_option ? 0 : static_cast<std::size_t>(s.layout.options) * s.layout.dims();
  // Idle lanes of a group look like trials without a choice; none of their numbers are kept.
  for (std::size_t t = 0; t < s.step.size(); ++t) {
    const auto& step = s.step[t];
    if (step.fresh) change_lanes(state, step.fresh, [&](auto& now) { now = L::start(p, s.layout); });
    for (std::size_t k = 0; k < inputs; ++k) input[k] = T(s.input[t * inputs + k]);
    Trial<T> x{&s.layout,
               {s.feature.data() + t * per, per},
               s.choice[t],
               T(s.outcome[t]),
               lanes_of(step.fresh),
               s.state.empty() ? Index4(0) : s.state[t],
               step.stage,
               s.right.empty() ? Index4(-1) : s.right[t],
               T(kNaN),
               {input.data(), inputs}};
    if constexpr (Reports<L>) {
      x.report = T(s.report[t]);
      const auto answer = [&] {
        if (step.chose == 0) return;
        if (step.scored) sum.add(L::log_density(p, state, x), lanes_of(step.scored));
        if constexpr (requires { L::after(p, state, x); })
          change_lanes(state, step.chose, [&](auto& now) { L::after(p, now, x); });
      };
      if (!s.report_after) answer();
      change_lanes(state, step.learns, [&](auto& now) { L::learn(p, now, x); });
      if (s.report_after) answer();
    } else {
      if constexpr (requires { L::missed(p, state, x); })
        if (step.missed) change_lanes(state, step.missed, [&](auto& now) { L::missed(p, now, x); });
      if (step.scored) {
        L::utility(p, state, x, u);
        sum.add(u, s.layout.options, x.choice, lanes_of(step.scored));
      }
      if constexpr (requires { L::after(p, state, x); })
        change_lanes(state, step.chose, [&](auto& now) { L::after(p, now, x); });
      change_lanes(state, step.learns, [&](auto& now) { L::learn(p, now, x); });
    }
  }
  for (int k = 0; k < n; ++k) grad[static_cast<std::size_t>(k)] = sum.slope(k);
  return sum.value();
}

/// Of learners with response times: lane by lane.
template <class L>
Vec each_gradient(std::span<const Vec> params, const LaneTrials& s, std::span<Vec> grad) {
  constexpr std::size_t n = kParams<L>;
  Vec value(0.0);
  for (auto& g : grad) g = Vec(0.0);
  for (std::size_t i = 0; i < s.trials.size(); ++i) {
    std::array<double, n> row, g;
    const int lane = static_cast<int>(i);
    for (std::size_t k = 0; k < n; ++k) row[k] = params[k][lane];
    value.set(lane, loglik_gradient<L>(row, s.trials[i], g));
    for (std::size_t k = 0; k < n; ++k) grad[k].set(lane, g[k]);
  }
  return value;
}

template <class L>
constexpr bool states_apart() {
  if constexpr (requires { L::states_apart; })
    return L::states_apart;
  else
    return false;
}
template <class L>
LaneNeeds lane_needs() {
  LaneNeeds r{input_names<L>(), needed_count<L>(),     not_shown<L>(),
              Reports<L>,       learns_when_told<L>(), states_apart<L>()};
  for (auto& name : optional_input_names<L>()) r.inputs.push_back(std::move(name));
  for (auto& name : derived_names<L>()) r.inputs.push_back(std::move(name));
  return r;
}
template <class L>
constexpr auto lane_gradient_of() {
  if constexpr (Timed<L>)
    return &each_gradient<L>;
  else
    return &lane_gradient<L>;
}

}  // namespace labile::detail
