/// Learners against closed forms, their derivatives against differences, and their play against their
/// likelihood.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "contract/agent.hpp"
#include "contract/parts.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "learners/catalogue.hpp"
#include "oracle_points.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "sanitized.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
LearnerEntry dual_learning_rate();
LearnerEntry hmm_reversal();
LearnerEntry rescorla_wagner();

namespace {
/// One subject's trials with their storage.
struct Data {
  Layout layout = Layout::bandit(2);
  std::vector<std::int32_t> choice;
  std::vector<double> outcome;
  std::vector<std::uint8_t> fresh;
  std::vector<std::int64_t> feature;
  std::vector<std::int32_t> state = {}, stage = {};
  std::map<std::string, std::vector<double>> inputs = {};
  std::vector<std::int32_t> right = {};
  std::vector<double> report = {};

  [[nodiscard]] SubjectTrials trials() const {
    SubjectTrials s{layout, choice, outcome, fresh, feature, state, stage, right, report};
    for (const auto& [name, values] : inputs) s.inputs.push_back({name, values});
    return s;
  }
  [[nodiscard]] std::size_t size() const { return choice.size(); }
};
Data bandit(int options, std::vector<std::int32_t> choice, std::vector<double> outcome) {
  Data d{Layout::bandit(options), std::move(choice), std::move(outcome), {}, {}};
  d.fresh.assign(d.size(), 0);
  return d;
}
/// Every learner of the catalogue that has a likelihood, and each with all parts that it takes: what holds
/// for all is tested on all.
std::vector<LearnerEntry> fitted_learners() {
  std::vector<LearnerEntry> r;
  for (const LearnerEntry& e : all_learners()) {
    if (!e.likelihood || e.reports || e.timed || e.derive) continue;  // these have tests of their own
    r.push_back(e);
    if (kSanitized && !e.with_parts) continue;
    const std::string name = e.info.name;
    r.push_back(find_learner(name + "+stickiness+kernel+lapse" + (e.forgets ? "+forgetting" : "")));
    for (auto& p : r.back().params)  // on, so that they are tested
      for (const auto& part : all_parts())
        for (const char* param : part.params)
          if (p.name == param) p.standard = part.name == std::string("stickiness") ? 0.4 : 0.15;
  }
  return r;
}
/// The task that a learner is for, where not any bandit will do; "" for the others.
std::string own_task(const LearnerEntry& e) {
  const std::string name = e.info.name, base = name.substr(0, name.find('+'));
  if (base == "two_step_hybrid" || base == "ts_par7") return "two_step";
  if (base == "rlwm") return "rl_working_memory";
  if (base == "signal_detection") return "sustained_attention";
  if (std::find(e.inputs.begin(), e.inputs.end(), "cue_0") != e.inputs.end()) return "pavlovian";
  if (base == "deck_gambling") return "card_gambling";
  if (base == "habit_goal") return "devaluation";
  if (base == "task_sets") return "structure_transfer";
  return base == "pavlovian_bias" ? "go_nogo" : "";
}
bool takes(const LearnerEntry& e, const Layout& layout) {
  try {
    if (e.check) e.check(layout);
    return true;
  } catch (const Error&) {
    return false;
  }
}
/// Subjects that play it, at the entry's standard parameters.
std::vector<Data> play_own(const LearnerEntry& e, int subjects) {
  const std::vector<std::vector<double>> rows(1, [&] {
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
    return row;
  }());
  Simulation s;
  s.seed = 17;
  s.make_task = find_task(own_task(e)).make;
  if (own_task(e) == "two_step") s.task_settings["trials"] = {Value(40.0), {}};
  if (own_task(e) == "go_nogo") s.task_settings["repeats"] = {Value(20.0), {}};
  if (own_task(e) == "pavlovian") {
    s.task_settings["design"] = {Value(std::string("blocking")), {}};
    for (const char* phase : {"first", "second"}) s.task_settings[phase] = {Value(15.0), {}};
    s.task_settings["p_outcome"] = {Value(0.7), {}};
  }
  if (own_task(e) == "structure_transfer") {
    s.task_settings["sets"] = {Value(5.0), {}};
    s.task_settings["trials"] = {Value(12.0), {}};
    s.task_settings["p_right"] = {Value(0.8), {}};
  }
  if (own_task(e) == "devaluation") {
    s.task_settings["ratio"] = {Value(2.0), {}};
    s.task_settings["max_steps"] = {Value(40.0), {}};
    s.task_settings["test_steps"] = {Value(15.0), {}};
  }
  if (own_task(e) == "rl_working_memory") {
    s.task_settings["set_sizes"] = {Value(std::vector<double>{3, 2, 4}), {}};
    s.task_settings["repeats"] = {Value(8.0), {}};
  }
  s.make_each = e.make_each;
  s.rows = &rows;
  s.record = true;
  const Trials t = simulate(s, 0, subjects);
  std::vector<Data> r;
  for (std::size_t i = 0; i < t.subjects.size(); ++i) {
    const auto part = [&](const auto& column) {
      if (column.empty()) return column;
      return std::decay_t<decltype(column)>(column.begin() + static_cast<std::ptrdiff_t>(t.first[i]),
                                            column.begin() + static_cast<std::ptrdiff_t>(t.first[i + 1]));
    };
    Data d{t.layout, part(t.choice), part(t.outcome), {}, {}, part(t.state), part(t.stage), {}};
    const bool blocks = own_task(e) == "rl_working_memory";
    for (std::size_t k = t.first[i]; k < t.first[i + 1]; ++k)
      d.fresh.push_back(k == t.first[i] || (blocks && t.block[k] != t.block[k - 1]));
    for (const auto& name : e.inputs) d.inputs[name] = part(t.signals.at(name));
    for (const auto& name : e.optional_inputs)
      if (t.signals.contains(name)) d.inputs[name] = part(t.signals.at(name));
    r.push_back(std::move(d));
  }
  return r;
}
/// Rows first .. last - 1 of `d`.
Data cut(const Data& d, std::size_t first, std::size_t last) {
  const auto part = [&](auto& column) {
    if (column.empty()) return;
    column.erase(column.begin() + static_cast<std::ptrdiff_t>(last), column.end());
    column.erase(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(first));
  };
  Data r = d;
  part(r.choice);
  part(r.outcome);
  part(r.fresh);
  part(r.state);
  part(r.stage);
  for (auto& [name, values] : r.inputs) part(values);
  return r;
}
/// One after the other.
Data joined(Data a, const Data& b) {
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(a.choice, b.choice);
  add(a.outcome, b.outcome);
  add(a.fresh, b.fresh);
  add(a.state, b.state);
  add(a.stage, b.stage);
  for (auto& [name, values] : a.inputs) add(values, b.inputs.at(name));
  return a;
}
std::vector<double> standard(const LearnerEntry& e) {
  std::vector<double> row;
  for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
  return row;
}
double loglik(const LearnerEntry& e, const std::vector<double>& p, const Data& d,
              std::span<double> per_trial = {}) {
  return e.likelihood->value(p, d.trials(), per_trial);
}

const Data kSix = bandit(2, {0, 0, 1, 0, 1, 1}, {1, 0, 1, 1, 0, 1});

/// science.md L11 and L12, by plain loops over the C library.
double two_armed(double up, double down, double beta, double v0, const Data& d) {
  double q[2] = {v0, v0}, total = 0;
  for (std::size_t t = 0; t < d.size(); ++t) {
    const int c = d.choice[t];
    total -= std::log(1 + std::exp(beta * (q[1 - c] - q[c])));
    const double delta = d.outcome[t] - q[c];
    q[c] += (delta < 0 ? down : up) * delta;
  }
  return total;
}

TEST(RescorlaWagner, HasTheClosedFormLikelihoodL11) {
  const double l = loglik(rescorla_wagner(), {0.3, 3, 0}, kSix);
  EXPECT_NEAR(l, -4.976806, 5e-7);
  EXPECT_NEAR(l, two_armed(0.3, 0.3, 3, 0, kSix), 1e-12);
}
TEST(DualLearningRate, HasTheClosedFormLikelihoodL12) {
  const double l = loglik(dual_learning_rate(), {0.3, 0.15, 3, 0.5}, kSix);
  EXPECT_NEAR(l, -4.475898, 5e-7);
  EXPECT_NEAR(l, two_armed(0.3, 0.15, 3, 0.5, kSix), 1e-12);
}
TEST(DualLearningRate, WithEqualRatesIsRescorlaWagner) {
  EXPECT_DOUBLE_EQ(loglik(dual_learning_rate(), {0.4, 0.4, 2, 0.1}, kSix),
                   loglik(rescorla_wagner(), {0.4, 2, 0.1}, kSix));
}

/// A phase for `lanes` agents with everything alive and nothing special.
struct Stage {
  explicit Stage(int lanes, Layout layout_)
      : layout(std::move(layout_)),
        entity(lanes),
        live(lanes, 1),
        fresh(lanes, 0),
        duration(lanes, 500),
        outcome(lanes, kNaN),
        choice(lanes, -1),
        rt(lanes, kNaN),
        report(lanes, kNaN) {
    for (int i = 0; i < lanes; ++i) entity[i] = static_cast<std::uint32_t>(i);
  }
  [[nodiscard]] Subjects subjects(std::uint64_t seed) const {
    return {seed, entity, static_cast<int>(entity.size())};
  }
  [[nodiscard]] TaskInfo info(int trials) const { return {layout, trials, true, {}}; }
  Actions actions() { return {choice, rt, report}; }
  Phase phase(PhaseKind kind, int trial) {
    return {kind, kind == PhaseKind::choice, 0, trial, &layout, live, duration, feature, outcome, fresh};
  }

