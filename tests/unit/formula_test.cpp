/// Formulas: their designs against R's, the density with effects against an independent one, and effects found again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bayes/effects.hpp"
#include "core/random.hpp"
#include "density_checks.hpp"
#include "learners/catalogue.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "sanitized.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
using Json = nlohmann::json;

Json oracle(const std::string& name) {
  std::ifstream in(std::string(LABILE_SOURCE_DIR) + "/tests/oracles/" + name);
  return Json::parse(in);
}
/// What the Error says.
template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "(not refused)";
}

/// "sum(drug)[b]:session[2]" as R has it: drugb:session2.
std::string as_r_names(std::string s) {
  for (auto at = s.find("sum("); at != std::string::npos; at = s.find("sum(")) {
    s.erase(s.find(')', at), 1);
    s.erase(at, 4);
  }
  std::erase_if(s, [](char c) { return c == '[' || c == ']'; });
  return s;
}

struct Table {
  std::vector<Covariate> columns;
  std::vector<int> subject_of;
};
Table table_of_r() {
  Table t;
  const auto o = oracle("formula.json");
  for (const auto& [name, values] : o["columns"].items())
    t.columns.push_back({name, name == "session", values.get<std::vector<std::string>>()});
  for (const auto& s : o["columns"]["subject"]) t.subject_of.push_back(std::stoi(s.get<std::string>()) - 1);
  return t;
}
Coding coded(const Table& t, const std::string& formula,
             const std::map<std::string, std::string>& references = {}) {
  return Coding(parse_formula(formula), t.columns, t.subject_of, references, 1);
}

TEST(Formula, DesignsEqualRs) {
  const auto t = table_of_r();
  const auto o = oracle("formula.json");
  ASSERT_GE(o["cases"].size(), 20u);
  for (const auto& c : o["cases"]) {
    const std::string text = c["formula"], reference = c["reference"];
    std::map<std::string, std::string> references;
    if (const auto eq = reference.find('='); eq != std::string::npos)
      references[reference.substr(0, eq)] = reference.substr(eq + 1);
    const auto design = coded(t, text, references).design();
    const std::vector<std::string> names = c["names"];
    ASSERT_EQ(design.names.size(), names.size()) << text;
    for (std::size_t j = 0; j < design.names.size(); ++j) {
      const auto at = std::find(names.begin(), names.end(), as_r_names(design.names[j]));
      ASSERT_NE(at, names.end()) << text << ": " << design.names[j];
      const std::vector<double> column = c["columns"][static_cast<std::size_t>(at - names.begin())];
      ASSERT_EQ(design.x.size(), column.size());
      for (std::size_t u = 0; u < column.size(); ++u)
        EXPECT_NEAR(design.x[u][j], column[u], 1e-12) << text << ": " << design.names[j] << ", row " << u;
    }
  }
}

TEST(Formula, NamesAreThoseThatUsersKnow) {
  const auto t = table_of_r();
  EXPECT_EQ(coded(t, "x ~ drug * session + scale(age)", {{"drug", "placebo"}}).design().names,
            (std::vector<std::string>{"drug[citalopram]", "drug[ldopa]", "session[2]", "scale(age)",
                                      "drug[citalopram]:session[2]", "drug[ldopa]:session[2]"}));
  const auto f = parse_formula("lr_pos, lr.neg ~ `how old` + (1|subjID)");
  EXPECT_EQ(f.params, (std::vector<std::string>{"lr_pos", "lr.neg"}));
  EXPECT_EQ(f.grouping, std::vector<std::string>{"subjID"});
  EXPECT_EQ(columns_of(std::span(&f, 1)), std::vector<std::string>{"how old"});
  EXPECT_TRUE(parse_formula("x ~ 1").terms.empty());
  const auto slopes = coded(t, "x ~ drug + scale(age) + session + (1 + session | subject)").design();
  EXPECT_EQ(slopes.slope_names, std::vector<std::string>{"session[2]"});
  double sum = 0;
  for (std::size_t u = 0; u < slopes.x.size(); ++u) {
    sum += slopes.slope_x[u][0];
    EXPECT_NEAR(slopes.slope_x[u][0] - slopes.slope_x[0][0], slopes.x[u][3],
                1e-12);  // session 1 stands first
  }
  EXPECT_NEAR(sum, 0, 1e-12);
}

