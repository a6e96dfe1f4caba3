/// Conditioning tasks, the learners of cues in compound, and the metrics that read them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "card/card.hpp"
#include "core/random.hpp"
#include "learners/catalogue.hpp"
#include "metrics/evaluate.hpp"
#include "oracle_points.hpp"
#include "record/read.hpp"
#include "run/run.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

Settings with(std::initializer_list<std::pair<const char*, Value>> list) {
  Settings s;
  for (const auto& [k, v] : list) s[k] = {v, Where{"card", 1, 1, k}};
  return s;
}
Settings design(const char* name, std::initializer_list<std::pair<const char*, Value>> more = {}) {
  Settings s = with(more);
  s["design"] = {std::string(name), {}};
  return s;
}

struct Row {
  int block, best, choice, right, events;
  double outcome;
  std::vector<double> input, would_pay;
};
/// Plays a choice function of (lane, trial, best) and returns each lane's rows.
template <class F>
std::vector<std::vector<Row>> play(const char* name, const Settings& settings, int lanes, F choose,
                                   std::uint64_t seed = 5) {
  const auto task = find_task(name).make(settings, nullptr);
  std::vector<std::uint32_t> entity(lanes);
  std::iota(entity.begin(), entity.end(), 0u);
  task->begin({seed, entity, lanes});
  std::vector<std::int32_t> choice(lanes);
  std::vector<double> rt(lanes, kNaN), report(lanes, kNaN);
  std::vector<std::vector<Row>> rows(lanes);
  Phase ph;
  while (task->next(ph)) {
    const auto at = task->position();
    if (ph.awaits_action) {
      for (int i = 0; i < lanes; ++i) choice[i] = choose(i, ph.trial, at.best[i]);
      task->take({choice, rt, report});
    }
    if (ph.kind != PhaseKind::outcome) continue;
    for (int i = 0; i < lanes; ++i) {
      Row r{at.block[i], at.best[i], choice[i], ph.right[i], at.events[i], ph.outcome[i], {}, {}};
      for (std::size_t k = 0; k < task->info().inputs.size(); ++k) r.input.push_back(ph.input[k * lanes + i]);
      for (int o = 0; o < 2; ++o) r.would_pay.push_back(at.would_pay[o * lanes + i]);
      rows[i].push_back(r);
    }
  }
  return rows;
}
int best(int, int, int b) {
  return b;
}