  Layout layout;
  std::vector<std::uint32_t> entity;
  std::vector<std::uint8_t> live, fresh;
  std::vector<double> duration, outcome;
  std::vector<std::int32_t> choice;
  std::vector<double> rt, report;
  std::vector<std::int64_t> feature;  // [option][dim][lanes]
};

/// Two options that differ in both of two binary dimensions, arranged by the trial; a bandit otherwise.
void show(Stage& s, int trial, std::size_t lane_count) {
  if (s.layout.feature_is_option) return;
  const int dims = s.layout.dims();
  s.feature.resize(s.layout.options * dims * lane_count);
  for (int o = 0; o < s.layout.options; ++o)
    for (int d = 0; d < dims; ++d)
      for (std::size_t i = 0; i < lane_count; ++i) {
        const int flip =
            static_cast<int>(Draw{11, Purpose::stimulus, static_cast<std::uint32_t>(i)}.below(2, trial, d));
        s.feature[(o * dims + d) * lane_count + i] = s.layout.offset[d] + (o + flip) % s.layout.arity[d];
      }
}

/// Lets agents play trials with 70/30 luck; values start afresh at trial 25 and every 7th outcome is hidden.
std::vector<Data> play(const LearnerEntry& e, Layout layout, int lanes, int trials) {
  const auto agent = e.make_each({standard(e)});
  Stage s(lanes, layout);
  std::vector<Data> people(lanes, Data{layout, {}, {}, {}, {}});
  agent->begin(s.info(trials), s.subjects(3));
  for (int t = 0; t < trials; ++t) {
    show(s, t, lanes);
    std::ranges::fill(s.fresh, t == 25);
    agent->phase(s.phase(PhaseKind::choice, t), s.actions());
    for (int i = 0; i < lanes; ++i) {
      const double p = s.choice[i] == 0 ? 0.7 : 0.3;
      const double luck = Draw{5, Purpose::luck, static_cast<std::uint32_t>(i)}.uniform(t);
      s.outcome[i] = t % 7 == 6 ? kNaN : luck < p;
      auto& d = people[i];
      d.choice.push_back(s.choice[i]);
      d.outcome.push_back(s.outcome[i]);
      d.fresh.push_back(t == 25);
      const int per = layout.feature_is_option ? 0 : layout.options * layout.dims();
      for (int k = 0; k < per; ++k) d.feature.push_back(s.feature[k * lanes + i]);
    }
    agent->phase(s.phase(PhaseKind::outcome, t), s.actions());
  }
  return people;
}

/// Probability of a recorded choice, worked out from the agent's record alone: values by features in plain
/// loops.
double delta_rule_loglik(const Data& d, double up, double down, double beta, double v0) {
  const Layout& l = d.layout;
  const int dims = l.dims();
  std::vector<double> v(l.features(), v0);
  const auto feature = [&](std::size_t t, int o, int k) {
    return l.feature_is_option ? o : static_cast<int>(d.feature[(t * l.options + o) * dims + k]);
  };
  const auto value = [&](std::size_t t, int o) {
    double sum = 0;
    for (int k = 0; k < dims; ++k) sum += v[feature(t, o, k)];
    return sum;
  };
  double product = 0;
  for (std::size_t t = 0; t < d.size(); ++t) {
    if (d.fresh[t]) std::ranges::fill(v, v0);
    double sum = 0;
    for (int o = 0; o < l.options; ++o) sum += std::exp(beta * value(t, o));
    product += std::log(std::exp(beta * value(t, d.choice[t])) / sum);
    if (std::isnan(d.outcome[t])) continue;
    const double delta = d.outcome[t] - value(t, d.choice[t]);
    for (int k = 0; k < dims; ++k) v[feature(t, d.choice[t], k)] += (delta >= 0 ? up : down) * delta;
  }
  return product;
}
double hmm_loglik(const Data& d, double h, double better, double worse, double beta) {
  const Layout& l = d.layout;
  const int dims = l.dims(), n = l.features();
  std::vector<double> b(n, 1.0 / n);
  const auto has = [&](std::size_t t, int o, int f) {
    if (l.feature_is_option) return o == f;
    for (int k = 0; k < dims; ++k)
      if (d.feature[(t * l.options + o) * dims + k] == f) return true;
    return false;
  };
  double total = 0;
  for (std::size_t t = 0; t < d.size(); ++t) {
    if (d.fresh[t]) std::ranges::fill(b, 1.0 / n);
    std::vector<double> e(l.options);
    double sum = 0, norm = 0;
    for (int o = 0; o < l.options; ++o) {
      double u = 0;
      for (int f = 0; f < n; ++f) u += has(t, o, f) ? b[f] : 0;
      sum += e[o] = std::exp(beta * u);
    }
    total += std::log(e[d.choice[t]] / sum);
    if (std::isnan(d.outcome[t])) continue;
    for (int f = 0; f < n; ++f) {
      const double reward = has(t, d.choice[t], f) ? better : worse;
      b[f] = ((1 - h) * b[f] + h * (1 - b[f]) / (n - 1)) * (d.outcome[t] > 0 ? reward : 1 - reward);
      norm += b[f];
    }
    for (double& x : b) x /= norm;
  }
  return total;
}

const Layout kLayouts[] = {Layout::bandit(2), Layout::bandit(3), Layout::featured(2, {2, 2, 2}),
                           Layout::featured(3, {3, 4})};

/// Transcriptions of the papers in plain Python (tests/oracles/learners.py), trial by trial, with missing
/// choices and outcomes; and in all, with the gradient, at points around.
TEST(Learners, EqualTranscriptionsOfTheirPapers) {
  std::ifstream file(LABILE_SOURCE_DIR "/tests/oracles/learners.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 96u);
  PointsCompared points;
  for (const auto& c : cases) {
    const auto name = c["learner"].get<std::string>();
    if (const auto plus = name.find('+'); kSanitized && plus != std::string::npos)
      if (!find_learner(name.substr(0, plus)).with_parts) continue;  // checked builds have parts for a few
    const LearnerEntry& e = find_learner(name);
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(c["params"].at(p.name).get<double>());
    ASSERT_EQ(row.size(), c["params"].size());
    std::vector<std::int32_t> choice;
    std::vector<double> outcome;
    for (const auto& t : c["trials"]) {
      choice.push_back(t[0].is_null() ? -1 : t[0].get<int>());
      outcome.push_back(t[1].is_null() ? kNaN : t[1].get<double>());
    }
    Data d = bandit(c["options"].get<int>(), choice, outcome);
    if (c.contains("state")) d.state = c["state"].get<std::vector<std::int32_t>>();
    if (c.contains("states")) d.layout.states = c["states"];
    if (c.contains("stage")) d.stage = c["stage"].get<std::vector<std::int32_t>>();
    if (c.contains("fresh")) d.fresh = c["fresh"].get<std::vector<std::uint8_t>>();
    for (const auto& x : c.value("report", nlohmann::json::array()))
      d.report.push_back(x.is_null() ? kNaN : x.get<double>());
    if (c.contains("right")) d.right = c["right"].get<std::vector<std::int32_t>>();
    if (c.contains("inputs")) d.inputs = c["inputs"].get<std::map<std::string, std::vector<double>>>();
    std::vector<double> each(d.size());
    loglik(e, row, d, each);
    for (std::size_t t = 0; t < d.size(); ++t)
      EXPECT_NEAR(each[t], c["loglik"][t].get<double>(), 1e-11) << e.info.name << " trial " << t;
    points.compare(e, d.trials(), c);
    if (!c.contains("surprise")) continue;
    EXPECT_NEAR(e.surprise(row, d.trials(), {}), c["surprise"].get<double>(), 1e-10) << e.info.name;
  }
  // A switch and a count. Checked builds have parts for a few learners.
  points.expect_all_but({"reduced_bayes.anchor", "task_sets.rules"}, unless_sanitized(4600u, 3000u));
}
/// In one of the four files of transcriptions, with a derivative at least.
TEST(Learners, AreAllComparedWithTranscriptions) {
  std::set<std::string> compared;
  for (const char* name : {"learners", "beliefs", "cues", "times"}) {
    std::ifstream file(std::string(LABILE_SOURCE_DIR "/tests/oracles/") + name + ".json");
    const auto json = nlohmann::json::parse(file);
    for (const auto& c : json.is_object() ? json["cases"] : json) {
      const auto learner = c["learner"].get<std::string>();
      if (learner.find('+') != std::string::npos) continue;  // with parts, beside the learner alone
      for (const auto& point : c.value("points", nlohmann::json::array()))
        for (const auto& slope : point["gradient"])
          if (!slope.is_null()) compared.insert(find_learner(learner).info.name);
    }
  }
  for (const LearnerEntry& e : all_learners())
    if (e.likelihood) {
      EXPECT_TRUE(compared.contains(e.info.name)) << e.info.name;
    }
}

TEST(Learners, TheirLikelihoodIsTheProductOfTheirOwnChoiceProbabilities) {
  for (const auto& layout : kLayouts) {
    for (const auto& d : play(rescorla_wagner(), layout, 8, 60))
      EXPECT_NEAR(loglik(rescorla_wagner(), {0.3, 3, 0}, d), delta_rule_loglik(d, 0.3, 0.3, 3, 0),
                  1e-12 * 60);
    for (const auto& d : play(dual_learning_rate(), layout, 8, 60))
      EXPECT_NEAR(loglik(dual_learning_rate(), {0.3, 0.15, 3, 0.5}, d),
                  delta_rule_loglik(d, 0.3, 0.15, 3, 0.5), 1e-12 * 60);
    for (const auto& d : play(hmm_reversal(), layout, 8, 60))
      EXPECT_NEAR(loglik(hmm_reversal(), {0.05, 0.8, 0.2, 3}, d), hmm_loglik(d, 0.05, 0.8, 0.2, 3),
                  1e-12 * 60);
  }
}

/// Agents choose as often as their likelihood says. 64 x 200 choices: z of the sum of log P against its
/// expectation under the model; false-alarm rate 6e-5 a learner (4 standard deviations).
TEST(Learners, PlayWithTheProbabilitiesOfTheirLikelihood) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    double sum = 0, mean = 0, variance = 0;
    for (const auto& d : own_task(e).empty() ? play(e, Layout::bandit(2), 64, 60) : play_own(e, 64)) {
      std::vector<double> each(d.size());
      loglik(e, row, d, each);
      for (std::size_t t = 0; t < d.size(); ++t) {
        // What the other options would have had, from records that end with them.
        double total = 0, expected = 0, square = 0;
        for (int o = 0; o < d.layout.options; ++o) {
          Data other = cut(d, 0, t + 1);
          other.choice[t] = o;
          std::vector<double> all(t + 1);
          loglik(e, row, other, all);
          const double p = std::exp(all[t]);
          total += p;
          expected += p * all[t];
          square += p * all[t] * all[t];
        }
        ASSERT_NEAR(total, 1, 1e-12) << e.info.name;
        sum += each[t];
        mean += expected;
        variance += square - expected * expected;
      }
    }
    EXPECT_LT(std::abs(sum - mean), 4 * std::sqrt(variance)) << e.info.name;
  }
}

