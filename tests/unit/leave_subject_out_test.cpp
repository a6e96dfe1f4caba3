/// Leave-one-subject-out with the subject integrated out: its integrals against quadrature, its scores against fits without the subject;
/// and draws from the prior against what the prior says.
#include "bayes/leave_subject_out.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bayes/prior_draws.hpp"
#include "core/random.hpp"
#include "learners/catalogue.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "sanitized.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {

struct Data {
  Trials trials;
  std::vector<std::uint8_t> fresh;
  std::vector<SubjectTrials> subjects;
  std::vector<int> subject_of;
};
/// People of differing learning rates on a bandit.
Data played(const LearnerEntry& e, int subjects, int trials, std::uint64_t seed) {
  std::vector<std::vector<double>> rows;
  for (int s = 0; s < subjects; ++s) {
    std::vector<double> row;
    for (const auto& p : e.params) row.push_back(std::get<double>(p.standard));
    row[0] = 0.1 + 0.8 * s / subjects;
    rows.push_back(row);
  }
  Simulation play;
  play.make_task = find_task("bandit_reversal").make;
  play.task_settings["blocks"] = {
      std::vector<std::string>{std::to_string(trials / 2), std::to_string(trials / 2)}, {}};
  play.make_agent = e.make;
  play.make_each = e.make_each;
  play.rows = &rows;
  play.seed = seed;
  Data d{simulate(play, 0, subjects), {}, {}, {}};
  d.fresh = fresh_flags(d.trials, "none");
  for (int s = 0; s < subjects; ++s) {
    d.subjects.push_back(subject_trials(d.trials, s, d.fresh));
    d.subject_of.push_back(s);
  }
  return d;
}
std::span<const double> draw_of(const GroupFit& f, std::size_t d) {
  const auto& c = f.chains[d / static_cast<std::size_t>(f.chains[0].draws())];
  const auto dim = static_cast<std::size_t>(c.dim);
  return std::span(c.q).subspan(d % static_cast<std::size_t>(c.draws()) * dim, dim);
}

/// ln of the integral of exp(log_f(x)) N(x; mu, sigma) over a grid of 8 sigma on either side, a tenth of
/// sigma wide: the trapezoidal rule, which is exact to
/// rounding for what is smooth and vanishes at both ends.
template <class F>
double quadrature(double mu, double sigma, F&& log_f) {
  constexpr int kSteps = 160;
  constexpr double kReach = 8, kLogSqrt2Pi = 0.91893853320467274178;
  std::vector<double> v;
  double top = -INFINITY;
  for (int i = 0; i <= kSteps; ++i) {
    const double z = -kReach + 2 * kReach * i / kSteps;
    v.push_back(log_f(mu + sigma * z) - 0.5 * z * z - kLogSqrt2Pi);
    top = std::max(top, v.back());
  }
  double sum = 0;
  for (const double x : v) sum += std::exp(x - top);
  return top + std::log(sum * 2 * kReach / kSteps);
}

/// The subject's likelihood with parameter 0 of the model at `x` before T.
double loglik_at(const Posterior& p, const SubjectTrials& s, double x) {
  auto row = p.model().standard;
  const auto& param = p.model().params[0];
  row[static_cast<std::size_t>(param.at)] = from_line(param.group, x);
  return p.learner().likelihood->value(row, s, {});
}

GroupFitOptions options(int draws, std::vector<FitOverride> held) {
  GroupFitOptions o;
  o.warmup = unless_sanitized(300, 100);
  o.draws = draws;
  o.threads = 2;
  o.predict = false;
  o.overrides = std::move(held);
  return o;
}

/// More points than usual: these tests are of what is summed, integration_mcse tells how well few do.
constexpr SubjectOutOptions kMany = unless_sanitized(
    SubjectOutOptions{.points = 65536, .enough = 16384, .points_a_draw = 8192}, SubjectOutOptions{});

