/// The hierarchical density: against Stan's of the same models, against differences, and its lanes against one subject at a time.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "bayes/group_fit.hpp"
#include "bayes/unit_scores.hpp"
#include "contract/lane_likelihood.hpp"
#include "core/parallel.hpp"
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
namespace fs = std::filesystem;

const fs::path kOracles = fs::path(LABILE_SOURCE_DIR) / "tests/oracles/stan";

/// The data that the Stan texts were run on, made anew.
const fs::path& stan_data() {
  struct Folder {
    fs::path path = fs::temp_directory_path() / ("labile_bayes_test_" + std::to_string(::getpid()));
    Folder() {
      fs::create_directories(path);
      const std::string command =
          "/usr/bin/python3 " + (kOracles / "make_data.py").string() + " " + path.string();
      if (std::system(command.c_str()) != 0) throw Error("make_data.py failed");
    }
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}
Json read_json(const fs::path& path) {
  std::ifstream in(path);
  return Json::parse(in);
}

/// A data set with all that spans point to.
struct Data {
  Trials trials;
  std::vector<std::uint8_t> fresh;
  std::vector<SubjectTrials> subjects;
  std::vector<int> subject_of;
};
Data read_data(const fs::path& path, const LearnerEntry& learner) {
  ReadOptions o;
  o.signals = learner.inputs;
  Data d{read_trials(path, o).trials, {}, {}, {}};
  d.fresh = fresh_flags(d.trials, "none");
  for (int s = 0; s < static_cast<int>(d.trials.subjects.size()); ++s) {
    d.subjects.push_back(subject_trials(d.trials, s, d.fresh));
    d.subject_of.push_back(s);
  }
  return d;
}

NamedGroup group_from(const std::string& name, const Json& spec) {
  NamedGroup g{name, {}};
  const std::string kind = spec["transform"];
  g.group.kind = kind == "phi" ? Group::phi : kind == "exp" ? Group::exp : Group::identity;
  if (kind == "phi") {
    g.group.lo = spec["lo"];
    g.group.width = spec["scale"];
  }
  g.group.mu_mean = spec["mu_prior"][1];
  g.group.mu_sd = spec["mu_prior"][2];
  g.group.cauchy = spec["sigma_prior"][0] == "half_cauchy";
  g.group.sigma = spec["sigma_prior"][1];
  return g;
}

class StanDensity : public testing::TestWithParam<const char*> {};

TEST_P(StanDensity, ValuesAndGradientsEqualStans) {
  const std::string name = GetParam();
  const auto spec = read_json(kOracles / "models.json")[name];
  const auto oracle = read_json(kOracles / "results" / (name + ".density.json"));
  const auto& learner = find_learner(spec["learner"].get<std::string>());
  const Data d = read_data(stan_data() / (name + ".csv"), learner);
  std::vector<FitOverride> held;
  for (const auto& [param, value] : spec["hold"].items()) held.push_back({param, value.get<double>()});
  std::vector<NamedGroup> groups;
  for (const auto& [param, s] : spec["parameters"].items()) groups.push_back(group_from(param, s));
  const Posterior p(learner, group_model(learner, held, groups), d.subjects, d.subject_of);
  // Ours by Stan's names: mu.A, log_sigma.A, z.A.1
  std::map<std::string, int> place;
  for (int k = 0; k < p.params(); ++k) {
    const auto& param = p.model().params[static_cast<std::size_t>(k)].name;
    place["mu." + param] = p.nu(k);
    place["log_sigma." + param] = p.x(k);
    for (int s = 0; s < p.subjects(); ++s) place["z." + param + "." + std::to_string(s + 1)] = p.y(k, s);
  }
  const std::vector<std::string> names = oracle["names"];
  ASSERT_EQ(static_cast<int>(names.size()), p.dim());
  // Stan 2.21 sums the density of passage times to an absolute error of 1e-6 (its source says so), a trial.
  const double allowed = learner.timed ? 1e-6 : 1e-9;
  PosteriorDensity density(p);
  std::vector<double> differences;
  for (const auto& at : oracle["at"]) {
    const std::vector<double> point = at["point"], slope = at["gradient"];
    std::vector<double> q(point.size()), grad(q.size());
    for (std::size_t i = 0; i < q.size(); ++i) q[static_cast<std::size_t>(place.at(names[i]))] = point[i];
    const double value = density_on_log_sigma(p, density, q, grad);
    differences.push_back(value - at["log_density"].get<double>());
    for (std::size_t i = 0; i < q.size(); ++i)
      EXPECT_NEAR(grad[static_cast<std::size_t>(place.at(names[i]))], slope[i],
                  allowed * std::max(1.0, std::abs(slope[i])))
          << name << ", " << names[i];
  }
  ASSERT_GE(differences.size(), 5u);
  for (const double x : differences)  // the same constant everywhere
    EXPECT_NEAR(x, differences[0], allowed * std::max(1.0, std::abs(differences[0])) + 10 * allowed) << name;
}
INSTANTIATE_TEST_SUITE_P(Models, StanDensity,
                         testing::Values("bandit2arm_delta", "prl_rp", "prl_ewa", "gng_m4", "ts_par7",
                                         "rl_ddm", "dual_learning_rate", "kalman"),
                         [](const auto& x) { return std::string(x.param); });

/// Subjects of every learner, played on the task it is for.
Data played(const LearnerEntry& e, int subjects, std::uint64_t seed, const char* where = nullptr,
            const Settings& settings = {}) {
  const auto& task = find_task(where ? where : e.own_task);
  Simulation play;
  play.make_task = task.make;
  play.task_settings = settings;
  play.make_agent = e.make;
  play.make_each = e.make_each;
  play.seed = seed;
  Data d{simulate(play, 0, subjects), {}, {}, {}};
  d.fresh = fresh_flags(d.trials, task.make(settings, nullptr)->info().reset_on);
  for (int s = 0; s < subjects; ++s) {
    d.subjects.push_back(subject_trials(d.trials, s, d.fresh));
    d.subject_of.push_back(s);
  }
  return d;
}

/// The first `n` decisions of a subject.
SubjectTrials cut(SubjectTrials s, std::size_t n) {
  const std::size_t per = s.feature.size() / std::max<std::size_t>(1, s.size());
  s.feature = s.feature.subspan(0, n * per);
  const auto shorten = [&](auto& x) {
    if (!x.empty()) x = x.subspan(0, n);
  };
  shorten(s.choice);
  shorten(s.outcome);
  shorten(s.fresh);
  shorten(s.state);
  shorten(s.stage);
  shorten(s.right);
  shorten(s.report);
  shorten(s.rt_s);
  for (auto& c : s.inputs) shorten(c.values);
  return s;
}
/// A row of parameters somewhat off the defaults, the same for the same `subject`.
std::vector<double> some_row(const LearnerEntry& e, std::uint32_t subject) {
  const Draw draw{5, Purpose::parameters, subject};
  std::vector<double> row;
  for (std::size_t k = 0; k < e.params.size(); ++k) {
    const auto& p = e.params[k];
    const double x = std::get<double>(p.standard), u = draw.uniform(static_cast<std::uint32_t>(k)) - 0.3;
    const double width = p.bounds.hi - p.bounds.lo;
    row.push_back(clamp(x + 0.1 * u * (width < 50 ? std::min(width, 1.0) : std::max(1.0, std::abs(x))),
                        p.bounds.lo, p.bounds.hi));
  }
  return row;
}

/// Each learner's lanes against its likelihood of one subject: unequal lengths, missing choices and outcomes.
using RowOf = std::vector<double>(const LearnerEntry&, std::uint32_t);
void expect_lanes_equal(const LearnerEntry& e, const Data& d, const std::vector<SubjectTrials>& subjects,
                        RowOf row_of = some_row) {
  const auto groups = pack_lanes(subjects, e.likelihood->lane_needs());
  // A subject may take several lanes, one a state.
  std::vector<double> value(subjects.size(), 0.0);
  std::vector<std::vector<double>> grad(subjects.size(), std::vector<double>(e.params.size(), 0.0));
  for (const auto& g : groups) {
    std::vector<Vec> theta(e.params.size(), Vec(0.5)), slope(e.params.size());
    for (std::size_t k = 0; k < theta.size(); ++k)
      for (int i = 0; i < kWidth; ++i) {  // idle lanes get valid parameters too
        const auto lane = static_cast<std::size_t>(i);
        const auto of = lane < g.subject.size() ? g.subject[lane] : g.subject[0];
        theta[k].set(i, row_of(e, static_cast<std::uint32_t>(of))[k]);
      }
    const Vec l = e.likelihood->lanes(theta, g, ~std::uint64_t{0}, slope);
    // Some of the derivatives, as where parameters are held: the same numbers, or none where not wanted.
    std::uint64_t estimated = 0;  // by default
    for (std::size_t k = 0; k < theta.size(); ++k)
      if (e.params[k].prior.kind != Prior::fixed) estimated |= std::uint64_t{1} << k;
    for (const std::uint64_t wanted :
         {estimated, std::uint64_t{1}, std::uint64_t{0x55}, std::uint64_t{0x3a}, std::uint64_t{0}}) {
      std::vector<Vec> some(slope.size(), Vec(kNaN));
      const Vec again = e.likelihood->lanes(theta, g, wanted, some);
      for (int i = 0; i < static_cast<int>(g.subject.size()); ++i) {
        EXPECT_NEAR(again[i], l[i], 1e-12 * std::max(1.0, std::abs(l[i]))) << e.info.name;
        for (std::size_t k = 0; k < slope.size(); ++k) {
          const bool asked = wanted >> k & 1;
          if (asked || some[k][i] != 0) {
            EXPECT_NEAR(some[k][i], slope[k][i], 1e-12 * std::max(1.0, std::abs(slope[k][i])))
                << e.info.name << ", " << e.params[k].name;
          }
        }
      }
    }
    if (e.likelihood->lane_scores) {
      std::vector<Vec> each(g.step.size(), Vec(kNaN));
      const Vec all = e.likelihood->lane_scores(theta, g, each),
                alone = e.likelihood->lane_scores(theta, g, {});
      Vec sum(0.0);
      for (const Vec& x : each) sum += x;
      for (int i = 0; i < static_cast<int>(g.subject.size()); ++i)
        for (const Vec& other : {all, alone, sum})
          EXPECT_NEAR(other[i], l[i], 1e-12 * std::max(1.0, std::abs(l[i]))) << e.info.name;
    }
    for (std::size_t i = 0; i < g.subject.size(); ++i) {
      value[g.subject[i]] += l[static_cast<int>(i)];
      for (std::size_t k = 0; k < slope.size(); ++k) grad[g.subject[i]][k] += slope[k][static_cast<int>(i)];
    }
  }
  for (std::size_t s = 0; s < d.subjects.size(); ++s) {
    std::vector<double> alone(e.params.size());
    const double expected =
        e.likelihood->gradient(row_of(e, static_cast<std::uint32_t>(s)), subjects[s], alone);
    ASSERT_TRUE(std::isfinite(expected)) << e.info.name;
    EXPECT_NEAR(value[s], expected, 1e-11 * std::max(1.0, std::abs(expected)))
        << e.info.name << ", subject " << s;
    for (std::size_t k = 0; k < alone.size(); ++k)
      EXPECT_NEAR(grad[s][k], alone[k], 1e-10 * std::max(1.0, std::abs(alone[k])))
          << e.info.name << ", subject " << s << ", " << e.params[k].name;
  }
}
/// Six draws of a unit, four and two at a time, against its likelihood trial by trial.
void expect_scores_equal(const LearnerEntry& e, const SubjectTrials& s, RowOf row_of = some_row) {
  UnitScores scores(e, s);
  int seen = 0;
  scores.each(
      6,
      [&](int d, std::span<double> row) {
        const auto values = row_of(e, static_cast<std::uint32_t>(d));
        std::copy(values.begin(), values.end(), row.begin());
      },
      [&](int d, std::span<const double> got) {
        EXPECT_EQ(d, seen++);
        std::vector<double> expected(s.size());
        (void)e.likelihood->value(row_of(e, static_cast<std::uint32_t>(d)), s, expected);
        ASSERT_EQ(got.size(), expected.size());
        for (std::size_t t = 0; t < expected.size(); ++t)
          ASSERT_NEAR(got[t], expected[t], 1e-12 * std::max(1.0, std::abs(expected[t])))
              << e.info.name << ", draw " << d << ", trial " << t;
      });
  EXPECT_EQ(seen, 6);
}
TEST(Lanes, EqualOneSubjectAtATimeForEveryLearner) {
  int tried = 0;
  for (const LearnerEntry& plain : all_learners()) {
    if (!plain.likelihood) continue;
    Data d = played(plain, 5, 11);
    for (std::size_t r = 7; r < d.trials.rows(); r += 13) {
      if (r % 2 == 0) d.trials.choice[r] = -1;
      d.trials.outcome[r] = kNaN;
      if (!d.trials.report.empty() && r % 3 == 0) d.trials.report[r] = kNaN;
    }
    std::vector<std::map<std::string, std::vector<double>>> derived(d.subjects.size());
    std::vector<SubjectTrials> subjects;
    std::vector<std::vector<std::uint8_t>> scored(d.subjects.size());
    for (std::size_t s = 0; s < d.subjects.size(); ++s) {
      subjects.push_back(
          cut(d.subjects[s], std::min<std::size_t>(d.subjects[s].size() - 5 * s,
                                                   unless_sanitized<std::size_t>(120, 45) - 5 * s)));
      if (plain.derive) derived[s] = plain.derive(subjects[s]);
      for (std::size_t t = 0; s % 2 == 1 && t < subjects[s].size(); ++t) scored[s].push_back(t % 5 != 0);
      subjects[s].scored = scored[s];
      for (const auto& [name, values] : derived[s]) subjects[s].inputs.push_back({name, values});
    }
    expect_lanes_equal(plain, d, subjects);
    expect_scores_equal(plain, subjects[1]);
    if (plain.with_parts) {
      expect_lanes_equal(plain.with_parts(), d, subjects);
      expect_scores_equal(plain.with_parts(), subjects[1]);
    }
    ++tried;
  }
  EXPECT_GE(tried, 30);
}

/// Of three options each choice is gathered apart from its rivals; with such temperatures some choices are all but impossible.
std::vector<double> steep_row(const LearnerEntry& e, std::uint32_t subject) {
  auto row = some_row(e, subject);
  for (std::size_t k = 0; k < row.size(); ++k)
    if (e.params[k].name == "beta") row[k] = std::min(e.params[k].bounds.hi, 15.0 + 40 * subject);
  return row;
}
TEST(Lanes, EqualOneSubjectAtATimeAmongThreeOptions) {
  const auto& task = find_task("bandit_reversal");
  const Settings three{{"options", {3.0, Where{"test", 0, 0, "options"}}}};
  const auto info = task.make(three, nullptr)->info();
  int tried = 0;
  for (const LearnerEntry& e : all_learners()) {
    if (!e.likelihood || e.derive || !can_play(e, info)) continue;
    Data d = played(e, 6, 12, "bandit_reversal", three);
    for (std::size_t r = 3; r < d.trials.rows(); r += 11) d.trials.choice[r] = -1;
    std::vector<SubjectTrials> subjects;
    for (std::size_t s = 0; s < d.subjects.size(); ++s) subjects.push_back(cut(d.subjects[s], 70 - 9 * s));
    expect_lanes_equal(e, d, subjects);
    expect_lanes_equal(e, d, subjects, steep_row);
    expect_scores_equal(e, subjects[1]);
    expect_scores_equal(e, subjects[1], steep_row);
    ++tried;
  }
  EXPECT_GE(tried, 8);
  // The steep rows are as steep as they are meant to be.
  const auto& e = find_learner("rescorla_wagner");
  Data d = played(e, 6, 12, "bandit_reversal", three);
  std::vector<double> each(d.subjects[2].size());
  (void)e.likelihood->value(steep_row(e, 2), d.subjects[2], each);
  EXPECT_LT(*std::ranges::min_element(each), -30);
}

/// The first lane chose what cannot be chosen, among options as many as utilities are given; the others are as likely as by hand.
template <int Options>
void expect_impossible() {
  using T = Dual<Vec, 1>;
  std::array<Vec, Options> u;
  std::array<T, Options> with_slope;
  for (int o = 0; o < Options; ++o) {
    const auto at = static_cast<std::size_t>(o);
    u[at] = Vec(0.3 * o);
    if (o == 1) u[at].set(0, -kInf);
    with_slope[at] = T(u[at]);
  }
  double sum = 0;
  for (int o = 0; o < Options; ++o) sum += std::exp(0.3 * o);
  const double expected = 0.3 - std::log(sum);
  std::array<Vec, 1> each{Vec(0.0)};
  detail::StepScores scores(each), sums({});
  detail::ChoiceSum<1, Options <= 3 ? Options : 0> with_gradient;
  scores.step(0);
  sums.step(0);
  scores.add(u.data(), Options, Index4(1), 15);
  sums.add(u.data(), Options, Index4(1), 15);
  with_gradient.add(with_slope.data(), Options, Index4(1), 15);
  for (const Vec& l : {scores.finish(), each[0], sums.finish(), with_gradient.value()}) {
    EXPECT_EQ(l[0], -kInf) << Options;
    for (int i = 1; i < kWidth; ++i) EXPECT_NEAR(l[i], expected, 1e-14) << Options;
  }
}
TEST(Lanes, GiveNoProbabilityToWhatCannotBeChosen) {
  expect_impossible<2>();
  expect_impossible<3>();
  expect_impossible<4>();
}

TEST(Spread, CoordinateInvertsAndItsDensityIsThePriors) {
  for (const bool cauchy : {false, true}) {
    Group g;
    g.cauchy = cauchy;
    g.sigma = 0.3;
    for (const double sigma : {1e-9, 1e-4, 0.02, 0.29, 1.0, 30.0})
      EXPECT_NEAR(spread_at(g, spread_coordinate(g, sigma)).sigma, sigma, 1e-11 * sigma) << cauchy;
    // The share of the prior below sigma, by the trapezoidal rule over x, against its closed form.
    constexpr double step = 1e-3;
    double share = 0, x = -12;
    for (const double sigma : {0.05, 0.3, 0.9}) {
      for (const double end = spread_coordinate(g, sigma); x < end - 1e-12;) {
        const double h = std::min(step, end - x);
        share += 0.5 * h * (std::exp(spread_at(g, x).log_prior) + std::exp(spread_at(g, x + h).log_prior));
        x += h;
      }
      const double z = sigma / g.sigma,
                   expected = cauchy ? std::atan(z) * 2 / std::acos(-1.0) : std::erf(z / std::sqrt(2.0));
      EXPECT_NEAR(share, expected, 1e-6) << cauchy << ' ' << sigma;
    }
    for (const double at : {-6.0, -0.7, 0.4, 3.0}) {
      constexpr double h = 1e-5;
      const auto up = spread_at(g, at + h), down = spread_at(g, at - h), here = spread_at(g, at);
      EXPECT_NEAR(here.log_slope, (std::log(up.sigma) - std::log(down.sigma)) / (2 * h),
                  1e-7 * (1 + here.log_slope));
      EXPECT_NEAR(here.prior_slope, (up.log_prior - down.log_prior) / (2 * h), 1e-6);
    }
  }
}

TEST(Density, GradientEqualsDifferencesForAnyStandard) {
  const auto& e = find_learner("dual_learning_rate");
  Data d = played(e, 6, 3);
  auto model = group_model(e);
  model.params[0].design = {{"drug"}, {{0}, {1}, {0}, {1}, {0}, {1}}, 1};
  // Three people, each in two conditions.
  Posterior p(e, model, d.subjects, {0, 0, 1, 1, 2, 2});
  const int n = p.params();
  std::vector<double> info, pull, map;
  for (int s = 0; s < p.subjects(); ++s)
    for (int i = 0; i < n; ++i) {
      pull.push_back(1.5 * ((s + i) % 3) - 2);
      for (int j = 0; j < n; ++j) info.push_back(i == j ? 2.0 + s + i : 0.4 - 0.3 * ((i + j + s) % 3));
    }
  p.set_standard(info, pull);
  const int all = p.coefficients();
  for (int i = 0; i < all; ++i)
    for (int j = 0; j < all; ++j) map.push_back(i == j ? 0.8 + 0.1 * i : i > j ? 0.3 - 0.2 * j : 0);
  ASSERT_EQ(all, 4);
  p.set_map({0.1, -0.2, 0.3, 0.2}, map);
  expect_gradient_equals_differences(p, Draw{2, Purpose::start, 0}, 0.3);
}

TEST(Density, StandardizingChangesTheScaleAndNothingElse) {
  const auto& e = find_learner("dual_learning_rate");
  Data d = played(e, 4, 3);
  Posterior flat(e, group_model(e), d.subjects, d.subject_of),
      centered(e, group_model(e), d.subjects, d.subject_of);
  const int n = flat.params();
  std::vector<double> info, pull;
  for (int s = 0; s < flat.subjects(); ++s)
    for (int i = 0; i < n; ++i) {
      pull.push_back(0.7 * ((s + i) % 3));
      for (int j = 0; j < n; ++j) info.push_back(i == j ? 1.0 + s : 0);
    }
  centered.set_standard(info, pull);
  PosteriorDensity a(flat), b(centered);
  std::vector<double> q, grad(static_cast<std::size_t>(flat.dim()));
  const Draw draw{4, Purpose::start, 0};
  for (int i = 0; i < flat.dim(); ++i) q.push_back(0.4 * draw.normal(static_cast<std::uint32_t>(i)));
  // The same subjects on the other scale; densities differ by the scale's Jacobian.
  auto r = q;
  double jacobian = 0;
  std::vector<double> here(static_cast<std::size_t>(n)), there(here.size());
  for (int s = 0; s < flat.subjects(); ++s) {
    for (int k = 0; k < n; ++k) {
      const double sigma = flat.sigma(q, k), mu = flat.mu(q, k);
      const auto at = static_cast<std::size_t>(flat.y(k, s));
      const double value = mu + sigma * q[at], tau = 1 / (sigma * sigma);
      const auto i = static_cast<std::size_t>(s * n + k);
      const double var = 1 / (info[i * static_cast<std::size_t>(n) + static_cast<std::size_t>(k)] + tau),
                   mean = (pull[i] + tau * mu) * var;
      r[at] = (value - mean) / std::sqrt(var);
      jacobian += std::log(sigma / std::sqrt(var));
    }
    flat.values(q, s, here);
    centered.values(r, s, there);
    for (std::size_t k = 0; k < here.size(); ++k) EXPECT_NEAR(here[k], there[k], 1e-12);
  }
  EXPECT_NEAR(a.gradient(q, grad) - jacobian, b.gradient(r, grad), 1e-9);
}

TEST(Density, OwnShareIsWhatChoicesTakeOffTheGroupsVariance) {
  const auto& e = find_learner("dual_learning_rate");
  Data d = played(e, 4, 3);
  Posterior p(e, group_model(e), d.subjects, d.subject_of);
  const auto n = static_cast<std::size_t>(p.params());
  ASSERT_EQ(n, 3u);
  // Subject s: two parameters told together with correlation r, the third not at all.
  std::vector<double> info(4 * n * n, 0.0), pull(4 * n, 0.0);
  constexpr double r = 0.6;
  for (std::size_t s = 0; s < 4; ++s) {
    const double h = 1.0 + static_cast<double>(s);
    info[s * n * n] = info[s * n * n + n + 1] = h;
    info[s * n * n + 1] = info[s * n * n + n] = r * h;
  }
  p.set_standard(info, pull);
  std::vector<double> q(static_cast<std::size_t>(p.dim()), 0.2), own(n);
  for (int s = 0; s < 4; ++s) {
    p.own_share(q, s, own);
    const double h = 1.0 + s, a = h + 1 / std::pow(p.sigma(q, 0), 2), b = h + 1 / std::pow(p.sigma(q, 1), 2);
    // The inverse of [[a, r h], [r h, b]], by hand.
    const double left = b / (a * b - r * r * h * h);
    EXPECT_NEAR(own[0], 1 - left / std::pow(p.sigma(q, 0), 2), 1e-12);
    EXPECT_NEAR(own[2], 0, 1e-12);
  }
}

/// A normal mean with known answers, to see that the sampler samples.
class Normal final : public LogDensityOver {
 public:
  [[nodiscard]] int dim() const override { return 3; }
  double gradient(std::span<const double> q, std::span<double> grad) override {
    // sd 1, 2 and 0.5; the first two correlate by 0.6
    const double x = q[0], y = q[1] / 2, z = (q[2] - 3) / 0.5, r = 0.6, v = 1 - r * r;
    grad[0] = -(x - r * y) / v;
    grad[1] = -(y - r * x) / v / 2;
    grad[2] = -z / 0.5;
    return -0.5 * ((x * x - 2 * r * x * y + y * y) / v + z * z);
  }
};
TEST(Nuts, SamplesANormalAndIsAFunctionOfItsSeed) {
  Normal density;
  const std::vector<double> start{0, 0, 0}, metric{1, 1, 1};
  NutsOptions o;
  o.draws = 4000;
  const auto a = sample_chain(density, start, metric, o), b = sample_chain(density, start, metric, o);
  EXPECT_EQ(a.q, b.q);
  o.chain = 1;
  const auto c = sample_chain(density, start, metric, o);
  EXPECT_NE(a.q, c.q);
  const double mean[3] = {0, 0, 3}, sd[3] = {1, 2, 0.5};
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<double> x, squares;
    for (const auto* chain : {&a, &c})
      for (int i = 0; i < chain->draws(); ++i) {
        x.push_back(chain->q[static_cast<std::size_t>(i) * 3 + k]);
        squares.push_back((x.back() - mean[k]) * (x.back() - mean[k]));
      }
    const auto s = summarize_draws(x, 2), s2 = summarize_draws(squares, 2);
    EXPECT_NEAR(s.mean, mean[k], 4 * s.mcse_mean);
    EXPECT_NEAR(s2.mean, sd[k] * sd[k], 4 * s2.mcse_mean);
    EXPECT_GT(s.ess_bulk, 1000);
  }
}