// Gradients may jump where an error is exactly 0 or a bound is met; points away from both are chosen: off the
// defaults by irregular factors.
TEST(Learners, TheirDerivativesMatchDifferences) {
  for (const auto& entry : fitted_learners()) {
    std::vector<double> at = standard(entry);
    for (std::size_t k = 0; k < at.size(); ++k)
      at[k] = std::clamp(at[k] * (0.83 + 0.071 * static_cast<double>(k)) + 0.0137,
                         entry.params[k].bounds.lo + 0.01, entry.params[k].bounds.hi - 0.01);
    std::vector<Data> records;
    if (own_task(entry).empty())
      for (const auto& layout : kLayouts) {
        if (takes(entry, layout)) records.push_back(play(entry, layout, 4, 60)[2]);
      }
    else
      records.push_back(play_own(entry, 4)[2]);
    for (const Data& d : records) {
      const std::size_t n = at.size();
      std::vector<double> grad(n), grad2(n), hess(n * n), up(n), down(n);
      const double value = loglik(entry, at, d);
      EXPECT_DOUBLE_EQ(entry.likelihood->gradient(at, d.trials(), grad), value);
      EXPECT_DOUBLE_EQ(entry.likelihood->hessian(at, d.trials(), grad2, hess), value);
      for (std::size_t k = 0; k < n; ++k) {
        // Central differences err by h^2 f''' / 6 and rounding / h: near 1e-8 of the scale at h = 1e-5.
        const double h = 1e-5;
        auto a = at, b = at;
        a[k] += h;
        b[k] -= h;
        EXPECT_DOUBLE_EQ(grad[k], grad2[k]);
        EXPECT_NEAR(grad[k], (loglik(entry, a, d) - loglik(entry, b, d)) / (2 * h),
                    1e-6 * (1 + std::abs(grad[k])))
            << entry.info.name << k;
        entry.likelihood->gradient(a, d.trials(), up);
        entry.likelihood->gradient(b, d.trials(), down);
        for (std::size_t j = 0; j < n; ++j)
          EXPECT_NEAR(hess[k * n + j], (up[j] - down[j]) / (2 * h), 1e-5 * (1 + std::abs(hess[k * n + j])))
              << entry.info.name << " " << d.layout.features() << ": " << k << ", " << j;
      }
    }
  }
}

