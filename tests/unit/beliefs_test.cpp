/// Learners of beliefs (Behrens' grid filter, the continuous HGF), the learner that tunes itself, and card
/// gambling with its learner: against transcriptions of their papers (tests/oracles/beliefs.py), against
/// their own play and against people.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "contract/agent.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "fit/fit.hpp"
#include "learners/catalogue.hpp"
#include "oracle_points.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

nlohmann::json oracle() {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/beliefs.json");
  return nlohmann::json::parse(file);
}
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
Trials play(const char* task, Settings task_settings, const char* learner, Settings settings, int subjects,
            std::uint64_t seed = 3) {
  Simulation s;
  s.seed = seed;
  s.make_task = find_task(task).make;
  s.task_settings = std::move(task_settings);
  s.make_agent = find_learner(learner).make;
  s.agent_settings = std::move(settings);
  s.record = true;
  return simulate(s, 0, subjects);
}

/// One case of the oracle as a subject, with its storage.
struct Case {
  explicit Case(const nlohmann::json& c) {
    layout = Layout::bandit(c["options"].get<int>(), c.value("states", 1));
    for (const auto& t : c["trials"]) {
      choice.push_back(t[0].is_null() ? -1 : t[0].get<int>());
      outcome.push_back(t[1].is_null() ? kNaN : t[1].get<double>());
    }
    fresh.assign(choice.size(), 0);
    if (c.contains("fresh")) fresh = c["fresh"].get<std::vector<std::uint8_t>>();
    if (c.contains("state")) state = c["state"].get<std::vector<std::int32_t>>();
    if (c.contains("right")) right = c["right"].get<std::vector<std::int32_t>>();
    for (const auto& x : c.value("report", nlohmann::json::array()))
      report.push_back(x.is_null() ? kNaN : x.get<double>());
    if (c.contains("inputs")) inputs = c["inputs"].get<std::map<std::string, std::vector<double>>>();
  }
  [[nodiscard]] SubjectTrials trials() const {
    SubjectTrials s{layout, choice, outcome, fresh, {}, state, {}, right, report};
    for (const auto& [name, values] : inputs) s.inputs.push_back({name, values});
    return s;
  }
  Layout layout;
  std::vector<std::int32_t> choice;
  std::vector<double> outcome;
  std::vector<std::uint8_t> fresh;
  std::vector<std::int32_t> state = {}, right = {};
  std::vector<double> report = {};
  std::map<std::string, std::vector<double>> inputs = {};
};

TEST(Beliefs, EqualTranscriptionsOfTheirPapers) {
  const auto json = oracle();
  ASSERT_EQ(json["cases"].size(), 9u);
  PointsCompared points;
  for (const auto& c : json["cases"]) {
    const LearnerEntry& e = find_learner(c["learner"].get<std::string>());
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(c["params"].at(p.name).get<double>());
    ASSERT_EQ(row.size(), c["params"].size());
    const Case one(c);
    std::vector<double> each(one.choice.size());
    const double total = e.likelihood->value(row, one.trials(), each);
    // Behrens: what is below 1e-17 of a column is left out.
    const double near = c["learner"] == "behrens" ? 1e-9 : 1e-11;
    double sum = 0;
    for (std::size_t t = 0; t < each.size(); ++t) {
      EXPECT_NEAR(each[t], c["loglik"][t].get<double>(), near) << e.info.name << " trial " << t;
      sum += c["loglik"][t].get<double>();
    }
    EXPECT_NEAR(total, sum, 1e-9) << e.info.name;
    points.compare(e, one.trials(), c);
    if (c.contains("surprise")) {
      EXPECT_NEAR(e.surprise(row, one.trials(), {}), c["surprise"].get<double>(), 1e-9) << e.info.name;
    }
  }
  points.expect_all_but({"deck_gambling.net"}, 440);  // a switch
}

