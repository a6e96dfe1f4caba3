/// The likelihood of four subjects at once with its exact derivatives: the loop of likelihood.hpp on lanes. What it does on a trial is
/// what that loop does; a change to either belongs in both.
#pragma once

#include <array>
#include <type_traits>

#include "contract/lanes.hpp"
#include "contract/likelihood.hpp"

// All of a learner's equations in one function, one for each usual number of options: a third of the instructions. Checked builds would
// take minutes a file with it; they have the general function alone, which is the same code.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LABILE_FLATTEN [[gnu::flatten]]
#define LABILE_FORMS 1
#else
#define LABILE_FLATTEN
#define LABILE_FORMS 0
#endif

namespace labile::detail {

/// Sum of log probabilities of choices under softmax, and its derivatives. Logs are taken of products: one a few hundred
/// choices instead of one each. Exact in both tails. Choices between two are gathered and worked out together: their
/// exponentials then overlap instead of each waiting for the learner's next step.
template <int P>
class ChoiceSum {
 public:
  using T = Dual<Vec, P>;
  ChoiceSum() { grad_.fill(Vec(0.0)); }

  void add(const T* u, int options, Index4 choice, LaneBits scored) {
    if (options == 2)
      gather(u, choice, scored);
    else
      add_of_many(u, options, choice, lanes_of(scored));
  }
  void add(const T& log_density, LaneBits scored) {
    const Mask4 m = lanes_of(scored);
    linear_ += select(m, log_density.v, Vec(0.0));
    for (int k = 0; k < P; ++k) grad_[k] += select(m, log_density.d[k], Vec(0.0));
  }
  [[nodiscard]] Vec value() {
    settle();
    take_log();
    return linear_;
  }
  /// After value().
  [[nodiscard]] Vec slope(int k) const { return grad_[static_cast<std::size_t>(k)]; }

 private:
  static constexpr int kFactors = 256;  // 8^256 is far below the largest double
  static constexpr int kGather = 16;
  /// A choice between two: ln P = -ln(1 + exp(x)), x = sign (u1 - u0), with the derivatives of u1 - u0.
  struct OfTwo {
    Vec x, sign;
    std::array<Vec, P> d;
  };

  void gather(const T* u, Index4 choice, LaneBits scored) {
    auto& g = gathered_[static_cast<std::size_t>(count_)];
    g.sign = select(choice == Index4(1), Vec(-1.0), Vec(1.0));
    g.x = g.sign * (u[1].v - u[0].v);
    for (int k = 0; k < P; ++k) g.d[k] = u[1].d[k] - u[0].d[k];
    if (scored != 15) {
      const Mask4 m = lanes_of(scored);
      g.x = select(m, g.x, Vec(-1e3));
      for (auto& d : g.d) d = select(m, d, Vec(0.0));
    }
    if (++count_ == kGather) settle();
  }
  void settle() {
    for (int i = 0; i < count_; ++i) {
      const auto& g = gathered_[static_cast<std::size_t>(i)];
      const Mask4 unlikely = g.x > Vec(0.0);
      const Vec e = exp(select(unlikely, -g.x, g.x)), sum = e + Vec(1.0);
      linear_ -= select(unlikely, g.x, Vec(0.0));
      product_ *= sum;
      const Vec w = g.sign * select(unlikely, Vec(1.0), e) / sum;  // the other option's probability
      for (int k = 0; k < P; ++k) grad_[k] -= w * g.d[k];
    }
    if ((factors_ += count_) > kFactors) take_log();
    count_ = 0;
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
    if (++factors_ > kFactors) take_log();
  }
  void take_log() {
    linear_ -= log(product_);
    product_ = Vec(1.0);
    factors_ = 0;
  }