/// At a share of 0: P' = 1/n - P, so ln P has the slope 1/(n P) - 1 and bends by its square.
TEST(Learners, LapsesHaveTheirDerivativesAtNone) {
  const LearnerEntry& e = find_learner("rescorla_wagner+lapse");
  std::vector<double> row;
  std::size_t lapse = 0;
  for (std::size_t k = 0; k < e.params.size(); ++k) {
    row.push_back(std::get<double>(e.params[k].standard));
    if (e.params[k].name == "lapse") lapse = k;
  }
  row[lapse] = 0;
  const auto d = play(rescorla_wagner(), Layout::bandit(3), 4, 60)[1];
  std::vector<double> each(d.size()), grad(row.size()), hess(row.size() * row.size());
  loglik(e, row, d, each);
  double slope = 0, bend = 0;
  for (const double l : each) {
    const double a = 1 / (3 * std::exp(l)) - 1;
    slope += a;
    bend -= a * a;
  }
  e.likelihood->hessian(row, d.trials(), grad, hess);
  EXPECT_NEAR(grad[lapse], slope, 1e-9 * std::abs(slope));
  EXPECT_NEAR(hess[lapse * row.size() + lapse], bend, 1e-9 * std::abs(bend));
}

TEST(Learners, AMissingChoiceNeitherCountsNorTeaches) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    Data gap = own_task(e).empty() ? bandit(2, {0, 1, 1, 0, 1, 0}, {1, 1, 0, 1, 1, 0})
                                   : cut(play_own(e, 4)[1], 0, 30);
    const Data whole = joined(cut(gap, 0, 3), cut(gap, 4, gap.size()));
    gap.choice[3] = -1;
    std::vector<double> each(gap.size());
    EXPECT_EQ(loglik(e, row, gap, each), loglik(e, row, whole)) << e.info.name;
    EXPECT_EQ(each[3], 0);
  }
}
TEST(Learners, AHiddenOutcomeTeachesNothingButTheChoiceCounts) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    if (!own_task(e).empty()) {
      Data hidden = play_own(e, 4)[1];
      const double seen = loglik(e, row, hidden);
      // Some learn from rewards, some from errors, and early ones may be what was expected all along.
      std::vector<double> grad(row.size());
      bool taught = false;
      std::vector<double> before(hidden.size()), after(hidden.size());
      loglik(e, row, hidden, before);
      for (std::size_t t = 3; t < 20; ++t) {
        if (std::isnan(hidden.outcome[t])) continue;
        const double known = std::exchange(hidden.outcome[t], kNaN);
        if (loglik(e, row, hidden, after) != seen) taught = true;
        // What came before it, and its own choice, count as they did.
        for (std::size_t k = 0; k <= t; ++k) EXPECT_EQ(after[k], before[k]) << e.info.name << " " << k;
        EXPECT_TRUE(std::isfinite(e.likelihood->gradient(row, hidden.trials(), grad))) << e.info.name;
        for (const double g : grad) EXPECT_TRUE(std::isfinite(g)) << e.info.name;
        hidden.outcome[t] = known;
      }
      EXPECT_TRUE(taught) << e.info.name;
      for (const double g : grad) EXPECT_TRUE(std::isfinite(g)) << e.info.name;
      continue;
    }
    if (std::string(e.info.name).find('+') != std::string::npos) continue;  // parts remember choices
    const Data hidden = bandit(2, {0, 1, 0}, {1, kNaN, 1});
    std::vector<double> each(3), grad(row.size());
    const double l = loglik(e, row, hidden, each);
    EXPECT_NEAR(std::exp(each[1]) + std::exp(each[2]), 1, 1e-14)
        << "the second and third trial meet the same values";
    EXPECT_EQ(e.likelihood->gradient(row, hidden.trials(), grad), l);
    for (const double g : grad) EXPECT_TRUE(std::isfinite(g));
  }
}
TEST(Learners, StartAfreshWhereTheTrialSaysSo) {
  for (const auto& e : fitted_learners()) {
    const std::vector<double> row = standard(e);
    const Data once = own_task(e).empty() ? bandit(2, {0, 0, 1}, {1, 0, 1}) : cut(play_own(e, 4)[1], 0, 20);
    Data twice = joined(once, once);
    twice.fresh[once.size()] = 0;
    EXPECT_NE(loglik(e, row, twice), 2 * loglik(e, row, once)) << e.info.name;
    twice.fresh[once.size()] = 1;
    EXPECT_NEAR(loglik(e, row, twice), 2 * loglik(e, row, once), 1e-13) << e.info.name;
  }
}