/// A likelihood's derivatives on the oracle's cases against central differences: step h, error near 1e-8.
TEST(Beliefs, TheirDerivativesMatchDifferences) {
  const auto all_cases = oracle();  // named: a loop over part of a temporary would outlive it
  for (const auto& c : all_cases["cases"]) {
    const LearnerEntry& e = find_learner(c["learner"].get<std::string>());
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(c["params"].at(p.name).get<double>());
    const Case one(c);
    SubjectTrials s = one.trials();
    std::map<std::string, std::vector<double>> derived;  // once, as fits do it
    if (e.derive) derived = e.derive(s);
    for (const auto& [name, values] : derived) s.inputs.push_back({name, values});
    const std::size_t n = row.size();
    std::vector<double> grad(n), grad2(n), hess(n * n), up(n), down(n);
    const double l = e.likelihood->gradient(row, s, grad);
    EXPECT_EQ(l, e.likelihood->value(row, one.trials(), {})) << "derived beforehand or on the way";
    EXPECT_EQ(e.likelihood->hessian(row, s, grad2, hess), l);
    for (std::size_t k = 0; k < n; ++k) {
      if (e.params[k].bounds.hi == row[k] || e.params[k].bounds.lo == row[k]) continue;
      auto a = row, b = row;
      const double h = 1e-5 * std::max(std::abs(row[k]), 1e-3);
      a[k] += h;
      b[k] -= h;
      const double slope = (e.likelihood->gradient(a, s, up) - e.likelihood->gradient(b, s, down)) / (2 * h);
      EXPECT_NEAR(grad[k], slope, 1e-6 * (1 + std::abs(slope)) + 1e-12 / h) << e.info.name << k;
      for (std::size_t j = 0; j < n; ++j) {
        const double bend = (up[j] - down[j]) / (2 * h);
        EXPECT_NEAR(hess[k * n + j], bend, 1e-5 * (1 + std::abs(bend)) + 1e-12 / h)
            << e.info.name << k << ", " << j;
      }
    }
  }
}

TEST(Behrens, ShowsItsPredictionAndWhatItThinksOfVolatility) {
  const auto all_cases = oracle();  // named: a loop over part of a temporary would outlive it
  for (const auto& c : all_cases["cases"]) {
    if (c["learner"] != "behrens") continue;
    const auto derived = find_learner("behrens").derive(Case(c).trials());
    ASSERT_EQ(derived.size(), 3u);
    for (std::size_t t = 0; t < c["rate"].size(); ++t) {
      EXPECT_NEAR(derived.at("derived rate")[t], c["rate"][t].get<double>(), 1e-10);
      EXPECT_NEAR(derived.at("derived log_spread")[t], c["log_spread"][t].get<double>(), 1e-9);
    }
  }
}
/// Play is one belief a lane; the likelihood follows a subject on its own. They meet trial by trial.
TEST(Behrens, PlaysWhatItsLikelihoodSays) {
  for (const bool magnitudes : {false, true}) {
    const Trials t =
        play("volatile_bandit",
             with({{"stable", 20.0}, {"volatile", std::vector<double>{10, 10}}, {"magnitudes", magnitudes}}),
             "behrens", with({{"beta", magnitudes ? 0.05 : 3.0}}), 16);
    const auto fresh = fresh_flags(t, "none");
    const LearnerEntry& e = find_learner("behrens");
    double sum = 0, variance = 0;
    for (int i = 0; i < 16; ++i) {
      const SubjectTrials s = subject_trials(t, i, fresh);
      const auto derived = e.derive(s);
      std::vector<double> each(s.size());
      e.likelihood->value(std::vector<double>{magnitudes ? 0.05 : 3.0}, s, each);
      for (std::size_t k = 0; k < s.size(); ++k) {
        const std::size_t row = t.first[static_cast<std::size_t>(i)] + k;
        EXPECT_EQ(t.signals.at("rate")[row], derived.at("derived rate")[k]);
        const double p = std::exp(each[k]), other = 1 - p;  // z of ln P against its mean
        const double mean = p * std::log(p) + other * std::log(other);
        sum += each[k] - mean;
        variance += p * std::log(p) * std::log(p) + other * std::log(other) * std::log(other) - mean * mean;
      }
    }
    EXPECT_LT(std::abs(sum), 4 * std::sqrt(variance));
  }
}
/// The published finding in its simplest form: what a volatile world taught moves the prediction faster.
TEST(Behrens, LearnsFasterInAVolatileWorld) {
  const auto after = [](int period) {  // 120 inputs, the last ones 1, then two surprises
    Case c(nlohmann::json::parse(R"({"options": 2, "trials": []})"));
    for (int t = 0; t < 123; ++t) {
      c.choice.push_back(1);
      c.outcome.push_back(t < 120 ? (period == 0 ? t % 4 != 3 : t / period % 2 == 1) : false);
      c.fresh.push_back(0);
    }
    return find_learner("behrens").derive(c.trials());
  };
  const auto stable = after(0), moving = after(15);
  const auto rate = [](const auto& d, std::size_t t) { return d.at("derived rate")[t]; };
  EXPECT_LT(moving.at("derived strength")[120], stable.at("derived strength")[120] - 1);
  const double slow = (rate(stable, 120) - rate(stable, 122)) / rate(stable, 120);
  const double fast = (rate(moving, 120) - rate(moving, 122)) / rate(moving, 120);
  EXPECT_GT(fast, 2 * slow);
}
TEST(Behrens, RefusesMoreThanTwoOptions) {
  EXPECT_THROW(find_learner("behrens").check(Layout::bandit(3)), Error);
}

