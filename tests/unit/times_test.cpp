/// Learners of choices with response times: against transcriptions, closed forms and their own play.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "fit/fit.hpp"
#include "learners/catalogue.hpp"
#include "oracle_points.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

std::vector<double> standard(const LearnerEntry& e) {
  std::vector<double> row;
  for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
  return row;
}
Settings with(std::initializer_list<std::pair<const char*, Value>> list) {
  Settings s;
  for (const auto& [k, v] : list) s[k] = {v, {}};
  return s;
}

/// A record with what subject_trials points into.
struct Record {
  Trials t;
  std::vector<std::uint8_t> fresh;
  [[nodiscard]] SubjectTrials of(int subject) const { return subject_trials(t, subject, fresh); }
};
Record play(const char* learner, const char* task, int subjects, Settings task_settings = {},
            const std::vector<std::vector<double>>* rows = nullptr, Settings agent = {},
            std::uint64_t seed = 23) {
  Simulation s;
  s.make_task = find_task(task).make;
  s.task_settings = std::move(task_settings);
  const auto& e = find_learner(learner);
  s.make_agent = e.make;
  s.agent_settings = std::move(agent);
  s.make_each = e.make_each;
  s.rows = rows;
  s.seed = seed;
  Record r{simulate(s, 0, subjects), {}};
  r.fresh = fresh_flags(r.t, "none");
  return r;
}
struct Score {
  double mean, error;  // standard error
};
/// [parameter] the gradient of the log-likelihood at `row` over the subjects of a record: of mean 0 where `row` played.
std::vector<Score> scores(const LearnerEntry& e, const std::vector<double>& row, const Record& r,
                          int subjects) {
  std::vector<double> sum(row.size()), square(row.size()), grad(row.size());
  for (int i = 0; i < subjects; ++i) {
    EXPECT_TRUE(std::isfinite(e.likelihood->gradient(row, r.of(i), grad))) << e.info.name;
    for (std::size_t k = 0; k < row.size(); ++k) {
      sum[k] += grad[k];
      square[k] += grad[k] * grad[k];
    }
  }
  std::vector<Score> all;
  for (std::size_t k = 0; k < row.size(); ++k) {
    const double mean = sum[k] / subjects;
    all.push_back({mean, std::sqrt(square[k] / subjects - mean * mean) / std::sqrt(subjects)});
  }
  return all;
}
std::vector<const LearnerEntry*> timed_learners() {
  std::vector<const LearnerEntry*> r;
  for (const auto& e : all_learners())
    if (e.timed) r.push_back(&e);
  return r;
}

TEST(TimedLearners, EqualTranscriptionsOfTheirPapers) {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/times.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 22u);
  PointsCompared points;
  for (const auto& c : cases) {
    const auto& e = find_learner(c["learner"].get<std::string>());
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(c["params"].at(p.name).get<double>());
    ASSERT_EQ(row.size(), c["params"].size());
    const auto numbers = [&](const nlohmann::json& list) {
      std::vector<double> r;
      for (const auto& x : list) r.push_back(x.is_null() ? kNaN : x.get<double>());
      return r;
    };
    std::vector<std::int32_t> choice;
    for (const auto& x : c["choice"]) choice.push_back(x.is_null() ? -1 : x.get<int>());
    const auto rt = numbers(c["rt"]), outcome = numbers(c["outcome"]);
    std::map<std::string, std::vector<double>> shown;
    for (const auto& [name, list] : c["inputs"].items()) shown[name] = numbers(list);
    const std::vector<std::uint8_t> fresh(choice.size(), 0);
    SubjectTrials s{Layout::bandit(2), choice, outcome, fresh, {}};
    s.rt_s = rt;
    for (const auto& [name, values] : shown) s.inputs.push_back({name, values});
    std::vector<double> each(s.size());
    e.likelihood->value(row, s, each);
    for (std::size_t t = 0; t < s.size(); ++t) {
      const double expected = c["loglik"][t];
      const double near =
          c.contains("tolerance") ? c["tolerance"].get<double>() : 1e-11;  // solved numerically
      EXPECT_NEAR(each[t], expected, near * std::max(1.0, std::abs(expected)))
          << e.info.name << " trial " << t;
    }
    if (c.contains("points")) points.compare(e, s, c);
  }
  points.expect_all_but({"yu_dayan.cues"}, 680);  // a count
}

