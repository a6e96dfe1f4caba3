/// Reinforcement learning beside a working memory that holds few stimuli and forgets.
///
/// Q and W, [stimulus][action], start at 1/n. With set size N (a number shown), w = rho min(1, K / N):
///   P(a) = (1 - eps) (w softmax(beta (W_s + side))_a + (1 - w) softmax(beta (Q_s + side))_a) + eps / n
///   side_a = stick [a = last choice, whatever its stimulus]
///   after the choice       W += forget (1/n - W), every stimulus and action
///   after outcome r        Q_sc += alpha' (r - Q_sc), W_sc += b (r - W_sc)
///                          r > 0: alpha' = alpha, b = 1; else alpha' = bias_rl alpha, b = bias_wm
/// Values start afresh with a block: read data with reset on block. Choices that came too fast are to be
/// taken as missing (0.15 s in the source); they change nothing.
///
/// Source: Collins & Frank (2012), doi:10.1111/j.1460-9568.2011.07980.x; Collins et al. (2014),
/// doi:10.1523/JNEUROSCI.0989-14.2014. Differs from them: nothing; the order of decay and learning and the
/// perseveration across stimuli are those that reproduce the published log-likelihoods.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct Rlwm {
  static constexpr Info info{"rlwm", "delta rule beside a working memory of limited capacity",
                             "doi:10.1523/JNEUROSCI.0989-14.2014"};
  static constexpr const char* own_task = "rl_working_memory";
  static constexpr std::array inputs{"set_size"};
  static constexpr auto usually_held = positions({8});
  template <class T>
  struct Params {
    T alpha = T(0.05), stick = T(0.0), rho = T(0.9), forget = T(0.1), eps = T(0.05), K = T(3.0),
      bias_wm = T(0.2), bias_rl = T(0.2), beta = T(25.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"alpha", "1", &P::alpha, {0, 1}, "learning rate of values", beta_prior(1.1, 5)},
        {"stick", "1", &P::stick, {-1, 1}, "added to the last choice's value", normal_prior(0, 0.2)},
        {"rho", "1", &P::rho, {0, 1}, "weight of working memory within its capacity", beta_prior(2, 1.1)},
        {"forget", "1", &P::forget, {0, 1}, "decay of working memory a trial", beta_prior(1.1, 3)},
        {"eps", "1", &P::eps, {0, 1}, "share of choices made at random", beta_prior(1.1, 8)},
        {"K", "stimuli", &P::K, {0, 10}, "capacity of working memory", normal_prior(3.5, 1.5)},
        {"bias_wm", "1", &P::bias_wm, {0, 1}, "what working memory keeps of errors", beta_prior(1.1, 1.1)},
        {"bias_rl",
         "1",
         &P::bias_rl,
         {0, 1},
         "learning from errors over that from rewards",
         beta_prior(1.1, 1.1)},
        {"beta", "1", &P::beta, {0, 100}, "inverse temperature of both", fixed_prior()}};
  }
  template <class T>
  struct State {
    T q[kMaxStates * kMaxOptions], w[kMaxStates * kMaxOptions], last[kMaxOptions];
    T delta;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout& layout) {
    State<T> s;
    const T first(1.0 / layout.options);
    for (int i = 0; i < kMaxStates * kMaxOptions; ++i) s.q[i] = s.w[i] = first;
    for (auto& l : s.last) l = T(0.0);
    s.delta = T(0.0);
    return s;
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    const int n = x.options();
    T memory[kMaxOptions], value[kMaxOptions];
    for (int o = 0; o < n; ++o) {
      const T side = p.stick * s.last[o];
      memory[o] = p.beta * (shown(x, s.w, n, o) + side);
      value[o] = p.beta * (shown(x, s.q, n, o) + side);
    }
    softmax(memory, n);
    softmax(value, n);
    const T weight = p.rho * min(T(1.0), p.K / x.input[0]), kept = T(1.0) - p.eps;
    for (int o = 0; o < n; ++o)
      u[o] = log(kept * (weight * memory[o] + (T(1.0) - weight) * value[o]) + p.eps * T(1.0 / n));
  }
  template <class T>
  static void after(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const int n = x.options();
    const T first(1.0 / n);
    for (int i = 0; i < x.layout->states * n; ++i) s.w[i] += p.forget * (first - s.w[i]);
    for (int o = 0; o < n; ++o) s.last[o] = select(x.choice == constant<T>(o), T(1.0), T(0.0));
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const int n = x.options();
    const Mask<T> good = x.outcome > T(0.0);
    const T rate = p.alpha * select(good, T(1.0), p.bias_rl), keep = select(good, T(1.0), p.bias_wm);
    for (int o = 0; o < n; ++o) {
      const Mask<T> chosen = x.choice == constant<T>(o);
      for_each_state(x, s.q, n, o, [&](T& q, Mask<T> here) {
        const T delta = x.outcome - q;
        s.delta = select(here & chosen, delta, s.delta);
        q = select(here & chosen, q + rate * delta, q);
      });
      for_each_state(x, s.w, n, o,
                     [&](T& w, Mask<T> here) { w = select(here & chosen, w + keep * (x.outcome - w), w); });
    }
  }
};
}  // namespace

LearnerEntry rlwm() {
  return learner_entry<Rlwm>();
}
}  // namespace labile