  Vec linear_{0.0}, product_{1.0};
  std::array<Vec, P> grad_;
  std::array<OfTwo, kGather> gathered_;
  int count_ = 0, factors_ = 0;
};

/// Runs `change` on the state; lanes outside `which` keep what they had.
template <class S, class F>
[[gnu::always_inline]] inline void change_lanes(S& state, LaneBits which, F&& change) {
  static_assert(std::is_trivially_copyable_v<S> && sizeof(S) % sizeof(Vec) == 0);
  if (which == 0) return;
  constexpr std::size_t n = sizeof(S) / sizeof(Vec);
  std::array<Vec, n> before;
  auto* now = reinterpret_cast<Vec*>(&state);
  if (which != 15) std::copy(now, now + n, before.begin());
  change(state);
  if (which == 15) return;
  const Mask4 m = lanes_of(which);
  for (std::size_t k = 0; k < n; ++k) now[k] = select(m, now[k], before[k]);
}

/// Derivatives that one pass carries. A learner alone carries all; with parts most parameters are held at what does nothing, so a pass has
/// few, and those that are wanted go through in as many passes as they need.
template <class L>
constexpr int carried() {
  if constexpr (requires { typename L::Whole; })
    return std::min<int>(4, kParams<L>);
  else
    return kParams<L>;
}

/// Log-likelihood of each lane at params [parameter in table order], and to [direction]; direction [parameter] is which of the derivatives
/// is the parameter's, -1 for none; where all are carried, it is not looked at. With `Options` above 0 it may rely on so many options that no features describe: loops
/// over options are then straight code.
template <class L, int Options>
LABILE_FLATTEN Vec lane_gradient_of_form(std::span<const Vec> params, const LaneTrials& s,
                                         std::span<const int> direction, std::span<Vec> to) {
  constexpr int n = carried<L>();
  using T = Dual<Vec, n>;
  const auto p = fill_params<L, T>([&](int k) {
    const auto at = static_cast<std::size_t>(k);
    // Which derivative is whose is known here where all are carried: it saves a third of the time.
    if constexpr (n == static_cast<int>(kParams<L>))
      return T::variable(params[at], k);
    else
      return direction[at] < 0 ? T(params[at]) : T::variable(params[at], direction[at]);
  });
  auto state = L::start(p, s.layout);
  ChoiceSum<n> sum;
  T u[kMaxOptions];
  constexpr std::size_t inputs = input_count<L>();
  std::array<T, inputs + 1> input{};
  const std::size_t per =
      s.layout.feature_is_option ? 0 : static_cast<std::size_t>(s.layout.options) * s.layout.dims();
  // Idle lanes of a group look like trials without a choice; none of their numbers are kept.
  for (std::size_t t = 0; t < s.step.size(); ++t) {
    if constexpr (Options > 0)
      if (s.layout.options != Options || !s.layout.feature_is_option) __builtin_unreachable();
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
        if (step.scored) sum.add(L::log_density(p, state, x), step.scored);
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
        sum.add(u, s.layout.options, x.choice, step.scored);
      }
      if constexpr (requires { L::after(p, state, x); })
        change_lanes(state, step.chose, [&](auto& now) { L::after(p, now, x); });
      change_lanes(state, step.learns, [&](auto& now) { L::learn(p, now, x); });
    }
  }
  const Vec value = sum.value();
  for (int k = 0; k < n; ++k) to[static_cast<std::size_t>(k)] = sum.slope(k);
  return value;
}

template <class L>
Vec lane_gradient_pass(std::span<const Vec> params, const LaneTrials& s, std::span<const int> direction,
                       std::span<Vec> to) {
  if constexpr (LABILE_FORMS && !Reports<L> && !requires { typename L::Whole; })
    if (s.layout.feature_is_option) {
      if (s.layout.options == 2) return lane_gradient_of_form<L, 2>(params, s, direction, to);
      if (s.layout.options == 3) return lane_gradient_of_form<L, 3>(params, s, direction, to);
    }
  return lane_gradient_of_form<L, 0>(params, s, direction, to);
}

/// grad [parameter] of those whose bit is set in `wanted`, 0 of the others.
template <class L>
Vec lane_gradient(std::span<const Vec> params, const LaneTrials& s, std::uint64_t wanted,
                  std::span<Vec> grad) {
  static_assert(kParams<L> <= 64);
  if constexpr (carried<L>() == static_cast<int>(kParams<L>))
    return lane_gradient_pass<L>(params, s, {}, grad);
  Vec value(0.0);
  std::array<Vec, carried<L>()> to;
  std::array<int, kParams<L>> direction;
  for (std::size_t from = 0; from < kParams<L>;) {
    int used = 0;
    const std::size_t first = from;
    direction.fill(-1);
    for (; from < kParams<L> && used < carried<L>(); ++from)
      if (wanted >> from & 1) direction[from] = used++;
    if (first > 0 && used == 0) {  // the pass before took the last
      std::fill(grad.begin() + static_cast<std::ptrdiff_t>(first), grad.end(), Vec(0.0));
      break;
    }
    value = lane_gradient_pass<L>(params, s, direction, to);
    for (std::size_t k = first; k < from; ++k)
      grad[k] = direction[k] < 0 ? Vec(0.0) : to[static_cast<std::size_t>(direction[k])];
  }
  return value;
}

/// Of learners with response times: lane by lane.
template <class L>
Vec each_gradient(std::span<const Vec> params, const LaneTrials& s, std::uint64_t /*wanted*/,
                  std::span<Vec> grad) {
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
  LaneNeeds r{input_names<L>(), not_shown<L>(), Reports<L>, learns_when_told<L>(), states_apart<L>()};
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
#undef LABILE_FORMS
#undef LABILE_FLATTEN
