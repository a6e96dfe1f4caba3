/// Pavlovian conditioning with one or two cues (T3): which of them comes to predict the outcome?
///
/// Numbers cue_0 (A) and cue_1 (B), 0 where they are not shown; phases are blocks:
///
///   design              block 0          block 1               block 2
///   acquisition         A+               A- (test)
///   omission            A+               A+, `omitted` of the outcomes left out
///   blocking            A+               AB+                   B- (test)
///   blocking_control    AB+              B- (test)
///   overshadowing       AB+              A- (test)
///   second_order        A+               BA-                   B- (test)
///
/// + means that the outcome comes (with p_outcome), - that it does not. Block 0 of two trained phases has
/// `first` trials, the next `second`, a test `test`; in blocking_control and overshadowing AB+ has `second`.
/// Events: "compound" at the first trial of A and B together, "test" at the first test trial, "omission" at
/// every outcome left out. Unblocking is blocking under a manipulation of an agent at "compound".
///
/// Source: Kamin (1969) for blocking, Pavlov (1927) for overshadowing and second-order conditioning, Waelti
/// et al. (2001), doi:10.1038/35083500 for blocking and omission under a recording of dopamine; Steinberg et
/// al. (2013), doi:10.1038/nn.3413 for unblocking by dopamine. Differs from them: a trial asks for a
/// prediction instead of counting responses; the outcome is there or not, of one size; control cues of
/// within-subject designs are left out, groups stand for them.
#include <fmt/format.h>

#include "tasks/catalogue.hpp"
#include "tasks/conditioning.hpp"

namespace labile {
namespace {

class Pavlovian final : public ConditioningTask {
 public:
  static constexpr Info entry_info{"pavlovian", "cues alone and together announce an outcome, or do not",
                                   "doi:10.1038/35083500"};
  struct Params {
    std::string design = "acquisition";
    int first = 60, second = 60, test = 10;
    double p_outcome = 1, omitted = 0.1, intensity_a = 1, intensity_b = 1;
    double cue_ms = 1000, deadline_ms = 1000, outcome_ms = 500, iti_ms = 10000;
  };
  static std::vector<Field<Params>> table() {
    using P = Params;
    std::vector<Field<P>> t{
        {"design",
         "1",
         &P::design,
         {},
         "which phases there are",
         {},
         {"acquisition", "omission", "blocking", "blocking_control", "overshadowing", "second_order"}},
        {"first", "trials", &P::first, {1, 1e5}, "trials of A alone"},
        {"second", "trials", &P::second, {1, 1e5}, "trials of the second phase, or of A and B together"},
        {"test", "trials", &P::test, {1, 1e5}, "trials of the test, without outcomes"},
        {"p_outcome", "1", &P::p_outcome, {0, 1}, "probability of the outcome where it may come"},
        {"omitted", "1", &P::omitted, {0, 1}, "share of outcomes left out, in design omission"},
        {"intensity_a", "1", &P::intensity_a, {0, 10}, "what cue_0 shows"},
        {"intensity_b", "1", &P::intensity_b, {0, 10}, "what cue_1 shows"}};
    add_timing(t);
    return t;
  }

  Pavlovian(Params p, const Schedule* schedule) {
    refuse_schedule(schedule, entry_info.name);
    info_.inputs = {"cue_0", "cue_1"};
    info_.events = {"compound", "test", "omission"};
    const std::array<double, kShown> a{p.intensity_a}, b{0, p.intensity_b},
        both{p.intensity_a, p.intensity_b};
    const double comes = p.p_outcome;
    const auto compound = [&](double p_outcome) { add_phase(p.second, both, p_outcome, kCompound); };
    const auto test = [&](const auto& cues) { add_phase(p.test, cues, 0, kTest); };
    if (p.design == "blocking_control" || p.design == "overshadowing") {
      compound(comes);
      test(p.design == "overshadowing" ? a : b);
    } else {
      add_phase(p.first, a, comes);
      if (p.design == "acquisition") test(a);
      if (p.design == "omission") {
        add_phase(p.second, a, comes * (1 - p.omitted));
        for (std::size_t t = plan_.size() - static_cast<std::size_t>(p.second); t < plan_.size(); ++t)
          plan_[t].surprise = kOmission;
      }
      if (p.design == "blocking") compound(comes);
      if (p.design == "second_order") compound(0);
      if (p.design == "blocking" || p.design == "second_order") test(b);
    }
    plan_done();
    timing_ = timing_of(p);
  }

 private:
  static constexpr std::uint8_t kCompound = 1, kTest = 2, kOmission = 4;  // bits of info_.events
};

}  // namespace

TaskEntry pavlovian() {
  return task_entry<Pavlovian>();
}
}  // namespace labile