TEST(Formula, LevelsOfNumbersGoBySize) {
  Table t{{{"dose", true, {"10", "2", "10", "2", "1", "1"}}}, {0, 1, 2, 3, 4, 5}};
  EXPECT_EQ(coded(t, "x ~ dose").code(0).levels, (std::vector<std::string>{"1", "2", "10"}));
}

TEST(Formula, IsRefusedInWords) {
  const auto says = [](const std::string& text, const std::string& words) {
    const auto why = refusal([&] { (void)parse_formula(text); });
    EXPECT_NE(why.find(words), std::string::npos) << text << ": " << why;
    EXPECT_NE(why.find(text), std::string::npos) << why;
  };
  says("x", "write PARAMETER ~ TERMS");
  says("x ~", "wants a column where the end stands");
  says("x ~ drug *", "wants a column where the end stands");
  says("x ~ drug + * age", "wants a column where '*' stands");
  says("x ~ drug age", "'age' stands where");
  says("x ~ (drug + age", "')' is missing before the end");
  says("x ~ drug)", "')' stands where");
  says("~ drug", "wants a parameter");
  says("x, x ~ drug", "named twice");
  says("x ~ 0 + drug", "intercept cannot be left out");
  says("x ~ drug - 1", "intercept cannot be left out");
  says("x ~ 2 + drug", "'2' is no term");
  says("x ~ drug:1", "stand alone");
  says("x ~ sclae(age)", "did you mean 'scale'");
  says("x ~ (a + b)^2", "'^' is not read");
  says("x ~ a ** b", "'**' is not read");
  says("x ~ a / b", "'/' is not read");
  says("x ~ a & b", "'&' means nothing");
  says("x ~ `a", "backticks");
  says("x ~ drug - age", "'age' is taken away");
  says("x ~ drug + (1 + session | subject)",
       "'session' differs between subjects and has no effect in common");
  says("x ~ session + (0 + session | subject)", "write (1 + x | subject)");
  says("x ~ drug + (0 | subject)", "people differ in the intercept anyway");
}

TEST(Formula, ColumnsThatCannotTellAreRefusedByName) {
  Table t;
  t.subject_of = {0, 1, 2, 3, 4, 5};
  t.columns = {
      {"drug", false, {"a", "b", "a", "b", "a", "b"}},     {"copy", false, {"u", "v", "u", "v", "u", "v"}},
      {"same", false, {"a", "a", "a", "a", "a", "a"}},     {"seven", false, {"7", "7", "7", "7", "7", "7"}},
      {"score", false, {"1", "2", "4", "3", "0", "9"}},    {"twice", false, {"2", "4", "8", "6", "0", "18"}},
      {"mixed", false, {"1", "2", "n.k.", "3", "0", "9"}}, {"who", false, {"p", "q", "r", "s", "t", "u"}},
      {"site", false, {"n", "s", "n", "s", "n", "n"}},     {"one", false, {"n", "n", "n", "s", "n", "n"}}};
  const auto says = [&](const std::string& formula, const std::vector<std::string>& words,
                        const std::map<std::string, std::string>& references = {}) {
    const auto why = refusal([&] { (void)coded(t, formula, references); });
    for (const auto& w : words) EXPECT_NE(why.find(w), std::string::npos) << formula << ": " << why;
  };
  says("x ~ same", {"column 'same' is 'a' for everyone"});
  says("x ~ seven", {"column 'seven' is 7 for everyone"});
  says("x ~ drug + copy", {"copy[v] says nothing that drug[b] does not"});
  says("x ~ score + scale(twice)", {"scale(twice) says nothing that score does not"});
  says("x ~ mixed", {"both words and numbers", "'n.k.'", "factor(mixed)"});
  says("x ~ scale(drug)", {"scale(drug) wants numbers", "'b'"});
  says("x ~ who", {"a level of its own for every subject"});
  says("x ~ factor(score)", {"a level of its own for every subject"});
  says("x ~ drug * site", {"no subject has drug a and site s", "drug:site"});
  says("x ~ drug", {"no such level", "did you mean 'a'"}, {{"drug", "A"}});
  says("x ~ drug + (1 + drug | subject)", {"drug[b] changes within no subject"});
  says("x ~ drug + sum(drug)", {"coded in two ways"});
  const auto notes = coded(t, "x ~ one + score").notes();
  const auto noted = [&](const std::string& words) {
    return std::any_of(notes.begin(), notes.end(),
                       [&](const auto& n) { return n.find(words) != std::string::npos; });
  };
  EXPECT_TRUE(noted("only one subject has s"));
  EXPECT_TRUE(noted("score: number, mean 3.167, sd 3.19 over 6 subjects"));
  EXPECT_TRUE(noted("scale(score)"));
}

