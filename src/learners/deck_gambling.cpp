/// Accept or decline a gamble on a card of a deck against a number shown: a learned value of the deck beside
/// the number.
///
/// Option 1 accepts, option 0 declines. Q of each deck (state) starts at 0; the number 1 .. 9 counts as
/// N = (5 - number) / 4, from 1 (easy to beat) to -1:
///   P(accept) = logistic(bias + beta_number N + beta_deck Q[deck])
///   after an accepted gamble with outcome r (1 won, -1 lost, 0 a tie)
///     delta = r - Q[deck] - net N,   Q[deck] += rate delta
///     rate = lr_win if r > 0, lr_loss if r < 0, their mean at a tie
/// net = 1: the deck is held to account for what the number did not let expect; net = 0: a plain delta rule.
/// lr_win = lr_loss gives the models with one rate. A declined gamble teaches nothing.
///
/// Source: Michely et al. (2022), doi:10.1038/s42003-022-03690-5, models 5 (net = 0) and 6 (net = 1) of the
/// authors' code. Differs from it: a missed trial counts for nothing (there as declined); priors are ours.
#include "contract/learner_entry.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
struct DeckGambling {
  static constexpr Info info{"deck_gambling",
                             "accepts gambles by the deck's learned value and the number shown",
                             "doi:10.1038/s42003-022-03690-5"};
  static constexpr const char* own_task = "card_gambling";
  static constexpr std::array inputs{"computer_number"};
  static void check(const Layout& l) {
    if (l.options != 2)
      throw Error("learner 'deck_gambling' accepts (1) or declines (0): it plays tasks of two options");
  }
  static constexpr auto usually_held = positions({5});
  template <class T>
  struct Params {
    T lr_win = T(0.3), lr_loss = T(0.3), bias = T(0.0), beta_number = T(2.0), beta_deck = T(2.0),
      net = T(1.0);
  };
  static std::vector<Field<Params<double>>> table() {
    using P = Params<double>;
    return {{"lr_win", "1", &P::lr_win, {0, 1}, "learning rate after a win", beta_prior(1.1, 1.1)},
            {"lr_loss", "1", &P::lr_loss, {0, 1}, "learning rate after a loss", beta_prior(1.1, 1.1)},
            {"bias", "1", &P::bias, {-50, 50}, "tendency to accept", normal_prior(0, 2)},
            {"beta_number",
             "1",
             &P::beta_number,
             {0, 100},
             "inverse temperature of the number",
             gamma_prior(1.5, 2)},
            {"beta_deck",
             "1",
             &P::beta_deck,
             {0, 100},
             "inverse temperature of the deck's value",
             gamma_prior(1.5, 2)},
            {"net",
             "1",
             &P::net,
             {0, 1},
             "share of the number's expectation taken off the error",
             fixed_prior()}};
  }
  template <class T>
  struct State {
    T q[kMaxStates];
    T delta;
  };
  template <class T>
  static State<T> start(const Params<T>&, const Layout&) {
    State<T> s;
    for (auto& q : s.q) q = T(0.0);
    s.delta = T(0.0);
    return s;
  }
  template <class T>
  static T ease(const Trial<T>& x) {
    return (T(5.0) - x.input[0]) * T(0.25);
  }
  template <class T>
  static void utility(const Params<T>& p, const State<T>& s, const Trial<T>& x, T* u) {
    u[0] = T(0.0);
    u[1] = p.bias + p.beta_number * ease(x) + p.beta_deck * shown(x, s.q, 1, 0);
  }
  template <class T>
  static void learn(const Params<T>& p, State<T>& s, const Trial<T>& x) {
    const Mask<T> accepted = x.choice == constant<T>(1);
    const T rate = select(x.outcome > T(0.0), p.lr_win,
                          select(x.outcome < T(0.0), p.lr_loss, T(0.5) * (p.lr_win + p.lr_loss)));
    for_each_state(x, s.q, 1, 0, [&](T& q, Mask<T> here) {
      const T delta = x.outcome - q - p.net * ease(x);
      s.delta = select(here & accepted, delta, s.delta);
      q = select(here & accepted, q + rate * delta, q);
    });
  }
};
}  // namespace

LearnerEntry deck_gambling() {
  return learner_entry<DeckGambling>();
}
}  // namespace labile
