#include "run/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "bayes/diagnostics.hpp"
#include "bayes/laplace.hpp"
#include "core/cpu_time.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
constexpr int kShown = 2;          // subjects whose parameters are ranked
constexpr int kMostDoublings = 4;  // of a chain that is worth too little
constexpr int kMostRedraws = 1000;
constexpr double kBadRhat = 1.05;

struct ShortSetting {
  const char *task, *name;
  Value value;
};
const std::vector<ShortSetting>& short_settings() {
  using List = std::vector<double>;
  static const std::vector<ShortSetting> all{
      {"bandit_reversal", "blocks", List{20, 20}},
      {"feature_reversal", "blocks", List{20, 20}},
      {"volatile_bandit", "stable", 16.0},
      {"volatile_bandit", "volatile", List{8, 8, 8}},
      {"restless_bandit", "trials", 40.0},
      {"two_step", "trials", 25.0},
      {"go_nogo", "repeats", 10.0},
      {"rl_working_memory", "set_sizes", List{2, 4}},
      {"rl_working_memory", "repeats", 7.0},
      {"predictive_inference", "trials", 40.0},
      {"structure_transfer", "sets", 3.0},
      {"structure_transfer", "trials", 16.0},
      {"devaluation", "max_steps", 40.0},
      {"devaluation", "test_steps", 10.0},
      {"random_dots", "repeats", 6.0},
      {"posner", "trials", 40.0},
      {"sustained_attention", "trials", 40.0},
      {"card_gambling", "trials", 40.0},
      {"card_gambling", "block", 20.0},
      {"pavlovian", "first", 30.0},
      {"extinction", "acquisition", 10.0},
      {"extinction", "extinction", 12.0},
  };
  return all;
}
/// Answers that are no number come from parameters that are invalid together; responses that never come, from extreme ones.
bool all_answered(const LearnerEntry& learner, const Trials& t) {
  if (learner.reports)
    return std::none_of(t.report.begin(), t.report.end(), [](double x) { return std::isnan(x); });
  if (std::any_of(t.choice.begin(), t.choice.end(), [](int x) { return x < 0; })) return false;
  return !learner.timed || std::none_of(t.rt_s.begin(), t.rt_s.end(), [](double x) { return std::isnan(x); });
}
}  // namespace

Settings small_design(const std::string& task) {
  Settings r;
  for (const auto& s : short_settings())
    if (task == s.task) r[s.name] = {s.value, Where{"small design", 0, 0, s.name}};
  for (const auto& p : find_task(task).params)
    if (p.name == "deadline") r["deadline"] = {p.bounds.hi, Where{"small design", 0, 0, "deadline"}};
  return r;
}

/// What is drawn for a replicate: group values, and a row of parameters a subject.
struct Calibration::Truth {
  std::vector<double> mu, sigma, b;  // [parameter]
  std::vector<std::vector<double>> line,
      row;  // [subject][parameter], before T; [subject][parameter in table order]
};

