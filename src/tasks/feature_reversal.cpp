/// Reversal among options made of features: one dimension matters, one of its values is good (T1).
///
/// Each trial shows as many options as the dimensions have values. Per dimension a random value goes to
/// option 0 and the following values, in a circle, to the next options; with two values the second option is
/// the complement of the first. The option with the good value in the relevant dimension pays with p_better,
/// the others with p_worse. At a rule change the good value, the relevant dimension or both change,
/// unannounced.
///
/// Source: reversal and shift designs after Birrell & Brown (2000) J Neurosci 20:4320.
/// Differs from it: no training to criterion by default; dimensions and values are abstract.
#include <fmt/format.h>

#include "core/random.hpp"
#include "tasks/catalogue.hpp"
#include "tasks/reversal.hpp"

namespace labile {
namespace {

class FeatureReversal final : public ReversalTask {
 public:
  static constexpr Info entry_info{"feature_reversal", "options made of features; the good feature changes",
                                   "after Birrell & Brown (2000) J Neurosci 20:4320"};
  struct Params {
    int dims = 3, arity = 2, criterion = 0;
    std::vector<int> blocks{80, 80}, relevant{0}, good{0, 1};
    std::vector<double> p_better{1.0}, p_worse{-1};
    double cue_ms = 500, deadline_ms = 2000, outcome_ms = 250, iti_ms = 2000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"dims", "1", &P::dims, {1, 8}, "stimulus dimensions"},
        {"arity", "1", &P::arity, {2, kMaxOptions}, "values of each dimension, and options shown"},
        {"blocks", "trials", &P::blocks, {1, 1e6}, "length of each block under one rule"},
        {"relevant", "1", &P::relevant, {0, 7}, "relevant dimension of each block; the list repeats"},
        {"good", "1", &P::good, {0, kMaxOptions - 1}, "good value of each block; the list repeats"},
        {"p_better", "1", &P::p_better, {0, 1}, "payoff probability of the good option, one or one a block"},
        {"p_worse",
         "1",
         &P::p_worse,
         {0, 1},
         "payoff probability of the others; 1 - p_better when not given"},
        {"criterion", "1", &P::criterion, {0, 1000}, "correct choices in a row that end a block; 0 = none"},
    };
    add_timing(t);
    return t;
  }

  /// A per-block list that repeats.
  template <class V>
  static auto at(const V& list, std::size_t block) {
    return list[block % list.size()];
  }

  FeatureReversal(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    for (std::size_t b = 0; b < p_.blocks.size(); ++b) {
      const auto q = probabilities(static_cast<int>(b));
      if (q.better < q.worse)
        throw Error(
            fmt::format("p_better ({}) is below p_worse ({}) in block {}; the better option must pay "
                        "at least as often",
                        q.better, q.worse, b));
      if (at(p_.relevant, b) >= p_.dims)
        throw Error(fmt::format("relevant dimension {} of block {} does not exist; there are {} (0 to {})",
                                at(p_.relevant, b), b, p_.dims, p_.dims - 1));
      if (at(p_.good, b) >= p_.arity)
        throw Error(fmt::format("good value {} of block {} does not exist; values are 0 to {}",
                                at(p_.good, b), b, p_.arity - 1));
    }
    info_.layout = Layout::featured(p_.arity, std::vector<int>(p_.dims, p_.arity));
    for (const int length : p_.blocks) info_.max_trials += length;
    info_.events = {"reversal"};
    criterion_ = p_.criterion;
    timing_ = timing_of(p_);
  }

 private:
  [[nodiscard]] Probabilities probabilities(int block) const {
    const double better = at(p_.p_better, block), worse = at(p_.p_worse, block);
    return {better, worse < 0 ? 1 - better : worse};
  }

  bool plan(int, int block, BlockPlan& plan) override {
    if (block >= static_cast<int>(p_.blocks.size())) return false;
    plan = {p_.blocks[block], probabilities(block)};
    return true;
  }

  void present() override {
    const int n = lanes(), options = p_.arity, dims = p_.dims;
    for (int lane = 0; lane < n; ++lane) {
      if (!live_[lane]) continue;
      std::array<std::uint32_t, 4> words{};
      const int block = block_[lane];
      const int relevant = at(p_.relevant, block), good = at(p_.good, block);
      const int old_relevant = block ? at(p_.relevant, block - 1) : -1;
      const int old_good = block ? at(p_.good, block - 1) : -1;
      for (int d = 0; d < dims; ++d) {
        if (d % 4 == 0)
          words = Draw{subjects_.seed, Purpose::stimulus, entity_[lane]}.bits(
              static_cast<std::uint32_t>(trial_), static_cast<std::uint32_t>(d / 4));
        const int base = static_cast<int>((std::uint64_t{words[d % 4]} * options) >> 32);
        for (int o = 0; o < options; ++o) {
          const int value = base + o >= options ? base + o - options : base + o;
          feature_[(o * dims + d) * n + lane] = info_.layout.offset[d] + value;
          if (d == relevant && value == good) best_[lane] = o;
          if (d == old_relevant && value == old_good) old_best_[lane] = o;
        }
      }
      relevant_[lane] = info_.layout.offset[relevant] + good;
    }
  }

  Params p_;
};

}  // namespace

TaskEntry feature_reversal() {
  return task_entry<FeatureReversal>();
}
}  // namespace labile