/// A standard normal of five dimensions, higher by 2 nats where the first is in an even strip .4 wide.
class Jumping final : public LogDensityOver {
 public:
  static bool high(double x) { return static_cast<long>(std::floor(x / 0.4)) % 2 == 0; }
  [[nodiscard]] int dim() const override { return 5; }
  double gradient(std::span<const double> q, std::span<double> grad) override {
    double value = high(q[0]) ? 2 : 0;
    for (std::size_t k = 0; k < 5; ++k) {
      value -= 0.5 * q[k] * q[k];
      grad[k] = -q[k];
    }
    return value;
  }
};
/// Shorter steps cross as many jumps on the way to where a trajectory turns; only the shortest, which hardly move, cross none.
TEST(Nuts, StepsNoSmallerThanAskedSampleADensityThatJumps) {
  Jumping density;
  const std::vector<double> start(5, 0.1), metric(5, 1);
  NutsOptions o;
  o.warmup = 1000;
  o.draws = 20000;
  o.adapt_delta = 0.9;
  o.least_step = 0.3;
  const auto a = sample_chain(density, start, metric, o);
  EXPECT_GE(a.step, 0.3);
  double high = 0, all = 0, square = 0;
  for (double x = -7.9995; x < 8; x += 0.001) {
    const double w = std::exp(-0.5 * x * x + (Jumping::high(x) ? 2 : 0));
    all += w;
    high += Jumping::high(x) ? w : 0;
    square += w * x * x;
  }
  std::vector<double> is_high, squares, other;
  for (int i = 0; i < a.draws(); ++i) {
    const double* q = &a.q[static_cast<std::size_t>(i) * 5];
    is_high.push_back(Jumping::high(q[0]));
    squares.push_back(q[0] * q[0]);
    other.push_back(q[1] * q[1]);
  }
  const auto h = summarize_draws(is_high, 1), s = summarize_draws(squares, 1), n = summarize_draws(other, 1);
  EXPECT_NEAR(h.mean, high / all, 4 * h.mcse_mean);
  EXPECT_NEAR(s.mean, square / all, 4 * s.mcse_mean);
  EXPECT_NEAR(n.mean, 1, 4 * n.mcse_mean);
  EXPECT_LT(h.mcse_mean, 0.01);
  o.draws = 10;
  o.least_step = 0;
  EXPECT_LT(sample_chain(density, start, metric, o).step, 0.3) << "nothing is limited otherwise";
}