Calibration::Calibration(const LearnerEntry& learner, const CalibrateOptions& options)
    : learner_(learner), o_(options) {
  if (!learner.likelihood)
    throw Error(fmt::format("'{}' cannot be fitted: {}", learner.info.name, learner.no_likelihood));
  if (o_.subjects < 1) throw Error(fmt::format("{} subjects: calibration needs one or more", o_.subjects));
  if (o_.contrast && o_.subjects < 2) throw Error("a contrast needs two subjects");
  if (o_.ranks < 1 || o_.draws < 4 || o_.draws < o_.ranks || o_.warmup < 20)
    throw Error(
        fmt::format("{} draws after {} of warm-up, ranked among {}: wants 20 or more of warm-up and no "
                    "more ranks than draws",
                    o_.draws, o_.warmup, o_.ranks));
  // FNV-1a of the name: on one seed, a first parameter of each learner must not have the same luck.
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char letter : std::string_view(learner.info.name))
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  o_.seed ^= hash;
  task_ = o_.task.empty() ? learner.own_task : o_.task;
  settings_ = small_design(task_);
  for (const auto& [name, value] : o_.task_settings) settings_[name] = value;
  const auto info = find_task(task_).make(settings_, nullptr)->info();
  trials_ = info.max_trials;
  simulated_ = group_model(learner, o_.overrides, o_.groups);
  std::vector<NamedGroup> groups = o_.groups;
  for (const auto& g : o_.fitted_groups) {
    std::erase_if(groups, [&](const NamedGroup& x) { return x.name == g.name; });
    groups.push_back(g);
  }
  fitted_ = group_model(learner, o_.overrides, groups);
  if (o_.contrast)
    for (auto* m : {&simulated_, &fitted_})
      for (auto& p : m->params) {
        p.design.names = {"half"};
        for (int s = 0; s < o_.subjects; ++s) p.design.x.push_back({2 * s < o_.subjects ? -0.5 : 0.5});
      }
  for (const auto& p : simulated_.params) names_.push_back(fmt::format("mu[{}]", p.name));
  if (o_.contrast)
    for (const auto& p : simulated_.params) names_.push_back(fmt::format("b[{}:half]", p.name));
  for (const auto& p : simulated_.params) names_.push_back(fmt::format("log_sigma[{}]", p.name));
  for (const auto& p : simulated_.params)
    for (int s = 0; s < std::min(kShown, o_.subjects); ++s)
      names_.push_back(fmt::format("{}[{}]", p.name, s + 1));
  names_.push_back("loglik");
  // What stops any play stops here, and is no matter of parameters.
  Simulation play;
  play.make_task = find_task(task_).make;
  play.task_settings = settings_;
  play.make_agent = learner.make;
  play.seed = o_.seed;
  (void)simulate(play, 0, 1);
}

Calibration::Truth Calibration::draw(int index, int attempt) const {
  const Draw draw{o_.seed, Purpose::parameters, static_cast<std::uint32_t>(index)};
  const auto again = static_cast<std::uint32_t>(attempt);
  std::uint32_t counter = 0;
  const auto normal = [&] { return draw.normal(counter++, again); };
  Truth t;
  t.line.resize(static_cast<std::size_t>(o_.subjects));
  t.row.assign(t.line.size(), simulated_.standard);
  for (const auto& p : simulated_.params) {
    const auto& g = p.group;
    t.mu.push_back(g.mu_mean + g.mu_sd * normal());
    const double z = normal(), other = normal();
    t.sigma.push_back(g.sigma * std::abs(g.cauchy ? z / other : z));
    const double b = normal();
    t.b.push_back(p.design.names.empty() ? 0 : p.design.prior_sd * b);
    for (std::size_t s = 0; s < t.line.size(); ++s) {
      const double x = p.design.names.empty() ? 0 : p.design.x[s][0];
      t.line[s].push_back(t.mu.back() + t.sigma.back() * normal() + x * t.b.back());
      t.row[s][static_cast<std::size_t>(p.at)] = from_line(g, t.line[s].back());
    }
  }
  return t;
}

Replicate Calibration::replicate(int index) const {
  const double began = thread_cpu_s();
  const auto& task = find_task(task_);
  Replicate r;
  r.index = index;
  Simulation play;
  play.make_task = task.make;
  play.task_settings = settings_;
  play.make_agent = learner_.make;
  play.make_each = learner_.make_each;
  Trials trials;
  Truth truth;
  for (;; ++r.redrawn) {
    truth = draw(index, r.redrawn);
    play.rows = &truth.row;
    // Luck is drawn again with the parameters: what was refused depends on both.
    const auto words = Draw{o_.seed, Purpose::parameters, static_cast<std::uint32_t>(index)}.bits(
        0xffffffffu, static_cast<std::uint32_t>(r.redrawn));
    play.seed = std::uint64_t{words[0]} << 32 | words[1];
    std::string why = "a decision without an answer";
    try {
      trials = simulate(play, 0, o_.subjects);
      if (all_answered(learner_, trials)) break;
    } catch (const Error& e) {
      why = e.what();
    }
    if (r.redrawn == kMostRedraws) {
      r.failed = fmt::format("no play in {} draws of parameters: {}", kMostRedraws, why);
      return r;
    }
  }
  const auto info = task.make(settings_, nullptr)->info();
  const auto fresh = fresh_flags(trials, info.reset_on);
  std::vector<SubjectTrials> subjects;
  for (int s = 0; s < o_.subjects; ++s) subjects.push_back(subject_trials(trials, s, fresh));
  try {
    fit(truth, subjects, r);
  } catch (const Error& e) {
    r.failed = e.what();
  }
  r.seconds = thread_cpu_s() - began;
  return r;
}

