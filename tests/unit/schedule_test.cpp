// What agents meet, read from files and from records: the same trials as the person met.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "core/output_file.hpp"
#include "record/read.hpp"
#include "record/read_schedule.hpp"
#include "run/people.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

namespace fs = std::filesystem;

struct TestFile {
  fs::path path = fs::temp_directory_path() / ("labile_schedule_" + std::to_string(::getpid()) + ".csv");
  explicit TestFile(std::string_view text) { write_file(path, text); }
  ~TestFile() { fs::remove(path); }
};

struct Met {
  std::int32_t state, best, block;
  double outcome;
  std::vector<double> would_pay;
  bool fresh, live;
};

/// Plays `subjects` lanes; `answer(lane, decision)` gives choices, -1 for none.
template <class Answer>
std::vector<std::vector<Met>> play(Task& task, int subjects, Answer&& answer) {
  const int lanes = (subjects + kWidth - 1) / kWidth * kWidth;
  std::vector<std::uint32_t> entity(static_cast<std::size_t>(lanes));
  for (int i = 0; i < lanes; ++i)
    entity[static_cast<std::size_t>(i)] = static_cast<std::uint32_t>(i < subjects ? i : 0);
  task.begin({7, entity, subjects});
  std::vector<std::int32_t> choice(entity.size(), -1);
  std::vector<double> rt(entity.size(), kNaN), report(entity.size(), kNaN);
  std::vector<std::vector<Met>> met(static_cast<std::size_t>(subjects));
  std::vector<std::uint8_t> fresh;
  Phase ph;
  while (task.next(ph)) {
    if (ph.kind == PhaseKind::cue) fresh.assign(ph.fresh.begin(), ph.fresh.end());
    if (ph.awaits_action) {
      for (std::size_t i = 0; i < entity.size(); ++i)
        choice[i] = answer(static_cast<int>(entity[i]), ph.trial);
      task.take({choice, rt, report});
    }
    if (ph.kind != PhaseKind::outcome) continue;
    const Position at = task.position();
    for (std::size_t i = 0; i < met.size(); ++i) {
      if (!ph.live[i]) continue;
      Met m{ph.state.empty() ? 0 : ph.state[i],
            at.best[i],
            at.block[i],
            ph.outcome[i],
            {},
            fresh[i] != 0,
            true};
      for (std::size_t o = 0; o * entity.size() < at.would_pay.size(); ++o)
        m.would_pay.push_back(at.would_pay[o * entity.size() + i]);
      met[i].push_back(m);
    }
  }
  return met;
}

TEST(Schedule, AFileOfPayoffsIsWhatAllSubjectsMeet) {
  const TestFile f("trial,payoff_0,payoff_1,payoff_2\n1,5,9,1\n2,6,2,8\n3,7,7,7\n");
  const Schedule s = read_schedule(f.path);
  const auto task = find_task("restless_bandit").make({}, &s);
  EXPECT_EQ(task->info().layout.options, 3);
  const auto met = play(*task, 3, [](int lane, int) { return lane; });
  const double pays[3][3] = {{5, 9, 1}, {6, 2, 8}, {7, 7, 7}};
  const int best[3] = {1, 2, 0};
  for (std::size_t lane = 0; lane < 3; ++lane) {
    ASSERT_EQ(met[lane].size(), 3u);
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_EQ(met[lane][t].outcome, pays[t][lane]);
      EXPECT_EQ(met[lane][t].best, best[t]);
    }
  }
}