/// A learner of habit and goal in the devaluation task, with some parameters set.
Trials press(const std::map<std::string, double>& params, bool devalued, double rewards) {
  const LearnerEntry& e = find_learner("habit_goal");
  std::vector<std::vector<double>> rows(1);
  for (const auto& p : e.params)
    rows[0].push_back(params.contains(p.name) ? params.at(p.name) : std::get<double>(p.standard));
  Simulation s;
  s.seed = 23;
  s.make_task = find_task("devaluation").make;
  s.task_settings["rewards"] = {Value(rewards), {}};
  s.task_settings["devalued"] = {Value(devalued), {}};
  s.make_each = e.make_each;
  s.rows = &rows;
  s.record = true;
  return simulate(s, 0, 64);
}
TEST(HabitGoal, WithoutTheHabitADevaluedPressIsWorthNothingAtOnce) {
  const Trials t = press({{"dls", 0}}, true, 60);
  double presses = 0, n = 0;
  for (std::size_t k = 0; k < t.rows(); ++k)
    if (t.block[k] == 1) {
      presses += t.choice[k];
      ++n;
    }
  ASSERT_EQ(n, 64 * 60);
  EXPECT_LT(std::abs(presses - n / 2), 4 * std::sqrt(n / 4));  // false alarms 6e-5
}
TEST(HabitGoal, WithoutTheGoalDevaluationChangesNoChoice) {
  EXPECT_EQ(press({{"dms", 0}}, true, 60).choice, press({{"dms", 0}}, false, 60).choice);
  EXPECT_NE(press({}, true, 60).choice, press({}, false, 60).choice);
}
/// After n presses that paid with p, the variances are near p (1 - p) / n + noise^2 and p (1 - p) / (alpha n):
/// control passes near n = p (1 - p) (1 / alpha - 1) / noise^2 = 2025, with the payoff that each subject met,
/// 7% more or less.
TEST(HabitGoal, ControlPassesWhereTheClosedFormSays) {
  const Trials t = press({}, true, 350);
  for (std::size_t i = 0; i < t.subjects.size(); ++i) {
    int presses = 0, looked = 0;
    for (std::size_t k = t.first[i]; k < t.first[i + 1]; ++k) {
      if (t.block[k] == 1 || t.choice[k] != 1) continue;
      ++presses;
      if (presses != 1350 && presses != 2835) continue;
      ++looked;
      if (presses == 1350)
        EXPECT_GT(t.signals.at("goal_weight")[k], 0.5) << i;
      else
        EXPECT_LT(t.signals.at("goal_weight")[k], 0.5) << i;
    }
    EXPECT_EQ(looked, 2) << i;
  }
}