void Calibration::fit(const Truth& truth, std::span<const SubjectTrials> subjects, Replicate& r) const {
  std::vector<int> subject_of;
  for (int s = 0; s < o_.subjects; ++s) subject_of.push_back(s);
  Posterior p(learner_, fitted_, subjects, subject_of);
  const Start start = start_of(p);
  PosteriorDensity density(p);
  const auto id = static_cast<std::uint32_t>(r.index);
  const auto from = scattered(density, start, {o_.seed, Purpose::start, id});

  // [quantity][draw], in the order of names_.
  std::vector<std::vector<double>> value(names_.size());
  std::vector<double> row(p.model().standard.size());
  const auto loglik_at = [&](auto&& fill) {
    double sum = 0;
    for (int u = 0; u < p.units(); ++u) {
      fill(u);
      sum += p.learner().likelihood->value(row, p.trials(u), {});
    }
    return sum;
  };
  const auto keep = [&](std::span<const double> q) {
    std::size_t at = 0;
    const auto put = [&](double x) { value[at++].push_back(x); };
    for (int k = 0; k < p.params(); ++k) put(p.mu(q, k));
    if (o_.contrast)
      for (int k = 0; k < p.params(); ++k) put(p.coefficient(q, p.b(k)));
    for (int k = 0; k < p.params(); ++k) put(std::log(p.sigma(q, k)));
    const int shown = std::min(kShown, o_.subjects), n = p.params();
    std::vector<double> lines(static_cast<std::size_t>(shown * n));
    for (int s = 0; s < shown; ++s)
      p.unit_values(q, s,
                    std::span(lines).subspan(static_cast<std::size_t>(s * n), static_cast<std::size_t>(n)));
    for (int k = 0; k < n; ++k)
      for (int s = 0; s < shown; ++s) put(lines[static_cast<std::size_t>(s * n + k)]);
    put(loglik_at([&](int u) { p.row(q, u, row); }));
  };

  NutsOptions options{o_.warmup, o_.draws, o_.adapt_delta, 10, 0.1, p.least_step(), o_.seed, id};
  NutsChain chain = sample_chain(density, from, start.var, options, [](int) { return !interrupted(); });
  for (int doubling = 0;; ++doubling) {
    if (chain.draws() < options.draws) throw Interrupted("interrupted");
    const auto dim = static_cast<std::size_t>(chain.dim);
    for (int d = 0; d < chain.draws(); ++d) {
      keep(std::span(chain.q).subspan(static_cast<std::size_t>(d) * dim, dim));
      r.divergences += chain.divergent[static_cast<std::size_t>(d)];
      r.depth_hits += chain.depth[static_cast<std::size_t>(d)] >= options.max_depth;
    }
    r.draws += chain.draws();
    r.ess = kInf;
    r.rhat = 0;
    for (const auto& v : value) {
      const double ess = ess_bulk(v, 1), rhat_of = rhat(v, 1);  // NaN: constant
      if (ess == ess) r.ess = std::min(r.ess, ess);
      if (rhat_of == rhat_of) r.rhat = std::max(r.rhat, rhat_of);
    }
    if ((r.ess >= o_.ranks && r.rhat <= kBadRhat) || doubling == kMostDoublings) break;
    // The chain goes on as it is, adapted, under words of its own.
    options.warmup = 0;
    options.draws = r.draws;
    options.step = chain.step;
    options.chain = id | static_cast<std::uint32_t>(doubling + 1) << 24;
    const std::vector<double> last(chain.q.end() - chain.dim, chain.q.end()), metric = chain.inverse_metric;
    chain = sample_chain(density, last, metric, options, [](int) { return !interrupted(); });
  }

  std::vector<double> truths = truth.mu;
  if (o_.contrast) truths.insert(truths.end(), truth.b.begin(), truth.b.end());
  for (const double s : truth.sigma) truths.push_back(std::log(s));
  for (std::size_t k = 0; k < truth.mu.size(); ++k)
    for (int s = 0; s < std::min(kShown, o_.subjects); ++s)
      truths.push_back(truth.line[static_cast<std::size_t>(s)][k]);
  truths.push_back(loglik_at([&](int u) { row = truth.row[static_cast<std::size_t>(u)]; }));

  const Draw ties{o_.seed, Purpose::bootstrap, id};
  for (std::size_t i = 0; i < names_.size(); ++i) {
    int below = 0, equal = 0;
    for (int l = 0; l < o_.ranks; ++l) {  // evenly spaced
      const auto d = static_cast<std::size_t>((l + 1) * static_cast<std::int64_t>(r.draws) / o_.ranks - 1);
      below += value[i][d] < truths[i];
      equal += value[i][d] == truths[i];
    }
    r.ranks.push_back(below + static_cast<int>(ties.below(static_cast<std::uint32_t>(equal + 1),
                                                          static_cast<std::uint32_t>(i))));
  }
}