TEST(Schedule, SubjectsOfAFileMeetTheirOwnTrialsAndEndWithThem) {
  const TestFile f(
      "subject,trial,block,best,payoff_0,payoff_1\n"
      "a,0,7,0,1,0\na,1,7,0,0,1\na,2,9,1,0,1\nb,0,1,1,0,1\nb,1,2,0,1,0\n");
  const Schedule s = read_schedule(f.path);
  const auto task = find_task("volatile_bandit").make({}, &s);
  const auto met = play(*task, 2, [](int, int) { return 1; });
  ASSERT_EQ(met[0].size(), 3u);
  ASSERT_EQ(met[1].size(), 2u);
  EXPECT_EQ(met[0][1].outcome, 1);
  EXPECT_EQ(met[0][0].outcome, 0);
  EXPECT_EQ(met[0][2].block, 1);
  EXPECT_EQ(met[0][2].best, 1);
  EXPECT_EQ(met[1][0].outcome, 1);
  EXPECT_EQ(met[1][1].outcome, 0);
}

TEST(Schedule, ProbabilitiesOfAFileGovernTwoSteps) {
  std::string text = "trial,p_0,p_1,p_2,p_3\n";
  for (int t = 0; t < 50; ++t) text += std::to_string(t) + (t < 25 ? ",1,0,0,1\n" : ",0,1,1,0\n");
  const TestFile f(text);
  const Schedule s = read_schedule(f.path);
  const auto task = find_task("two_step").make({}, &s);
  const auto met = play(*task, 8, [](int lane, int) { return lane % 2; });
  for (const auto& lane : met) {
    ASSERT_EQ(lane.size(), 100u);
    for (std::size_t k = 1; k < lane.size(); k += 2) {
      const bool early = k / 2 < 25;
      const bool first_pays = (lane[k].state == 1) == early;
      EXPECT_EQ(lane[k].would_pay[0], first_pays);
      EXPECT_EQ(lane[k].would_pay[1], !first_pays);
    }
  }
}

/// A record as a schedule; the person's own choices then meet the person's own trials.
TEST(Schedule, APersonReplayedMeetsTheSameTrials) {
  const TestFile f(
      "subject,block,stimulus,set_size,correct_action,choice,outcome\n"
      "a,1,1,2,3,3,1\na,1,2,2,1,2,0\na,1,1,2,3,,\na,2,3,3,2,2,1\na,2,1,3,1,1,1\na,2,2,3,1,3,0\n"
      "b,1,2,2,2,2,1\nb,1,1,2,1,3,0\nb,3,1,1,2,2,1\n");
  ReadOptions o;
  o.signals = {"set_size"};
  const auto t = read_trials(f.path, o).trials;
  const Schedule s = schedule_of(t, fresh_flags(t, "block"));
  const auto task = find_task("rl_working_memory").make({}, &s);
  const auto met = play(*task, 2, [&](int lane, int decision) {
    const std::size_t row = t.first[static_cast<std::size_t>(lane)] + static_cast<std::size_t>(decision);
    return row < t.first[static_cast<std::size_t>(lane) + 1] ? t.choice[row] : -1;
  });
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(met[i].size(), t.first[i + 1] - t.first[i]);
    for (std::size_t k = 0; k < met[i].size(); ++k) {
      const std::size_t row = t.first[i] + k;
      EXPECT_EQ(met[i][k].state, t.state[row]);
      EXPECT_EQ(met[i][k].best, t.best[row]);
      EXPECT_TRUE(met[i][k].outcome == t.outcome[row] ||
                  (std::isnan(met[i][k].outcome) && std::isnan(t.outcome[row])))
          << i << ' ' << k;
      EXPECT_EQ(met[i][k].fresh, k == 0 || t.block[row] != t.block[row - 1]);
    }
  }
}

TEST(Schedule, OutcomesBesideReportsComeWhateverIsAnswered) {
  const TestFile f(
      "subject,session,trial,outcome,estimate,change_point\n"
      "1,1,1,10,5,1\n1,1,2,20,6,0\n1,1,3,200,15,1\n1,2,1,30,8,1\n");
  ReadOptions o;
  o.report_after = true;
  const auto t = read_trials(f.path, o).trials;
  EXPECT_EQ(t.block, (std::vector<std::int32_t>{0, 0, 1, 0}));
  const Schedule s = schedule_of(t, fresh_flags(t, "session"));
  const auto task = find_task("predictive_inference").make({}, &s);
  const auto met = play(*task, 1, [](int, int) { return 0; });
  ASSERT_EQ(met[0].size(), 4u);
  const double outcome[] = {10, 20, 200, 30};
  const int block[] = {0, 0, 1, 2};
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(met[0][k].outcome, outcome[k]);
    EXPECT_EQ(met[0][k].block, block[k]);
    EXPECT_EQ(met[0][k].fresh, k == 0 || k == 3);
  }
}