/// What happens, a letter a cue: "A+ A+ | AB+ | B-"; contexts and days as written in `names`.
std::string trace(const std::vector<Row>& rows, const std::string& names) {
  std::string r;
  for (std::size_t t = 0; t < rows.size(); ++t) {
    if (t > 0) r += rows[t].block != rows[t - 1].block ? " | " : " ";
    for (std::size_t k = 0; k < names.size(); ++k)
      if (rows[t].input[k] > 0) r += names[k];
    r += rows[t].right == 1 ? "+" : "-";
  }
  return r;
}
std::string pavlovian(const char* name) {
  return trace(
      play("pavlovian", design(name, {{"first", 2.0}, {"second", 3.0}, {"test", 1.0}, {"omitted", 1.0}}), 4,
           best)[0],
      "AB");
}
TEST(Pavlovian, HasTheTrialsOfItsDesigns) {
  EXPECT_EQ(pavlovian("acquisition"), "A+ A+ | A-");
  EXPECT_EQ(pavlovian("omission"), "A+ A+ | A- A- A-");
  EXPECT_EQ(pavlovian("blocking"), "A+ A+ | AB+ AB+ AB+ | B-");
  EXPECT_EQ(pavlovian("blocking_control"), "AB+ AB+ AB+ | B-");
  EXPECT_EQ(pavlovian("overshadowing"), "AB+ AB+ AB+ | A-");
  EXPECT_EQ(pavlovian("second_order"), "A+ A+ | AB- AB- AB- | B-");
}
std::string extinction(Settings settings) {
  for (const char* name : {"acquisition", "extinction", "test", "reacquisition", "free_outcomes"})
    settings[name] = {2.0, {}};
  return trace(play("extinction", settings, 4, best)[0], "xABCd");
}
TEST(Extinction, HasTheTrialsOfItsDesigns) {
  EXPECT_EQ(extinction(design("ABA")), "xA+ xA+ | xB- xB- | xA- xA-");
  EXPECT_EQ(extinction(design("ABC")), "xA+ xA+ | xB- xB- | xC- xC-");
  EXPECT_EQ(extinction(design("AAA")), "xA+ xA+ | xA- xA- | xA- xA-");
  EXPECT_EQ(extinction(design("recovery")), "xA+ xA+ | xA- xA- | xAd- xAd-");
  EXPECT_EQ(extinction(design("reinstatement")), "xA+ xA+ | xA- xA- | A+ A+ | xA- xA-");
  EXPECT_EQ(extinction(design("reacquisition", {{"extinction_context", std::string("B")}})),
            "xA+ xA+ | xB- xB- | xB+ xB+");
  EXPECT_EQ(extinction(design("reacquisition", {{"extinction_context", std::string("B")},
                                                {"test_context", std::string("A")}})),
            "xA+ xA+ | xB- xB- | xA+ xA+");
}
TEST(Extinction, ShowsTheDaysThatPassed) {
  const auto rows = play("extinction", design("recovery", {{"gap", 30.0}}), 4, best)[0];
  ASSERT_EQ(rows.size(), 110u);
  for (std::size_t t = 0; t < rows.size(); ++t) EXPECT_EQ(rows[t].input[4], t < 100 ? 0 : 30) << t;
}
TEST(Conditioning, TellsEventsAtTheFirstTrialOfTheirPhase) {
  const auto at = [](const std::vector<Row>& rows) {
    std::vector<std::pair<int, int>> r;
    for (std::size_t t = 0; t < rows.size(); ++t)
      if (rows[t].events) r.emplace_back(static_cast<int>(t), rows[t].events);
    return r;
  };
  using Events = std::vector<std::pair<int, int>>;
  EXPECT_EQ(at(play("pavlovian", design("blocking"), 4, best)[0]), (Events{{60, 1}, {120, 2}}));
  EXPECT_EQ(at(play("pavlovian", design("acquisition"), 4, best)[0]), (Events{{60, 2}}));
  EXPECT_EQ(at(play("extinction", design("ABA"), 4, best)[0]), (Events{{40, 1}, {100, 4}}));
  EXPECT_EQ(at(play("extinction", design("reinstatement"), 4, best)[0]),
            (Events{{40, 1}, {100, 2}, {103, 4}}));
}
/// Within 4 standard errors of p: a false alarm once in 16,000.
void expect_share(double hits, double n, double p, const char* what) {
  EXPECT_NEAR(hits / n, p, 4 * std::sqrt(p * (1 - p) / n)) << what << " of " << n;
}
TEST(Pavlovian, LeavesOutAsManyOutcomesAsItSaysAndMarksThem) {
  double left_out = 0, n = 0, scored = 0;
  for (const auto& lane : play("pavlovian", design("omission"), 1700, best))
    for (const Row& r : lane) {
      EXPECT_EQ(r.best, 1);
      EXPECT_EQ(r.events, r.right == 1 ? 0 : 4);
      EXPECT_TRUE(r.block == 1 || r.right == 1);
      if (r.block == 0) continue;
      left_out += r.right == 0;
      scored += r.outcome;
      n += 1;
    }
  ASSERT_GT(n, 1e5);
  expect_share(left_out, n, 0.1, "outcomes left out");
  EXPECT_EQ(scored, n - left_out) << "who knows the rule is right where the outcome comes";
}
TEST(Conditioning, PaysPredictionsThatAreRightAndChanceTheHalf) {
  for (const char* task : {"pavlovian", "extinction"}) {
    double knows = 0, guesses = 0, n = 0;
    const auto coin = [](int lane, int trial, int) {
      return static_cast<int>(Draw{1, Purpose::choice, static_cast<std::uint32_t>(lane)}.below(
          2, static_cast<std::uint32_t>(trial)));
    };
    for (const auto& lane : play(task, {}, 1500, best))
      for (const Row& r : lane) knows += r.outcome, n += 1;
    for (const auto& lane : play(task, {}, 1500, coin))
      for (const Row& r : lane) {
        guesses += r.outcome;
        EXPECT_EQ(r.outcome, r.choice == r.right);
      }
    EXPECT_EQ(knows, n) << "the outcome is certain";
    ASSERT_GT(n, 1e5);
    expect_share(guesses, n, 0.5, "right guesses");
  }
}
TEST(Conditioning, ComesAsOftenAsItSaysWhateverIsAnswered) {
  double comes = 0, n = 0;
  const Settings s = design("reacquisition", {{"p_outcome", 0.7}});
  const auto a = play("extinction", s, 1300, best),
             b = play("extinction", s, 1300, [](int, int, int) { return -1; });
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t t = 0; t < a[i].size(); ++t) {
      EXPECT_EQ(a[i][t].right, b[i][t].right) << "told without an answer too";
      EXPECT_TRUE(std::isnan(b[i][t].outcome));
      if (a[i][t].block == 1) {
        EXPECT_EQ(a[i][t].right, 0);
        continue;
      }
      comes += a[i][t].right;
      n += 1;
    }
  ASSERT_GT(n, 1e5);
  expect_share(comes, n, 0.7, "outcomes");
}
TEST(Extinction, OutcomesFadeInEqualStepsWhereItIsGradual) {
  std::vector<double> came(60, 0.0);
  const auto rows = play("extinction", design("AAA", {{"gradual", true}}), 4000, best);
  for (const auto& lane : rows)
    for (std::size_t t = 0; t < 60; ++t) came[t] += lane[40 + t].right;
  for (std::size_t t = 0; t < 60; ++t) {
    const double p = t < 30 ? 1 - static_cast<double>(t + 1) / 31 : 0;
    expect_share(came[t], 4000, p, "fading outcomes");
  }
}