TEST(HgfContinuous, ReportsWithItsOwnDensityAndPredictsItsTask) {
  for (const char* name : {"hgf_continuous_2level", "hgf_continuous_3level"}) {
    const LearnerEntry& e = find_learner(name);
    const Trials t = play("predictive_inference", {}, name, {}, 64);
    const auto fresh = fresh_flags(t, "none");
    const std::vector<double> row = standard(e);
    double sum = 0, square = 0, n = 0;
    for (int i = 0; i < 64; ++i) {
      const SubjectTrials s = subject_trials(t, i, fresh);
      std::vector<double> each(s.size());
      e.likelihood->value(row, s, each);
      EXPECT_TRUE(std::isfinite(e.surprise(row, s, {}))) << name << " " << i;
      for (const double l : each) {  // of N(mu1, 25): z^2 from the density, by ln N
        const double z2 = -2 * (l + std::log(5 * std::sqrt(2 * M_PI)));
        sum += z2;
        square += z2 * z2;
        n += 1;
      }
    }
    EXPECT_NEAR(sum / n, 1, 4 * std::sqrt(2 / n)) << name;
    EXPECT_NEAR(square / n, 3, 4 * std::sqrt(96 / n)) << name;
  }
}
/// With volatility held (kappa1 = 0) level 1 is a Kalman filter of a random walk; its steady gain is known.
TEST(HgfContinuous, WithoutCouplingIsAKalmanFilter) {
  const double q = std::exp(2.0), r = 30;
  const Trials t = play("predictive_inference", with({{"trials", 400.0}}), "hgf_continuous_2level",
                        with({{"kappa1", 0.0}, {"omega1", 2.0}, {"alpha", r}}), 4);
  const double prior = (q + std::sqrt(q * q + 4 * q * r)) / 2;
  EXPECT_NEAR(t.signals.at("learning_rate")[399], prior / (prior + r), 1e-12);
}

TEST(MetaLearning, WithoutPerturbationsLearnsAsItsEquationSays) {
  // SARSA in the room of a two-step task, by plain loops over its record.
  const double alpha = 0.2, gamma = 0.7;
  const Trials t = play("two_step", with({{"trials", 60.0}}), "meta_learning",
                        with({{"noise", 0.0}, {"alpha0", alpha}, {"gamma0", gamma}}), 8);
  for (std::size_t i = 0; i < 8; ++i) {
    double q[3][2] = {}, delta = 0, reward = 0;
    int s = -1, c = -1;
    for (std::size_t row = t.first[i]; row < t.first[i + 1]; ++row) {
      const int s2 = t.state[row], c2 = t.choice[row];
      if (s >= 0) {
        delta = reward + gamma * q[s2][c2] - q[s][c];
        q[s][c] += alpha * delta;
      }
      EXPECT_NEAR(t.signals.at("delta")[row], delta, 1e-12);
      EXPECT_NEAR(t.signals.at("gamma")[row], gamma, 1e-12);
      s = s2;
      c = c2;
      reward = t.stage[row] == 0 ? 0 : t.outcome[row];
    }
  }
}
/// From the record alone: within a period a parameter's link moves by mu e (fast - slow), and where the
/// period began it stood at x0 + b + e; e has the spread it should.
TEST(MetaLearning, MovesParametersTheWayOfPerturbationsThatPaid) {
  const double mu = 0.02;
  const Trials t = play("bandit_reversal", with({{"blocks", std::vector<double>{300, 300}}}), "meta_learning",
                        with({{"mu", mu}, {"beta0", 2.0}}), 64);
  double square = 0, n = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    double fast = 0, slow = 0, b = 0, e = 0;
    for (std::size_t row = t.first[i]; row < t.first[i + 1]; ++row) {
      const double x = std::log(t.signals.at("beta")[row]);
      if ((row - t.first[i]) % 100 == 0) {
        e = x - std::log(2.0) - b;
        square += e * e;
        n += 1;
      }
      EXPECT_NEAR(x, std::log(2.0) + b + e, 1e-9);
      const double r = t.outcome[row];
      fast += (r - fast) / 20;
      slow += (r - slow) / 100;
      b += mu * e * (fast - slow);
    }
  }
  EXPECT_NEAR(square / n, 1, 4 * std::sqrt(2 / n));
}
TEST(MetaLearning, SaysWhyItCannotBeFitted) {
  const LearnerEntry& e = find_learner("meta_learning");
  EXPECT_EQ(e.likelihood, nullptr);
  EXPECT_NE(std::string(e.no_likelihood).find("perturbations"), std::string::npos);
}