/// A normal whose slope is no number at 0, where chains start; `flat`: the same density everywhere.
class Cliff final : public LogDensityOver {
 public:
  explicit Cliff(bool flat) : flat_(flat) {}
  [[nodiscard]] int dim() const override { return 1; }
  double gradient(std::span<const double> q, std::span<double> grad) override {
    grad[0] = flat_ ? 0 : q[0] == 0 ? kNaN : -q[0];
    return flat_ ? 0 : -0.5 * q[0] * q[0];
  }
  /// Off the edge, as steps of single subjects go.
  double move(std::span<double> q, const Draw&, std::uint32_t) override {
    if (q[0] != 0) return 0;
    q[0] = 0.5;
    return -0.125;
  }

 private:
  bool flat_;
};
TEST(Nuts, GoesOnWhereNoStepIsSmallEnough) {
  const std::vector<double> start{0}, metric{1};
  NutsOptions o;
  o.draws = 2000;
  Cliff edge(false), improper(true);
  const auto a = sample_chain(edge, start, metric, o);
  const auto s = summarize_draws(a.q, 1);
  EXPECT_NEAR(s.mean, 0, 4 * s.mcse_mean);
  EXPECT_NEAR(s.sd, 1, 0.2);
  EXPECT_GT(a.step, 0.1);
  EXPECT_THROW((void)sample_chain(improper, start, metric, o), Error);
}