/// A record of a learner in a task.
Trials record(const char* learner, const Settings& agent, const char* task, const Settings& settings,
              int subjects, std::vector<Manipulation> manipulations = {}) {
  Simulation s;
  s.seed = 8;
  s.make_task = find_task(task).make;
  s.task_settings = settings;
  s.make_agent = find_learner(learner).make;
  s.agent_settings = agent;
  s.manipulations = std::move(manipulations);
  return simulate(s, 0, subjects);
}
/// The signal at trial t of the first subject.
double at(const Trials& t, const char* signal, std::size_t trial) {
  return t.signals.at(signal).at(trial);
}

TEST(Conditioning, NeedsItsCuesWhereALearnerOfOptionsAnswersAsBefore) {
  // After 120 outcomes in a row a learner of two options expects the next; the blocked cue announces none. In
  // context A the old answer is back, of which a learner of options knows nothing.
  const auto share = [](const char* learner, const char* task, const Settings& s, std::size_t from,
                        std::size_t to) {
    const auto t = record(learner, {}, task, s, 64);
    double ones = 0;
    for (const std::size_t first : std::vector<std::size_t>(t.first.begin(), t.first.end() - 1))
      for (std::size_t r = first + from; r < first + to; ++r) ones += t.choice[r];
    return ones / 64 / static_cast<double>(to - from);
  };
  EXPECT_GT(share("dual_learning_rate", "pavlovian", design("blocking"), 120, 121), 0.75);
  EXPECT_LT(share("cue_rescorla_wagner", "pavlovian", design("blocking"), 120, 121), 0.25);
  EXPECT_LT(share("dual_learning_rate", "extinction", design("ABA"), 100, 101), 0.3);
  EXPECT_GT(share("cue_rescorla_wagner", "extinction", design("ABA"), 100, 101), 0.6);
}

// ---- learners ----
struct Data {
  std::vector<std::int32_t> choice, right;
  std::vector<double> outcome;
  std::vector<std::uint8_t> fresh;
  std::map<std::string, std::vector<double>> inputs;
  Layout layout = Layout::bandit(2);

  [[nodiscard]] SubjectTrials trials() const {
    SubjectTrials s{layout, choice, outcome, fresh, {}, {}, {}, right, {}};
    for (const auto& [name, values] : inputs) s.inputs.push_back({name, values});
    return s;
  }
};
/// Trials of cues, what came (-1: not known) and answers (-1: none).
Data data(const std::vector<std::vector<double>>& cues, const std::vector<int>& came,
          const std::vector<int>& choice) {
  Data d;
  for (std::size_t t = 0; t < cues.size(); ++t) {
    for (std::size_t i = 0; i < cues[t].size(); ++i)
      d.inputs["cue_" + std::to_string(i)].push_back(cues[t][i]);
    d.choice.push_back(choice[t]);
    d.right.push_back(came[t]);
    d.outcome.push_back(choice[t] < 0 || came[t] < 0 ? kNaN : choice[t] == came[t]);
  }
  d.fresh.assign(d.choice.size(), 0);
  return d;
}
std::vector<double> row_of(const LearnerEntry& e, const std::map<std::string, double>& given) {
  std::vector<double> row;
  for (const auto& p : e.params)
    row.push_back(given.contains(p.name) ? given.at(p.name) : std::get<double>(p.standard));
  return row;
}
std::vector<double> logliks(const char* learner, const std::map<std::string, double>& params, const Data& d) {
  const LearnerEntry& e = find_learner(learner);
  std::vector<double> each(d.choice.size());
  (void)e.likelihood->value(row_of(e, params), d.trials(), each);
  return each;
}
/// V before each trial of cues with these outcomes, read off ln P(1) - ln P(0) at beta = 1 and theta = 0.
std::vector<double> expected(const char* learner, std::map<std::string, double> params,
                             const std::vector<std::vector<double>>& cues, const std::vector<int>& came,
                             const std::vector<double>& days = {}) {
  params["beta"] = 1;
  params["theta"] = 0;
  Data d = data(cues, came, std::vector<int>(cues.size(), 1));
  if (!days.empty()) d.inputs["days"] = days;
  auto each = logliks(learner, params, d);
  for (double& l : each) l = l - std::log1p(-std::exp(l));
  return each;
}
const char* const kLearners[] = {"cue_rescorla_wagner", "cue_pearce_hall", "mackintosh", "latent_cause"};

