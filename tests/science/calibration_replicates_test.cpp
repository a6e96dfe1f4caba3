/// Simulation-based calibration, 100 replicates of two learners; tools/calibrate_all.py runs 1000 of each.
/// False alarms: 0.001 by ranks, less by coverage, a learner.
#include <gtest/gtest.h>

#include <numeric>

#include "learners/catalogue.hpp"
#include "run/calibrate.hpp"

namespace labile {
namespace {

class CalibrationOf : public testing::TestWithParam<const char*> {};

TEST_P(CalibrationOf, HundredReplicatesAreUniformAndCover) {
  const CalibrateOptions o;
  const Calibration c(find_learner(GetParam()), o);
  std::vector<int> which(100);
  std::iota(which.begin(), which.end(), 0);
  std::vector<Replicate> replicates;
  ASSERT_TRUE(run_replicates(c, which, 1, [&](const Replicate& r) { replicates.push_back(r); }));
  const auto s = summarize_calibration(c.quantities(), replicates, o.ranks);
  EXPECT_EQ(s.replicates, 100);
  EXPECT_EQ(s.failed, 0);
  EXPECT_GT(s.p, 0.001) << s.worst;
  EXPECT_LE(s.farthest_90, 4) << s.farthest_at;
}
INSTANTIATE_TEST_SUITE_P(Learners, CalibrationOf, testing::Values("rescorla_wagner", "ts_par7"),
                         [](const auto& x) { return std::string(x.param); });

}  // namespace
}  // namespace labile