TEST(TaskSets, WithoutSetsIsADeltaRule) {
  EXPECT_NEAR(loglik(find_learner("task_sets"), {0.3, 3, 1, 0.01, 6}, kSix),
              loglik(rescorla_wagner(), {0.3, 3, 0.5}, kSix), 1e-12);
}
/// Three rules are known, no two agree on any of four options, and a set comes under one of them. With m rules
/// left, each is believed at 1 / m, so that its option is chosen at f = exp(beta / m) / (m exp(beta / m) + 4 -
/// m): the right one leaves one rule, another rule's one rule less, the option of none all that there were.
TEST(TaskSets, FindsAnOldRuleAsFastAsCountingRulesSays) {
  const LearnerEntry& e = find_learner("task_sets");
  const double beta = 3;
  const std::vector<std::vector<double>> rows{{1, beta, 0.01, 1e-6, 6}};
  Simulation s;
  s.seed = 29;
  s.make_task = find_task("structure_transfer").make;
  s.task_settings["sets"] = {Value(4.0), {}};
  s.task_settings["trials"] = {Value(320.0), {}};  // enough for every option to be tried
  s.make_each = e.make_each;
  s.rows = &rows;
  s.record = true;
  const int subjects = 600, looked = 4;
  const Trials t = simulate(s, 0, subjects);
  std::vector<double> right(looked);
  for (std::size_t i = 0; i < t.subjects.size(); ++i)
    for (int k = 0; k < looked; ++k) {
      const std::size_t at = t.first[i] + 960 + static_cast<std::size_t>(k);
      ASSERT_EQ(t.block[at], 3);
      right[static_cast<std::size_t>(k)] += (t.choice[at] == t.best[at]) / static_cast<double>(subjects);
    }
  const auto f = [&](int m) { return std::exp(beta / m) / (m * std::exp(beta / m) + 4 - m); };
  double left[] = {0, 0, 0, 1};  // probability that m rules are left
  for (int k = 0; k < looked; ++k) {
    const double expected = left[1] * f(1) + left[2] * f(2) + left[3] * f(3);
    // False alarms 6e-5 each.
    EXPECT_NEAR(right[static_cast<std::size_t>(k)], expected,
                4 * std::sqrt(expected * (1 - expected) / subjects))
        << k;
    const double one = left[1] + left[2] * 2 * f(2) + left[3] * f(3);
    const double two = left[2] * (1 - 2 * f(2)) + left[3] * 2 * f(3);
    left[3] *= 1 - 3 * f(3);
    left[1] = one;
    left[2] = two;
  }
}