TEST(IntegratedLoglik, EqualsQuadratureOfOneParameter) {
  const auto& e = find_learner("rescorla_wagner");
  const Data d = played(e, 6, 80, 3);
  const auto f = fit_group(e, d.subjects, d.subject_of, options(12, {{"beta", 3.0}}));
  const Posterior& p = *f.posterior;
  ASSERT_EQ(p.params(), 1);
  double largest = 0;
  for (int s = 0; s < 6; ++s) {
    const auto l = integrated_loglik(f, s, kMany);
    ASSERT_EQ(l.size(), 48u);
    for (std::size_t i = 0; i < l.size(); i += 5) {
      const auto q = draw_of(f, i);
      const double exact = quadrature(p.mu(q, 0), p.sigma(q, 0), [&](double x) {
        return loglik_at(p, d.subjects[static_cast<std::size_t>(s)], x);
      });
      largest = std::max(largest, std::abs(l[i] - exact));
    }
  }
  EXPECT_LT(largest, unless_sanitized(1e-3, 0.05));
  // As many points as usual: close at every draw, and the mean over draws as close as the error that is stated.
  double error = 0;
  const auto l = integrated_loglik(f, 2, {});
  for (std::size_t i = 0; i < l.size(); ++i) {
    const auto q = draw_of(f, i);
    const double exact =
        quadrature(p.mu(q, 0), p.sigma(q, 0), [&](double x) { return loglik_at(p, d.subjects[2], x); });
    EXPECT_NEAR(l[i], exact, 0.05);
    error += (l[i] - exact) / static_cast<double>(l.size());
  }
  EXPECT_LT(std::abs(error), 4 * leave_subjects_out(f, {}).integration_mcse[2]);
}

TEST(IntegratedLoglik, EqualsQuadratureOfTwoParameters) {
  const auto& e = find_learner("rescorla_wagner");
  const Data d = played(e, 5, 60, 4);
  const auto f = fit_group(e, d.subjects, d.subject_of, options(12, {}));
  const Posterior& p = *f.posterior;
  ASSERT_EQ(p.params(), 2);
  const auto& a = p.model().params[0];
  const auto& b = p.model().params[1];
  for (int s = 0; s < 5; s += 2) {
    const auto l = integrated_loglik(f, s, kMany);
    for (const std::size_t i : {7u, 31u}) {
      const auto q = draw_of(f, i);
      auto row = p.model().standard;
      const double exact = quadrature(p.mu(q, 0), p.sigma(q, 0), [&](double x) {
        row[static_cast<std::size_t>(a.at)] = from_line(a.group, x);
        return quadrature(p.mu(q, 1), p.sigma(q, 1), [&](double y) {
          row[static_cast<std::size_t>(b.at)] = from_line(b.group, y);
          return e.likelihood->value(row, d.subjects[static_cast<std::size_t>(s)], {});
        });
      });
      EXPECT_NEAR(l[i], exact, unless_sanitized(0.01, 0.1)) << "subject " << s << ", draw " << i;
    }
  }
}

