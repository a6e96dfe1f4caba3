/// Card sorting (T7): match each card to one of four key cards by a rule that changes without notice.
///
/// Key card k has value k in every dimension (one red triangle, two green stars, three yellow crosses, four
/// blue circles); a card has one of four values in each and so matches one key card a dimension, often the
/// same in several: it is then ambiguous, and right or wrong says less. An option is a key card; its features
/// are, for each dimension, whether it matches the card (value 1) or not (0). Matching in the relevant
/// dimension pays 1. After `criterion` right choices in a row the rule changes to the next dimension of
/// `order` (blocks count the categories); the test ends with `categories` of them or with the cards, which
/// are full decks in random order.
///
/// Source: Heaton et al. (1993), Wisconsin Card Sorting Test manual; Grant & Berg (1948),
/// doi:10.1037/h0059831. Differs from them: decks are shuffled, theirs have a fixed order; dimensions are
/// numbers, 3 or as many as wanted.
#include <fmt/format.h>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

constexpr int kKeys = 4;

class CardSorting final : public TrialTask {
 public:
  static constexpr Info entry_info{"card_sorting", "sort cards by a rule that changes without notice",
                                   "doi:10.1037/h0059831"};
  struct Params {
    int dims = 3, cards = 128, criterion = 10, categories = 6;
    std::vector<int> order;
    double cue_ms = 500, deadline_ms = 10000, outcome_ms = 500, iti_ms = 1000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"dims", "1", &P::dims, {2, 6}, "dimensions of the cards"},
        {"cards", "trials", &P::cards, {1, 1e6}, "number of cards"},
        {"criterion", "trials", &P::criterion, {1, 1000}, "right choices in a row that complete a category"},
        {"categories", "1", &P::categories, {0, 1e6}, "categories that end the test; 0: only the cards do"},
        {"order", "1", &P::order, {0, 5}, "relevant dimensions in turn; 0, 1, 2, ... when not given"}};
    add_timing(t);
    return t;
  }

  CardSorting(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.order.empty())
      for (int d = 0; d < p_.dims; ++d) p_.order.push_back(d);
    for (std::size_t k = 0; k < p_.order.size(); ++k) {
      if (p_.order[k] >= p_.dims)
        throw Error(fmt::format("order names dimension {}; there are {} (0 to {})", p_.order[k], p_.dims,
                                p_.dims - 1));
      if (p_.order.size() > 1 && p_.order[k] == p_.order[(k + 1) % p_.order.size()])
        throw Error(
            fmt::format("order has dimension {} twice in a row, so that no rule would change", p_.order[k]));
    }
    info_.layout = Layout::featured(kKeys, std::vector<int>(static_cast<std::size_t>(p_.dims), 2));
    info_.max_trials = p_.cards;
    info_.events = {"rule"};
    timing_ = timing_of(p_);
  }

 private:
  void start() override {
    run_.assign(size(), 0);
    card_.resize(size());
    const int deck = 1 << (2 * p_.dims);
    for (std::size_t lane = 0; lane < size(); ++lane) {
      auto& cards = card_[lane];
      cards.clear();
      for (std::uint32_t k = 0; static_cast<int>(cards.size()) < p_.cards; ++k) {
        std::vector<std::int32_t> one(static_cast<std::size_t>(deck));
        for (int c = 0; c < deck; ++c) one[static_cast<std::size_t>(c)] = c;
        shuffle(one, draw(Purpose::stimulus, lane), k);
        cards.insert(cards.end(), one.begin(), one.end());
      }
    }
  }
  /// The key card that this card matches in a dimension.
  static int key(std::int32_t card, int dim) { return card >> (2 * dim) & 3; }
  [[nodiscard]] int rule(int block) const {
    return p_.order[static_cast<std::size_t>(block) % p_.order.size()];
  }

  void show() override {
    const std::size_t n = size(), dims = static_cast<std::size_t>(p_.dims);
    for (std::size_t lane = 0; lane < n; ++lane) {
      const std::int32_t card = card_[lane][static_cast<std::size_t>(trial_)];
      const int block = block_[lane];
      best_[lane] = key(card, rule(block));
      old_best_[lane] = block > 0 ? key(card, rule(block - 1)) : -1;
      relevant_[lane] = info_.layout.offset[static_cast<std::size_t>(rule(block))] + 1;
      for (int o = 0; o < kKeys; ++o) {
        for (std::size_t d = 0; d < dims; ++d)
          feature_[(static_cast<std::size_t>(o) * dims + d) * n + lane] =
              info_.layout.offset[d] + (key(card, static_cast<int>(d)) == o);
        would_pay_[static_cast<std::size_t>(o) * n + lane] = o == best_[lane];
      }
    }
  }
  void advance() override {
    for (std::size_t lane = 0; lane < size(); ++lane) {
      if (!alive_[lane]) continue;
      run_[lane] = choice_[lane] == best_[lane] ? run_[lane] + 1 : 0;
      if (run_[lane] < p_.criterion) continue;
      run_[lane] = 0;
      if (p_.categories > 0 && block_[lane] + 1 == p_.categories) {
        alive_[lane] = 0;
      } else if (trial_ < info_.max_trials) {
        ++block_[lane];
        event_[lane] = 1;
      }
    }
    end_at_max();
  }

  Params p_;
  std::vector<std::int32_t> run_;                // [lanes] right choices in a row
  std::vector<std::vector<std::int32_t>> card_;  // [lanes][trial] two bits a dimension
};

}  // namespace

TaskEntry card_sorting() {
  return task_entry<CardSorting>();
}
}  // namespace labile
