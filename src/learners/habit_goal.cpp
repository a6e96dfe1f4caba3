/// Two systems for one action: a habit that keeps what the action was worth, and a goal-directed system that
/// knows what it brings and asks what that is worth now. The more certain of the two has the say.
///
/// Whether the outcome came (c = 1 where outcome > 0) is counted twice for each option, from the same start
/// (prior_came, prior_not), and each system has the mean and the variance of its Beta distribution (a, b),
/// mean = a / (a + b), var = mean (1 - mean) / (a + b + 1). With m what the outcome is worth (number
/// `outcome_value`, 1 where it is not shown):
///   goal    a_G += c,                       b_G += 1 - c
///   habit   a_H += alpha dopamine c m,      b_H += alpha dopamine (1 - c m)         (m at most 1, at least 0)
/// of the chosen option; before that a share `decay` of what its counts have above the start is lost.
///   Q_G = m mean_G,  U_G = m^2 var_G + noise^2;      Q_H = mean_H,  U_H = var_H
///   weight of goal : habit = dms w_goal U_H^k : dls (1 - w_goal) U_G^k,      k = sharpness
///   P(option) = softmax(beta (weighted mean of Q_G and Q_H))
/// sharpness = 0 is a fixed weight w_goal; dls = 0 takes the habit away, dms = 0 the goal.
///
/// Source: Daw, Niv & Dayan (2005), doi:10.1038/nn1560: Beta posteriors of both systems, noise of computing,
/// control by the lower uncertainty, option by option. Differs from it: one step, so that what makes habits
/// slow is not that values come by way of other values, but alpha < 1; a weight instead of the more certain
/// system alone (that is sharpness without bound); what the outcome is worth is shown, not learned; a cost
/// that comes with the outcome is seen by neither; the defaults are ours. dls, dms and dopamine (in DLS)
/// stand for the lesions of Yin et al. (2004, doi:10.1111/j.1460-9568.2004.03095.x; 2005,
/// doi:10.1111/j.1460-9568.2005.04218.x) and Faure et al. (2005, doi:10.1523/JNEUROSCI.3894-04.2005); the
/// paper has the tree in prefrontal cortex.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct HabitGoal {
  static constexpr Info info{"habit_goal", "habit and goal share control by how certain they are",
                             "doi:10.1038/nn1560"};
  static constexpr const char* own_task = "devaluation";
  static constexpr std::array optional_inputs{"outcome_value"};
  static constexpr double not_shown = 1;
  static void check(const Layout& l) {
    if (!l.feature_is_option) throw Error("learner 'habit_goal' knows options, not their features");
  }

  static constexpr auto usually_held = positions({3, 4, 5, 6, 7, 8, 9, 10});
  template <class T>
  struct Params {
    T alpha = T(0.1), beta = T(30.0), noise = T(0.02), w_goal = T(0.5), sharpness = T(10.0), decay = T(0.0),
      prior_came = T(0.1), prior_not = T(1.0), dls = T(1.0), dms = T(1.0), dopamine = T(1.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {
        {"alpha",
         "1",
         &P::alpha,
         {0, 1},
         "what a trial counts for the habit; 1 for the goal",
         beta_prior(1.1, 1.1)},
        {"beta", "1", &P::beta, {0, 1000}, "inverse temperature of the choice", gamma_prior(1.2, 25.0)},
        {"noise",
         "outcome",
         &P::noise,
         {0, 10},
         "sd that computing adds to the goal's value",
         gamma_prior(1.5, 0.02)},
        {"w_goal", "1", &P::w_goal, {0, 1}, "weight of the goal where both are as certain", fixed_prior()},
        {"sharpness",
         "1",
         &P::sharpness,
         {0, 100},
         "how much the more certain is preferred, 0: not at all",
         fixed_prior()},
        {"decay", "1", &P::decay, {0, 1}, "share of the counts lost with each trial", fixed_prior()},
        {"prior_came", "1", &P::prior_came, {1e-3, 1e3}, "count of outcomes at the start", fixed_prior()},
        {"prior_not", "1", &P::prior_not, {1e-3, 1e3}, "count of their absence at the start", fixed_prior()},
        {"dls", "1", &P::dls, {0, 1}, "what is left of the habit", fixed_prior()},
        {"dms", "1", &P::dms, {0, 1}, "what is left of the goal", fixed_prior()},
        {"dopamine", "1", &P::dopamine, {0, 10}, "scales what the habit learns", fixed_prior()}};
  }
  template <class T>
  struct State {
    T goal_weight;
    T came[kMaxOptions], not_came[kMaxOptions];  // the goal's counts
    T paid[kMaxOptions], not_paid[kMaxOptions];  // the habit's
    T delta;
  };
  static std::vector<SignalInfo> signals() {
    return {{"goal_weight", "weight of the goal in the chosen option's value", "1"}};
  }
  template <class T>
  static const T& read(const State<T>& s, int) {
    return s.goal_weight;
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    State<T> s;
    for (int o = 0; o < kMaxOptions; ++o) {
      s.came[o] = s.paid[o] = p.prior_came;
      s.not_came[o] = s.not_paid[o] = p.prior_not;
    }
    s.goal_weight = s.delta = T(0.0);
    return s;
  }

  /// What both systems say of an option, and what they say together.
  template <class T>
  struct Said {
    T habit, goal_weight, value;
  };
  template <class T>
  static Said<T> ask(const Params<T>& p, const T& worth, const T& came, const T& not_came, const T& paid,
                     const T& not_paid) {
    const T one(1.0), least(1e-12);
    const T goals = one / (came + not_came), habits = one / (paid + not_paid);
    const T brings = came * goals, habit = paid * habits;
    const T doubt_goal = worth * worth * brings * (one - brings) * goals / (one + goals) + p.noise * p.noise;
    const T doubt_habit = habit * (one - habit) * habits / (one + habits);
    const T ratio = p.sharpness * (log(max(doubt_goal, least)) - log(max(doubt_habit, least)));
    const T for_goal = p.dms * p.w_goal;
    const T for_habit = p.dls * (one - p.w_goal) * exp(clamp(ratio, T(-300.0), T(300.0)));
    const T share = one / max(for_goal + for_habit, T(1e-300));
    return {habit, for_goal * share, (for_goal * worth * brings + for_habit * habit) * share};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    for (int o = 0; o < x.options(); ++o)
      u[o] = p.beta * ask(p, x.input[0], s.came[o], s.not_came[o], s.paid[o], s.not_paid[o]).value;
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const T one(1.0), kept = one - p.decay, step = p.alpha * p.dopamine;
    const T came = select(x.outcome > T(0.0), one, T(0.0));
    const T felt = came * clamp(x.input[0], T(0.0), one);
    const auto said = ask(p, x.input[0], chosen_of(x, s.came), chosen_of(x, s.not_came), chosen_of(x, s.paid),
                          chosen_of(x, s.not_paid));
    s.goal_weight = said.goal_weight;
    s.delta = felt - said.habit;
    for (int o = 0; o < x.options(); ++o) {
      const Mask<T> chosen = x.choice == constant<T>(o);
      const auto count = [&](T& counted, const T& start, const T& more) {
        counted = select(chosen, start + kept * (counted - start) + more, counted);
      };
      count(s.came[o], p.prior_came, came);
      count(s.not_came[o], p.prior_not, one - came);
      count(s.paid[o], p.prior_came, step * felt);
      count(s.not_paid[o], p.prior_not, step * (one - felt));
    }
  }
};
}  // namespace

LearnerEntry habit_goal() {
  return learner_entry<HabitGoal>();
}
}  // namespace labile
