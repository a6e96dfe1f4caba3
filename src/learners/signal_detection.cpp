/// Signal detection: yes where the evidence is above a criterion that moves after errors.
///
/// Evidence e is N(0, 1) without a signal and N(d_prime, 1) with one, so its log-likelihood ratio is
/// d_prime (e - d_prime / 2). Option 1 is yes:
///   P(yes) = logistic(beta d_prime (e - c)),  c starts at `criterion`
///   delta = right - choice (1 yes, 0 no),  c -= alpha delta
/// so a miss lowers the criterion and a false alarm raises it, each by alpha. At rest misses are as frequent
/// as false alarms: the shares of yes and of signals match. d_prime here is what the observer believes.
///
/// Source: Green & Swets (1966), Signal Detection Theory and Psychophysics; the moving criterion after Kac
/// (1962), IRE Trans Inf Theory 8:126. Differs from them: decisions are soft (beta large: as theirs); what
/// was right is known, or follows from the outcome.
#include "contract/learner_entry.hpp"
#include "learners/binary_input.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct SignalDetection {
  static constexpr Info info{"signal_detection", "yes above a criterion that moves after errors",
                             "Green & Swets (1966)"};
  static constexpr const char* own_task = "sustained_attention";
  static constexpr std::array inputs{"evidence"};
  static constexpr bool learns_when_told = true;
  static void check(const Layout& l) {
    if (l.options != 2)
      throw Error(fmt::format("learner 'signal_detection' says no or yes; here are {} options", l.options));
  }
  static constexpr auto usually_held = positions({0});
  template <class T>
  struct Params {
    T d_prime = T(2.0), criterion = T(1.0), alpha = T(0.02), beta = T(5.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"d_prime", "1", &P::d_prime, {0, 20}, "believed distance of signal and noise", fixed_prior()},
            {"criterion",
             "1",
             &P::criterion,
             {-20, 20},
             "evidence that a yes takes, at the start",
             normal_prior(1, 1)},
            {"alpha", "1", &P::alpha, {0, 5}, "step of the criterion after an error", gamma_prior(1.2, 0.1)},
            {"beta", "1", &P::beta, {0, 100}, "inverse temperature of the decision", gamma_prior(1.2, 5)}};
  }
  template <class T>
  struct State {
    T criterion, delta;
  };
  static std::vector<SignalInfo> signals() { return {{"criterion", "evidence that a yes takes", "1"}}; }
  template <class T>
  static const T& read(const State<T>& s, int) {
    return s.criterion;
  }
  template <class T>
  static State<T> start(const Params<T>& p, const Layout&) {
    return {p.criterion, T(0.0)};
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    u[0] = T(0.0);
    u[1] = p.beta * p.d_prime * (x.input[0] - s.criterion);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    s.delta = binary_input(x) - select(x.choice == constant<T>(1), T(1.0), T(0.0));
    s.criterion -= p.alpha * s.delta;
  }
};
}  // namespace

LearnerEntry signal_detection() {
  return learner_entry<SignalDetection>();
}
}  // namespace labile
