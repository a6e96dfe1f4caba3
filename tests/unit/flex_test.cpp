#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "contract/agent.hpp"
#include "core/random.hpp"
#include "learners/flex_core.hpp"

namespace labile {

LearnerEntry flex();

namespace {

constexpr double kTolerance = 1e-9;

Layout prototype_layout() {
  return Layout::featured(2, {2, 2, 2});
}

/// Features of both options, [option][dim], as numbers, out of the bits of option 0.
std::array<std::int64_t, 6> features_of(int bits) {
  std::array<std::int64_t, 6> f{};
  for (int d = 0; d < 3; ++d) {
    f[d] = 2 * d + ((bits >> d) & 1);
    f[3 + d] = 2 * d + 1 - ((bits >> d) & 1);
  }
  return f;
}

// --- the core against the prototype ------------------------------------------------------------------

struct TraceRow {
  int agent = 0, trial = 0, bits = 0, choice = 0, slot = 0;
  std::string condition;
  double reward = 0, p0 = 0, da = 0, ne = 0, ach = 0, delta = 0, belief = 0, credit = 0;
};

std::vector<TraceRow> read_trace() {
  std::ifstream in(LABILE_SOURCE_DIR "/tests/oracles/flex_trace.csv");
  std::vector<TraceRow> rows;
  std::string line, cell;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::stringstream cells(line);
    const auto next = [&] { return std::getline(cells, cell, ','), cell; };
    TraceRow r;
    r.agent = std::stoi(next());
    r.condition = next();
    r.trial = std::stoi(next());
    r.bits = std::stoi(next());
    r.choice = std::stoi(next());
    for (double* x : {&r.reward, &r.p0, &r.da, &r.ne, &r.ach, &r.delta}) *x = std::stod(next());
    r.slot = std::stoi(next());
    r.belief = std::stod(next());
    r.credit = std::stod(next());
    rows.push_back(r);
  }
  return rows;
}

FlexRelease<double> release_of(const TraceRow& r) {
  FlexRelease<double> x;
  if (r.condition == "da" && r.trial >= 40) x.da = 0.35;
  if (r.condition == "ne") x.ne = 0.1;
  if (r.condition == "ach") x.ach = 0.3;
  if (r.condition == "ser") x.ser = 0.2;
  return x;
}

struct CoreRun {
  explicit CoreRun(const FlexParams& p)
      : slots(p.slots), core(p, prototype_layout()), memory(core.size()), perceived(core.perceived_size()) {
    core.start(memory.data());
  }
  /// One trial under a given choice; P(option 0).
  double trial(const FlexRelease<double>& x, const std::array<std::int64_t, 6>& features, int choice,
               double r) {
    double u[kMaxOptions];
    core.perceive(
        memory.data(), x, features, [](int) { return FlexSlip<double>{}; }, perceived.data());
    core.decide(memory.data(), x, perceived.data(), u);
    core.learn(memory.data(), x, perceived.data(), choice, r, 0.0);
    return 1 / (1 + std::exp(u[1] - u[0]));
  }
  int slots;
  FlexCore<double> core;
  std::vector<double> memory;
  std::vector<std::int64_t> perceived;
};

TEST(Flex, CoreFollowsThePrototypesTrace) {
  const auto rows = read_trace();
  ASSERT_EQ(rows.size(), 6u * 2 * 120);
  std::map<std::string, CoreRun> runs;
  for (const TraceRow& r : rows) {
    FlexParams p;
    p.encoding_noise = 0;
    p.slots = r.condition == "one_slot" ? 1 : 4;
    CoreRun& run = runs.try_emplace(r.condition + std::to_string(r.agent), p).first->second;
    const double p0 = run.trial(release_of(r), features_of(r.bits), r.choice, r.reward);
    const auto m = run.core.view(run.memory.data());
    const auto top = std::max_element(m.b, m.b + run.slots);
    const std::string where =
        r.condition + ", agent " + std::to_string(r.agent) + ", trial " + std::to_string(r.trial);
    ASSERT_NEAR(p0, r.p0, kTolerance) << where;
    ASSERT_NEAR(*m.DA, r.da, kTolerance) << where;
    ASSERT_NEAR(*m.NE, r.ne, kTolerance) << where;
    ASSERT_NEAR(*m.ACh, r.ach, kTolerance) << where;
    ASSERT_NEAR(*m.delta, r.delta, kTolerance) << where;
    ASSERT_EQ(top - m.b, r.slot) << where;
    ASSERT_NEAR(*top, r.belief, kTolerance) << where;
    ASSERT_NEAR(std::accumulate(m.credit, m.credit + 6, 0.0), r.credit, kTolerance) << where;
  }
}

void expect_bits_of_one_lane(const FlexParams& p) {
  const Layout layout = prototype_layout();
  std::vector<CoreRun> single(kWidth, CoreRun(p));
  const FlexCore<Vec> core(p, layout);
  std::vector<Vec> memory(core.size());
  std::vector<Index4> perceived(core.perceived_size());
  core.start(memory.data());
  for (int t = 0; t < 200; ++t) {
    Index4 features[6], choice(0);
    Vec r(0.0), u[kMaxOptions];
    for (int i = 0; i < kWidth; ++i) {
      const auto w = Draw{3, Purpose::stimulus, static_cast<std::uint32_t>(i)}.bits(t);
      const auto f = features_of(static_cast<int>(w[0] % 8));
      for (int k = 0; k < 6; ++k) features[k].i[i] = f[k];
      const int c = static_cast<int>(w[1] % 2);
      choice.i[i] = c;
      r.set(i, (w[2] % 10 < 9) == (f[3 * c] == (t / 50) % 2) ? 1.0 : 0.0);
      single[i].trial({}, f, c, r[i]);
    }
    core.perceive(
        memory.data(), {}, features, [](int) { return FlexSlip<Vec>{}; }, perceived.data());
    core.decide(memory.data(), {}, perceived.data(), u);
    core.learn(memory.data(), {}, perceived.data(), choice, r, Vec(0.0));
  }
  for (int i = 0; i < kWidth; ++i)
    for (std::size_t k = 0; k < memory.size(); ++k)
      ASSERT_EQ(memory[k][i], single[i].memory[k]) << i << ' ' << k;
}
TEST(Flex, FourLanesHaveTheBitsOfOne) {
  FlexParams p;
  p.encoding_noise = 0;
  expect_bits_of_one_lane(p);
  p.ne_adaptation = 0.235;
  expect_bits_of_one_lane(p);
}

// --- the homeostatic threshold -----------------------------------------------------------------------

/// A session under random choices and a rule that turns every 40 trials, paid at .8; `after` sees each trial.
void play_core(CoreRun& run, const FlexRelease<double>& x, int trials,
               const std::function<void(int)>& after) {
  for (int t = 0; t < trials; ++t) {
    const auto w = Draw{11, Purpose::stimulus, 0}.bits(t);
    const auto f = features_of(static_cast<int>(w[0] % 8));
    const int c = static_cast<int>(w[1] % 2);
    run.trial(x, f, c, (w[2] % 10 < 8) == (f[3 * c] == t / 40 % 2) ? 1.0 : 0.0);
    after(t);
  }
}

TEST(FlexThreshold, RisesAfterABurstAndFallsOtherwise) {
  FlexParams p;
  p.encoding_noise = 0;
  p.ne_adaptation = 0.3;
  p.ne_set_point = 0.1;
  for (const double release : {1.0, 0.1}) {  // firing counts, so a lesion of release changes nothing here
    CoreRun run(p);
    FlexRelease<double> x;
    x.ne = release;
    double hold = 1;
    int bursts = 0;
    play_core(run, x, 400, [&](int t) {
      const auto m = run.core.view(run.memory.data());
      const bool burst = *m.NE / release > 0.5;
      bursts += burst;
      hold = std::max(0.0, hold + (burst ? 0.3 * 0.9 : -0.3 * 0.1));
      ASSERT_NEAR(*m.hold, hold, 1e-12) << "trial " << t << ", release " << release;
    });
    EXPECT_GT(bursts, 5);
    EXPECT_LE(bursts, 400 * 0.1 + (hold - 1) / 0.3 + 1e-9);
  }
}

TEST(FlexThreshold, IsSerotoninsPartTimesTheHold) {
  // One trial from the same memory but for the hold: drives differ by the difference of the thresholds.
  FlexParams p;
  p.encoding_noise = 0;
  CoreRun run(p);
  play_core(run, {}, 30, [](int) {});
  FlexRelease<double> x;
  x.ser = 0.7;
  const auto drive_at = [&](double hold) {
    CoreRun one = run;
    const auto m = one.core.view(one.memory.data());
    *m.hold = hold;
    one.trial(x, features_of(3), 0, 0.0);
    return p.ne_temperature * std::log(*m.NE / (1 - *m.NE));
  };
  EXPECT_NEAR(drive_at(0.4) - drive_at(1), 1.461 * 1.221 * 0.7 * 0.6, 1e-9);
  EXPECT_NEAR(drive_at(2) - drive_at(1), -1.461 * 1.221 * 0.7, 1e-9);
}

TEST(FlexThreshold, DoesNotMoveWithoutAdaptation) {
  FlexParams p;
  p.encoding_noise = 0;
  CoreRun standard(p);
  p.ne_set_point = 0.5;
  CoreRun other(p);
  play_core(standard, {}, 200, [](int) {});
  play_core(other, {}, 200, [](int) {});
  EXPECT_EQ(*standard.core.view(standard.memory.data()).hold, 1);
  EXPECT_EQ(standard.memory, other.memory);
}

TEST(FlexThreshold, RefusesBadValuesAndSaysWhich) {
  const auto said = [](const Settings& s) {
    try {
      (void)flex().make(s);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(said({{"ne_adaptation", Setting{-0.1, {}}}}).find("-0.1 is out of bounds; allowed: 0 to 10"),
            std::string::npos);
  EXPECT_NE(said({{"ne_set_point", Setting{1.5, {}}}}).find("0 to 1"), std::string::npos);
  EXPECT_NE(said({{"ne_adaptation", Setting{0.2, {}}}, {"ser_threshold", Setting{0.0, {}}}})
                .find("serotonin's part"),
            std::string::npos);
  EXPECT_EQ(said({{"ser_threshold", Setting{0.0, {}}}}), "");
}

TEST(Flex, ASlipSwapsTwoOptionsInOneDimension) {
  FlexParams p;
  p.encoding_noise = 1;  // chance .5 at any acetylcholine up to 2
  const Layout layout = Layout::featured(3, {3, 2});
  const FlexCore<double> core(p, layout);
  std::vector<double> memory(core.size());
  core.start(memory.data());
  const std::vector<std::int64_t> shown{0, 3, 1, 4, 2, 3};  // [option][dim]
  std::vector<std::int64_t> perceived(6);
  core.perceive(
      memory.data(), {}, shown,
      [](int d) {
        return FlexSlip<double>{d == 0 ? 0.49 : 0.51, 2, 0};
      },
      perceived.data());
  EXPECT_EQ(perceived, (std::vector<std::int64_t>{2, 3, 1, 4, 0, 3}));
}

TEST(Flex, TiltWeighsD1AgainstD2AsInTheEquation) {
  FlexParams p;
  p.slots = 1;
  const FlexCore<double> core(p, Layout::bandit(2));
  std::vector<double> memory(core.size()), utility(2);
  core.start(memory.data());
  const auto m = core.view(memory.data());
  m.G[1] = 2;
  m.N[0] = 4;
  m.HG[1] = 3;
  *m.NE = 0.5;
  FlexRelease<double> x;
  x.tilt = 0.25;
  const std::int64_t perceived[] = {0, 1};
  core.decide(memory.data(), x, perceived, utility.data());
  const double of_context = 1.25 * p.beta_G * (2 - 1) + 0.75 * p.beta_N * (4 - 1);
  const double of_habit = 1.25 * p.beta_G * (3 - 1);
  EXPECT_NEAR(utility[1] - utility[0], (of_context + p.w_habit * of_habit) / (1 + 0.5 * p.ne_exploration),
              1e-12);
}

// --- the agent ---------------------------------------------------------------------------------------

using Outcome = std::function<double(int lane, int trial, int choice)>;
using Features = std::function<std::int64_t(int lane, int trial, int option, int dim)>;

/// Plays trials with a block of lanes, phase by phase.
class Player {
 public:
  Player(const Layout& layout, std::vector<std::uint32_t> entity, Settings settings = {},
         std::uint64_t seed = 7)
      : agent(flex().make(settings)), entity_(std::move(entity)), lanes_(entity_.size()) {
    info_.layout = layout;
    live.assign(lanes_, 1);
    fresh.assign(lanes_, 0);
    agent->begin(info_, {seed, entity_, static_cast<int>(lanes_)});
  }
  void play(int trials, const Outcome& outcome, const Features& features = {}) {
    for (int i = 0; i < trials; ++i) trial(outcome, features);
  }
  void trial(const Outcome& outcome, const Features& features = {},
             std::function<void()> before_outcome = {}) {
    const Layout& l = info_.layout;
    std::vector<std::int64_t> shown;
    if (features)
      for (int o = 0; o < l.options; ++o)
        for (int d = 0; d < l.dims(); ++d)
          for (std::size_t i = 0; i < lanes_; ++i)
            shown.push_back(features(static_cast<int>(i), trial_, o, d));
    std::vector<double> rt(lanes_), report(lanes_), paid(lanes_), wait(lanes_, 0.0);
    choice.assign(lanes_, -1);
    Phase ph{PhaseKind::choice, true, 0, trial_, &info_.layout, live, wait, shown, {}, fresh};
    agent->phase(ph, {choice, rt, report});
    for (std::size_t i = 0; i < lanes_; ++i) paid[i] = outcome(static_cast<int>(i), trial_, choice[i]);
    if (before_outcome) before_outcome();
    ph.kind = PhaseKind::outcome;
    ph.awaits_action = false;
    ph.outcome = paid;
    agent->phase(ph, {});
    choices.push_back(choice);
    ++trial_;
  }
  [[nodiscard]] int handle(const std::string& name) const {
    for (std::size_t h = 0; h < agent->handles().size(); ++h)
      if (agent->handles()[h].name == name) return static_cast<int>(h);
    throw std::runtime_error("no handle " + name);
  }
  [[nodiscard]] std::vector<double> signal(const std::string& name) const {
    for (std::size_t s = 0; s < agent->signals().size(); ++s) {
      if (agent->signals()[s].name != name) continue;
      std::vector<double> out(lanes_ * (agent->signals()[s].feature_map ? info_.layout.features() : 1));
      agent->read(static_cast<int>(s), out);
      return out;
    }
    throw std::runtime_error("no signal " + name);
  }
  /// All signals of one lane, bits and all.
  [[nodiscard]] std::vector<double> state(int lane) const {
    std::vector<double> r;
    for (const auto& s : agent->signals()) {
      const auto v = signal(s.name);
      for (std::size_t k = lane; k < v.size(); k += lanes_) r.push_back(v[k]);
    }
    return r;
  }

  std::unique_ptr<Agent> agent;
  std::vector<std::uint8_t> live, fresh;
  std::vector<std::int32_t> choice;
  std::vector<std::vector<std::int32_t>> choices;  // [trial][lane]

 private:
  TaskInfo info_;
  std::vector<std::uint32_t> entity_;
  std::size_t lanes_;
  int trial_ = 0;
};

/// Features of the prototype's task, drawn by entity so that they do not depend on the lane.
Features prototype_features(std::vector<std::uint32_t> entity) {
  return [entity](int lane, int trial, int option, int dim) {
    const std::uint32_t bit = Draw{1, Purpose::stimulus, entity[lane]}.bits(trial)[0] >> dim & 1;
    return static_cast<std::int64_t>(2 * dim + (option == 0 ? bit : 1 - bit));
  };
}
/// Option 1 pays.
double second_pays(int, int, int choice) {
  return choice == 1 ? 1.0 : 0.0;
}
/// The option with value 0 in dimension 0 pays.
Outcome first_feature_pays(Features features) {
  return [features](int lane, int trial, int choice) {
    return features(lane, trial, choice, 0) == 0 ? 1.0 : 0.0;
  };
}

Settings no_noise() {
  return {{"encoding_noise", Setting{0.0, {}}}};
}

TEST(FlexAgent, LearnsTheRelevantFeatureAndCreditsIt) {
  std::vector<std::uint32_t> entity(64);
  std::iota(entity.begin(), entity.end(), 0u);
  Player p(prototype_layout(), entity);
  const Features f = prototype_features(entity);
  p.play(80, first_feature_pays(f), f);
  int good = 0;
  for (int t = 60; t < 80; ++t)
    for (int i = 0; i < 64; ++i) good += f(i, t, p.choices[t][i], 0) == 0;
  EXPECT_GT(good / (20.0 * 64), 0.9);  // the prototype reaches .94
  const auto credit = p.signal("credit");
  double relevant = 0, total = 0;
  for (std::size_t k = 0; k < credit.size(); ++k) (k < 128 ? relevant : total) += credit[k];
  EXPECT_GT(relevant / (relevant + total), 0.5);
}

TEST(FlexAgent, LanesDoNotFeelEachOther) {
  const std::vector<std::uint32_t> pair{5, 9, 5, 9, 1, 2, 3, 4}, other{4, 3, 2, 9, 9, 5, 5, 8};
  Player a(prototype_layout(), pair), b(prototype_layout(), other);
  const Features fa = prototype_features(pair), fb = prototype_features(other);
  a.play(60, first_feature_pays(fa), fa);
  b.agent->apply(b.handle("da.release"), 0, {Effect::scale, 0.3});
  b.agent->apply(b.handle("actor.weights"), 1, {Effect::reset_fraction, 1});
  b.live[2] = 0;
  b.play(60, first_feature_pays(fb), fb);
  EXPECT_EQ(a.state(0), a.state(2));
  EXPECT_EQ(a.state(0), b.state(5));
  EXPECT_EQ(a.state(1), b.state(3));
  for (int t = 0; t < 60; ++t) {
    EXPECT_EQ(a.choices[t][0], b.choices[t][6]);
    EXPECT_EQ(a.choices[t][1], b.choices[t][4]);
  }
}

TEST(FlexAgent, NothingIsLearnedWithoutAnOutcome) {
  // The lanes repeat one agent; lane 0 misses the outcome of trials 20 to 39, the others never live through
  // them.
  const std::vector<std::uint32_t> entity(4, 3);
  const auto features = [](int, int trial, int option, int) { return std::int64_t{(trial + option) % 2}; };
  Player p(Layout::featured(2, {2}), entity);
  const auto pays = [&](int lane, int trial, int choice) {
    return lane == 0 && trial >= 20 && trial < 40 ? kNaN
                                                  : static_cast<double>(features(lane, trial, choice, 0));
  };
  p.play(20, pays, features);
  p.live = {1, 0, 0, 0};
  p.play(20, pays, features);
  EXPECT_EQ(p.signal("da")[0], 0);
  EXPECT_EQ(p.signal("credit")[0] + p.signal("credit")[4], 0);
  p.live = {1, 1, 1, 1};
  p.play(1, pays, features);
  EXPECT_EQ(p.state(0), p.state(1));
  EXPECT_EQ(p.state(1), p.state(2));
}

TEST(FlexAgent, AFreshLaneStartsOver) {
  // With the keys of trial t a restarted agent and a new one, both at trial t, must agree.
  const std::vector<std::uint32_t> entity{1, 2, 3, 4};
  Player old(Layout::bandit(2), entity, no_noise()), fresh(Layout::bandit(2), entity, no_noise());
  old.play(30, second_pays);
  fresh.live.assign(4, 0);
  fresh.play(30, second_pays);
  fresh.live.assign(4, 1);
  old.fresh = {1, 0, 1, 1};
  old.trial(second_pays);
  old.fresh.assign(4, 0);
  fresh.trial(second_pays);
  old.play(10, second_pays);
  fresh.play(10, second_pays);
  EXPECT_EQ(old.state(0), fresh.state(0));
  EXPECT_EQ(old.state(2), fresh.state(2));
  EXPECT_NE(old.state(1), fresh.state(1));
}

TEST(FlexAgent, LearnsTheBestOfThreeOptions) {
  std::vector<std::uint32_t> entity(64);
  std::iota(entity.begin(), entity.end(), 0u);
  Player p(Layout::bandit(3), entity);
  p.play(60, second_pays);
  int best = 0;
  for (int t = 40; t < 60; ++t)
    for (const int c : p.choices[t]) best += c == 1;
  EXPECT_GT(best / (20.0 * 64), 0.8);
}

TEST(FlexAgent, ABanditIsOneDimensionWhoseFeatureIsTheOption) {
  for (const int options : {2, 4}) {
    std::vector<std::uint32_t> entity(8);
    std::iota(entity.begin(), entity.end(), 0u);
    Player bandit(Layout::bandit(options), entity), featured(Layout::featured(options, {options}), entity);
    bandit.play(80, second_pays);
    featured.play(80, second_pays, [](int, int, int option, int) { return std::int64_t{option}; });
    EXPECT_EQ(bandit.choices, featured.choices);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(bandit.state(i), featured.state(i));
  }
}

TEST(FlexAgent, ReleaseFactorsScaleTheirModulator) {
  Player p(Layout::bandit(2), {1, 1, 1, 1, 1, 1, 1, 1}, no_noise());
  const auto apply = [&](const char* name, int lane, Effect e) { p.agent->apply(p.handle(name), lane, e); };
  apply("da.release", 1, {Effect::scale, 0.35});
  apply("ach.release", 2, {Effect::set, 0.3});
  apply("ne.release", 3, {Effect::add, -0.9});
  apply("ser.release", 4, {Effect::scale, 0.2});
  apply("da.release", 5, {Effect::set, 99});
  apply("da.release", 6, {Effect::scale, 0.35});
  apply("da.release", 6, {});  // back to intact
  p.trial([](int, int, int) { return 1.0; });
  const auto da = p.signal("da"), ach = p.signal("ach"), ne = p.signal("ne"), ser = p.signal("ser");
  EXPECT_DOUBLE_EQ(da[0], 0.5);
  EXPECT_DOUBLE_EQ(da[1], 0.35 * 0.5);
  EXPECT_DOUBLE_EQ(da[5], 10 * 0.5);
  EXPECT_EQ(p.state(6), p.state(0));
  EXPECT_DOUBLE_EQ(ach[0], 1.25);
  EXPECT_DOUBLE_EQ(ach[2], 0.3 * 1.25);
  EXPECT_NEAR(ne[3], 0.1 * ne[0], 1e-15);
  EXPECT_DOUBLE_EQ(ser[0], 1.0);
  EXPECT_DOUBLE_EQ(ser[4], 0.2);
  EXPECT_GT(ne[4], ne[0]);  // serotonin holds the threshold up
  EXPECT_DOUBLE_EQ(p.signal("learning_rate")[1], 0.278 * 0.35 * (0.9 + 0.1 * 1.25));
}

TEST(FlexAgent, TonicDopamineReachesTheChoiceAndIsHeldWithinItsBounds) {
  // Lanes 0 to 15 and 16 to 31 hold the same agents at the bound, 32 to 47 hold them intact.
  std::vector<std::uint32_t> entity(48);
  for (std::uint32_t i = 0; i < 48; ++i) entity[i] = i % 16;
  Player p(Layout::bandit(2), entity, no_noise());
  const auto tilt = [&](int lane, Effect e) { p.agent->apply(p.handle("da.tonic"), lane, e); };
  for (int i = 0; i < 16; ++i) {
    tilt(i, {Effect::set, 1});
    tilt(i + 16, {Effect::add, 7});
  }
  p.play(40, [](int, int trial, int choice) { return (trial / 4 + choice) % 2 ? 1.0 : 0.0; });
  int differ = 0;
  for (const auto& c : p.choices)
    for (int i = 0; i < 16; ++i) {
      EXPECT_EQ(c[i], c[i + 16]);
      differ += c[i] != c[i + 32];
    }
  EXPECT_GT(differ, 0);
}

TEST(FlexAgent, APulseAddsDopamineAtOneOutcome) {
  Player p(Layout::bandit(2), {1, 1, 1, 1}, no_noise());
  const std::vector<double> amount{0, 0.25, 0, 0};
  p.trial(second_pays, {}, [&] { p.agent->pulse(p.handle("da.phasic"), amount); });
  EXPECT_DOUBLE_EQ(p.signal("da")[1], p.signal("da")[0] + 0.25);
  EXPECT_EQ(p.signal("delta")[1], p.signal("delta")[0]);
  EXPECT_EQ(p.state(0), p.state(2));
  p.trial([](int, int, int) { return 1.0; });
  EXPECT_EQ(p.signal("da")[1], p.signal("delta")[1]);
}

TEST(FlexAgent, ResettingTheActorReturnsItToIndifference) {
  // Without learning since, choices are even after a full reset and unchanged after none.
  std::vector<std::uint32_t> entity(64);
  std::iota(entity.begin(), entity.end(), 0u);
  const auto second_after = [&](double fraction) {
    Player p(Layout::bandit(2), entity, no_noise());
    p.play(40, second_pays);
    for (int i = 0; i < 64; ++i) {
      p.agent->apply(p.handle("actor.weights"), i, {Effect::reset_fraction, fraction});
      p.agent->apply(p.handle("actor.weights"), i, {});
    }
    p.play(50, [](int, int, int) { return kNaN; });
    double second = 0;
    for (int t = 40; t < 90; ++t)
      for (const int c : p.choices[t]) second += c;
    return second / (50 * 64);
  };
  EXPECT_NEAR(second_after(1), 0.5, 0.04);  // 4.5 standard errors: false alarm below 1e-5
  EXPECT_GT(second_after(0), 0.9);
  EXPECT_LT(second_after(0.8), second_after(0.3));
}

TEST(FlexAgent, AnotherSeedGivesOtherChoices) {
  const std::vector<std::uint32_t> entity{1, 2, 3, 4};
  Player a(Layout::bandit(2), entity, {}, 1), b(Layout::bandit(2), entity, {}, 2),
      c(Layout::bandit(2), entity, {}, 1);
  for (Player* p : {&a, &b, &c}) p->play(50, second_pays);
  EXPECT_NE(a.choices, b.choices);
  EXPECT_EQ(a.choices, c.choices);
}

TEST(FlexEntry, HasNoLikelihoodAndSaysWhy) {
  const LearnerEntry e = flex();
  EXPECT_EQ(e.likelihood, nullptr);
  EXPECT_EQ(e.make_each, nullptr);
  EXPECT_NE(std::string(e.no_likelihood), "");
}

TEST(FlexEntry, EveryDefaultLiesWithinItsBounds) {
  const LearnerEntry e = flex();
  for (const auto& p : e.params) {
    const double x = std::get<double>(p.standard);
    EXPECT_GE(x, p.bounds.lo) << p.name;
    EXPECT_LE(x, p.bounds.hi) << p.name;
    EXPECT_FALSE(p.about.empty()) << p.name;
  }
  EXPECT_EQ(e.params.size() - 1, (sizeof(FlexParams) - sizeof(double)) / sizeof(double));
}

}  // namespace
}  // namespace labile