/// Makes the task with what the file says.
std::unique_ptr<Task> scheduled(const char* task, const Schedule& s) {
  return find_task(task).make({}, &s);
}
TEST(Schedules, OfAnotherNumberOfOptionsAreRefused) {
  const auto refused = [](const char* task, std::string_view text, const char* says) {
    const TestFile file(text);
    const Schedule s = read_schedule(file.path);
    try {
      (void)scheduled(task, s);
      ADD_FAILURE() << task << " took it";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(says), std::string::npos) << e.what();
    }
  };
  refused("rl_working_memory", "trial,block,state,best,payoff_0,payoff_1\n0,0,0,1,7,10\n1,0,1,0,8,11\n",
          "payoff_0 to payoff_2");
  refused("restless_bandit", "trial,best,payoff_0,payoff_1\n0,2,5,6\n1,0,5,6\n", "payoff_0 to payoff_2");
  refused("volatile_bandit", "trial,best,payoff_0\n0,1,1\n1,0,0\n", "payoff_0 to payoff_1");
  refused("volatile_bandit", "trial,best,p_0\n0,1,1\n1,0,0\n", "p_0 to p_1");
  refused("bandit_reversal", "trial,best,payoff_0,payoff_1\n0,2,5,6\n1,0,5,6\n", "payoff_0 to payoff_2");
}
TEST(Schedules, ProbabilitiesAreThoseOfEveryTrialAndOption) {
  const TestFile file("trial,block,best,p_0,p_1\n0,0,0,0.8,0.6\n1,0,0,0.95,0.6\n2,0,0,0.7,0.3\n");
  const Schedule s = read_schedule(file.path);
  for (const char* name : {"volatile_bandit", "bandit_reversal"}) {
    const auto task = scheduled(name, s);
    const auto met = play(*task, 40000, [](int, int) { return 0; });
    const double p[3][2] = {{0.8, 0.6}, {0.95, 0.6}, {0.7, 0.3}};
    for (std::size_t t = 0; t < 3; ++t)
      for (std::size_t o = 0; o < 2; ++o) {
        double paid = 0;
        for (const auto& lane : met) paid += lane.at(t).would_pay.at(o);
        const double n = static_cast<double>(met.size());
        EXPECT_NEAR(paid / n, p[t][o], 4 * std::sqrt(p[t][o] * (1 - p[t][o]) / n))
            << name << " " << t << " " << o;
      }
    // Two chances that add to 1 are those of one event.
    for (const auto& lane : met) EXPECT_EQ(lane[2].would_pay[0] + lane[2].would_pay[1], 1);
  }
}
TEST(Schedules, APayoffThatIsNotKnownIsNotPaid) {
  Schedule s;
  s.source = "made here";
  s.options = 2;
  s.block = {{0, 0, 0}};
  s.payoff = {{1, 21, kNaN, kNaN, 3, kNaN}};
  const auto task = scheduled("restless_bandit", s);
  const auto met = play(*task, 1, [](int, int) { return 1; });
  EXPECT_EQ(met[0].at(0).outcome, 21);
  EXPECT_TRUE(std::isnan(met[0].at(1).outcome));
  EXPECT_TRUE(std::isnan(met[0].at(2).outcome));
  EXPECT_EQ(met[0][0].best, 1);
  EXPECT_EQ(met[0][1].best, -1);
  EXPECT_EQ(met[0][2].best, 0);
}

}  // namespace
}  // namespace labile