TEST(GroupFit, IsTheSameForAnyNumberOfThreads) {
  const auto& e = find_learner("rescorla_wagner");
  Data d = played(e, 5, 9);
  GroupFitOptions o;
  o.warmup = 60;
  o.draws = 50;
  const auto one = fit_group(e, d.subjects, d.subject_of, o);
  o.threads = 4;
  const auto four = fit_group(e, d.subjects, d.subject_of, o);
  ASSERT_EQ(one.chains.size(), 4u);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(one.chains[c].q, four.chains[c].q);
  EXPECT_EQ(one.loo.elpd.value, four.loo.elpd.value);
  EXPECT_EQ(one.waic.elpd.value, four.waic.elpd.value);
}

/// What single subjects' own steps change is no step of the momentum: the energy that is left is kinetic, and its fraction is near 1.
TEST(GroupFit, EnergiesAreThoseOfTheDrawsThatAreKept) {
  const auto& e = find_learner("hgf_binary_2level");
  ASSERT_TRUE(e.likelihood->jumps);
  Data d = played(e, 6, 4);
  GroupFitOptions o;
  o.chains = 2;
  o.warmup = 200;
  o.draws = 400;
  const auto f = fit_group(e, d.subjects, d.subject_of, o);
  for (const auto& c : f.chains) {
    double moved = 0;
    for (int i = 0; i < c.draws(); ++i) {
      const auto k = static_cast<std::size_t>(i);
      EXPECT_GT(c.energy[k] + c.lp[k], 0);
      moved += std::abs(c.moved[k]);
    }
    EXPECT_GT(moved, 10);
  }
  for (const double x : f.e_bfmi) EXPECT_NEAR(x, 1, 0.4);  // 1.8 and more with those steps in it
}

