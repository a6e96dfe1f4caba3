/// Set shifting within and between dimensions (T7): seven stages, each a rule to be found from feedback.
///
/// Two options differ in every dimension shown; one of the two exemplars in one dimension is right. Stages
/// (blocks 0 to 6):
///   SD     one dimension alone
///   CD     the same rule; the other dimensions join
///   CDrev  the other exemplar is right
///   ID     new exemplars everywhere, the same dimension
///   IDrev  the other exemplar is right
///   ED     new exemplars, the next dimension
///   EDrev  the other exemplar is right
/// A stage ends after `criterion` right choices in a row. One that is not passed within `max_trials` ends the
/// test, or the test goes on. A dimension has seven values: exemplars 0 and 1 of SD, CD and CDrev, 2 and 3 of
/// ID and IDrev, 4 and 5 of ED and EDrev, and 6 where the dimension is absent (both options then have it).
/// The dimension that is relevant first goes round by subject; exemplars and sides are drawn.
///
/// Source: Birrell & Brown (2000), doi:10.1523/JNEUROSCI.20-11-04320.2000 (stages, six in a row); ending the
/// test after a failed stage as in Owen et al. (1991), doi:10.1016/0028-3932(91)90063-E. Differs from them:
/// 100 trials a stage; no stage in which dimensions stand apart; the first four trials are no practice.
#include "tasks/catalogue.hpp"
#include "tasks/reversal.hpp"

namespace labile {
namespace {

constexpr int kStages = 7, kAbsent = 6;
/// Of each stage: which pair of exemplars, whether the right one of the pair is swapped, whether the
/// dimension is the second.
struct Stage {
  int pair;
  bool reversed, shifted;
};
constexpr Stage kStage[kStages] = {{0, false, false}, {0, false, false}, {0, true, false}, {1, false, false},
                                   {1, true, false},  {2, false, true},  {2, true, true}};

class SetShifting final : public ReversalTask {
 public:
  static constexpr Info entry_info{"set_shifting", "shifts of a rule within a dimension and to another",
                                   "doi:10.1523/JNEUROSCI.20-11-04320.2000"};
  struct Params {
    int dims = 2, criterion = 6, max_trials = 100, first = -1;
    double p_right = 1;
    std::string on_failure = "end";
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 500, iti_ms = 1000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"dims", "1", &P::dims, {2, 8}, "stimulus dimensions"},
        {"criterion", "trials", &P::criterion, {1, 1000}, "right choices in a row that pass a stage"},
        {"max_trials", "trials", &P::max_trials, {1, 1e5}, "longest stage"},
        {"first",
         "1",
         &P::first,
         {-1, 7},
         "dimension that is relevant first; -1: counterbalanced by subject"},
        {"p_right",
         "1",
         &P::p_right,
         {0.5, 1},
         "payoff probability of the right option; 1 - p_right of the other"},
        {"on_failure",
         "1",
         &P::on_failure,
         {},
         "what happens after a stage that is not passed",
         {},
         {"end", "go on"}}};
    add_timing(t);
    return t;
  }

  SetShifting(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    if (p_.first >= p_.dims)
      throw Error("first = " + std::to_string(p_.first) + " is no dimension; there are " +
                  std::to_string(p_.dims) + ", counted from 0");
    info_.layout = Layout::featured(2, std::vector<int>(static_cast<std::size_t>(p_.dims), kAbsent + 1));
    info_.max_trials = kStages * p_.max_trials;
    info_.events = {"stage", "reversal", "CD", "CDrev", "ID", "IDrev", "ED", "EDrev"};
    criterion_ = p_.criterion;
    timing_ = timing_of(p_);
  }

 private:
  bool plan(int lane, int block, BlockPlan& plan) override {
    // run_ still holds the stage that just ended.
    const bool failed = block > 0 && run_[static_cast<std::size_t>(lane)] < criterion_;
    plan = {p_.max_trials, {p_.p_right, 1 - p_.p_right}};
    return block < kStages && !(failed && p_.on_failure == "end");
  }

  void present() override {
    const std::size_t n = size(), dims = static_cast<std::size_t>(p_.dims);
    for (std::size_t lane = 0; lane < n; ++lane) {
      if (!live_[lane]) continue;
      const int block = block_[lane];
      const Stage& stage = kStage[block];
      const int relevant = relevant_dimension(lane, stage);
      const int good = right_exemplar(lane, stage);
      const std::uint32_t sides = draw(Purpose::stimulus, lane).bits(static_cast<std::uint32_t>(trial_))[0];
      for (std::size_t d = 0; d < dims; ++d) {
        const bool absent = block == 0 && static_cast<int>(d) != relevant;
        for (int o = 0; o < 2; ++o) {
          const int value = absent ? kAbsent : 2 * stage.pair + static_cast<int>(sides >> d & 1 ? 1 - o : o);
          feature_[(static_cast<std::size_t>(o) * dims + d) * n + lane] = info_.layout.offset[d] + value;
          if (static_cast<int>(d) == relevant && value == good) best_[lane] = o;
        }
      }
      relevant_[lane] = info_.layout.offset[static_cast<std::size_t>(relevant)] + good;
      // The old rule says nothing of new exemplars.
      const bool same_exemplars = block > 0 && kStage[block - 1].pair == stage.pair;
      old_best_[lane] = !same_exemplars ? -1 : stage.reversed ? 1 - best_[lane] : best_[lane];
      if (block > 0 && trial_in_block_[lane] == 0)
        event_[lane] = static_cast<std::uint8_t>(1 | (stage.reversed ? 2 : 0) | 1 << (block + 1));
    }
  }

  [[nodiscard]] int relevant_dimension(std::size_t lane, const Stage& stage) const {
    const int first = p_.first >= 0 ? p_.first : static_cast<int>(entity_[lane]) % p_.dims;
    return stage.shifted ? (first + 1) % p_.dims : first;
  }
  [[nodiscard]] int right_exemplar(std::size_t lane, const Stage& stage) const {
    const auto pair = static_cast<std::uint32_t>(stage.pair);
    const int first = static_cast<int>(draw(Purpose::schedule, lane).below(2, pair));
    return 2 * stage.pair + (stage.reversed ? 1 - first : first);
  }

  Params p_;
};

}  // namespace

TaskEntry set_shifting() {
  return task_entry<SetShifting>();
}
}  // namespace labile