/// Transcriptions of the papers in plain Python (tests/oracles/cues.py), with missing answers and outcomes.
TEST(CueLearners, EqualTranscriptionsOfTheirPapers) {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/cues.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 40u);
  PointsCompared points;
  for (const auto& c : cases) {
    const auto number = [](const nlohmann::json& list) {
      std::vector<int> r;
      for (const auto& x : list) r.push_back(x.is_null() ? -1 : x.get<int>());
      return r;
    };
    Data d = data(c["cues"].get<std::vector<std::vector<double>>>(), number(c["came"]), number(c["choice"]));
    d.inputs["days"] = c["days"].get<std::vector<double>>();
    const auto params = c["params"].get<std::map<std::string, double>>();
    const std::string name = c["learner"];
    ASSERT_EQ(params.size(), find_learner(name).params.size()) << name;
    const auto each = logliks(name.c_str(), params, d);
    for (std::size_t t = 0; t < each.size(); ++t)
      EXPECT_NEAR(each[t], c["loglik"][t].get<double>(), c["tolerance"].get<double>())
          << name << " trial " << t;
    points.compare(find_learner(name), d.trials(), c);
  }
  // A count and switches.
  points.expect_all_but({"latent_cause.causes", "latent_cause.kernel", "mackintosh.summed"}, 1850);
}
TEST(CueLearners, LearnFromWhatCameWhetherOrNotTheyAnswered) {
  for (const char* name : kLearners) {
    Data all = data({{1, 0}, {1, 1}, {0, 1}, {1, 0}, {1, 1}}, {1, 1, 0, 1, 0}, {1, 1, 0, 1, 0}), some = all;
    some.choice = {-1, 1, -1, -1, 0};
    some.outcome = {kNaN, 1, kNaN, kNaN, 1};
    const auto a = logliks(name, {}, all), b = logliks(name, {}, some);
    EXPECT_EQ(b[0], 0);
    EXPECT_EQ(b[1], a[1]) << name;
    EXPECT_EQ(b[4], a[4]) << name;
    // Where what came is not known either, nothing is learned.
    some.right = {-1, 1, -1, -1, 0};
    EXPECT_NE(logliks(name, {}, some)[4], a[4]) << name;
    Data without = data({{1, 1}, {1, 1}}, {1, 0}, {1, 0});
    EXPECT_EQ(logliks(name, {}, some)[4], logliks(name, {}, without)[1]) << name;
  }
}
TEST(CueLearners, DoNotMindColumnsThatShowNothing) {
  for (const char* name : kLearners) {
    Data a = data({{1, 0}, {1, 1}, {0, 1}, {1, 0}, {1, 1}}, {1, 1, 0, 1, 0}, {1, 1, 0, 1, 0}), b = a;
    for (const char* more : {"cue_2", "cue_5", "cue_7", "days"})
      b.inputs[more].assign(5, more == std::string("cue_5") ? kNaN : 0.0);
    EXPECT_EQ(logliks(name, {}, a), logliks(name, {}, b)) << name;
  }
}
TEST(CueLearners, ExpectInTheRecordWhatTheirLikelihoodSays) {
  for (const char* name : kLearners) {
    const auto t = record(name, {}, "extinction", design("reinstatement", {{"p_outcome", 0.8}}), 4);
    const auto fresh = fresh_flags(t, "none");
    const LearnerEntry& e = find_learner(name);
    for (int i = 0; i < 4; ++i) {
      const SubjectTrials s = subject_trials(t, i, fresh);
      std::vector<double> each(s.size());
      (void)e.likelihood->value(row_of(e, {}), s, each);
      for (std::size_t k = 0; k < each.size(); ++k) {
        const double z = 5 * (at(t, "expectation", t.first[static_cast<std::size_t>(i)] + k) - 0.5);
        EXPECT_NEAR(std::exp(each[k]), 1 / (1 + std::exp(s.choice[k] == 1 ? -z : z)), 1e-12) << name;
      }
    }
  }
}
TEST(CueLearners, SayWhatTheyCannotPlay) {
  const auto said = [](const char* learner, const char* task, const Settings& s) -> std::string {
    try {
      (void)record(learner, {}, task, s, 4);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  for (const char* name : kLearners) {
    EXPECT_NE(said(name, "bandit_reversal", {}).find("must be shown 'cue_0'"), std::string::npos);
    EXPECT_NE(said(name, "bandit_reversal", with({{"options", 3.0}})).find("here are 3"), std::string::npos);
  }
  EXPECT_NE(said("mackintosh", "pavlovian", design("blockin")).find("did you mean 'blocking'"),
            std::string::npos);
  EXPECT_NE(said("mackintosh", "extinction", with({{"gap", -1.0}})).find("gap"), std::string::npos);
}

Manipulation dopamine(double amount, const char* event) {
  Manipulation m;
  m.op = Manipulation::Op::set;
  m.target = "dopamine";
  m.amount = amount;
  m.at = event;
  return m;
}
TEST(CueRescorlaWagner, HasTheClosedFormsOfBlockingOvershadowingAndUnblocking) {
  const double a = 0.1;
  const Settings agent = with({{"alpha", a}});
  const auto left = [](double rate, int n) { return std::pow(1 - rate, n); };
  const Settings few = with({{"first", 20.0}, {"second", 15.0}});
  const auto trained = [&](const char* name, std::vector<Manipulation> m = {}) {
    Settings s = few;
    s["design"] = {std::string(name), {}};
    return record("cue_rescorla_wagner", agent, "pavlovian", s, 4, std::move(m));
  };
  EXPECT_NEAR(at(trained("acquisition"), "expectation", 20), 1 - left(a, 20), 1e-14);
  const double half = (1 - left(2 * a, 15)) / 2;
  EXPECT_NEAR(at(trained("blocking_control"), "expectation", 15), half, 1e-14);
  EXPECT_NEAR(at(trained("overshadowing"), "expectation", 15), half, 1e-14);
  EXPECT_NEAR(at(trained("blocking"), "expectation", 35), left(a, 20) * half, 1e-14);
  // A stimulation by d moves the asymptote of the compound to 1 + d.
  EXPECT_NEAR(at(trained("blocking", {dopamine(0.5, "compound"), dopamine(0, "test")}), "expectation", 35),
              (left(a, 20) + 0.5) * half, 1e-14);
  // B is taught to cancel A: conditioned inhibition, not second-order conditioning.
  EXPECT_NEAR(at(trained("second_order"), "expectation", 35), -(1 - left(a, 20)) * half, 1e-14);
}
TEST(CueRescorlaWagner, HasTheClosedFormOfRenewal) {
  const double a = 0.3, gained = (1 - std::pow(1 - 2 * a, 40)) / 2,
               lost = gained * (1 - std::pow(1 - 2 * a, 60)) / 2;
  const auto test = [](const char* name) {
    return at(record("cue_rescorla_wagner", {}, "extinction", design(name), 4), "expectation", 100);
  };
  EXPECT_NEAR(test("ABA"), 2 * gained - lost, 1e-13);
  EXPECT_NEAR(test("ABC"), gained - lost, 1e-13);
  EXPECT_NEAR(test("AAA"), 2 * gained * std::pow(1 - 2 * a, 60), 1e-13);
  EXPECT_EQ(test("recovery"), test("AAA")) << "days mean nothing to it";
}
TEST(CuePearceHall, HasTheClosedFormL10AndIsPearceHallOfOneCue) {
  const auto v = expected("cue_pearce_hall", {}, {{1}, {1}, {1}, {1}}, {1, 1, 0, 0});
  EXPECT_NEAR(v[3], 0.248495, 5e-7);
  // alpha from the next step: V5 - V4 = kappa alpha (0 - V4).
  const auto more = expected("cue_pearce_hall", {}, {{1}, {1}, {1}, {1}, {1}}, {1, 1, 0, 0, 0});
  EXPECT_NEAR((more[3] - more[4]) / (0.3 * more[3]), 0.591725, 5e-7);
}
TEST(Mackintosh, AttendsLessToACueThatAnotherMakesNeedless) {
  const auto t = record("mackintosh", {}, "pavlovian", design("blocking"), 4);
  EXPECT_EQ(at(t, "attention_1", 59), 0.5) << "never shown";
  EXPECT_EQ(at(t, "attention_1", 119), 0.05);
  EXPECT_GT(at(t, "attention_0", 119), 0.99);
  // Alone a cue soon predicts better than nothing does. With its own error it learns as if alone.
  EXPECT_EQ(at(t, "attention_0", 0), 0.5);
  EXPECT_EQ(at(t, "attention_0", 59), 1);
  const auto own = expected("mackintosh", {{"summed", 0}, {"gamma", 0}}, {{1, 1}, {1, 1}, {1, 0}}, {1, 1, 1});
  EXPECT_NEAR(own[2], 1 - 0.85 * 0.85, 1e-12);
  const auto shared = expected("mackintosh", {{"gamma", 0}}, {{1, 1}, {1, 1}, {1, 0}}, {1, 1, 1});
  EXPECT_NEAR(shared[2], (1 - 0.7 * 0.7) / 2, 1e-12);
}
TEST(LatentCause, OfOneCauseIsADeltaRuleOfThreeStepsATrial) {
  const std::vector<std::vector<double>> cues(9, {1.0});
  const auto v = expected("latent_cause", {{"causes", 1}}, cues, std::vector<int>(9, 1));
  for (int n = 0; n < 9; ++n) EXPECT_NEAR(v[static_cast<std::size_t>(n)], 1 - std::pow(0.8, 3 * n), 1e-12);
}
/// science.md L14: alpha .5; three trials of one cause at times 1, 2, 3, two of another at 8, 9, now 10. The
/// cues of trial 10 are as far from either cause as from a new one, so that V is the prior times what a cause
/// predicts.
TEST(LatentCause, HasTheClosedFormPriorsL14) {
  const std::vector<std::vector<double>> cues{{1, 0}, {1, 0}, {1, 0}, {0, 1}, {0, 1}, {.5, .5}};
  const std::vector<double> days{0, 0, 0, 4, 4, 4};
  const double sure = 0.5 * (1 - std::pow(0.8, 9)), nearly = 0.5 * (1 - std::pow(0.8, 6));
  for (const bool kernel : {false, true}) {
    const std::map<std::string, double> p{{"sd_x", .02}, {"sd_r", 100},      {"x_new", 0},
                                          {"day", 1},    {"kernel", kernel}, {"alpha_crp", .5}};
    const double first = expected("latent_cause", p, cues, {1, 1, 1, 0, 0, 0}, days)[5] / sure;
    const double second = expected("latent_cause", p, cues, {0, 0, 0, 1, 1, 0}, days)[5] / nearly;
    const double one = kernel ? 1 / 9. + 1 / 8. + 1 / 7. : 3, two = kernel ? 1.5 : 2, all = one + two + .5;
    EXPECT_NEAR(first, one / all, 1e-6);
    EXPECT_NEAR(second, two / all, 1e-6);
    if (!kernel) continue;
    EXPECT_NEAR(first, 0.159299, 1e-6);
    EXPECT_NEAR(second, 0.630525, 1e-6);
    EXPECT_NEAR(1 - first - second, 0.210175, 2e-6);
  }
}
/// The same prior for far pasts: after n days of 200 trials, one trial of one cause stands against alpha.
TEST(LatentCause, FadesAsOneOverTimeUpToTenThousandTrials) {
  for (const double days : {0.25, 1.0, 7.0, 30.0, 49.0}) {
    const double x = 1 + 200 * days;
    const auto v = expected("latent_cause", {{"sd_x", 100}, {"x_new", 1}, {"alpha_crp", 0.01}}, {{1}, {1}},
                            {1, 0}, {0, days})[1];
    EXPECT_NEAR(v / (1 - std::pow(0.8, 3)), (1 / x) / (1 / x + 0.01), 1e-6) << days;
  }
}
TEST(LatentCause, OpensACauseInANewContextAndComesBackToTheOldOne) {
  const auto t = record("latent_cause", {}, "extinction", design("ABA"), 4);
  EXPECT_EQ(at(t, "cause", 39), 0);
  EXPECT_EQ(at(t, "cause", 99), 1);
  EXPECT_EQ(at(t, "cause", 100), 0);
  EXPECT_EQ(at(t, "causes", 109), 2);
  EXPECT_EQ(
      at(record("latent_cause", with({{"causes", 1.0}}), "extinction", design("ABA"), 4), "causes", 109), 1);
}

// ---- metrics ----
/// One subject of blocks of (choice, best).
Trials blocks(const std::vector<std::vector<std::pair<int, int>>>& list) {
  Trials t;
  t.layout = Layout::bandit(2);
  t.subjects = {"a"};
  for (std::size_t b = 0; b < list.size(); ++b)
    for (const auto& [choice, right] : list[b]) {
      t.session.push_back(0);
      t.block.push_back(static_cast<std::int32_t>(b));
      t.trial.push_back(static_cast<std::int32_t>(t.choice.size()));
      t.stage.push_back(0);
      t.choice.push_back(choice);
      t.best.push_back(1);
      t.right.push_back(right);
      t.old_best.push_back(-1);
      t.correct.push_back(static_cast<std::int8_t>(choice < 0 ? -1 : choice == right));
      t.outcome.push_back(choice == right);
      t.rt_s.push_back(kNaN);
    }
  t.first = {0, t.choice.size()};
  return t;
}
double value(const Trials& t, const char* metric, const Settings& s = {}, const char* where = "") {
  const MetricRequest r = request_metric(metric, s, where);
  return pooled_value(evaluate(t, std::span(&r, 1))[0]);
}
TEST(ConditioningMetrics, CountWhatTheySay) {
  Trials t = blocks({{{0, 1}, {1, 1}, {0, 1}, {1, 1}, {1, 1}, {1, 1}},
                     {{1, 0}, {0, 0}, {-1, 0}},
                     {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {-1, 1}, {0, 1}}});
  EXPECT_EQ(value(t, "responding"), 3.0 / 5);
  EXPECT_EQ(value(t, "responding", with({{"first", 2.0}}), "last"), 1);
  EXPECT_EQ(value(t, "responding", with({{"last", 2.0}}), "last"), 0);
  EXPECT_EQ(value(t, "responding", {}, "1"), 1.0 / 2);
  EXPECT_EQ(value(t, "responding", {}, "all"), 8.0 / 13);
  // Three of the first five against three of the last three, and against four of six.
  EXPECT_EQ(value(t, "recovery", with({{"trials", 5.0}, {"acquired", 3.0}})), 0.75);
  EXPECT_EQ(value(t, "recovery", with({{"trials", 5.0}, {"acquired", 6.0}})), 0.75 / (4.0 / 6));
  EXPECT_TRUE(std::isnan(value(t, "recovery", {}, "acquisition"))) << "nothing came before";
  // Three in a row are complete after 6 trials, then after 3.
  EXPECT_EQ(value(t, "savings", with({{"run", 3.0}})), 0.5);
  EXPECT_EQ(value(t, "savings", with({{"run", 5.0}})), 0) << "never, in blocks of six";
  EXPECT_TRUE(std::isnan(value(t, "expectation"))) << "no such signal";
  t.signals["expectation"] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, .5, kNaN, .25, 0, .75};
  t.signals["delta"] = {0, 0, 0, 0, 0, 0, -.5, -.25, -.125, 0, 0, 0, -.625, .5, .75};
  EXPECT_EQ(value(t, "expectation"), 0.5);
  EXPECT_EQ(value(t, "expectation", with({{"last", 2.0}})), 0.375);
  EXPECT_EQ(value(t, "omission_dip"), 0.625);
  EXPECT_EQ(value(t, "omission_dip", {}, "1"), 0.875 / 3);
}
TEST(ConditioningMetrics, LastIsTheLastBlockOfEachSession) {
  Trials t = blocks({{{1, 1}, {0, 1}}, {{1, 1}, {0, 1}}, {{1, 1}}, {{1, 1}}});
  EXPECT_EQ(value(t, "responding", {}, "last"), 1);
  EXPECT_EQ(value(t, "recovery", {}, "last"), 2);
  t.session = {0, 0, 0, 0, 1, 1};  // the last block of session 0 is block 1
  EXPECT_EQ(value(t, "responding", {}, "last"), 2.0 / 3);
  EXPECT_EQ(value(t, "recovery", {}, "last"), 1) << "each session has a first block of its own";
}

const std::string kContrasts = R"(
title = "t"
seed = 2
subjects = 40
metrics = ["responding"]
[task]
name = "extinction"
[[variant]]
name = "old"
task = { design = "ABA" }
[[variant]]
name = "same"
task = { design = "AAA" }
[[agent]]
name = "sums"
model = "cue_rescorla_wagner"
[[agent]]
name = "causes"
model = "latent_cause"
[[manipulation]]
condition = "dull"
op = "set"
target = "beta"
amount = 1
)";
const std::string kPrediction =
    "[[prediction]]\nclaim = \"c\"\nmetric = \"responding\"\nrelation = \"difference > 0\"\n";