TEST(GroupFit, KeepsChainsThatHaveFinishedWhenInterrupted) {
  const auto& e = find_learner("rescorla_wagner");
  Data d = played(e, 3, 9);
  GroupFitOptions o;
  o.warmup = 50;
  o.draws = 70;
  const auto whole = fit_group(e, d.subjects, d.subject_of, o);
  // One thread takes the chains in turn; 120 iterations each, so iteration 300 is in the third.
  const auto interrupt_at = [&](int iteration) {
    o.progress = [=, seen = 0](double, const std::string& what) mutable {
      if (what == "sampling" && 100 * seen++ == iteration) request_interrupt();
    };
  };
  interrupt_at(300);
  const auto part = fit_group(e, d.subjects, d.subject_of, o);
  EXPECT_FALSE(interrupted());
  ASSERT_EQ(part.chains.size(), 2u);
  EXPECT_EQ(part.chains[0].q, whole.chains[0].q);
  EXPECT_EQ(part.chains[1].q, whole.chains[1].q);
  EXPECT_NE(part.warnings.front().find("2 of 4 chains"), std::string::npos) << part.warnings.front();
  interrupt_at(0);
  EXPECT_THROW((void)fit_group(e, d.subjects, d.subject_of, o), Interrupted);
  clear_interrupt();
}