/// The field's 320 inputs and the trajectories its toolbox gives for them (5 digits): omega2 -2.5, omega3 -6,
/// kappa 1, starting at 0 and 1 with variances 1.
TEST(HgfBinary, HasTheCanonicalTrajectories) {
  const char* folder = std::getenv("LABILE_REFERENCE");
  const std::string at = folder ? folder : LABILE_SOURCE_DIR "/../shared/reference";
  std::ifstream inputs(at + "/hgf_binary320_u_y.csv"),
      there(at + "/hgf_canonical_binary3level_trajectories.csv");
  if (!inputs || !there)
    GTEST_SKIP() << "the reference trajectories are not there; LABILE_REFERENCE says where";
  const auto fields = [](std::ifstream& file) {
    std::string line;
    std::vector<std::string> r;
    if (!std::getline(file, line)) return r;
    for (std::size_t begin = 0, end; begin <= line.size(); begin = end + 1) {
      end = std::min(line.find(',', begin), line.size());
      r.push_back(line.substr(begin, end - begin));
    }
    return r;
  };
  fields(inputs);
  const auto names = fields(there);
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  const auto agent =
      find_learner("hgf_binary_3level")
          .make({{"omega2", {Value(-2.5), {}}}, {"omega3", {Value(-6.0), {}}}, {"mu3", {Value(1.0), {}}}});
  Stage s(4, Layout::bandit(2));
  agent->begin(s.info(320), s.subjects(1));
  const struct {
    int signal;
    const char* name;
    bool inverse;
  } compared[] = {
      {0, "muhat1", false}, {1, "mu2", false}, {2, "sa2", true}, {3, "mu3", false}, {4, "sa3", true}};
  int t = 0;
  for (auto in = fields(inputs), row = fields(there); !in.empty() && !row.empty();
       in = fields(inputs), row = fields(there), ++t) {
    agent->phase(s.phase(PhaseKind::choice, t), s.actions());
    for (std::size_t i = 0; i < 4; ++i) s.outcome[i] = s.choice[i] == std::stoi(in[1]);
    agent->phase(s.phase(PhaseKind::outcome, t), s.actions());
    std::vector<double> now(4);
    for (const auto& c : compared) {
      agent->read(c.signal, now);
      for (const double x : now)
        EXPECT_NEAR(c.inverse ? 1 / x : x, std::stod(row[column(c.name)]), 1e-4) << c.name << " " << t;
    }
  }
  EXPECT_EQ(t, 320);
}