TEST(Predictions, CompareTwoVariantsOrTwoAgentsUnderOneCondition) {
  const std::string text = kContrasts + kPrediction + "contrast = [\"old\", \"same\"]\n" + kPrediction +
                           "contrast = [\"old\", \"same\"]\nagent = \"sums\"\ncondition = \"dull\"\n" +
                           kPrediction + "contrast = [\"causes\", \"sums\"]\n" + kPrediction +
                           "contrast = [\"dull\", \"intact\"]\n";
  const Card card = parse_card(text, "c");
  EXPECT_EQ(canonical_text(parse_card(canonical_text(card), "c")), canonical_text(card));
  const RunResult r = run_card(card, {1, nullptr, {}});
  const auto cell = [&](const char* variant, const char* agent, const char* condition) {
    return r.find(variant, agent, condition)->values[0].value;
  };
  ASSERT_EQ(r.predictions.size(), 2u + 1 + 2 + 4);
  EXPECT_EQ(r.predictions[0].effect.value, cell("old", "sums", "intact") - cell("same", "sums", "intact"));
  EXPECT_EQ(r.predictions[0].agent, "sums");
  EXPECT_EQ(r.predictions[1].effect.value,
            cell("old", "causes", "intact") - cell("same", "causes", "intact"));
  EXPECT_EQ(r.predictions[2].effect.value, cell("old", "sums", "dull") - cell("same", "sums", "dull"));
  EXPECT_EQ(r.predictions[3].effect.value, cell("old", "causes", "intact") - cell("old", "sums", "intact"));
  EXPECT_EQ(r.predictions[4].variant, "same");
  EXPECT_EQ(r.predictions[0].verdict, "supported");
}
TEST(Predictions, MayBeAboutOneValue) {
  const std::string head = kContrasts + "[[prediction]]\nclaim = \"c\"\nmetric = \"responding\"\n";
  const std::string text = head + "contrast = [\"old\"]\nagent = \"causes\"\nrelation = \"value >= 0.9\"\n" +
                           "[[prediction]]\nclaim = \"d\"\nmetric = \"responding\"\ncontrast = [\"dull\"]\n" +
                           "variant = \"old\"\nagent = \"sums\"\nrelation = \"value < 0.9\"\n";
  const Card card = parse_card(text, "c");
  EXPECT_EQ(canonical_text(parse_card(canonical_text(card), "c")), canonical_text(card));
  const RunResult r = run_card(card, {1, nullptr, {}});
  ASSERT_EQ(r.predictions.size(), 2u);
  EXPECT_EQ(r.predictions[0].effect.value, r.find("old", "causes", "intact")->values[0].value);
  EXPECT_EQ(r.predictions[0].verdict, "refuted") << "the answer fades in ten trials";
  EXPECT_EQ(r.predictions[1].effect.value, r.find("old", "sums", "dull")->values[0].value);
  EXPECT_EQ(r.predictions[1].verdict, "supported");
  EXPECT_THROW((void)parse_card(head + "contrast = [\"old\"]\nrelation = \"ratio > 1\"\n", "c"), Error);
  EXPECT_THROW((void)parse_card(head + "contrast = [\"old\", \"same\"]\nrelation = \"value > 1\"\n", "c"),
               Error);
  EXPECT_THROW((void)parse_card(head + "contrast = []\nrelation = \"value > 1\"\n", "c"), Error);
}
TEST(Predictions, RefuseContrastsThatSayTheSameTwice) {
  const auto said = [](const std::string& more) -> std::string {
    try {
      (void)parse_card(kContrasts + kPrediction + more, "c");
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_NE(said("contrast = [\"old\", \"same\"]\nvariant = \"old\"\n").find("names variants already"),
            std::string::npos);
  EXPECT_NE(said("contrast = [\"sums\", \"causes\"]\nagent = \"sums\"\n").find("names agents already"),
            std::string::npos);
  EXPECT_NE(
      said("contrast = [\"dull\", \"intact\"]\ncondition = \"dull\"\n").find("names conditions already"),
      std::string::npos);
  EXPECT_NE(said("contrast = [\"old\", \"old\"]\n").find("with itself"), std::string::npos);
  EXPECT_NE(said("contrast = [\"old\", \"sums\"]\n").find("no condition"), std::string::npos);
  EXPECT_NE(said("contrast = [\"old\", \"same\"]\ncondition = \"dul\"\n").find("did you mean 'dull'"),
            std::string::npos);
}
}  // namespace
}  // namespace labile
