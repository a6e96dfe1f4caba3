/// Extinction and what brings a response back (T8): renewal, spontaneous recovery, reinstatement, savings.
///
/// Numbers cue_0 (the cue), cue_1 to cue_3 (contexts A, B, C; one is shown) and days (since the first trial).
/// Phases are blocks:
///
///   design          block 0         block 1                  block 2            block 3
///   ABA, ABC, AAA   A: cue+         second context: cue-     third: cue-
///   recovery        A: cue+         X: cue-                  Y: cue-, `gap` days later
///   reinstatement   A: cue+         X: cue-                  Y: + alone         Y: cue-
///   reacquisition   A: cue+         X: cue-                  Y: cue+
///
/// X is A, or B with extinction_context = "B"; Y is the same, or what test_context says. + means that the
/// outcome comes (with p_outcome), - that it does not. With `gradual` the outcomes of extinction fade: their
/// probability falls in equal steps to 0 over the first half of it. Events: "extinction", "free_outcomes" and
/// "test" at the first trial of that phase; the last phase is the test.
///
/// Source: Bouton (2004), doi:10.1101/lm.78804 for the family; gradual extinction after Gershman et al.
/// (2013), doi:10.3389/fnbeh.2013.00164. Differs from them: a trial asks for a prediction instead of counting
/// responses; contexts are cues beside the cue, without exposure to them between trials; free outcomes come
/// in the context of the test; gradual extinction there had five outcomes at growing distances.
#include <fmt/format.h>

#include <algorithm>

#include "tasks/catalogue.hpp"
#include "tasks/conditioning.hpp"

namespace labile {
namespace {

class Extinction final : public ConditioningTask {
 public:
  static constexpr Info entry_info{"extinction",
                                   "a cue stops announcing its outcome; what brings the answer back?",
                                   "doi:10.1101/lm.78804"};
  struct Params {
    std::string design = "ABA", extinction_context = "A", test_context = "same";
    int acquisition = 40, extinction = 60, test = 10, reacquisition = 40, free_outcomes = 3;
    double gap = 7, p_outcome = 1, context = 1;
    bool gradual = false;
    double cue_ms = 1000, deadline_ms = 1000, outcome_ms = 500, iti_ms = 10000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"design",
         "1",
         &P::design,
         {},
         "contexts of acquisition, extinction and test, or what comes before the test",
         {},
         {"ABA", "ABC", "AAA", "recovery", "reinstatement", "reacquisition"}},
        {"extinction_context",
         "1",
         &P::extinction_context,
         {},
         "where extinction is, in the last three designs",
         {},
         {"A", "B"}},
        {"test_context", "1", &P::test_context, {}, "where their test is", {}, {"same", "A", "B", "C"}},
        {"acquisition", "trials", &P::acquisition, {1, 1e5}, "trials with the outcome"},
        {"extinction", "trials", &P::extinction, {1, 1e5}, "trials without it"},
        {"test", "trials", &P::test, {1, 1e5}, "trials of the test, without the outcome"},
        {"reacquisition",
         "trials",
         &P::reacquisition,
         {1, 1e5},
         "trials of the test of design reacquisition"},
        {"free_outcomes",
         "trials",
         &P::free_outcomes,
         {1, 1e5},
         "outcomes without the cue, in reinstatement"},
        {"gap", "days", &P::gap, {0, 1e5}, "days between extinction and test, in recovery"},
        {"p_outcome", "1", &P::p_outcome, {0, 1}, "probability of the outcome where it may come"},
        {"context", "1", &P::context, {0, 10}, "what the cue of a context shows"},
        {"gradual", "1", &P::gradual, {}, "whether the outcomes of extinction fade instead of ending"}};
    add_timing(t);
    return t;
  }

  Extinction(Params p, const Schedule* schedule) : p_(std::move(p)) {
    refuse_schedule(schedule, entry_info.name);
    info_.inputs = {"cue_0", "cue_1", "cue_2", "cue_3", "days"};
    info_.events = {"extinction", "free_outcomes", "test"};
    const bool renewal = p_.design.size() == 3;
    const char second = renewal ? p_.design[1] : p_.extinction_context[0];
    const char elsewhere = p_.test_context == "same" ? second : p_.test_context[0];
    const char third = renewal ? p_.design[2] : elsewhere;
    const double later = p_.design == "recovery" ? p_.gap : 0;
    add_phase(p_.acquisition, shown('A'), p_.p_outcome);
    extinguish(second);
    if (p_.design == "reinstatement") add_phase(p_.free_outcomes, shown(third, 0), p_.p_outcome, kFree);
    if (p_.design == "reacquisition")
      add_phase(p_.reacquisition, shown(third), p_.p_outcome, kTest);
    else
      add_phase(p_.test, shown(third, 1, later), 0, kTest);
    plan_done();
    timing_ = timing_of(p_);
  }

 private:
  static constexpr std::uint8_t kExtinction = 1, kFree = 2, kTest = 4;  // bits of info_.events

  [[nodiscard]] std::array<double, kShown> shown(char context, double cue = 1, double days = 0) const {
    std::array<double, kShown> r{cue, 0, 0, 0, days};
    r[static_cast<std::size_t>(1 + context - 'A')] = p_.context;
    return r;
  }
  void extinguish(char context) {
    const std::size_t first = plan_.size();
    add_phase(p_.extinction, shown(context), 0, kExtinction);
    if (!p_.gradual) return;
    const int fading = p_.extinction / 2;
    for (int t = 0; t < fading; ++t)
      plan_[first + static_cast<std::size_t>(t)].p_outcome = p_.p_outcome * (1 - (t + 1.0) / (fading + 1));
  }

  Params p_;
};

}  // namespace

TaskEntry extinction() {
  return task_entry<Extinction>();
}
}  // namespace labile
