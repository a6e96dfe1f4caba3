/// Probabilistic selection: learn which of two is right more often, then choose among new pairs without
/// feedback. Does the first stimulus attract, or the second repel?
///
/// Training (block 0): pairs AB, CD and EF, of which A, C and E are right in 80, 70 and 60 % of trials and
/// the other one in the rest (outcome 1 or 0). Sets of `repeats` trials a pair in random order go on until in
/// one set A, C and E are chosen often enough (`criteria`), or for `sets` sets. Test (block 1, event "test"):
/// every pair of the letters `test_repeats` times in random order, without outcome. An option is one of the
/// letters, its only feature (A 0, B 1, ...); sides are drawn.
///
/// Source: Frank, Seeberger & O'Reilly (2004), doi:10.1126/science.1102941 (criteria .65, .60, .50; up to six
/// sets of 60). Differs from it: the trained pairs are in the test as often as the new ones.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/trial_task.hpp"

namespace labile {
namespace {

class ProbabilisticSelection final : public TrialTask {
 public:
  static constexpr Info entry_info{"probabilistic_selection",
                                   "learn from what is right more often, then choose among new pairs",
                                   "doi:10.1126/science.1102941"};
  struct Params {
    std::vector<double> p_right{0.8, 0.7, 0.6}, criteria{0.65, 0.6, 0.5};
    int repeats = 20, sets = 6, test_repeats = 4;
    bool to_criterion = true;
    double cue_ms = 500, deadline_ms = 3500, outcome_ms = 1000, iti_ms = 1000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"p_right", "1", &P::p_right, {0.5, 1}, "how often the better one of each pair is right"},
        {"criteria", "1", &P::criteria, {0, 1}, "share of better choices that ends the training, by pair"},
        {"to_criterion", "1", &P::to_criterion, {}, "end the training once every pair has met its criterion"},
        {"repeats", "trials", &P::repeats, {1, 1e5}, "trials of each pair in a training set"},
        {"sets", "1", &P::sets, {1, 1e4}, "training sets at most"},
        {"test_repeats", "trials", &P::test_repeats, {0, 1e5}, "trials of each pair in the test"}};
    add_timing(t);
    return t;
  }

  ProbabilisticSelection(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    pairs_ = static_cast<int>(p_.p_right.size());
    if (pairs_ < 1 || pairs_ > kMaxFeatures / 2)
      throw Error(fmt::format("p_right has {} pairs; there can be 1 to {}", pairs_, kMaxFeatures / 2));
    if (p_.to_criterion && p_.criteria.size() != p_.p_right.size())
      throw Error(fmt::format("criteria has {} entries for {} pairs; give one a pair", p_.criteria.size(),
                              p_.p_right.size()));
    info_.layout = Layout::featured(2, {2 * pairs_});
    set_size_ = pairs_ * p_.repeats;
    test_size_ = pairs_ * (2 * pairs_ - 1) * p_.test_repeats;
    info_.max_trials = p_.sets * set_size_ + test_size_;
    info_.events = {"test"};
    timing_ = timing_of(p_);
  }

 private:
  struct Pair {
    int first, second;  // letters
  };

  void start() override {
    order_.assign(size(), {});
    from_.assign(size(), 0);
    better_.assign(static_cast<std::size_t>(pairs_) * size(), 0);
    for (std::size_t lane = 0; lane < size(); ++lane) start_training_set(lane, 0);
  }
  void start_training_set(std::size_t lane, std::uint32_t set) {
    auto& order = order_[lane];
    order.clear();
    for (int i = 0; i < pairs_; ++i) {
      order.insert(order.end(), static_cast<std::size_t>(p_.repeats), Pair{2 * i, 2 * i + 1});
      better_[static_cast<std::size_t>(i) * size() + lane] = 0;
    }
    shuffle(order, draw(Purpose::stimulus, lane), set);
    from_[lane] = trial_;
  }
  void start_test(std::size_t lane) {
    auto& order = order_[lane];
    order.clear();
    for (int a = 0; a < 2 * pairs_; ++a)
      for (int b = a + 1; b < 2 * pairs_; ++b)
        order.insert(order.end(), static_cast<std::size_t>(p_.test_repeats), Pair{a, b});
    shuffle(order, draw(Purpose::stimulus, lane), static_cast<std::uint32_t>(p_.sets));
    from_[lane] = trial_;
    block_[lane] = 1;
    event_[lane] = 1;
    alive_[lane] = !order.empty();
  }
  [[nodiscard]] double p_of(int letter) const {
    const double p = p_.p_right[static_cast<std::size_t>(letter / 2)];
    return letter % 2 == 0 ? p : 1 - p;
  }

  void show() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      if (!live_[lane]) continue;
      const Pair pair = order_[lane][static_cast<std::size_t>(trial_ - from_[lane])];
      const auto words = draw(Purpose::luck, lane).bits(static_cast<std::uint32_t>(trial_));
      const bool swapped = words[0] >> 31;
      const int left = swapped ? pair.second : pair.first, right = swapped ? pair.first : pair.second;
      feature_[lane] = left;
      feature_[n + lane] = right;
      const double p_left = p_of(left), p_right = p_of(right);
      best_[lane] = p_left > p_right ? 0 : p_right > p_left ? 1 : -1;
      relevant_[lane] = best_[lane] < 0 ? -1 : best_[lane] == 0 ? left : right;
      const bool first_is_right = Draw::uniform32(words[1]) < p_of(pair.first);
      const bool left_is_right = first_is_right != swapped;
      would_pay_[lane] = block_[lane] == 1 ? kNaN : left_is_right ? 1 : 0;
      would_pay_[n + lane] = block_[lane] == 1 ? kNaN : left_is_right ? 0 : 1;
    }
  }
  void advance() override {
    const std::size_t n = size();
    for (std::size_t lane = 0; lane < n; ++lane) {
      if (!alive_[lane]) continue;
      const auto done = static_cast<std::size_t>(trial_ - from_[lane]);
      if (block_[lane] == 0) {
        const Pair pair = order_[lane][done - 1];
        const int chosen =
            choice_[lane] < 0
                ? -1
                : static_cast<int>(feature_[static_cast<std::size_t>(choice_[lane]) * n + lane]);
        better_[static_cast<std::size_t>(pair.first / 2) * n + lane] += chosen == pair.first;
      }
      if (done < order_[lane].size()) continue;
      if (block_[lane] == 1)
        alive_[lane] = 0;
      else if (trial_ == p_.sets * set_size_ || (p_.to_criterion && met_criteria(lane)))
        start_test(lane);
      else
        start_training_set(lane, static_cast<std::uint32_t>(trial_ / set_size_));
    }
  }
  [[nodiscard]] bool met_criteria(std::size_t lane) const {
    for (int i = 0; i < pairs_; ++i)
      if (better_[static_cast<std::size_t>(i) * size() + lane] <
          p_.criteria[static_cast<std::size_t>(i)] * p_.repeats - 1e-9)
        return false;
    return true;
  }

  Params p_;
  int pairs_ = 3, set_size_ = 60, test_size_ = 60;
  std::vector<std::vector<Pair>> order_;  // [lanes][trial of the set or test]
  std::vector<std::int32_t> from_;        // [lanes] first trial of the set or test
  std::vector<std::int32_t> better_;      // [pair][lanes] better choices in the set
};

}  // namespace

TaskEntry probabilistic_selection() {
  return task_entry<ProbabilisticSelection>();
}
}  // namespace labile