/// Where a subject has rows of different covariates, each draw is integrated by itself.
TEST(IntegratedLoglik, TakesCovariatesWithinSubjects) {
  const auto& e = find_learner("rescorla_wagner");
  const Data d = played(e, 6, 60, 5);
  auto model = group_model(e, {{"beta", 3.0}});
  model.params[0].design = {{"drug"}, {{0}, {1}, {0}, {1}, {0}, {1}}, 1};
  GroupFit f;
  f.posterior = std::make_unique<Posterior>(e, model, d.subjects, std::vector<int>{0, 0, 1, 1, 2, 2});
  const Posterior& p = *f.posterior;
  const Draw draw{2, Purpose::start, 0};
  for (std::uint32_t c = 0; c < 2; ++c) {
    NutsChain chain;
    chain.dim = p.dim();
    chain.lp.assign(40, 0);
    for (std::uint32_t i = 0; i < 40; ++i)
      for (int k = 0; k < p.dim(); ++k)
        chain.q.push_back((k == p.x(0) ? 0.4 : 0) +
                          0.3 * draw.normal(c * 40 + i, static_cast<std::uint32_t>(k)));
    f.chains.push_back(std::move(chain));
  }
  for (int s = 0; s < 3; ++s) {
    const auto l = integrated_loglik(f, s, {.points_a_draw = 1024});
    ASSERT_EQ(l.size(), 80u);
    for (std::size_t i = 0; i < 80; i += 9) {
      const auto q = draw_of(f, i);
      const double drug = p.coefficient(q, p.b(0));
      const double exact = quadrature(p.mu(q, 0), p.sigma(q, 0), [&](double x) {
        return loglik_at(p, d.subjects[static_cast<std::size_t>(2 * s)], x) +
               loglik_at(p, d.subjects[static_cast<std::size_t>(2 * s + 1)], x + drug);
      });
      EXPECT_NEAR(l[i], exact, 0.02) << "subject " << s << ", draw " << i;
    }
  }
}

/// ln p(y_s | y_others) from a fit of the others, for all whose weights are reliable. At most eight subjects at 4 standard errors each: a
/// false alarm once in 2000 runs.
TEST(LeaveSubjectsOut, EqualsFitsWithoutTheSubject) {
  const auto& e = find_learner("rescorla_wagner");
  const Data d = played(e, 8, 60, 6);
  const auto o = options(unless_sanitized(1500, 100), {{"beta", 3.0}});
  const auto f = fit_group(e, d.subjects, d.subject_of, o);
  const auto out = leave_subjects_out(f, {.threads = 2});
  ASSERT_EQ(out.loo.points.size(), 8u);
  int tried = 0;
  if (kSanitized) return;  // too few draws to compare fits with
  for (std::size_t s = 0; s < 8; ++s) {
    EXPECT_LT(out.integration_mcse[s], 0.01);
    if (out.loo.points[s].k > out.loo.threshold) continue;
    std::vector<SubjectTrials> others;
    std::vector<int> of;
    for (std::size_t i = 0; i < 8; ++i)
      if (i != s) {
        others.push_back(d.subjects[i]);
        of.push_back(static_cast<int>(of.size()));
      }
    const auto without = fit_group(e, others, of, o);
    const Posterior& p = *without.posterior;
    std::vector<double> density;
    for (std::size_t i = 0; i < 6000; i += 6) {
      const auto q = draw_of(without, i);
      density.push_back(std::exp(
          quadrature(p.mu(q, 0), p.sigma(q, 0), [&](double x) { return loglik_at(p, d.subjects[s], x); }) -
          out.loo.points[s].elpd));
    }
    const auto m = summarize_draws(density, 4);  // 1 when both agree
    const double error = std::log(m.mean), se = std::hypot(m.mcse_mean / m.mean, out.loo.points[s].mcse);
    EXPECT_LT(std::abs(error), 4 * std::hypot(se, out.integration_mcse[s]))
        << "subject " << s << ": " << error << " nats, se " << se;
    ++tried;
  }
  EXPECT_GE(tried, 5);
}

TEST(LeaveSubjectsOut, IsTheSameForAnyNumberOfThreads) {
  const auto& e = find_learner("rescorla_wagner");
  const Data d = played(e, 4, 40, 7);
  const auto f = fit_group(e, d.subjects, d.subject_of, options(60, {}));
  const auto one = leave_subjects_out(f, {.threads = 1}), four = leave_subjects_out(f, {.threads = 4});
  for (std::size_t s = 0; s < 4; ++s) EXPECT_EQ(one.loo.points[s].elpd, four.loo.points[s].elpd);
}

