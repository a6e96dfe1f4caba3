#include "bayes/group_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "bayes/group_draws.hpp"
#include "bayes/identification.hpp"
#include "bayes/unit_scores.hpp"
#include "core/cpu_time.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "core/share.hpp"

namespace labile {

bool observed(const LearnerEntry& learner, const SubjectTrials& s, std::size_t t) {
  return (s.scored.empty() || s.scored[t]) && enters(learner, s, t);
}

namespace {
void summarize(const Posterior& p, const Draws& draws, const GroupFitOptions& o, GroupFit& r) {
  const auto add = [&](std::string name, auto&& value) {
    auto all = draws.of(value);
    const auto summary = summarize_draws(all, draws.chains());
    r.group.push_back({std::move(name), summary, std::move(all)});
  };
  for (int k = 0; k < p.params(); ++k) {
    const auto& param = p.model().params[static_cast<std::size_t>(k)];
    add(param.name, [&](auto q) { return from_line(param.group, p.mu(q, k)); });
    add(fmt::format("mu[{}]", param.name), [&](auto q) { return p.mu(q, k); });
    add(fmt::format("sigma[{}]", param.name), [&](auto q) { return p.sigma(q, k); });
    for (std::size_t c = 0; c < param.design.names.size(); ++c)
      add(fmt::format("b[{}:{}]", param.name, param.design.names[c]),
          [&](auto q) { return p.coefficient(q, p.b(k) + static_cast<int>(c)); });
    for (int j = 0; j < p.slopes(k); ++j)
      add(fmt::format("sigma[{}:{}]", param.name, param.design.slope_names[static_cast<std::size_t>(j)]),
          [&](auto q) { return p.tau(q, k, j); });
  }
  for (int i = 1; p.correlated() && i < p.params(); ++i)
    for (int j = 0; j < i; ++j)
      add(fmt::format("corr[{},{}]", p.model().params[static_cast<std::size_t>(j)].name,
                      p.model().params[static_cast<std::size_t>(i)].name),
          [&](auto q) { return p.correlation_of(q, j, i); });
  const auto n = static_cast<std::size_t>(p.params()), total = static_cast<std::size_t>(draws.total());
  r.unit.assign(n, std::vector<DrawSummary>(static_cast<std::size_t>(p.units())));
  parallel_for(p.units(), o.threads, [&](int u) {
    std::vector<double> at(n), each(n * total);
    for (std::size_t d = 0; d < total; ++d) {
      p.unit_values(draws.q(static_cast<int>(d)), u, at);
      for (std::size_t k = 0; k < n; ++k) each[k * total + d] = from_line(p.model().params[k].group, at[k]);
    }
    for (std::size_t k = 0; k < n; ++k) {
      const auto values = std::span(each).subspan(k * total, total);
      if (o.each_unit) o.each_unit(static_cast<int>(k), u, values);
      r.unit[k][static_cast<std::size_t>(u)] = summarize_draws(values, draws.chains());
    }
  });
}

/// Leave-one-out and WAIC by decision. A thread holds the log-likelihoods of `kSome` decisions of one subject at a time; longer records
/// are worked out again for each of their parts.
void predict(const Posterior& p, const Draws& draws, const GroupFitOptions& o, int chains, GroupFit& r) {
  constexpr std::size_t kSome = 1024;
  std::vector<int> first(static_cast<std::size_t>(p.units()) + 1, 0);
  for (int u = 0; u < p.units(); ++u) {
    int n = 0;
    for (std::size_t t = 0; t < p.trials(u).size(); ++t) n += observed(p.learner(), p.trials(u), t);
    first[static_cast<std::size_t>(u) + 1] = first[static_cast<std::size_t>(u)] + n;
  }
  r.observations = first.back();
  if (!o.predict) return;
  PointwiseScores scores(r.observations, chains, draws.iterations());
  parallel_for(p.units(), o.threads, [&](int u) {
    const auto& s = p.trials(u);
    const auto total = static_cast<std::size_t>(draws.total());
    std::vector<double> some(std::min(s.size(), kSome) * total);
    UnitScores unit(p.learner(), s);
    int at = first[static_cast<std::size_t>(u)];
    for (std::size_t from = 0; from < s.size(); from += kSome) {
      const std::size_t to = std::min(s.size(), from + kSome);
      unit.each(
          draws.total(), [&](int d, std::span<double> row) { p.row(draws.q(d), u, row); },
          [&](int d, std::span<const double> each) {
            for (std::size_t t = from; t < to; ++t)
              some[(t - from) * total + static_cast<std::size_t>(d)] = each[t];
          });
      for (std::size_t t = from; t < to; ++t)
        if (observed(p.learner(), s, t)) scores.put(at++, std::span(some).subspan((t - from) * total, total));
    }
  });
  r.loo = scores.loo();
  r.waic = scores.waic();
}

void check(const Posterior& p, const GroupFitOptions& o, GroupFit& r) {
  ChainChecks c;
  c.chains = static_cast<int>(r.chains.size());
  c.iterations = r.chains.front().draws();
  c.max_depth = o.max_depth;
  c.target_accept = o.adapt_delta;
  c.shortest_steps = true;
  std::vector<double> energies, moved;
  for (const auto& chain : r.chains) {
    c.shortest_steps &= chain.step <= p.least_step();
    c.iterations = std::min(c.iterations, chain.draws());
    for (const auto d : chain.divergent) r.divergences += d;
    for (const int d : chain.depth) r.depth_hits += d >= o.max_depth;
  }
  for (const auto& chain : r.chains) {
    energies.insert(energies.end(), chain.energy.begin(), chain.energy.begin() + c.iterations);
    moved.insert(moved.end(), chain.moved.begin(), chain.moved.begin() + c.iterations);
  }
  r.e_bfmi = c.e_bfmi = e_bfmi(energies, c.chains, moved);
  c.divergences = r.divergences;
  c.depth_hits = r.depth_hits;
  const auto add = [&](const std::string& name, const DrawSummary& s) {
    c.quantities.push_back({name, s.rhat, s.ess_bulk, s.ess_tail});
  };
  for (const auto& g : r.group) add(g.name, g.summary);
  c.of_group = c.quantities.size();
  const auto unit = [&](int u) {
    return o.unit_names.empty() ? fmt::format("{}", u + 1) : o.unit_names[static_cast<std::size_t>(u)];
  };
  for (int k = 0; k < p.params(); ++k)
    for (int u = 0; u < p.units(); ++u)
      add(fmt::format("{}[{}]", p.model().params[static_cast<std::size_t>(k)].name, unit(u)),
          r.unit[static_cast<std::size_t>(k)][static_cast<std::size_t>(u)]);
  r.least_bulk = r.least_tail = kInf;
  for (const auto& q : c.quantities) {
    if (q.rhat == q.rhat) r.worst_rhat = std::max(r.worst_rhat, q.rhat);
    if (q.ess_bulk == q.ess_bulk) r.least_bulk = std::min(r.least_bulk, q.ess_bulk);
    if (q.ess_tail == q.ess_tail) r.least_tail = std::min(r.least_tail, q.ess_tail);
  }
  for (auto& w : chain_warnings(c)) r.warnings.push_back(std::move(w));
  if (const auto w = loo_warning(r.loo); !w.empty()) r.warnings.push_back(w);
}

/// Mean over subjects and some draws of the share of what is known of a subject's value that its own choices bring.
std::vector<double> own_shares(const Posterior& p, const Draws& draws) {
  constexpr int kSome = 200;
  const int step = std::max(1, draws.total() / kSome);
  std::vector<double> r(static_cast<std::size_t>(p.params()), 0.0), own(r.size());
  int count = 0;
  for (int d = 0; d < draws.total(); d += step)
    for (int s = 0; s < p.subjects(); ++s, ++count) {
      p.own_share(draws.q(d), s, own);
      for (std::size_t k = 0; k < r.size(); ++k) r[k] += own[k];
    }
  for (double& x : r) x /= count;
  return r;
}
}  // namespace

GroupFit fit_group(const LearnerEntry& learner, std::span<const SubjectTrials> units,
                   std::vector<int> subject_of, const GroupFitOptions& o) {
  if (o.chains < 1 || o.draws < 4 || o.warmup < 20)
    throw Error("a fit needs at least one chain, 4 draws and 20 warm-up iterations a chain");
  if (!(o.adapt_delta > 0 && o.adapt_delta < 1))
    throw Error(fmt::format("the acceptance that the step size aims at is {}; it lies between 0 and 1",
                            o.adapt_delta));
  const auto started = std::chrono::steady_clock::now();
  FitOptions as_fit;
  as_fit.overrides = o.overrides;
  check_fit(learner, units, as_fit);
  bool any = false;
  for (const auto& s : units)
    for (std::size_t t = 0; t < s.size() && !any; ++t) any = observed(learner, s, t);
  if (!any) throw Error(fmt::format("nothing to fit, for any subject: {}", none_enters(learner)));
  auto model = group_model(learner, o.overrides, o.groups);
  if (o.correlated && model.params.size() < 2)
    throw Error("one parameter alone is estimated: there is nothing that it could correlate with");
  if (o.correlated) model.lkj = 2;
  add_designs(model, learner, o.designs, static_cast<int>(units.size()));
  auto posterior = std::make_unique<Posterior>(learner, std::move(model), units, std::move(subject_of));
  Posterior& p = *posterior;
  GroupFit r;
  r.params = p.model().params;
  r.names = p.names();

  double cpu = process_cpu_s();
  if (o.progress) o.progress(0, "empirical Bayes");
  const Start start = start_of(p, o.threads);
  r.laplace_s = process_cpu_s() - cpu;
  std::vector<NutsChain> chains(static_cast<std::size_t>(o.chains));
  std::vector<std::uint8_t> done(chains.size(), 0);
  std::atomic<int> iterations{0};
  const int all = o.chains * (o.warmup + o.draws);
  try {
    Pieces pieces;
    pieces.n = o.chains;
    pieces.work = [&](int c) {
      PosteriorDensity density(p);
      const auto from = scattered(density, start, {o.seed, Purpose::start, static_cast<std::uint32_t>(c)});
      const NutsOptions options{o.warmup, o.draws,        o.adapt_delta, o.max_depth,
                                0.1,      p.least_step(), o.seed,        static_cast<std::uint32_t>(c)};
      chains[static_cast<std::size_t>(c)] = sample_chain(density, from, start.var, options, [&](int) {
        if (const int n = iterations.fetch_add(1); o.progress && n % 100 == 0)
          o.progress(static_cast<double>(n) / all, "sampling");
        return !interrupted();
      });
      if (chains[static_cast<std::size_t>(c)].draws() < o.draws)
        throw Interrupted("interrupted before a chain had finished");
      done[static_cast<std::size_t>(c)] = 1;
    };
    pieces.keep = [&](int c, Archive& a) {
      a(chains[static_cast<std::size_t>(c)]);
      done[static_cast<std::size_t>(c)] = 1;
    };
    pieces.label = [&](int c) { return fmt::format("fit of {}, chain {}", learner.info.name, c + 1); };
    Sharing here(o.threads);
    (o.sharing ? *o.sharing : here)(pieces);
  } catch (const Interrupted&) {
  }
  for (std::size_t c = 0; c < chains.size(); ++c)
    if (done[c]) r.chains.push_back(std::move(chains[c]));
  if (r.chains.empty()) throw Interrupted("interrupted before a chain had finished");
  if (!o.partial && interrupted()) throw Interrupted("interrupted while fitting");
  r.cut_short = interrupted() || r.chains.size() < done.size();
  clear_interrupt();  // it was heard: what follows works on what is there
  if (r.chains.size() < done.size()) {
    r.warnings.push_back(fmt::format("interrupted: {} of {} chains had finished, and only they are used",
                                     r.chains.size(), done.size()));
  }
  for (const auto& c : r.chains) {
    r.warmup_s += c.warmup_s;
    r.sampling_s += c.sampling_s;
    r.gradients += c.gradients;
  }

  cpu = process_cpu_s();
  if (o.progress) o.progress(1, "checks");
  const Draws draws(r.chains);
  r.own_share = own_shares(p, draws);
  const auto finish = [&] {
    r.group.clear();
    summarize(p, draws, o, r);
    predict(p, draws, o, static_cast<int>(r.chains.size()), r);
  };
  try {
    finish();
  } catch (const Interrupted&) {  // all chains are there: their checks take seconds
    if (!o.partial) throw;
    clear_interrupt();
    r.cut_short = true;
    finish();
  }
  check(p, o, r);
  name_what_is_weak(p, units, o, r);
  r.posterior = std::move(posterior);
  r.predict_s = process_cpu_s() - cpu;
  r.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return r;
}

}  // namespace labile