/// Chances of a deck and number from the authors' table: (9 - n) / 9 to win and (n - 1) / 9 to lose, moved by
/// .3.
struct Chances {
  double win, loss;
};
Chances chances(int deck, int number) {
  const double n = number;
  double win = (9 - n) / 9, loss = (n - 1) / 9;
  if (deck == 2) {
    if (number < 9) win = std::min(win + 0.3, 1.0);
    loss = std::max(loss - 0.3, 0.0);
  } else if (deck == 0) {
    win = std::max(win - 0.3, 0.0);
    if (number > 1) loss = std::min(loss + 0.3, 1.0);
  }
  return {win, loss};
}

/// Plays `choose` and returns what was shown and paid.
template <class F>
std::vector<std::array<double, 5>> bets(Settings settings, int lanes, F choose, std::uint64_t seed = 5) {
  const auto task = find_task("card_gambling").make(settings, nullptr);
  std::vector<std::uint32_t> entity(static_cast<std::size_t>(lanes));
  for (std::size_t i = 0; i < entity.size(); ++i) entity[i] = static_cast<std::uint32_t>(i);
  task->begin({seed, entity, lanes});
  std::vector<std::int32_t> choice(entity.size());
  std::vector<double> rt(entity.size(), kNaN), report(entity.size(), kNaN);
  std::vector<std::array<double, 5>> rows;  // lane, deck, number, pay of accepting, outcome
  Phase ph;
  while (task->next(ph)) {
    const auto at = task->position();
    if (ph.awaits_action) {
      for (std::size_t i = 0; i < entity.size(); ++i)
        choice[i] = choose(ph.state[i], static_cast<int>(ph.input[i]), at.best[i]);
      task->take({choice, rt, report});
    }
    if (ph.kind == PhaseKind::outcome)
      for (std::size_t i = 0; i < entity.size(); ++i)
        rows.push_back({static_cast<double>(i), static_cast<double>(ph.state[i]), ph.input[i],
                        at.would_pay[entity.size() + i], ph.outcome[i]});
  }
  return rows;
}