/// Everybody moves once the metric says that all are steep.
std::vector<double> steep(const Posterior& p) {
  return std::vector<double>(static_cast<std::size_t>(p.dim()), 0.1);
}

TEST(Moves, ChangeTheDensityByWhatTheySay) {
  const auto& e = find_learner("dual_learning_rate");
  Data d = played(e, 6, 3);
  for (auto& s : d.subjects) s = cut(s, 12);
  for (const auto& [lkj, effects] : {std::pair{0.0, false}, {2.0, false}, {0.0, true}, {2.0, true}}) {
    auto model = group_model(e);
    model.lkj = lkj;
    const std::vector<std::vector<double>> drug{{0}, {1}, {0}, {1}, {0}, {1}};
    model.params[0].design = {{"drug"}, drug, 1};
    if (effects) {
      model.params[0].design.slope_names = model.params[2].design.slope_names = {"drug"};
      model.params[0].design.slope_x = model.params[2].design.slope_x = drug;
    }
    Posterior p(e, model, d.subjects, {0, 0, 1, 1, 2, 2});
    const int n = p.params();
    std::vector<double> info, pull;
    for (int s = 0; s < p.subjects(); ++s)
      for (int i = 0; i < n; ++i) {
        pull.push_back(0.5 * ((s + i) % 3) - 0.4);
        for (int j = 0; j < n; ++j) info.push_back(i == j ? 1.0 + s + i : 0.2 - 0.3 * ((i + j + s) % 3));
      }
    p.set_standard(info, pull);
    PosteriorDensity density(p);
    std::vector<double> q, grad(static_cast<std::size_t>(p.dim()));
    const Draw draw{2, Purpose::start, 0};
    for (int i = 0; i < p.dim(); ++i) q.push_back(0.4 * draw.normal(static_cast<std::uint32_t>(i)));
    EXPECT_EQ(density.move(q, draw, 0), 0) << "nobody moves before a metric is learned";
    density.learned(steep(p));
    int moved = 0, moved_effects = 0;
    const int effects_begin = p.y(n - 1, p.subjects() - 1) + 1;
    for (std::uint32_t i = 1; i <= 50; ++i) {
      const auto from = q;
      const double before = density.gradient(q, grad), by = density.move(q, draw, i);
      EXPECT_NEAR(density.gradient(q, grad) - before, by, 1e-9) << i;
      for (int k = 0; k < p.dim(); ++k) {
        const auto at = static_cast<std::size_t>(k);
        moved += q[at] != from[at];
        moved_effects += k >= effects_begin && q[at] != from[at];
        EXPECT_TRUE(k >= p.y(0, 0) || q[at] == from[at]) << p.names()[at];
      }
    }
    EXPECT_GT(moved, 50);
    EXPECT_EQ(moved_effects > 20, effects);
  }
}