/// Reports of a playing learner are as spread as its density says, and derivatives match differences.
TEST(ReducedBayes, ReportsWithItsOwnDensity) {
  const LearnerEntry& e = find_learner("reduced_bayes");
  Simulation s;
  s.seed = 4;
  s.make_task = find_task("predictive_inference").make;
  s.make_agent = e.make;
  const Trials t = simulate(s, 0, 64);
  ASSERT_EQ(t.report.size(), t.rows());
  const auto fresh = fresh_flags(t, "none");
  const std::vector<double> row = standard(e);
  double sum = 0, square = 0, total = 0;
  for (int i = 0; i < 64; ++i) {
    const SubjectTrials x = subject_trials(t, i, fresh);
    std::vector<double> each(x.size()), grad(row.size());
    const double l = e.likelihood->value(row, x, each);
    total += l;
    // ln N(B, 5) at the report, so that z^2 = -2 (l + ln(5 sqrt(2 pi))); l's mean and variance follow.
    for (const double one : each) {
      const double z2 = -2 * (one + std::log(5 * std::sqrt(2 * M_PI)));
      sum += z2;
      square += z2 * z2;
    }
    EXPECT_EQ(e.likelihood->gradient(row, x, grad), l);
    if (i > 0) continue;
    for (std::size_t k = 0; k + 1 < row.size(); ++k) {
      auto up = row, down = row;
      const double h = 1e-5 * std::max(1.0, std::abs(row[k])) * (e.params[k].name == "U" ? 1e-3 : 1);
      up[k] += h;
      down[k] -= h;
      const double slope = (e.likelihood->value(up, x, {}) - e.likelihood->value(down, x, {})) / (2 * h);
      EXPECT_NEAR(grad[k], slope, 1e-5 * (1 + std::abs(slope))) << e.params[k].name;
    }
  }
  const double n = static_cast<double>(t.rows());
  EXPECT_NEAR(sum / n, 1, 4 * std::sqrt(2 / n));
  EXPECT_NEAR(square / n, 3, 4 * std::sqrt(96 / n));
  EXPECT_TRUE(std::isfinite(total));
}
TEST(ReducedBayes, StartsAfreshWhereTheTrialSaysSo) {
  const auto agent = find_learner("reduced_bayes").make({});
  Stage s(4, Layout::bandit(1));
  TaskInfo info = s.info(3);
  info.reports = true;
  agent->begin(info, s.subjects(1));
  std::vector<double> prediction(4);
  for (int t = 0; t < 3; ++t) {
    s.fresh = {0, t == 2, 0, 0};
    agent->phase(s.phase(PhaseKind::choice, t), s.actions());
    agent->read(0, prediction);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(prediction[i] == 150, t == 0 || (t == 2 && i == 1)) << t << " " << i;
    s.outcome.assign(4, 220.0);
    agent->phase(s.phase(PhaseKind::outcome, t), s.actions());
  }
}
TEST(ReducedBayes, AndOptionLearnersRefuseEachOthersTasks) {
  const auto said = [](const char* learner, const char* task) -> std::string {
    Simulation s;
    s.make_task = find_task(task).make;
    s.make_agent = find_learner(learner).make;
    try {
      (void)simulate(s, 0, 4);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_NE(said("rescorla_wagner", "predictive_inference").find("asks for a number"), std::string::npos);
  EXPECT_NE(said("reduced_bayes", "bandit_reversal").find("asks for a choice"), std::string::npos);
}

TEST(Parts, AreAskedForByNameAndHeldOtherwise) {
  const auto& e = find_learner("rescorla_wagner+lapse");
  EXPECT_STREQ(e.info.name, "rescorla_wagner+lapse");
  for (const auto& p : e.params) {
    if (p.name == "lapse") {
      EXPECT_NE(p.prior.kind, Prior::fixed);
    }
    if (p.name == "stickiness") {
      EXPECT_EQ(p.prior.kind, Prior::fixed);
    }
  }
  const auto said = [](const char* name) -> std::string {
    try {
      (void)find_learner(name);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_NE(said("rescorla_wagner+laps").find("did you mean 'lapse'"), std::string::npos);
  EXPECT_NE(said("rescorla_wagner+lapse+lapse").find("twice"), std::string::npos);
  EXPECT_NE(said("rescorla_wagnr+lapse").find("did you mean 'rescorla_wagner'"), std::string::npos);
  EXPECT_NE(said("flex+lapse").find("takes no parts"), std::string::npos);
  EXPECT_NE(said("hmm_reversal+forgetting").find("keeps no values"), std::string::npos);
}
TEST(Parts, AtNothingChangeNothing) {
  for (const auto& e : all_learners()) {
    if (!e.likelihood || e.reports || e.timed || (kSanitized && !e.with_parts)) continue;
    const auto& with = find_learner(std::string(e.info.name) + "+lapse");
    std::vector<double> row = standard(with);
    const Data d = own_task(e).empty() ? play(e, Layout::bandit(2), 4, 60)[1] : play_own(e, 4)[1];
    EXPECT_NEAR(loglik(with, row, d), loglik(e, standard(e), d), 1e-12) << e.info.name;
  }
}

TEST(HmmReversal, HasTheClosedFormBeliefL6) {
  // Belief in option 0 after outcomes with L = .8, .8, .2, read off the choice probability with beta = 1:
  // log P(0) - log P(1) = b0 - b1 = 2 b0 - 1. Each record ends with a choice of 0.
  const auto e = hmm_reversal();
  const double expected[] = {0.5, 0.8, 0.930514, 0.663467};
  double b = 0.5;
  for (int n = 0; n <= 3; ++n) {
    if (n > 0) {
      const double l = n < 3 ? 0.8 : 0.2;
      b = 0.95 * b + 0.05 * (1 - b);
      b = b * l / (b * l + (1 - b) * (1 - l));
    }
    Data d = bandit(2, {0, 0, 0, 0}, {1, 1, 0, 1});
    d.outcome.resize(n + 1);
    d.choice.resize(n + 1);
    d.fresh.resize(n + 1);
    std::vector<double> each(n + 1);
    loglik(e, {0.05, 0.8, 0.2, 1}, d, each);
    const double p = std::exp(each[n]);
    const double read = (1 + std::log(p / (1 - p))) / 2;
    EXPECT_NEAR(read, expected[n], 5e-7);
    EXPECT_NEAR(read, b, 1e-12);
  }
}
TEST(HmmReversal, BelievesInTheOthersAfterALoss) {
  const Data d = bandit(3, {0, 1}, {0, 1});
  std::vector<double> each(2);
  loglik(hmm_reversal(), {0.05, 0.8, 0.2, 3}, d, each);
  // After a loss b = (1/3)(.2, .8, .8) / .6 = (1/9, 4/9, 4/9).
  EXPECT_NEAR(each[1], 4.0 / 3 - std::log(std::exp(1.0 / 3) + 2 * std::exp(4.0 / 3)), 1e-14);
}
TEST(HmmReversal, RecordsItsLeadingBelief) {
  const auto agent = hmm_reversal().make({});
  Stage s(4, Layout::bandit(2));
  agent->begin(s.info(2), s.subjects(1));
  ASSERT_EQ(agent->signals().size(), 1u);
  EXPECT_EQ(agent->signals()[0].name, "belief");
  agent->phase(s.phase(PhaseKind::choice, 0), s.actions());
  std::ranges::fill(s.outcome, 1.0);
  agent->phase(s.phase(PhaseKind::outcome, 0), s.actions());
  std::vector<double> belief(4);
  agent->read(0, belief);
  for (const double b : belief) EXPECT_NEAR(b, 0.8, 1e-15);
}
TEST(DualLearningRate, RecordsTheRateItUsed) {
  const auto agent = dual_learning_rate().make({});
  Stage s(4, Layout::bandit(2));
  agent->begin(s.info(2), s.subjects(1));
  agent->phase(s.phase(PhaseKind::choice, 0), s.actions());
  s.outcome = {1, 0, 0.5, kNaN};
  agent->phase(s.phase(PhaseKind::outcome, 0), s.actions());
  std::vector<double> delta(4), rate(4);
  agent->read(0, delta);
  agent->read(1, rate);
  EXPECT_EQ(delta, (std::vector<double>{0.5, -0.5, 0, 0}));
  EXPECT_EQ(rate, (std::vector<double>{0.3, 0.15, 0.3, 0}));
}
}  // namespace
}  // namespace labile