/// Units of the independent density, with all that spans point to.
struct Units {
  std::vector<std::vector<std::int32_t>> choice;
  std::vector<std::vector<double>> outcome;
  std::vector<std::vector<std::uint8_t>> fresh;
  std::vector<SubjectTrials> trials;
  std::vector<int> subject_of;
};
Units units_of(const Json& o) {
  Units r;
  for (const auto& u : o["units"]) {
    r.choice.push_back(u["choice"]);
    r.outcome.push_back(u["outcome"]);
    r.fresh.emplace_back(r.choice.back().size(), 0);
    r.fresh.back()[0] = 1;
    r.subject_of.push_back(u["subject"]);
  }
  for (std::size_t u = 0; u < r.choice.size(); ++u)
    r.trials.push_back({Layout::bandit(2), r.choice[u], r.outcome[u], r.fresh[u], {}});
  return r;
}

TEST(Effects, DensityAndGradientEqualAnIndependentOnes) {
  const auto o = oracle("effects.json");
  const Units units = units_of(o);
  const auto& learner = find_learner("prl_rp");
  auto model = group_model(learner);
  std::vector<NamedDesign> designs;
  for (const auto& [param, x] : o["design"].items()) {
    Design d{{}, x, o["prior_sd"]};
    for (std::size_t c = 0; c < d.x[0].size(); ++c) d.names.push_back(std::to_string(c + 1));
    if (o["slopes"].contains(param)) {
      d.slope_x = o["slopes"][param];
      d.slope_names = {"1"};
    }
    designs.push_back({param, d});
  }
  add_designs(model, learner, designs, static_cast<int>(units.trials.size()));
  const Posterior p(learner, model, units.trials, units.subject_of);
  std::map<std::string, int> place;
  for (int k = 0; k < p.params(); ++k) {
    const auto& param = p.model().params[static_cast<std::size_t>(k)];
    place["mu." + param.name] = p.nu(k);
    place["log_sigma." + param.name] = p.x(k);
    for (std::size_t c = 0; c < param.design.names.size(); ++c)
      place["b." + param.name + "." + std::to_string(c + 1)] = p.b(k) + static_cast<int>(c);
    for (int c = 0; c < p.slopes(k); ++c) {
      const auto which = param.name + "." + std::to_string(c + 1);
      place["log_tau." + which] = p.slope(k, c);
      for (int s = 0; s < p.subjects(); ++s) place["v." + which + "." + std::to_string(s + 1)] = p.v(k, c, s);
    }
    for (int s = 0; s < p.subjects(); ++s) place["z." + param.name + "." + std::to_string(s + 1)] = p.y(k, s);
  }
  const std::vector<std::string> names = o["names"];
  ASSERT_EQ(static_cast<int>(names.size()), p.dim());
  PosteriorDensity density(p);
  ASSERT_GE(o["at"].size(), 5u);
  for (const auto& at : o["at"]) {
    std::vector<double> q(names.size()), grad(names.size());
    for (std::size_t i = 0; i < q.size(); ++i)
      q[static_cast<std::size_t>(place.at(names[i]))] = at["point"][i];
    EXPECT_NEAR(density_on_log_sigma(p, density, q, grad), at["log_density"].get<double>(), 1e-9);
    for (std::size_t i = 0; i < q.size(); ++i)
      EXPECT_NEAR(grad[static_cast<std::size_t>(place.at(names[i]))], at["gradient"][i].get<double>(), 1e-9)
          << names[i];
  }
}