TEST(CardGambling, PaysWithTheChancesOfThePublishedTable) {
  std::map<std::pair<int, int>, std::array<double, 3>> seen;  // [deck, number] shown, won, lost
  for (const auto& r : bets({}, 640, [](int, int, int) { return 1; })) {
    auto& s = seen[{static_cast<int>(r[1]), static_cast<int>(r[2])}];
    s[0] += 1;
    s[1] += r[3] > 0;
    s[2] += r[3] < 0;
    EXPECT_EQ(r[3], r[4]);
  }
  ASSERT_EQ(seen.size(), 27u);
  for (const auto& [at, s] : seen) {
    const Chances c = chances(at.first, at.second);
    // 54 comparisons within 4 standard errors: a false alarm once in 300 runs of other seeds.
    EXPECT_NEAR(s[1] / s[0], c.win, 4 * std::sqrt(c.win * (1 - c.win) / s[0]) + 1e-12)
        << at.first << " " << at.second;
    EXPECT_NEAR(s[2] / s[0], c.loss, 4 * std::sqrt(c.loss * (1 - c.loss) / s[0]) + 1e-12)
        << at.first << " " << at.second;
  }
}
TEST(CardGambling, ShowsEachNumberOnceAndThoseNearTheLevelThrice) {
  const int lanes = 32;
  const auto rows = bets({}, lanes, [](int, int, int) { return 0; });
  ASSERT_EQ(rows.size(), 180u * lanes);
  for (int lane = 0; lane < lanes; ++lane)
    for (int round = 0; round < 12; ++round) {
      std::map<int, int> numbers, decks;
      std::map<std::pair<int, int>, int> pairs;
      for (int t = 15 * round; t < 15 * (round + 1); ++t) {
        const auto& r = rows[static_cast<std::size_t>(t * lanes + lane)];
        ++numbers[static_cast<int>(r[2])];
        ++decks[static_cast<int>(r[1])];
        ++pairs[{static_cast<int>(r[1]), static_cast<int>(r[2])}];
        EXPECT_EQ(r[4], 0) << "declined";
      }
      for (int n = 1; n <= 9; ++n) EXPECT_EQ(numbers[n], n >= 4 && n <= 6 ? 3 : 1);
      for (int d = 0; d < 3; ++d) EXPECT_EQ(decks[d], 5);
      for (const auto& [pair, count] : pairs) EXPECT_EQ(count, 1);
    }
}
/// Of the schedule above: an oracle earns the mean of the positive expectations, chance half of all of them.
TEST(CardGambling, AnOracleAndChanceScoreWhatTheySay) {
  double oracle = 0, always = 0;  // a trial; decks of the outer numbers are uniform
  for (int deck = 0; deck < 3; ++deck)
    for (int number = 1; number <= 9; ++number) {
      const Chances c = chances(deck, number);
      const double weight = (number >= 4 && number <= 6 ? 3.0 : 1.0) / 45;
      oracle += weight * std::max(0.0, c.win - c.loss);
      always += weight * (c.win - c.loss);
    }
  const auto mean = [](const std::vector<std::array<double, 5>>& rows) {
    double sum = 0;
    for (const auto& r : rows) sum += r[4];
    return sum / static_cast<double>(rows.size());
  };
  const auto se = 1 / std::sqrt(180.0 * 640);  // outcomes are at most 1 in size
  EXPECT_NEAR(mean(bets({}, 640, [](int, int, int best) { return std::max(best, 0); })), oracle, 4 * se);
  std::uint32_t flip = 0;
  const auto chance = [&](int, int, int) {
    return Draw{9, Purpose::choice, 0}.uniform(flip++) < 0.5 ? 1 : 0;
  };
  EXPECT_NEAR(mean(bets({}, 640, chance)), always / 2, 4 * se);
}
TEST(CardGambling, TellsTheBestOptionFromExpectations) {
  bets({}, 8, [](int deck, int number, int best) {
    const Chances c = chances(deck, number);
    const double worth = c.win - c.loss;
    EXPECT_EQ(best, worth > 1e-9 ? 1 : worth < -1e-9 ? 0 : -1) << deck << " " << number;
    return 0;
  });
}
TEST(CardGambling, TheLevelFollowsTheBetsWhereItIsAskedTo) {
  const auto mean_number = [](bool adaptive, int choice) {
    double sum = 0, n = 0;
    for (const auto& r : bets(with({{"adaptive", adaptive}}), 8, [&](int, int, int) { return choice; })) {
      sum += r[2];
      n += 1;
    }
    return sum / n;
  };
  EXPECT_EQ(mean_number(false, 1), 5);
  // Up by 2 after each round at most until 8: levels 5, 7, 8, 8, ...; a round's mean is (45 + 6 level) / 15.
  EXPECT_NEAR(mean_number(true, 1), (45 + 6 * (5 + 7 + 10 * 8) / 12.0) / 15, 1e-12);
  EXPECT_NEAR(mean_number(true, 0), (45 + 6 * (5 + 3 + 10 * 2) / 12.0) / 15, 1e-12);
}
TEST(CardGambling, RefusesDecksThatAreNone) {
  const auto said = [](std::vector<double> cards) -> std::string {
    try {
      (void)find_task("card_gambling").make(with({{"high", std::move(cards)}}), nullptr);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  };
  EXPECT_NE(said({1, 2, 3}).find("nine numbers"), std::string::npos);
  EXPECT_NE(said(std::vector<double>(9, 0.0)).find("high"), std::string::npos);
}

/// What tells it from go/no-go: the same state asks for either option, by the number shown.
TEST(CardGambling, TheSameDeckIsWorthItOrNotByTheNumber) {
  std::map<int, std::set<int>> best_by_deck;
  bets({}, 8, [&](int deck, int, int best) {
    best_by_deck[deck].insert(best);
    return 0;
  });
  for (const auto& [deck, set] : best_by_deck) EXPECT_TRUE(set.count(0) && set.count(1)) << deck;
}

TEST(DeckGambling, PlaysWithTheProbabilitiesOfItsLikelihood) {
  const LearnerEntry& e = find_learner("deck_gambling");
  const Trials t = play("card_gambling", {}, "deck_gambling", {}, 64);
  const auto fresh = fresh_flags(t, "none");
  const std::vector<double> row = standard(e);
  double sum = 0, variance = 0;
  for (int i = 0; i < 64; ++i) {
    const SubjectTrials s = subject_trials(t, i, fresh);
    std::vector<double> each(s.size());
    e.likelihood->value(row, s, each);
    for (const double l : each) {
      const double p = std::exp(l), other = 1 - p;
      const double mean = p * l + other * std::log1p(-p);
      sum += l - mean;
      variance += p * l * l + other * std::log1p(-p) * std::log1p(-p) - mean * mean;
    }
  }
  EXPECT_LT(std::abs(sum), 4 * std::sqrt(variance));
}

/// 66 people in two sessions (Michely et al. 2022): each one's log-likelihood against plain Python.
TEST(DeckGambling, GivesPeopleTheLogLikelihoodThatPythonFinds) {
  const auto path = find_data("michely2022_ssri_gamble");
  if (!path)
    GTEST_SKIP() << "data set michely2022_ssri_gamble not found: set LABILE_DATA to the folder that holds it";
  const auto expected = oracle()["people"];
  const LearnerEntry& e = find_learner("deck_gambling");
  ReadOptions options;
  options.signals = e.inputs;
  const auto file = read_trials(*path, options);
  const auto fresh = fresh_flags(file.trials, "session");
  ASSERT_EQ(file.trials.subjects.size(), expected["loglik"].size());
  std::vector<double> row;
  for (const auto& p : e.params) row.push_back(expected["params"].at(p.name).get<double>());
  std::map<std::string, double> by_name;
  for (const auto& person : expected["loglik"])
    by_name[person[0].get<std::string>()] = person[1].get<double>();
  for (std::size_t i = 0; i < file.trials.subjects.size(); ++i) {
    const SubjectTrials s = subject_trials(file.trials, static_cast<int>(i), fresh);
    EXPECT_EQ(s.layout.states, 3);
    EXPECT_NEAR(loglik_total(e, row, std::span(&s, 1)), by_name.at(file.trials.subjects[i]), 1e-8);
  }
}
/// A file with the same columns tests the same path where the data set is absent.
TEST(DeckGambling, ReadsTheColumnsOfItsDataSet) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("labile_gamble_columns_" + std::to_string(::getpid()) + ".csv");
  {
    std::ofstream out(path);
    out << "subject,drug,session,trial,block,deck,computer_number,choice,outcome,rt_s\n"
           "501,placebo,1,1,1,3,2,1,1,0.5\n501,placebo,1,2,1,1,7,0,0,0.6\n501,placebo,1,3,1,2,5,,-1,\n"
           "501,placebo,2,1,1,3,9,1,-1,0.5\n501,placebo,2,2,1,3,5,1,0,0.5\n";
  }
  ReadOptions options;
  options.signals = {"computer_number"};
  const auto file = read_trials(path, options);
  std::filesystem::remove(path);
  const auto fresh = fresh_flags(file.trials, "session");
  const SubjectTrials s = subject_trials(file.trials, 0, fresh);
  ASSERT_EQ(s.size(), 5u);
  const LearnerEntry& e = find_learner("deck_gambling");
  std::vector<double> each(5);
  e.likelihood->value(standard(e), s, each);
  const auto accept = [](double v) { return -std::log1p(std::exp(-v)); };
  // Defaults: rates .3, bias 0, both temperatures 2, net 1.
  EXPECT_NEAR(each[0], accept(2 * 0.75), 1e-14);
  EXPECT_NEAR(each[1], accept(-(2 * -0.5)), 1e-14);
  EXPECT_EQ(each[2], 0);
  EXPECT_NEAR(each[3], accept(2 * -1.0), 1e-14) << "the session starts afresh";
  EXPECT_NEAR(each[4], accept(2 * 0.3 * (-1 - -1.0)), 1e-14);
}

}  // namespace
}  // namespace labile
