/// The likelihood of four lanes at once, with its exact derivatives or trial by trial: the loop of likelihood.hpp on lanes. What it does on
/// a trial is what that loop does; a change to either belongs in both.
#pragma once

#include <array>
#include <bit>
#include <string_view>
#include <type_traits>

#include "contract/lanes.hpp"
#include "contract/likelihood.hpp"

// All of a learner's equations in one function, one for each usual number of options: a third of the instructions. Checked builds would
// take minutes a file with one function.
#if defined(__OPTIMIZE__) && !defined(LABILE_SANITIZED)
#define LABILE_FLATTEN [[gnu::flatten]]
#else
#define LABILE_FLATTEN
#endif

namespace labile::detail {

/// Whether a learner is compiled in all its forms (parts, numbers of options, held parameters). Checked builds have a few learners so: the
/// code of forms is the same for all, and doubles what is compiled; the others have the general function alone.
template <class L>
constexpr bool in_all_forms() {
#ifdef LABILE_SANITIZED
  for (const std::string_view name : {"rescorla_wagner", "hmm_reversal", "two_step_hybrid", "rlwm"})
    if (name == L::info.name) return true;
  return false;
#else
  return true;
#endif
}

/// x: what the two of three that were not chosen have more than the chosen one, in their order.
inline void rivals_of_three(Index4 choice, Vec u0, Vec u1, Vec u2, Vec& x0, Vec& x1) {
  const Mask4 first = choice == Index4(0), last = choice == Index4(2);
  const Vec chosen = select(first, u0, select(last, u2, u1));
  x0 = select(first, u1, u0) - chosen;
  x1 = select(last, u1, u2) - chosen;
}

/// Of a choice that was all but impossible, `most` the largest of its rivals' utilities less its own, exponentials are taken of that much
/// less. Of one that cannot be, the logarithm is that of 0.
struct Unlikely {
  Vec less{0.0}, chosen{1.0};  // exp(-less)
};
inline Unlikely of_unlikely(Vec most) {
  Unlikely r;
  if (any(most > Vec(25.0))) {
    r.less = clamp(most, Vec(0.0), Vec(1e300));
    r.chosen = exp(-r.less);
  }
  return r;
}

/// Sum of log probabilities of choices under softmax among so many options, any where that is 0, and its P derivatives. Logs are taken of products: one a few hundred
/// choices instead of one each. Exact in both tails. Choices between few options are gathered and worked out together: their
/// exponentials then overlap instead of each waiting for the learner's next step.
template <int P, int Options>
class ChoiceSum {
 public:
  using T = Dual<Vec, P>;
  ChoiceSum() { grad_.fill(Vec(0.0)); }