TEST(Moves, AreGivenToAllWhoseLikelihoodJumps) {
  std::set<std::string_view> jumping;
  for (const LearnerEntry& e : all_learners())
    if (e.likelihood && e.likelihood->jumps) jumping.insert(e.info.name);
  EXPECT_EQ(jumping,
            (std::set<std::string_view>{"hgf_binary_2level", "hgf_binary_3level", "hgf_continuous_2level",
                                        "hgf_continuous_3level", "latent_cause", "task_sets", "yu_dayan"}));
  for (const char* name : {"rescorla_wagner", "yu_dayan", "latent_cause", "task_sets"}) {
    const auto& e = find_learner(name);
    Data d = played(e, 3, 3);
    for (auto& s : d.subjects) s = cut(s, 12);
    Posterior p(e, group_model(e), d.subjects, d.subject_of);
    PosteriorDensity density(p);
    std::vector<double> q(static_cast<std::size_t>(p.dim()), 0.0);
    density.learned(std::vector<double>(q.size(), 1.0));  // nobody is steep
    const auto from = q;
    for (std::uint32_t i = 0; i < 50; ++i) (void)density.move(q, Draw{2, Purpose::start, 0}, i);
    const bool jumps = std::string_view(name) != "rescorla_wagner";
    EXPECT_EQ(e.likelihood->jumps, jumps);
    EXPECT_EQ(p.least_step() > 0, jumps);
    for (int s = 0; s < 3; ++s) {
      const auto at = static_cast<std::size_t>(p.y(0, s));
      EXPECT_EQ(q[at] != from[at], jumps) << name << " " << s;
    }
  }
}