/// D2: P = 1 / (1 + exp(-2 b k)), mean decision time b / k tanh(b k), at every coherence; 4 standard errors.
TEST(Ddm, PlaysWithTheClosedFormsOfDiffusion) {
  const auto r = play("ddm", "random_dots", 160, with({{"deadline", 60000.0}}));
  const auto& c = r.t.signals.at("coherence");
  struct Level {
    double n = 0, right = 0, time = 0, square = 0;
  };
  std::map<double, Level> levels;
  for (std::size_t k = 0; k < r.t.rows(); ++k) {
    ASSERT_GE(r.t.choice[k], 0);
    auto& l = levels[std::abs(c[k])];
    const double time = r.t.rt_s[k] - .3;
    EXPECT_GT(time, 0);
    l.n += 1;
    l.right += r.t.correct[k];
    l.time += time;
    l.square += time * time;
  }
  ASSERT_EQ(levels.size(), 6u);
  for (const auto& [coherence, l] : levels) {
    const double k = 8 * coherence, b = .8, p = 1 / (1 + std::exp(-2 * b * k));
    const double dt = k == 0 ? b * b : b / k * std::tanh(b * k);
    EXPECT_NEAR(l.right / l.n, p, 4 * std::sqrt(p * (1 - p) / l.n)) << coherence;
    EXPECT_NEAR(l.time / l.n, dt, 4 * std::sqrt((l.square / l.n - dt * dt) / l.n)) << coherence;
  }
}

/// At the parameters that played, the gradient of the log-likelihood has the mean 0 over subjects: 4 standard
/// errors, over what varies.
TEST(TimedLearners, PlayWithTheirOwnDensity) {
  for (const auto* e : timed_learners()) {
    const auto row = standard(*e);
    const int subjects = 200;
    const auto r = play(e->info.name, e->own_task, subjects, with({{"deadline", 1e6}}));
    const auto all = scores(*e, row, r, subjects);
    for (std::size_t k = 0; k < row.size(); ++k)
      EXPECT_LE(std::abs(all[k].mean), 4 * all[k].error + 1e-12) << e->info.name << " " << e->params[k].name;
  }
}

/// Where a normal distribution of times would reach below 0 it is cut there: in play and in the density alike. 4 standard errors.
TEST(YuDayan, PlaysWithItsDensityWhereTimesAreNearZero) {
  const auto& e = find_learner("yu_dayan");
  const int subjects = 400;
  for (const auto& row :
       {std::vector<double>{.01, 1, 1, .5, 3, 60, 50, 110}, {.01, 3, 2, .5, 3, 10, 90, 60}}) {
    const std::vector<std::vector<double>> rows(subjects, row);
    const auto r = play("yu_dayan", "posner", subjects, with({{"deadline", 1e6}}), &rows);
    EXPECT_GT(*std::min_element(r.t.rt_s.begin(), r.t.rt_s.end()), 0);
    const auto all = scores(e, row, r, subjects);
    for (const std::size_t k : {5u, 6u, 7u}) {
      EXPECT_GT(all[k].error, 0);
      EXPECT_LE(std::abs(all[k].mean), 4 * all[k].error) << e.params[k].name;
    }
  }
}

TEST(TimedLearners, TheirDerivativesMatchDifferences) {
  for (const auto* e : timed_learners()) {
    auto at = standard(*e);
    for (std::size_t k = 0; k < at.size(); ++k)
      if (e->params[k].name != "cues")
        at[k] = std::clamp(at[k] * (0.93 + 0.031 * static_cast<double>(k)) + 0.0137,
                           e->params[k].bounds.lo + .001, e->params[k].bounds.hi - .001);
    auto r = play(e->info.name, e->own_task, 4);
    for (std::size_t k = 0; k < r.t.rows(); k += 9) r.t.rt_s[k] = kNaN;  // choices whose time is not known
    const auto s = r.of(2);
    const std::size_t n = at.size();
    std::vector<double> grad(n), grad2(n), hess(n * n), up(n), down(n);
    const double value = e->likelihood->value(at, s, {});
    EXPECT_DOUBLE_EQ(e->likelihood->gradient(at, s, grad), value);
    EXPECT_DOUBLE_EQ(e->likelihood->hessian(at, s, grad2, hess), value);
    for (std::size_t k = 0; k < n; ++k) {
      if (e->params[k].name == "cues") continue;  // a count
      const double h = 1e-6 * std::max(1.0, std::abs(at[k]));
      auto a = at, b = at;
      a[k] += h;
      b[k] -= h;
      const double scale = 1 + std::abs(grad[k]) + std::abs(value) * 1e-3;
      EXPECT_NEAR(grad[k], (e->likelihood->value(a, s, {}) - e->likelihood->value(b, s, {})) / (2 * h),
                  1e-5 * scale)
          << e->info.name << " " << e->params[k].name;
      e->likelihood->gradient(a, s, up);
      e->likelihood->gradient(b, s, down);
      for (std::size_t j = 0; j < n; ++j) {
        if (e->params[j].name == "cues") continue;
        EXPECT_NEAR(hess[k * n + j], (up[j] - down[j]) / (2 * h),
                    1e-5 * (1 + std::abs(hess[k * n + j]) + std::abs(grad[j])))
            << e->info.name << " " << e->params[k].name << " " << e->params[j].name;
      }
    }
  }
}