bool run_replicates(const Calibration& c, std::span<const int> which, int threads,
                    const std::function<void(const Replicate&)>& done) {
  std::mutex one;
  try {
    parallel_for(static_cast<int>(which.size()), threads, [&](int i) {
      const auto r = c.replicate(which[static_cast<std::size_t>(i)]);
      const std::lock_guard lock(one);
      done(r);
    });
  } catch (const Interrupted&) {
    return false;
  }
  return true;
}

CalibrationSummary summarize_calibration(const std::vector<std::string>& quantities,
                                         std::span<const Replicate> replicates, int ranks) {
  CalibrationSummary s;
  s.cells = ranks + 1;
  for (const auto& r : replicates) {
    s.seconds += r.seconds / static_cast<double>(replicates.size());
    s.redrawn += r.redrawn > 0;
    s.redraws += r.redrawn;
    if (!r.failed.empty()) {
      ++s.failed;
      continue;
    }
    ++s.replicates;
    s.short_chains += r.ess < ranks;
    s.bad_rhat += r.rhat > kBadRhat;
    s.divergent += r.divergences > 0;
  }
  if (s.replicates == 0) return s;
  s.band = rank_band(s.replicates, s.cells, 0.95);
  double least = 1;
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    std::vector<int> of;
    for (const auto& r : replicates)
      if (r.failed.empty()) of.push_back(r.ranks[i]);
    CalibratedQuantity q{quantities[i], rank_uniformity(of, s.cells), {}};
    for (const double share : {0.5, 0.8, 0.9}) {
      const auto interval = central_ranks(s.cells, share);
      const auto in = std::count_if(of.begin(), of.end(),
                                    [&](int x) { return x >= interval.first && x <= interval.last; });
      q.coverage.push_back({interval.share, static_cast<double>(in) / s.replicates,
                            std::sqrt(interval.share * (1 - interval.share) / s.replicates)});
    }
    bool out = false;
    for (int c = 0; c <= s.cells; ++c) {
      const auto at = static_cast<std::size_t>(c);
      out = out || q.ranks.below[at] < s.band.lo[at] || q.ranks.below[at] > s.band.hi[at];
    }
    s.outside += out;
    if (s.worst.empty() || q.ranks.p < least) {
      least = q.ranks.p;
      s.p = std::min(1.0, least * static_cast<double>(quantities.size()));
      s.worst = q.name;
    }
    const auto& ninety = q.coverage.back();
    if (const double far = std::abs(ninety.covered - ninety.interval) / ninety.se;
        s.farthest_at.empty() || far > s.farthest_90) {
      s.farthest_90 = far;
      s.farthest_at = q.name;
    }
    s.quantities.push_back(std::move(q));
  }
  return s;
}

}  // namespace labile
