/// Card gambling: accept or decline a bet that a deck's hidden card beats the number shown.
///
/// Three decks (states 0 low, 1 even, 2 high) hold cards 1 to 9 in proportions that have to be learned. The
/// number to beat is shown (`computer_number`). Option 1 accepts: 1 if the card is higher, -1 if it is lower,
/// 0 at a tie; option 0 declines: 0. The best option is the one of the larger expectation, none where they
/// are equal. Of every 15 trials each number appears once, those within 1 of `level` three times, once with
/// each deck; the others are dealt to two rounds of the decks; all in random order. With `adaptive` the level
/// follows the bets: of the last 15 trials' nine within 1 of it at most 3 accepted, and it falls by 1 (by 2
/// if none was); at least 6, and it rises by 1 (by 2 if all were); from 2 to 8. What is shown then depends on
/// the agent, so it is off unless asked for.
///
/// Source: Michely et al. (2022), doi:10.1038/s42003-022-03690-5, and the authors' code: there P(win) is
/// (9 - n) / 9 with the even deck, .3 more (at most 1, at n = 9 still 0) with the high and .3 less with the
/// low one, P(loss) (n - 1) / 9 with .3 to and from the other way. These are the chances of the cards below.
/// Differs from it: outcomes are drawn one by one (there counters hold each deck close to its chances and may
/// put off a loss that falls on a win), and the order has no bounds on repetitions of a deck.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class CardGambling final : public TrialTask {
 public:
  static constexpr Info entry_info{"card_gambling", "bets that a deck's hidden card beats the number shown",
                                   "doi:10.1038/s42003-022-03690-5"};
  struct Params {
    int trials = 180, block = 60;
    std::vector<double> low{37, 10, 10, 10, 10, 10, 3, 0, 0}, even{10, 10, 10, 10, 10, 10, 10, 10, 10},
        high{0, 0, 3, 10, 10, 10, 10, 10, 37};
    int level = 5;
    bool adaptive = false;
    double cue_ms = 4500, deadline_ms = 2500, outcome_ms = 2000, iti_ms = 4500;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"trials", "trials", &P::trials, {1, 1e6}, "number of trials"},
        {"block", "trials", &P::block, {1, 1e6}, "trials of a block; decks stay the same"},
        {"low", "1", &P::low, {0, 1e6}, "how many cards 1 to 9 the low deck has, in any unit"},
        {"even", "1", &P::even, {0, 1e6}, "how many cards 1 to 9 the even deck has"},
        {"high", "1", &P::high, {0, 1e6}, "how many cards 1 to 9 the high deck has"},
        {"level", "1", &P::level, {2, 8}, "number around which those to beat gather"},
        {"adaptive", "1", &P::adaptive, {}, "the level follows the bets that were accepted"}};
    add_timing(t);
    return t;
  }

  CardGambling(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    for (const auto& [name, cards] : {std::pair{"low", &p_.low}, {"even", &p_.even}, {"high", &p_.high}}) {
      const double all = std::accumulate(cards->begin(), cards->end(), 0.0);
      if (cards->size() != 9 || !(all > 0))
        throw Error(
            fmt::format("task 'card_gambling': {} must say how many there are of the cards 1 to 9: nine "
                        "numbers, not all 0 (given: {})",
                        name, cards->size()));
      std::vector<double> sums(9);
      std::partial_sum(cards->begin(), cards->end(), sums.begin());
      for (double& s : sums) s /= all;
      up_to_.push_back(std::move(sums));
    }
    info_.layout = Layout::bandit(2, 3);
    info_.max_trials = p_.trials;
    info_.inputs = {"computer_number"};
    info_.events = {"block"};
    timing_ = timing_of(p_);
  }

 private:
  struct Bet {
    int deck, number;
  };
  void start() override {
    bets_.assign(size(), {});
    level_.assign(size(), p_.level);
    accepted_.assign(size(), 0);
  }
  /// The coming fifteen trials of a lane.
  void deal(std::size_t lane) {
    const auto round = static_cast<std::uint32_t>(trial_ / kRound);
    const Draw order = draw(Purpose::stimulus, lane);
    std::vector<int> decks{0, 1, 2, 0, 1, 2};
    for (const int half : {0, 1}) {
      std::vector<int> three{0, 1, 2};
      shuffle(three, order, 2 * round + static_cast<std::uint32_t>(half) + (1u << 16));
      std::copy(three.begin(), three.end(), decks.begin() + 3 * half);
    }
    auto& bets = bets_[lane];
    bets.clear();
    auto next = decks.begin();
    for (int number = 1; number <= 9; ++number) {
      if (std::abs(number - level_[lane]) > 1) {
        bets.push_back({*next++, number});
      } else {
        for (int deck = 0; deck < 3; ++deck) bets.push_back({deck, number});
      }
    }
    shuffle(bets, order, round);
  }
  void show() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      if (trial_ % kRound == 0) deal(lane);
      const Bet bet = bets_[lane][static_cast<std::size_t>(trial_ % kRound)];
      const auto& up_to = up_to_[static_cast<std::size_t>(bet.deck)];
      const double u = draw(Purpose::luck, lane).uniform(static_cast<std::uint32_t>(trial_));
      const auto card = 1 + (std::upper_bound(up_to.begin(), up_to.end() - 1, u) - up_to.begin());
      state_[lane] = bet.deck;
      input_[lane] = bet.number;
      would_pay_[lane] = 0;
      would_pay_[n + lane] = card > bet.number ? 1 : card < bet.number ? -1 : 0;
      const double expected = 1 - up_to[static_cast<std::size_t>(bet.number - 1)] -
                              (bet.number > 1 ? up_to[static_cast<std::size_t>(bet.number - 2)] : 0.0);
      best_[lane] = relevant_[lane] = expected > 1e-9 ? 1 : expected < -1e-9 ? 0 : -1;
      block_[lane] = trial_ / p_.block;
      event_[lane] = trial_ > 0 && trial_ % p_.block == 0;
    }
  }
  void advance() override {
    for (std::size_t lane = 0; lane < size(); ++lane) {
      const Bet bet = bets_[lane][static_cast<std::size_t>((trial_ - 1) % kRound)];
      accepted_[lane] += choice_[lane] == 1 && std::abs(bet.number - level_[lane]) <= 1;
      if (trial_ % kRound != 0) continue;
      const int n = accepted_[lane];
      if (p_.adaptive)
        level_[lane] = std::clamp(level_[lane] + (n >= 6) + (n == 9) - (n <= 3) - (n == 0), 2, 8);
      accepted_[lane] = 0;
    }
    end_at_max();
  }

  static constexpr int kRound = 15;
  Params p_;
  std::vector<std::vector<double>> up_to_;  // [deck][card - 1] chance of that card or a lower one
  std::vector<std::vector<Bet>> bets_;      // [lanes][trial of the round]
  std::vector<int> level_, accepted_;       // [lanes]
};

}  // namespace

TaskEntry card_gambling() {
  return task_entry<CardGambling>();
}
}  // namespace labile