TEST(TimedLearners, AMissingChoiceCountsNothing) {
  for (const auto* e : timed_learners()) {
    auto r = play(e->info.name, e->own_task, 4);
    std::vector<double> each(r.of(0).size());
    r.t.choice[3] = -1;
    e->likelihood->value(standard(*e), r.of(0), each);
    EXPECT_EQ(each[3], 0) << e->info.name;
    EXPECT_NE(each[4], 0) << e->info.name;
  }
}
TEST(Ddm, WithoutATimeTheChoiceCountsAlone) {
  const auto& e = find_learner("ddm");
  auto r = play("ddm", "random_dots", 4);
  for (std::size_t k = 0; k < r.t.rows(); k += 2) r.t.rt_s[k] = kNaN;
  const auto s = r.of(0);
  std::vector<double> each(s.size());
  e.likelihood->value(standard(e), s, each);
  const auto& c = r.t.signals.at("coherence");
  for (std::size_t k = 0; k < s.size(); k += 2) {
    if (s.choice[k] < 0) continue;
    const double up = 1 / (1 + std::exp(-2 * .8 * 8 * c[k]));
    EXPECT_NEAR(each[k], std::log(s.choice[k] == 1 ? up : 1 - up), 1e-12);
  }
}

TEST(TimedLearners, LateAnswersAreMisses) {
  const auto all = play("ddm", "random_dots", 8, with({{"deadline", 60000.0}}));
  const auto some = play("ddm", "random_dots", 8, with({{"deadline", 700.0}}));
  std::size_t late = 0;
  for (std::size_t k = 0; k < all.t.rows(); ++k) {
    if (all.t.rt_s[k] <= .7) {
      EXPECT_EQ(some.t.choice[k], all.t.choice[k]);
      EXPECT_EQ(some.t.rt_s[k], all.t.rt_s[k]);
      continue;
    }
    ++late;
    EXPECT_EQ(some.t.choice[k], -1);
    EXPECT_TRUE(std::isnan(some.t.rt_s[k]));
    EXPECT_TRUE(std::isnan(some.t.outcome[k]));
  }
  EXPECT_GT(late, 100u);
}
TEST(TimedLearners, PlayTheSameBitsInAnyBlocks) {
  for (const auto* e : timed_learners()) {
    Simulation s;
    s.make_task = find_task(e->own_task).make;
    s.make_agent = e->make;
    s.seed = 5;
    const Trials whole = simulate(s, 0, 12);
    std::size_t row = 0;
    for (const auto& [first, count] : {std::pair{0, 5}, {5, 1}, {6, 6}}) {
      const Trials part = simulate(s, first, count);
      for (std::size_t k = 0; k < part.rows(); ++k, ++row) {
        ASSERT_EQ(part.choice[k], whole.choice[row]) << e->info.name;
        ASSERT_TRUE(part.rt_s[k] == whole.rt_s[row] || part.choice[k] < 0);
      }
    }
    EXPECT_EQ(row, whole.rows());
  }
}