TEST(Correlated, PriorOfSubjectsEqualsAnIndependentOne) {
  // A learner of four parameters and five people without a choice: the density is the prior alone.
  const auto o = oracle("effects.json")["correlations"];
  const auto& learner = find_learner("rescorla_wagner+stickiness+lapse");
  auto model = group_model(learner, {{"v0", 0.0}});
  ASSERT_EQ(model.params.size(), 4u);
  std::vector<std::int32_t> choice(3, -1);
  std::vector<double> outcome(3, kNaN);
  std::vector<std::uint8_t> fresh{1, 0, 0};
  const std::vector<SubjectTrials> units(5, {Layout::bandit(2), choice, outcome, fresh, {}});
  const std::vector<int> subject_of{0, 1, 2, 3, 4};
  const Posterior apart(learner, model, units, subject_of);
  model.lkj = 2;
  const Posterior p(learner, model, units, subject_of);
  ASSERT_EQ(p.dim(), apart.dim() + 6);
  PosteriorDensity density(p), of_apart(apart);
  ASSERT_GE(o.size(), 4u);
  for (const auto& at : o) {
    std::vector<double> q(static_cast<std::size_t>(p.dim()), 0.0), grad(q.size()),
        r(static_cast<std::size_t>(apart.dim()), 0.0), other(r.size());
    std::vector<int> place;
    for (int i = 0; i < 6; ++i) place.push_back(p.correlation() + i);
    for (int k = 0; k < 4; ++k)
      for (int s = 0; s < 5; ++s) place.push_back(p.y(k, s));
    for (std::size_t i = 0; i < place.size(); ++i) q[static_cast<std::size_t>(place[i])] = at["point"][i];
    // What remains of the density without correlations and with everyone at 0 are the priors of mu and sigma.
    const double rest = of_apart.gradient(r, other) + 20 * 0.91893853320467274178;
    EXPECT_NEAR(density.gradient(q, grad) - rest, at["log_density"].get<double>(), 1e-9);
    for (std::size_t i = 0; i < place.size(); ++i)
      EXPECT_NEAR(grad[static_cast<std::size_t>(place[i])], at["gradient"][i].get<double>(), 1e-6)
          << p.names()[static_cast<std::size_t>(place[i])];
  }
}

TEST(Correlated, GradientEqualsDifferencesForAnyStandard) {
  const auto o = oracle("effects.json");
  const Units units = units_of(o);
  const auto& learner = find_learner("prl_rp");
  auto model = group_model(learner);
  model.lkj = 2;
  add_designs(model, learner, {{"beta", {{"1"}, o["design"]["beta"], 1}}},
              static_cast<int>(units.trials.size()));
  Posterior p(learner, model, units.trials, units.subject_of);
  const int n = p.params();
  std::vector<double> info, pull;
  for (int s = 0; s < p.subjects(); ++s)
    for (int i = 0; i < n; ++i) {
      pull.push_back(1.5 * ((s + i) % 3) - 2);
      for (int j = 0; j < n; ++j) info.push_back(i == j ? 2.0 + s + i : 0.4 - 0.3 * ((i + j + s) % 3));
    }
  p.set_standard(info, pull);
  expect_gradient_equals_differences(p, Draw{6, Purpose::start, 0}, 0.4);
}

