/// A learner, written once on its scalar type: it plays (T = Vec), has a likelihood (T = double) and
/// derivatives (T = Dual over double, of one subject; over Vec, of four). It branches only by select().
///
/// A learner is a struct with
///   static constexpr Info info;
///   template <class T> struct Params { T alpha = T(0.3); ... };      nothing but T members, with defaults
///   static std::vector<Field<Params<double>>> table();
///   template <class T> struct State { ... };
///   start(p, layout) -> State<T>     values before the first trial, and when they start afresh
///   utility(p, s, x, T* u)           u[option]; the choice is softmax(u), so ln P will do
///   learn(p, s, x)                   after an outcome
/// and, where it needs them,
///   after(p, s, x)                   after every choice, before its outcome, which may never come
///   missed(p, s, x)                  a decision without a choice
///   static constexpr bool learns_when_told = true;       learn() needs no outcome where x.right is known
///   static constexpr std::array inputs{"set_size"};      columns of numbers it must be shown: x.input
///   static constexpr std::array optional_inputs{"cue_1"};   more of them, 0 where they are not shown,
///   static constexpr double not_shown = 1;                  or this
///   using Filter, static constexpr std::array derived{"rate"};   numbers that no parameter moves, worked out
///                                    once a subject; last in x.input (see Filters)
///   static constexpr auto usually_held = positions({2});  where in the table parameters have fixed_prior(): gradients are
///                                    quicker for it where none of these is estimated
///   static constexpr bool states_apart = true;           what is learned in one state touches no other
///   static constexpr bool jumps = true;                  the likelihood jumps where parameters tip a decision of the learner:
///                                    gradients are those between jumps
///   static void check(const Layout&)                     throws Error for what it cannot play
///   static constexpr const char* own_task = "two_step";  the task it is for, bandit_reversal otherwise
///   log_density(p, s, x) -> T                            instead of utility: of a report (x.report)
///   respond(p, s, z) -> Vec                              with it: the report, from a standard normal draw
///   log_density(p, s, x) -> T                            instead of utility: of x.choice after x.rt seconds
///   respond(p, s, x, draws) -> Answer                    with it: choice and response time; over double
///   log_choice(p, s, x) -> T                             with it: of x.choice where no time is known, else 0
///   feasible(p, trials)              moves p to where the times are possible, so that fits can start there
///   surprise(p, s, x) -> T           -ln of the probability predicted of what came
///   signals(), read(s, i)                                further signals of the record
/// State members delta, learning_rate, belief become signals of the record. What is shown before a choice is
/// x.state; where a trial has several decisions, x.stage tells which this is.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>

#include "contract/agent.hpp"
#include "core/random.hpp"

namespace labile {

/// A choice with its response time.
struct Answer {
  int choice = 0;
  double rt = 0;  // s
};

/// The draws of one decision: draw k is a function of (seed, subject, decision, k).
struct Draws {
  Draw draw;
  std::uint32_t decision;
  [[nodiscard]] double uniform(std::uint32_t k) const { return draw.uniform(decision, k); }
  [[nodiscard]] double normal(std::uint32_t k) const { return draw.normal(decision, k); }
};

/// A bit each of these positions.
constexpr std::uint64_t positions(std::initializer_list<int> list) {
  std::uint64_t r = 0;
  for (const int i : list) r |= std::uint64_t{1} << i;
  return r;
}

template <class L, class T>
concept Learner =
    requires(const typename L::template Params<T>& p, typename L::template State<T>& s, const Trial<T>& x,
             const Layout& layout) {
      { L::start(p, layout) } -> std::same_as<typename L::template State<T>>;
      L::learn(p, s, x);
    } &&
    (
        requires(const typename L::template Params<T>& p, const typename L::template State<T>& s,
                 const Trial<T>& x, T* u) { L::utility(p, s, x, u); } ||
        requires(const typename L::template Params<T>& p, const typename L::template State<T>& s,
                 const Trial<T>& x) {
          { L::log_density(p, s, x) } -> std::same_as<T>;
        });

/// Whether the learner answers with an option after a response time that it has a density for.
template <class L>
concept Timed =
    requires(const typename L::template Params<double>& p, const typename L::template State<double>& s,
             const Trial<double>& x, const Draws& draws) {
      { L::respond(p, s, x, draws) } -> std::same_as<Answer>;
    };

/// Whether the learner answers with a number instead of an option.
template <class L>
concept Reports = !Timed<L> && requires(const typename L::template Params<double>& p,
                                        const typename L::template State<double>& s,
                                        const Trial<double>& x) { L::log_density(p, s, x); };

/// Whether part of the learner depends on what was met alone. Its Filter follows one subject: meet(trial)
/// takes what a trial taught, values() are the numbers `derived` before the next one.
template <class L>
concept Filters = requires(typename L::Filter& f, const typename L::Filter& now, const Trial<double>& x) {
  f.meet(x);
  { now.values() } -> std::convertible_to<std::span<const double>>;
  L::derived.size();
};

/// log of the sum of exp over n entries, without overflow.
template <class T>
T log_sum_exp(const T* u, int n) {
  T top = u[0];
  for (int i = 1; i < n; ++i) top = max(top, u[i]);
  T sum(0.0);
  for (int i = 0; i < n; ++i) sum += exp(u[i] - top);
  return top + log(sum);
}

/// u[option] becomes softmax(u)[option], without overflow.
template <class T>
void softmax(T* u, int n) {
  T top = u[0];
  for (int i = 1; i < n; ++i) top = max(top, u[i]);
  T sum(0.0);
  for (int i = 0; i < n; ++i) sum += u[i] = exp(u[i] - top);
  const T scale = T(1.0) / sum;
  for (int i = 0; i < n; ++i) u[i] *= scale;
}

/// Utilities of softmax(u), of which a share is replaced by choices at random: ln((1 - share) softmax(u) +
/// share / n), and u itself where the share is 0, with that logarithm's derivatives.
template <class T>
void mix_with_chance(T* u, int n, const T& share) {
  const T all = log_sum_exp(u, n), kept = T(1.0) - share, random = share * T(1.0 / static_cast<double>(n));
  for (int o = 0; o < n; ++o) {
    const T chosen = exp(u[o] - all);
    const T first = share * (T(1.0 / static_cast<double>(n)) / max(chosen, T(1e-100)) - T(1.0));
    u[o] = select(share > T(0.0), log(max(kept * chosen + random, T(1e-300))),
                  u[o] + first * (T(1.0) - T(0.5) * first));
  }
}

}  // namespace labile
