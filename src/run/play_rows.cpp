#include "run/play_rows.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/parallel.hpp"
#include "core/random.hpp"
#include "record/read.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
constexpr std::uint32_t kTries = 1000;  // draws from a prior until one lies within bounds
}

PlayedRows play_rows(const LearnerEntry& learner, const std::string& task, const Settings& settings,
                     const std::vector<std::vector<double>>& rows, std::uint64_t seed, int threads,
                     int first) {
  const auto& entry = find_task(task);
  const auto info = entry.make(settings, nullptr)->info();
  Simulation play;
  play.make_task = entry.make;
  play.task_settings = settings;
  play.make_agent = learner.make;
  play.make_each = learner.make_each;
  play.seed = seed;
  std::vector<double> standard;
  for (const auto& p : learner.params) standard.push_back(std::get<double>(p.standard));
  const std::vector<std::vector<double>> defaults{standard};
  play.rows = &defaults;
  (void)simulate(play, 0, 1);  // what stops any subject stops here
  PlayedRows r;
  r.trials = info.max_trials;
  r.record.resize(rows.size());
  std::vector<std::uint8_t> valid(rows.size(), 1);
  // One by one, because a subject whose parameters are invalid together stops its block.
  parallel_for(static_cast<int>(rows.size()), threads, [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    const std::vector<std::vector<double>> one{rows[k]};
    Simulation mine = play;
    mine.rows = &one;
    try {
      r.record[k] = simulate(mine, first + i, 1);
    } catch (const Error&) {
      valid[k] = 0;
    }
  });
  for (const auto& t : r.record)
    r.fresh.push_back(t.rows() > 0 ? fresh_flags(t, info.reset_on) : std::vector<std::uint8_t>{});
  for (std::size_t k = 0; k < rows.size(); ++k)
    if (valid[k]) {
      r.subjects.push_back(subject_trials(r.record[k], 0, r.fresh[k]));
      r.of.push_back(k);
    }
  return r;
}

double draw_prior(const ParamInfo& p, const Draw& draw, std::uint32_t counter, const std::string& advice) {
  for (std::uint32_t k = 0; k < kTries; ++k) {
    const std::uint32_t c = counter * kTries + k;
    const double x = p.prior.kind == Prior::beta    ? draw.beta(p.prior.a, p.prior.b, c)
                     : p.prior.kind == Prior::gamma ? p.prior.b * draw.gamma(p.prior.a, c)
                                                    : p.prior.a + p.prior.b * draw.normal(c);
    if (x >= p.bounds.lo && x <= p.bounds.hi) return x;
  }
  throw Error(fmt::format("parameter '{}': its prior hardly reaches its bounds, {}; {}", p.name,
                          bounds_text(p), advice));
}

double draw_uniform(double low, double high, const Draw& draw, std::uint32_t counter) {
  return low + (high - low) * draw.uniform(counter * kTries);
}

GroupValues draw_group(const Group& g, const Draw& draw, std::uint32_t counter) {
  const double mu = draw.normal(3 * counter), z = draw.normal(3 * counter + 1),
               other = draw.normal(3 * counter + 2);
  return {g.mu_mean + g.mu_sd * mu, g.sigma * std::abs(g.cauchy ? z / other : z)};
}

}  // namespace labile