/// Forty people on a bandit in one or two sessions: alpha differs by drug (between) and by session (within), nothing by age. What the session
/// does differs between people by an sd of `own_session`.
struct Study {
  Trials trials;
  std::vector<std::uint8_t> fresh;
  std::vector<SubjectTrials> units;
  Table table;
};
constexpr double kDrug = 0.9, kSession = -0.7;
Study study(double own_session = 0) {
  const auto& learner = find_learner("rescorla_wagner");
  const auto& task = find_task("bandit_reversal");
  Study r;
  std::vector<std::string> drug, session, age;
  std::vector<std::vector<double>> rows;
  for (int s = 0; s < 40; ++s) {
    const Draw draw{17, Purpose::parameters, static_cast<std::uint32_t>(s)};
    const bool treated = s % 2 == 1;
    const double alpha = -0.4 + kDrug * treated + 0.25 * draw.normal(0),
                 beta = std::log(4.0) + 0.2 * draw.normal(1);
    const double years = 20 + 40 * draw.uniform(2);
    for (int w = 0; w < (s % 8 == 7 ? 1 : 2); ++w) {
      rows.push_back({from_line(phi_group(0, 1), alpha + (kSession + own_session * draw.normal(3)) * w),
                      std::exp(beta), 0});
      drug.emplace_back(treated ? "drug" : "placebo");
      session.emplace_back(w ? "2" : "1");
      age.push_back(std::to_string(years));
      r.table.subject_of.push_back(s);
    }
  }
  r.table.columns = {{"drug", false, drug}, {"session", true, session}, {"age", false, age}};
  // Blocks of agents, joined.
  Simulation play;
  play.make_task = task.make;
  play.make_agent = learner.make;
  play.make_each = learner.make_each;
  play.rows = &rows;
  play.seed = 5;
  const int all = static_cast<int>(rows.size());
  for (int first = 0; first < all; first += kBlock) {
    auto part = simulate(play, first, std::min(kBlock, all - first));
    if (first == 0) {
      r.trials = std::move(part);
      continue;
    }
    auto& t = r.trials;
    for (std::size_t s = 1; s < part.first.size(); ++s) t.first.push_back(t.rows() + part.first[s]);
    t.subjects.insert(t.subjects.end(), part.subjects.begin(), part.subjects.end());
    const auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    join(t.session, part.session);
    join(t.block, part.block);
    join(t.trial, part.trial);
    join(t.stage, part.stage);
    join(t.outcome, part.outcome);
    join(t.state, part.state);
    join(t.right, part.right);
    join(t.rt_s, part.rt_s);
    join(t.report, part.report);
    join(t.feature, part.feature);
    t.signals.clear();
    join(t.choice, part.choice);
  }
  r.fresh = fresh_flags(r.trials, "none");
  for (int u = 0; u < all; ++u) r.units.push_back(subject_trials(r.trials, u, r.fresh));
  return r;
}
GroupFitOptions options_of(const Coding& coding) {
  GroupFitOptions o;
  o.predict = false;
  o.chains = 2;
  o.warmup = unless_sanitized(o.warmup, 40);
  o.draws = unless_sanitized(1000, 40);
  o.overrides = {{"v0", 0.0}};
  o.designs = {{"alpha", coding.design()}};
  return o;
}

TEST(Effects, EmpiricalBayesStandsWhereTheDensityIsFlat) {
  const Study s = study();
  const auto coding = coded(s.table, "alpha ~ drug * session + scale(age)", {{"drug", "placebo"}});
  const auto o = options_of(coding);
  const auto& learner = find_learner("rescorla_wagner");
  auto model = group_model(learner, o.overrides);
  add_designs(model, learner, o.designs, static_cast<int>(s.units.size()));
  const Posterior p(learner, model, s.units, s.table.subject_of);
  const Laplace l = laplace(p, 100);
  ASSERT_EQ(l.b[0].size(), 4u);
  // At these sigmas, mu, b and every subject's values are the most probable ones: no slope of the density in any of them.
  std::vector<double> q(static_cast<std::size_t>(p.dim())), grad(q.size());
  for (int k = 0; k < p.params(); ++k) {
    const auto at = static_cast<std::size_t>(k);
    q[static_cast<std::size_t>(p.nu(k))] = l.mu[at];
    q[static_cast<std::size_t>(p.x(k))] = std::log(l.sigma[at]);
    for (std::size_t c = 0; c < l.b[at].size(); ++c) q[static_cast<std::size_t>(p.b(k)) + c] = l.b[at][c];
    for (int i = 0; i < p.subjects(); ++i) {
      double expected = l.mu[at];
      for (std::size_t c = 0; c < l.b[at].size(); ++c) expected += p.mean_row(k, i)[c] * l.b[at][c];
      q[static_cast<std::size_t>(p.y(k, i))] =
          (l.center[static_cast<std::size_t>(k * p.subjects() + i)] - expected) / l.sigma[at];
    }
  }
  PosteriorDensity density(p);
  (void)density_on_log_sigma(p, density, q, grad);
  const auto names = p.names();
  const auto all = static_cast<std::size_t>(p.coefficients());
  for (std::size_t i = 0; i < q.size(); ++i) {
    if (names[i][0] == 'x') continue;
    // In units of a standard error: how far the estimate is from where the slope is 0.
    const double var = i < all ? l.group_covariance[i * all + i] : 1;
    EXPECT_LT(std::abs(grad[i]) * std::sqrt(var), 0.05) << names[i];
  }
}

