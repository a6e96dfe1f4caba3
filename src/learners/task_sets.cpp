/// Rules that outlive the stimuli they were learned with: each set of stimuli is under one of the rules known
/// so far, or under a new one, and which of them it is shows by what is paid.
///
/// Rule k holds Q_k[stimulus][option], how likely the option is to be paid; all start at 1 / options.
/// A new set (number `set`): P_k ~ popularity of k among the sets so far, for a new rule alpha_crp.
///   P(option) = softmax(beta sum_k P_k Q_k[stimulus][option])
/// After an outcome, r = 1 where it is above 0, else 0, with Q the value of what was chosen:
///   P_k ~ P_k (doubt + (1 - 2 doubt) (r Q_k + (1 - r) (1 - Q_k))),   then   Q_k += alpha P_k (r - Q_k)
/// When the next set comes, popularity of k grows by P_k; a new rule is kept where it is the most probable
/// (the earliest of equal ones) and there are not `rules` of them yet, else forgotten. Where no sets are shown
/// there is one: a delta rule for each stimulus. alpha_crp without bound: no rule is used again.
///
/// Source: Collins & Frank (2013), doi:10.1037/a0030852, the C-TS model: a Chinese restaurant process over
/// contexts, popularity by posteriors. Differs from it: options are valued by all rules as far as they are
/// believed, and all learn so far, instead of the most probable alone; values by a delta rule instead of Beta
/// counts; a set that returns counts as a new one; no new rule but one a set; the defaults are ours.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"
#include "learners/in_use.hpp"

namespace labile {
namespace {
struct TaskSets {
  static constexpr Info info{"task_sets", "keeps rules and finds out which of them a new set is under",
                             "doi:10.1037/a0030852"};
  static constexpr const char* own_task = "structure_transfer";
  static constexpr std::array optional_inputs{"set"};
  static constexpr double not_shown = -1;              // the set of before goes on
  static constexpr int kKept = 6, kRules = kKept + 1;  // and a new one
  static void check(const Layout& l) {
    if (!l.feature_is_option) throw Error("learner 'task_sets' knows options, not their features");
  }