  void step(std::size_t) {}
  void add(const T* u, int options, Index4 choice, LaneBits scored) {
    if constexpr (Options == 3)
      gather_three(u, choice, scored);
    else if (Options == 2 || options == 2)
      gather(u, choice, scored);
    else
      add_of_many(utilities<kMaxOptions>(u, options), options, choice, lanes_of(scored));
  }
  void add(const T& log_density, LaneBits scored) {
    const Mask4 m = lanes_of(scored);
    linear_ += select(m, log_density.v, Vec(0.0));
    for (int k = 0; k < P; ++k) grad_[k] += select(m, log_density.d[k], Vec(0.0));
  }
  [[nodiscard]] Vec value() {
    settle();
    if constexpr (Options == 3) settle_three();
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
  /// A choice among three: ln P = -ln(1 + exp(x[0]) + exp(x[1])), x the others' utilities less the chosen one's, and their derivatives.
  struct OfThree {
    Vec x[2];
    std::array<Vec, P> d[2];
  };
  /// Utilities [option] and their derivatives [option][k].
  template <int Most>
  struct Utilities {
    std::array<Vec, Most> v;
    std::array<std::array<Vec, P>, Most> d;
  };
  template <int Most>
  static Utilities<Most> utilities(const T* u, int options) {
    Utilities<Most> r;
    for (int o = 0; o < options; ++o) {
      const auto at = static_cast<std::size_t>(o);
      r.v[at] = u[o].v;
      r.d[at] = u[o].d;
    }
    return r;
  }
  void gather_three(const T* u, Index4 choice, LaneBits scored) {
    auto& g = three_[static_cast<std::size_t>(three_count_)];
    rivals_of_three(choice, u[0].v, u[1].v, u[2].v, g.x[0], g.x[1]);
    for (std::size_t k = 0; k < P; ++k)
      rivals_of_three(choice, u[0].d[k], u[1].d[k], u[2].d[k], g.d[0][k], g.d[1][k]);
    if (scored != 15) {
      const Mask4 here = lanes_of(scored);
      for (int o = 0; o < 2; ++o) {
        g.x[o] = select(here, g.x[o], Vec(-1e3));
        for (auto& d : g.d[o]) d = select(here, d, Vec(0.0));
      }
    }
    if (++three_count_ == kGather) settle_three();
  }
  void settle_three() {
    constexpr double kLarge = 1e100;  // e^(25 * 16) * 1e100 is far below the largest double
    for (int i = 0; i < three_count_; ++i) {
      const auto& g = three_[static_cast<std::size_t>(i)];
      const auto [less, chosen] = of_unlikely(max(g.x[0], g.x[1]));
      const Vec a = exp(g.x[0] - less), b = exp(g.x[1] - less), sum = chosen + a + b;
      linear_ -= less;
      product_ *= sum;
      const Vec scale = Vec(1.0) / sum, wa = a * scale, wb = b * scale;
      for (std::size_t k = 0; k < P; ++k) grad_[k] -= wa * g.d[0][k] + wb * g.d[1][k];
    }
    if ((factors_ += three_count_) > kFactors || any(product_ > Vec(kLarge))) take_log();
    three_count_ = 0;
  }
  template <int Most>
  void add_of_many(const Utilities<Most>& u, int options, Index4 choice, Mask4 scored) {
    Vec top = u.v[0];
    for (int o = 1; o < options; ++o) top = max(top, u.v[static_cast<std::size_t>(o)]);
    Vec p[Most], sum(0.0), chosen(0.0);
    for (int o = 0; o < options; ++o) {
      const Vec x = u.v[static_cast<std::size_t>(o)] - top;
      sum += p[o] = exp(x);
      chosen = select(choice == Index4(o), x, chosen);
    }
    linear_ += select(scored, chosen, Vec(0.0));
    product_ *= select(scored, sum, Vec(1.0));
    const Vec scale = Vec(1.0) / sum;
    for (std::size_t k = 0; k < P; ++k) {
      Vec g(0.0);
      for (int o = 0; o < options; ++o)
        g += (select(choice == Index4(o), Vec(1.0), Vec(0.0)) - p[o] * scale) *
             u.d[static_cast<std::size_t>(o)][k];
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
  std::array<OfThree, Options == 3 ? kGather : 0> three_;
  int count_ = 0, three_count_ = 0, factors_ = 0;
};

/// Log probability of each step's choice, or log density of its report, or their sum alone, which takes fewer logarithms: `each` is then
/// empty. Complete after finish(). Choices between few options are gathered like those of ChoiceSum.
class StepScores {
 public:
  explicit StepScores(std::span<Vec> each) : each_(each) {}
  void step(std::size_t t) {
    at_ = t;
    if (!each_.empty()) each_[t] = Vec(0.0);
  }
  void add(const Vec* u, int options, Index4 choice, LaneBits scored) {
    auto& g = gathered_[static_cast<std::size_t>(count_)];
    if (options == 2) {
      const Vec up = u[1] - u[0];
      g.x[0] = select(choice == Index4(0), up, -up);
    } else if (options == 3) {
      rivals_of_three(choice, u[0], u[1], u[2], g.x[0], g.x[1]);
    } else {
      Vec chosen = u[0];
      for (int o = 1; o < options; ++o) chosen = select(choice == Index4(o), u[o], chosen);
      add(chosen - log_sum_exp(u, options), scored);
      return;
    }
    g.step = at_;
    g.scored = scored;
    options_ = options;
    if (++count_ == kGather) settle();
  }
  void add(const Vec& log_density, LaneBits scored) {
    const Vec l = select(lanes_of(scored), log_density, Vec(0.0));
    linear_ += l;
    if (!each_.empty()) each_[at_] = l;
  }
  /// The sum.
  [[nodiscard]] Vec finish() {
    settle();
    return linear_;
  }

 private:
  static constexpr int kGather = 16;
  /// Rivals' utilities less the chosen one's, of two or three options.
  struct Choice {
    Vec x[2];
    std::size_t step;
    LaneBits scored;
  };
  void settle() {
    if (options_ == 2)
      settle_each<2>();
    else
      settle_each<3>();
    count_ = 0;
  }
  template <int Options>
  void settle_each() {
    Vec product(1.0);  // at most (1 + 2 e^25)^16
    for (int i = 0; i < count_; ++i) {
      const auto& g = gathered_[static_cast<std::size_t>(i)];
      const Mask4 scored = lanes_of(g.scored);
      Vec most, sum;
      if constexpr (Options == 2) {
        most = max(g.x[0], Vec(0.0));
        sum = Vec(1.0) + exp(select(g.x[0] > Vec(0.0), -g.x[0], g.x[0]));
      } else {
        const auto [less, chosen] = of_unlikely(max(g.x[0], g.x[1]));
        most = less;
        sum = chosen + exp(g.x[0] - less) + exp(g.x[1] - less);
      }
      if (each_.empty()) {
        linear_ -= select(scored, most, Vec(0.0));
        product *= select(scored, sum, Vec(1.0));
      } else {
        linear_ += each_[g.step] = select(scored, -(most + log(sum)), Vec(0.0));
      }
    }
    if (each_.empty()) linear_ -= log(product);
  }

  std::span<Vec> each_;
  std::array<Choice, kGather> gathered_;
  Vec linear_{0.0};
  int count_ = 0, options_ = 2;  // the same of all that are gathered
  std::size_t at_ = 0;
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

/// Leads a learner through the steps; `sum` takes what they bring. With `Options` above 0 it may rely on so many options that no features
/// describe: loops over options are then straight code.
template <class L, int Options, class T, class Sum>
[[gnu::always_inline]] inline void follow(const typename L::template Params<T>& p, const LaneTrials& s,
                                          Sum& sum) {
  auto state = L::start(p, s.layout);
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
    sum.step(t);
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
}

/// Parameters, a bit each, that fits hold unless they are told otherwise.
template <class L>
constexpr std::uint64_t usually_held() {
  if constexpr (requires { typename L::Whole; })
    return 0;
  else if constexpr (requires { L::usually_held; })
    return L::usually_held;
  else
    return 0;
}
/// [parameter] which derivative is its own where those in `held` have none: -1.
template <class L>
constexpr auto directions_without(std::uint64_t held) {
  std::array<int, kParams<L>> r{};
  int next = 0;
  for (int k = 0; k < static_cast<int>(kParams<L>); ++k)
    r[static_cast<std::size_t>(k)] = held >> k & 1 ? -1 : next++;
  return r;
}
/// Parameters over Dual<B, n>, of values params [parameter].
template <class L, class T, class B>
auto params_in_directions(std::span<const B> params, std::span<const int> direction) {
  return fill_params<L, T>([&](int k) {
    const auto at = static_cast<std::size_t>(k);
    return direction[at] < 0 ? T(params[at]) : T::variable(params[at], direction[at]);
  });
}

/// Derivatives of those not usually held, each to its own parameter, 0 to the others.
template <class L, class B, std::size_t N>
void spread_derivatives(const std::array<B, N>& from, std::span<B> to) {
  constexpr auto known = directions_without<L>(usually_held<L>());
  for (std::size_t k = 0; k < known.size(); ++k)
    to[k] = known[k] < 0 ? B(0.0) : from[static_cast<std::size_t>(known[k])];
}

/// Log-likelihood of each lane at params [parameter in table order], and to [direction] with n derivatives; direction [parameter] is which of
/// them is the parameter's, -1 for none. It is not looked at where n derivatives are those of all, or of all that are not usually held.
template <class L, int n, int Options>
LABILE_FLATTEN Vec lane_gradient_of_form(std::span<const Vec> params, const LaneTrials& s,
                                         std::span<const int> direction, std::span<Vec> to) {
  using T = Dual<Vec, n>;
  constexpr int all = static_cast<int>(kParams<L>), free = all - std::popcount(usually_held<L>());
  constexpr auto known = directions_without<L>(n < all ? usually_held<L>() : 0);
  // Which derivative is whose is known here but for parts: it saves a third of the time.
  const auto p =
      params_in_directions<L, T>(params, n == all || n == free ? std::span<const int>(known) : direction);
  ChoiceSum<n, Options> sum;
  follow<L, Options, T>(p, s, sum);
  const Vec value = sum.value();
  for (int k = 0; k < n; ++k) to[static_cast<std::size_t>(k)] = sum.slope(k);
  return value;
}

template <class L, int n>
Vec lane_gradient_pass(std::span<const Vec> params, const LaneTrials& s, std::span<const int> direction,
                       std::span<Vec> to) {
  if constexpr (in_all_forms<L>() && !Reports<L> && !requires { typename L::Whole; })
    if (s.layout.feature_is_option) {
      if (s.layout.options == 2) return lane_gradient_of_form<L, n, 2>(params, s, direction, to);
      if (s.layout.options == 3) return lane_gradient_of_form<L, n, 3>(params, s, direction, to);
    }
  return lane_gradient_of_form<L, n, 0>(params, s, direction, to);
}

/// grad [parameter] of those whose bit is set in `wanted`, 0 of the others.
template <class L>
Vec lane_gradient(std::span<const Vec> params, const LaneTrials& s, std::uint64_t wanted,
                  std::span<Vec> grad) {
  static_assert(kParams<L> <= 64);
  constexpr int carry = carried<L>(), all = static_cast<int>(kParams<L>);
  if constexpr (carry == all) {
    constexpr auto held = usually_held<L>();
    if constexpr (in_all_forms<L>() && held != 0) {
      if ((wanted & held) != 0) return lane_gradient_of_form<L, all, 0>(params, s, {}, grad);
      constexpr int free = all - std::popcount(held);
      std::array<Vec, free> to;
      const Vec value = lane_gradient_pass<L, free>(params, s, {}, to);
      spread_derivatives<L>(to, grad);
      return value;
    }
    return lane_gradient_pass<L, all>(params, s, {}, grad);
  }
  Vec value(0.0);
  std::array<Vec, carry> to;
  std::array<int, kParams<L>> direction;
  for (std::size_t from = 0; from < kParams<L>;) {
    int used = 0;
    const std::size_t first = from;
    direction.fill(-1);
    for (; from < kParams<L> && used < carry; ++from)
      if (wanted >> from & 1) direction[from] = used++;
    if (first > 0 && used == 0) {  // the pass before took the last
      std::fill(grad.begin() + static_cast<std::ptrdiff_t>(first), grad.end(), Vec(0.0));
      break;
    }
    value = lane_gradient_pass<L, carry>(params, s, direction, to);
    for (std::size_t k = first; k < from; ++k)
      grad[k] = direction[k] < 0 ? Vec(0.0) : to[static_cast<std::size_t>(direction[k])];
  }
  return value;
}

/// Log-likelihood of four lanes; each [step], unless empty: what its steps add, 0 where nothing is scored.
template <class L>
LABILE_FLATTEN Vec lane_scores(std::span<const Vec> params, const LaneTrials& s, std::span<Vec> each) {
  const auto p = fill_params<L, Vec>([&](int k) { return params[static_cast<std::size_t>(k)]; });
  StepScores scores(each);
  follow<L, 0, Vec>(p, s, scores);
  return scores.finish();
}

/// Of learners with response times: lane by lane.
template <class L>
Vec each_gradient(std::span<const Vec> params, const LaneTrials& s, std::uint64_t wanted,
                  std::span<Vec> grad) {
  constexpr std::size_t n = kParams<L>;
  constexpr auto held = usually_held<L>();
  Vec value(0.0);
  for (auto& g : grad) g = Vec(0.0);
  for (std::size_t i = 0; i < s.trials.size(); ++i) {
    std::array<double, n> row, g;
    const int lane = static_cast<int>(i);
    for (std::size_t k = 0; k < n; ++k) row[k] = params[k][lane];
    if (held != 0 && (wanted & held) == 0) {
      using T = Dual<double, static_cast<int>(n) - std::popcount(held)>;
      constexpr auto known = directions_without<L>(held);
      const T r = loglik<L, T>(params_in_directions<L, T, double>(row, known), s.trials[i], {});
      value.set(lane, r.v);
      spread_derivatives<L>(r.d, std::span<double>(g));
    } else {
      value.set(lane, loglik_gradient<L>(row, s.trials[i], g));
    }
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
template <class L>
constexpr auto lane_scores_of() -> Vec (*)(std::span<const Vec>, const LaneTrials&, std::span<Vec>) {
  if constexpr (Timed<L>)
    return nullptr;
  else
    return &lane_scores<L>;
}

}  // namespace labile::detail
#undef LABILE_FLATTEN