TEST(TimedLearners, SayWhenDataHaveNoTimes) {
  const auto said = [](const Record& r) -> std::string {
    try {
      const SubjectTrials s = r.of(0);
      check_trials(find_learner("ddm"), std::span(&s, 1));
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_NE(said(play("rescorla_wagner", "bandit_reversal", 4)).find("response times"), std::string::npos);
  EXPECT_EQ(said(play("ddm", "bandit_reversal", 4)), "");
}
TEST(TimedLearners, PlayWhatTheyCanAndTakeNoParts) {
  const auto info = [](const char* task) { return find_task(task).make({}, nullptr)->info(); };
  EXPECT_TRUE(can_play(find_learner("ddm"), info("random_dots")));
  EXPECT_TRUE(can_play(find_learner("ddm"), info("bandit_reversal")));
  EXPECT_FALSE(can_play(find_learner("ddm"), info("restless_bandit")));
  EXPECT_FALSE(can_play(find_learner("ddm"), info("predictive_inference")));
  EXPECT_TRUE(can_play(find_learner("yu_dayan"), info("posner")));
  EXPECT_FALSE(can_play(find_learner("yu_dayan"), info("random_dots")));
  EXPECT_THROW((void)find_learner("ddm+lapse"), Error);
}

/// The default t0 is later than most of these responses: the search starts from a smaller one.
TEST(Ddm, IsFittedThoughItsDefaultsAreImpossible) {
  const std::vector<std::vector<double>> rows{{9, 1.2, .45, .12}};
  const auto r = play("ddm", "random_dots", 4, with({{"repeats", 100.0}}), &rows);
  std::vector<SubjectTrials> s;
  for (int i = 0; i < 4; ++i) s.push_back(r.of(i));
  FitOptions options;
  options.method = FitMethod::ml;
  options.starts = 1;
  for (const auto& fit : fit_subjects(find_learner("ddm"), s, options)) {
    EXPECT_TRUE(fit.converged) << fit.note;
    for (std::size_t k = 0; k < 4; ++k) {
      EXPECT_GT(fit.se[k], 0);
      EXPECT_NEAR(fit.params[k], rows[0][k], 4.5 * fit.se[k]) << k;
    }
  }
}

/// At these parameters the bounds pass the start (z > 1 - c/2 or z < c/2). Such subjects once answered 0 at once, or
/// never: the first term of the density has no logarithm there. Every answer has a finite density, and the gradient at
/// the true parameters has the mean 0: 4 standard errors, 24 comparisons, a false alarm in 660.
TEST(DdmCollapsing, SubjectsWhomTheBoundsOvertakeAnswer) {
  const auto& e = find_learner("ddm_collapsing");
  const int subjects = 100;
  for (const auto& row : {std::vector<double>{8, 2.4, .7, .3, .9, .2},
                          {8, 2.4, .2, .3, .63, .5},
                          {-6, 1.8, .95, .2, .8, .6},
                          {6, 3.2, .03, .2, .5, .9}}) {
    const std::vector<std::vector<double>> rows(subjects, row);
    const auto r = play("ddm_collapsing", "random_dots", subjects, with({{"deadline", 1e6}}), &rows);
    for (std::size_t k = 0; k < r.t.rows(); ++k) EXPECT_GE(r.t.choice[k], 0);
    const auto all = scores(e, row, r, subjects);
    for (std::size_t k = 0; k < row.size(); ++k)
      EXPECT_LE(std::abs(all[k].mean), 4 * all[k].error) << "z " << row[2] << " " << e.params[k].name;
  }
}
/// Log densities of one choice with full coherence at the given times.
std::vector<double> log_densities(const LearnerEntry& e, const std::vector<double>& row, int option,
                                  const std::vector<double>& rt) {
  const std::vector<std::int32_t> choice(rt.size(), option);
  const std::vector<double> outcome(rt.size(), kNaN);
  const std::vector<std::uint8_t> fresh(rt.size(), 0);
  SubjectTrials s{Layout::bandit(2), choice, outcome, fresh, {}};
  s.rt_s = rt;
  std::vector<double> each(rt.size());
  e.likelihood->value(row, s, each);
  return each;
}
/// From 1e-6 to 60 times a^2, equal steps of the logarithm: sums of t f(t) are integrals to rounding.
constexpr double kLogStep = 0.05;
std::vector<double> log_times(double a, double t0) {
  std::vector<double> r;
  for (double u = std::log(1e-6); u < std::log(60.0); u += kLogStep) r.push_back(t0 + a * a * std::exp(u));
  return r;
}

/// Bounds that stay where they are, from a start at any place, against Navarro & Fuss: the logarithm to the
/// same 2e-4 as elsewhere (tests/oracles/times.py) where t f(t) is above 1e-3 of its largest value, the
/// probability of each bound to 2e-4.
TEST(DdmCollapsing, EqualsDiffusionWhereBoundsStay) {
  const auto &e = find_learner("ddm_collapsing"), &plain = find_learner("ddm");
  for (const double z : {.01, .02, .05, .1, .3, .5, .9, .98, .99})
    for (const double v : {0.0, 2.5})
      for (const auto& [c, t_half] : {std::pair{0.0, .6}, {1e-9, 20.0}}) {
        const double a = 1.3, t0 = 0;
        const auto t = log_times(a, t0);
        double total = 0;
        for (int option = 0; option < 2; ++option) {
          const auto ours = log_densities(e, {v, a, z, t0, c, t_half}, option, t);
          const auto theirs = log_densities(plain, {v, a, z, t0}, option, t);
          double peak = 0, mass = 0, expected = 0;
          for (std::size_t k = 0; k < t.size(); ++k) {
            peak = std::max(peak, t[k] * std::exp(theirs[k]));
            mass += kLogStep * t[k] * std::exp(ours[k]);
            expected += kLogStep * t[k] * std::exp(theirs[k]);
          }
          double worst = 0;
          for (std::size_t k = 0; k < t.size(); ++k)
            if (t[k] * std::exp(theirs[k]) > 1e-3 * peak)
              worst = std::max(worst, std::isnan(ours[k]) ? kInf
                                                          : std::abs(ours[k] - theirs[k]) /
                                                                std::max(1.0, std::abs(theirs[k])));
          EXPECT_LT(worst, 2e-4) << "z " << z << " v " << v << " c " << c << " option " << option;
          EXPECT_NEAR(mass, expected, 2e-4) << "z " << z << " v " << v << " c " << c << " option " << option;
          total += mass;
        }
        EXPECT_NEAR(total, 1, 2e-4) << "z " << z << " v " << v << " c " << c;
      }
}
/// Bounds that come closer lose nobody: both densities together integrate to 1 within 1e-3, half of what the
/// logarithm is allowed, wherever the start, also where the bounds overtake it.
TEST(DdmCollapsing, BothDensitiesIntegrateToOne) {
  const auto& e = find_learner("ddm_collapsing");
  for (const double z : {.01, .05, .2, .35, .5, .58, .7, .9, .95, .99})
    for (const double v : {-3.0, 0.0, 8.0})
      for (const double a : {.8, 2.4, 4.5})
        for (const double c : {.1, .5, .8, .98})
          for (const double t_half : {.15, .6, 2.0}) {
            const auto t = log_times(a, .2);
            double total = 0;
            for (int option = 0; option < 2; ++option) {
              const auto ours = log_densities(e, {v, a, z, .2, c, t_half}, option, t);
              for (std::size_t k = 0; k < t.size(); ++k) total += kLogStep * (t[k] - .2) * std::exp(ours[k]);
            }
            EXPECT_NEAR(total, 1, 1e-3)
                << "z " << z << " v " << v << " a " << a << " c " << c << " t_half " << t_half;
          }
}

TEST(RlDdm, LearnsTheBetterOptionAndGetsFaster) {
  const auto r = play("rl_ddm", "bandit_reversal", 64, with({{"blocks", std::vector<double>{80}}}));
  double early = 0, late = 0, quick = 0, slow = 0;
  for (int i = 0; i < 64; ++i)
    for (std::size_t k = 0; k < 80; ++k) {
      const std::size_t row = r.t.first[static_cast<std::size_t>(i)] + k;
      if (r.t.choice[row] < 0) continue;
      if (k < 5) early += r.t.correct[row], slow += r.t.rt_s[row];
      if (k >= 75) late += r.t.correct[row], quick += r.t.rt_s[row];
    }
  EXPECT_GT(late, early + 40);
  EXPECT_LT(quick, slow);
}

TEST(YuDayan, RespondsWithTheTargetAndSlowerToInvalidCues) {
  const auto r = play("yu_dayan", "posner", 64);
  const auto& target = r.t.signals.at("target");
  const auto& ach = r.t.signals.at("ach");
  const auto& ne = r.t.signals.at("ne");
  double time[2] = {}, n[2] = {};
  for (std::size_t k = 0; k < r.t.rows(); ++k) {
    EXPECT_EQ(r.t.choice[k], target[k]);
    EXPECT_EQ(r.t.outcome[k], 1);
    EXPECT_GE(ach[k], 0);
    EXPECT_LE(ne[k], 1);
    const int valid = r.t.best[k] == r.t.right[k];
    time[valid] += r.t.rt_s[k];
    n[valid] += 1;
  }
  EXPECT_GT(time[0] / n[0], time[1] / n[1] + .02);
}

}  // namespace
}  // namespace labile