  static constexpr bool jumps = true;  // where a rule is kept or not
  static constexpr auto usually_held = positions({3, 4});
  template <class T>
  struct Params {
    T alpha = T(0.5), beta = T(8.0), alpha_crp = T(1.0), doubt = T(0.01), rules = T(6.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"alpha", "1", &P::alpha, {0, 1}, "learning rate of a rule that is certain", beta_prior(1.1, 1.1)},
        {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the choice", gamma_prior(1.2, 5.0)},
        {"alpha_crp", "1", &P::alpha_crp, {1e-6, 1e6}, "readiness for a new rule", gamma_prior(1.5, 1.0)},
        {"doubt",
         "1",
         &P::doubt,
         {1e-6, 0.5},
         "probability that a rule leaves to what it excludes",
         fixed_prior()},
        {"rules", "1", &P::rules, {0, kKept}, "most rules that are kept", fixed_prior()}};
  }
  template <class T>
  struct State {
    T rule, used, certain;  // rule: the most probable, from 0; used: rules kept
    T set, begun;           // of the last trial; 1 once there was one
    T post[kRules], popularity[kRules];
    T q[kMaxStates * kRules * kMaxOptions];  // [stimulus][rule][option]
    T delta;
  };
  static std::vector<SignalInfo> signals() {
    return {{"rule", "rule that is the most probable", "1"},
            {"rules", "rules kept", "1"},
            {"certain", "probability of the most probable rule", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int signal) {
    return (&s.rule)[signal];
  }
  template <class T>
  static State<T> start(const Params<T>&, const Layout& l) {
    State<T> s;
    s.rule = s.used = s.certain = s.set = s.begun = s.delta = T(0.0);
    for (int k = 0; k < kRules; ++k) s.post[k] = s.popularity[k] = T(0.0);
    for (auto& q : s.q) q = T(1.0 / l.options);
    return s;
  }

  /// What is known of the rules before a choice.
  template <class T>
  struct View {
    int n = 0;       // rules to look at: those kept in any lane, and a new one
    Mask<T> turned;  // a set begins
    T used, post[kRules], popularity[kRules];
  };
  template <class T>
  static View<T> look(const Params<T>& p, const State<T>& s, const Trial<T>& x) {
    View<T> v;
    v.turned = (s.begun == T(0.0)) | ((x.input[0] >= T(0.0)) & (x.input[0] != s.set));
    const Mask<T> kept = v.turned & (s.rule == s.used) & (s.begun > T(0.0)) & (s.used < p.rules);
    v.used = s.used + select(kept, T(1.0), T(0.0));
    v.n = most_in_use(value_of(v.used)) + 1;
    T sum(0.0), prior[kRules];
    for (int k = 0; k < v.n; ++k) {
      const T index(static_cast<double>(k));
      const Mask<T> old = index < v.used, fresh = index == v.used;
      v.popularity[k] = select(v.turned, select(old, s.popularity[k] + s.post[k], T(0.0)), s.popularity[k]);
      sum += prior[k] = select(old, v.popularity[k], select(fresh, p.alpha_crp, T(0.0)));
    }
    const T one = T(1.0) / sum;
    for (int k = 0; k < v.n; ++k) v.post[k] = select(v.turned, prior[k] * one, s.post[k]);
    return v;
  }
  /// Value of an option for the stimulus shown under rule k.
  template <class T>
  static T value(const State<T>& s, const View<T>& v, const Trial<T>& x, int k, int option) {
    const int n = x.options();
    const Mask<T> blank = v.turned & (T(static_cast<double>(k)) >= v.used);
    return select(blank, T(1.0 / n), shown(x, s.q, kRules * n, k * n + option));
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    const View<T> v = look(p, s, x);
    for (int o = 0; o < x.options(); ++o) {
      u[o] = T(0.0);
      for (int k = 0; k < v.n; ++k) u[o] += v.post[k] * value(s, v, x, k, o);
      u[o] *= p.beta;
    }
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const View<T> v = look(p, s, x);
    const int n = x.options();
    T of[kRules], option[kMaxOptions], sum(0.0), expected(0.0);
    const T r = select(x.outcome > T(0.0), T(1.0), T(0.0));
    for (int k = 0; k < v.n; ++k) {
      for (int o = 0; o < n; ++o) option[o] = value(s, v, x, k, o);
      of[k] = chosen_of(x, option);
      expected += v.post[k] * of[k];
      const T fits = r * of[k] + (T(1.0) - r) * (T(1.0) - of[k]);
      s.post[k] = v.post[k] * (p.doubt + (T(1.0) - T(2.0) * p.doubt) * fits);
      sum += s.post[k];
    }
    s.delta = r - expected;
    if (any(v.turned)) begin_set(s, v, x);
    const T one = T(1.0) / sum;
    s.certain = T(-1.0);  // below any probability
    for (int k = 0; k < v.n; ++k) {
      s.post[k] *= one;
      // Not so small that a rule could never come back, nor so that a product ends in 0.
      s.post[k] = select(s.post[k] > T(0.0), max(s.post[k], T(1e-100)), T(0.0));
      s.rule = select(s.post[k] > s.certain, T(static_cast<double>(k)), s.rule);
      s.certain = max(s.post[k], s.certain);
      const T learned = of[k] + p.alpha * s.post[k] * (r - of[k]);
      for (int o = 0; o < n; ++o) {
        const Mask<T> chosen = x.choice == constant<T>(o);
        for_each_state(x, s.q, kRules * n, k * n + o,
                       [&](T& q, Mask<T> here) { q = select(here & chosen, learned, q); });
      }
    }
  }
  /// Keeps what the set before has taught and clears the place of a new rule.
  template <class T>
  static void begin_set(State<T>& s, const View<T>& v, const Trial<T>& x) {
    const int n = x.options();
    s.used = v.used;
    s.begun = T(1.0);
    s.set = select(x.input[0] >= T(0.0), x.input[0], s.set);
    for (int k = 0; k < v.n; ++k) {
      s.popularity[k] = v.popularity[k];
      const Mask<T> blank = v.turned & (T(static_cast<double>(k)) >= v.used);
      for (int state = 0; state < x.layout->states; ++state)
        for (int o = 0; o < n; ++o) {
          T& q = s.q[(state * kRules + k) * n + o];
          q = select(blank, T(1.0 / n), q);
        }
    }
  }
};
}  // namespace

LearnerEntry task_sets() {
  return learner_entry<TaskSets>();
}
}  // namespace labile