TEST(Effects, AreFoundAgainAndNoneIsInvented) {
  const Study s = study();
  const auto coding = coded(s.table, "alpha ~ drug + session + scale(age)", {{"drug", "placebo"}});
  const auto fit =
      fit_group(find_learner("rescorla_wagner"), s.units, s.table.subject_of, options_of(coding));
  std::vector<const Coding*> of;
  for (const auto& p : fit.params) of.push_back(p.name == "alpha" ? &coding : nullptr);
  const auto effects = effects_of(fit, of);
  ASSERT_EQ(effects.size(), 1u);
  const auto& b = effects[0].coefficients;
  ASSERT_EQ(b.size(), 3u);
  EXPECT_EQ(b[0].name, "drug[drug]");
  // Cells are T of sums; a difference of cells is the difference of their means.
  const auto& cells = effects[0].cells;
  ASSERT_EQ(cells.size(), 4u);
  EXPECT_EQ(cells[2].at[0], (std::pair<std::string, std::string>{"drug", "drug"}));
  EXPECT_EQ(cells[1].at[1], (std::pair<std::string, std::string>{"session", "2"}));
  const auto& d = effects[0].differences;
  EXPECT_EQ(d[0].name, "drug: drug - placebo, mean over session");
  EXPECT_NEAR(d[0].value.mean,
              (cells[2].value.mean + cells[3].value.mean - cells[0].value.mean - cells[1].value.mean) / 2,
              1e-12);
  // The first cell is the group's value, which is at the mean of what was scaled.
  EXPECT_NEAR(cells[0].value.mean, fit.group[0].summary.mean, 1e-12);
  if (kSanitized) return;  // too few draws to say where they lie
  EXPECT_LT(fit.worst_rhat, 1.02);
  // Four posterior sds: one seed in 16,000 would be off by that much. All seeds are fixed.
  const double truth[3] = {kDrug, kSession, 0};
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_LT(std::abs(b[c].value.mean - truth[c]), 4 * b[c].value.sd) << b[c].name;
  EXPECT_GT(b[0].value.q2_5, 0);
  EXPECT_GT(b[0].above_0, 0.999);
  EXPECT_LT(b[1].value.q97_5, 0);
  EXPECT_LT(b[2].value.q2_5, 0);
  EXPECT_GT(b[2].value.q97_5, 0);
  for (const auto& x : b) EXPECT_LT(x.value.sd, 0.4) << x.name;
}

TEST(Effects, ThatDifferBetweenPeopleAreLessCertain) {
  const Study s = study(0.8);
  const auto& learner = find_learner("rescorla_wagner");
  const auto fitted = [&](const std::string& formula) {
    auto o = options_of(coded(s.table, formula));
    o.groups = {parse_group("alpha = phi 0 1 mu 0 1 sigma 1")};
    return fit_group(learner, s.units, s.table.subject_of, o);
  };
  const auto of = [](const GroupFit& f, const std::string& name) {
    return std::find_if(f.group.begin(), f.group.end(), [&](const auto& q) { return q.name == name; })
        ->summary;
  };
  const auto same = fitted("alpha ~ drug + session"),
             differ = fitted("alpha ~ drug + session + (1 + session | subject)");
  const auto b = of(differ, "b[alpha:session[2]]"), tau = of(differ, "sigma[alpha:session[2]]");
  ASSERT_GT(b.sd, 0);
  ASSERT_GT(tau.sd, 0);
  if (kSanitized) return;
  EXPECT_LT(std::abs(b.mean - kSession), 4 * b.sd);
  EXPECT_LT(std::abs(tau.mean - 0.8), 4 * tau.sd);
  EXPECT_GT(tau.q2_5, 0.3);
  // With 40 people tau alone makes a standard error of 0.8 / sqrt(40) = 0.13; without it the interval is far too narrow.
  EXPECT_GT(b.sd, 0.11);
  EXPECT_GT(b.sd, 1.3 * of(same, "b[alpha:session[2]]").sd);
}

}  // namespace
}  // namespace labile