/// mu ~ N(1, 2), sigma ~ half-N(0.5), theta ~ N(mu, sigma): mean 1, variance 4 + 0.25, covariance of two people 4.
TEST(PriorRows, HaveTheMomentsOfThePrior) {
  const auto& e = find_learner("rescorla_wagner");
  const auto model = group_model(e, {{"alpha", 0.3}}, {parse_group("beta = identity mu 50 2 sigma 0.5")});
  ASSERT_EQ(model.params.size(), 1u);
  const auto at = static_cast<std::size_t>(model.params[0].at);
  const std::vector<int> two{0, 1};
  constexpr int kGroups = 20000;
  double sum = 0, square = 0, product = 0;
  for (std::uint32_t g = 0; g < kGroups; ++g) {
    const auto rows = prior_rows(model, two, 9, g);
    const double x = rows[0][at] - 50, y = rows[1][at] - 50;
    EXPECT_EQ(rows[0][0], 0.3);
    sum += x;
    square += x * x;
    product += x * y;
  }
  // Standard errors of a normal's mean, variance and covariance; sigma makes tails a little heavier.
  EXPECT_NEAR(sum / kGroups, 0, 4 * std::sqrt(4.25 / kGroups));
  EXPECT_NEAR(square / kGroups, 4.25, 4 * 1.05 * 4.25 * std::sqrt(2.0 / kGroups));
  EXPECT_NEAR(product / kGroups, 4, 4 * 1.05 * std::sqrt((4.25 * 4.25 + 16) / kGroups));
}

/// Slopes: a subject's two units differ by tau v, of variance E tau^2, the square of the prior's scale. Correlations: of LKJ(2) between two
/// parameters, r has the mean 0 and the variance 1 / 5.
TEST(PriorRows, HaveSlopesAndCorrelationsOfThePrior) {
  const auto& e = find_learner("rescorla_wagner");
  auto model = group_model(e, {},
                           {parse_group("beta = identity mu 50 1e-9 sigma 0.5"),
                            parse_group("alpha = phi 0 1 mu 0 1e-9 sigma 0.4")});
  ASSERT_EQ(model.params.size(), 2u);
  auto& beta = model.params[1];
  const auto at = static_cast<std::size_t>(beta.at), alpha = static_cast<std::size_t>(model.params[0].at);
  beta.design.slope_names = {"x"};
  beta.design.slope_x = {{-0.5}, {0.5}, {0.0}};
  beta.design.x.resize(3);
  const std::vector<int> subject_of{0, 0, 1};
  constexpr int kGroups = 20000;
  double slopes = 0, fourth = 0, together = 0, product = 0;
  for (std::uint32_t g = 0; g < kGroups; ++g) {
    const auto rows = prior_rows(model, subject_of, 4, g);
    const double d = rows[1][at] - rows[0][at];
    EXPECT_EQ(rows[1][alpha], rows[0][alpha]);  // of one subject
    slopes += d * d;
    fourth += d * d * d * d;
  }
  EXPECT_NEAR(slopes / kGroups, 0.25, 4 * std::sqrt((fourth / kGroups - 0.0625) / kGroups));
  beta.design = {};
  model.lkj = 2;
  for (std::uint32_t g = 0; g < kGroups; ++g) {
    const auto rows = prior_rows(model, subject_of, 5, g);
    // Products over two subjects of one group: E (z1 z2)(z1' z2') = E r^2, with E sigma^2 = scale^2 of each.
    const auto both = [&](std::size_t u) {
      return to_line(model.params[0].group, rows[u][alpha]) * (rows[u][at] - 50);
    };
    together += both(0);
    product += both(0) * both(2);
  }
  const double scale = 0.5 * 0.4;
  EXPECT_NEAR(together / kGroups, 0, 4 * scale * std::sqrt(1.4 / kGroups));
  // Its variance: E s^4 = 3 scale^4 of each half-normal, times E (1 + 2 r^2)^2 = 2.14.
  EXPECT_NEAR(product / kGroups / (scale * scale), 0.2, 4 * std::sqrt(9 * 2.14 / kGroups));
}

}  // namespace
}  // namespace labile