/// With `places`, the density has seen the draws of a warm-up, whose places are then proposed too. With `effects`, a subject has two units
/// and one parameter that differs between them, its own y and v instead of two y.
/// With `tops`, proposals from around two solutions, which are none, come too.
void expect_moves_leave_the_posterior(bool places, bool effects, bool tops = false) {
  const auto& e = find_learner("rescorla_wagner");
  Data d = played(e, effects ? 10 : 5, 3);
  for (auto& s : d.subjects) s = cut(s, 15);
  auto model = group_model(e);
  if (effects) {
    model.params.erase(model.params.begin());
    model.params[0].design.slope_names = {"drug"};
    for (int u = 0; u < 10; ++u) {
      model.params[0].design.slope_x.push_back({u % 2 - 0.5});
      d.subject_of[static_cast<std::size_t>(u)] = u / 2;
    }
  }
  Posterior p(e, model, d.subjects, d.subject_of);
  ASSERT_EQ(p.params(), effects ? 1 : 2);
  // Coordinates of a scale and place that do not fit, so that proposals are far from what is wanted.
  std::vector<double> info, pull;
  for (int s = 0; s < 5; ++s) {
    if (effects) {
      info.push_back(2.0);
      pull.push_back(0.8);
      continue;
    }
    info.insert(info.end(), {2.0, 0.5, 0.5, 1.0});
    pull.insert(pull.end(), {0.8, -0.6});
  }
  p.set_standard(info, pull);
  if (tops) {
    const auto n = static_cast<std::size_t>(p.params());
    std::vector<double> covariance(n * n, 0.1);
    for (std::size_t k = 0; k < n; ++k) covariance[k * n + k] = 0.4 + 0.3 * static_cast<double>(k);
    const Posterior::Top low{std::vector<double>(n, -0.6), covariance},
        high{std::vector<double>(n, 1.1), covariance};
    p.set_tops(std::vector<std::vector<Posterior::Top>>(5, {low, high}));
    ASSERT_EQ(p.tops(4).size(), 2u);
  }
  PosteriorDensity density(p);
  std::vector<double> q(static_cast<std::size_t>(p.dim()), 0.0), grad(q.size());
  density.learned(steep(p));
  const Draw before{10, Purpose::start, 0};
  if (places) {
    for (std::uint32_t i = 0; i < 150; ++i) (void)density.move(q, before, i);
    density.learned(steep(p));
  }
  constexpr int kSubject = 4, kDraws = unless_sanitized(40000, 4000), kBatches = 100;
  const auto a = static_cast<std::size_t>(p.y(0, kSubject)),
             b = static_cast<std::size_t>(effects ? p.v(0, 0, kSubject) : p.y(1, kSubject));
  const auto parts = [&](const std::vector<double>& x) {
    return std::array{x[a], x[b], x[a] * x[a], x[b] * x[b], x[a] * x[b], x[a] > 1.0 ? 1.0 : 0.0};
  };
  // By quadrature, everything else held.
  auto at = q;
  const double top = density.gradient(at, grad);
  std::array<double, 6> expected{};
  double whole = 0;
  // Midpoints, so that what is asked for ends where cells do.
  constexpr double kCell = unless_sanitized(0.05, 0.2), kFirst = -8 + kCell / 2;
  for (at[a] = kFirst; at[a] < 8; at[a] += kCell)
    for (at[b] = kFirst; at[b] < 8; at[b] += kCell) {
      const double w = std::exp(density.gradient(at, grad) - top);
      const auto x = parts(at);
      whole += w;
      for (std::size_t i = 0; i < x.size(); ++i) expected[i] += w * x[i];
    }
  std::array<std::array<double, kBatches>, 6> batch{};
  const Draw draw{9, Purpose::start, 0};
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    (void)density.move(q, draw, i);
    const auto x = parts(q);
    for (std::size_t k = 0; k < x.size(); ++k)
      batch[k][i / (kDraws / kBatches)] += x[k] / (kDraws / kBatches);
  }
  for (std::size_t k = 0; k < batch.size(); ++k) {
    double mean = 0, squares = 0;
    for (const double x : batch[k]) mean += x / kBatches;
    for (const double x : batch[k]) squares += (x - mean) * (x - mean);
    const double error = std::sqrt(squares / (kBatches - 1) / kBatches);
    EXPECT_NEAR(mean, expected[k] / whole, 4 * error) << k;
    EXPECT_LT(error, unless_sanitized(0.05, 0.16)) << k;
  }
}
TEST(Moves, LeaveASubjectsPosteriorAsItIs) {
  expect_moves_leave_the_posterior(false, false);
}
TEST(Moves, ThatKnowPlacesLeaveItToo) {
  expect_moves_leave_the_posterior(true, false);
}
TEST(Moves, ThatKnowSolutionsLeaveItToo) {
  expect_moves_leave_the_posterior(false, false, true);
  expect_moves_leave_the_posterior(true, false, true);
  expect_moves_leave_the_posterior(true, true, true);
}
TEST(Moves, OfEffectsLeaveItToo) {
  expect_moves_leave_the_posterior(false, true);
  expect_moves_leave_the_posterior(true, true);
}

TEST(Groups, AreReadAndRefusedInWords) {
  const auto g = parse_group("beta = phi 0 10 mu -1 0.5 cauchy 2");
  EXPECT_EQ(g.name, "beta");
  EXPECT_EQ(g.group.kind, Group::phi);
  EXPECT_EQ(g.group.width, 10);
  EXPECT_EQ(g.group.mu_mean, -1);
  EXPECT_TRUE(g.group.cauchy);
  const auto says = [](const std::string& text, const std::string& word) {
    try {
      (void)parse_group(text);
      FAIL() << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
  };
  says("beta", "NAME =");
  says("beta = fi 0 1", "did you mean 'phi'");
  says("beta = phi 0", "wants a number");
  says("beta = exp sigma 0", "above 0");
  says("beta = exp mean 0", "unknown word 'mean'");
  const auto& e = find_learner("rescorla_wagner");
  EXPECT_THROW((void)group_model(e, {}, {parse_group("betta = exp")}), Error);
  EXPECT_THROW((void)group_model(e, {}, {parse_group("alpha = phi 0 2")}), Error);
}

TEST(Transforms, InvertAndMatchTheirDefinition) {
  for (const double y : {-6.0, -2.0, -0.3, 0.0, 0.7, 3.0, 5.0}) {
    const auto g = phi_group(0, 10);
    const double x = 10 / (1 + std::exp(-(0.07056 * y * y * y + 1.5976 * y)));
    EXPECT_NEAR(from_line(g, y), x, 1e-13 * std::max(1.0, x));
    if (std::abs(y) < 3) {
      EXPECT_NEAR(to_line(g, x), y, 1e-9);
    }
    EXPECT_NEAR(to_line(exp_group(), from_line(exp_group(), y)), y, 1e-12);
  }
}
}  // namespace
}  // namespace labile
