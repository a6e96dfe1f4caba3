#include "run/card_fits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bayes/diagnostics.hpp"
#include "bayes/group_draws.hpp"
#include "card/find_agent.hpp"
#include "record/select.hpp"
#include "run/methods.hpp"
#include "run/people.hpp"
#include "toml/read_keys.hpp"

namespace labile {
namespace {

GroupFitOptions options_of(const Card& card, const FitSpec& spec, const CardFitOptions& o) {
  GroupFitOptions r;
  r.chains = spec.chains;
  r.warmup = spec.warmup;
  r.draws = spec.draws;
  r.seed = card.seed;
  r.threads = o.threads;
  r.overrides = held_in(spec);
  r.groups = parse_groups(spec.groups);
  r.correlated = spec.correlated;
  r.partial = false;
  r.progress = o.progress;
  r.sharing = o.sharing;
  return r;
}

PredictiveOptions playing(const Card& card, int threads) {
  PredictiveOptions r;
  if (!card.task.empty()) {
    r.task = card.task;
    r.task_settings = card.task_settings;
  }
  r.seed = card.seed;
  r.threads = threads;
  return r;
}

FormulaSpec asked_of(const FitSpec& spec) {
  return {spec.formulas, spec.reference, spec.effect_prior, spec.drop_missing, true};
}

PreparedFit prepare(const FitSpec& spec, std::unique_ptr<DataSet> data) {
  PreparedFit r{std::move(data), {}};
  view_subjects(*r.data);
  r.formulas = formula_fit(asked_of(spec), *r.data);
  if (conditions_within_subjects(r.data->trials))
    throw Error(
        fmt::format("subjects have trials in several conditions ({}), which a likelihood would run together; "
                    "let a parameter depend on them, formulas = [\"PARAMETER ~ condition\"]",
                    fmt::join(r.data->trials.conditions, ", ")));
  return r;
}

CardFit fit(const Card& card, const FitSpec& spec, PreparedFit prepared, const CardFitOptions& o) {
  const auto& learner = find_agent(spec.model, spec.where);
  CardFit r;
  r.spec = spec;
  r.trials = std::move(prepared.data);
  DataSet& d = *r.trials;
  const LearnerEntry* const learners[] = {&learner};
  r.notes = std::move(d.notes);
  for (auto& n : doubts(learners, d.subjects)) r.notes.push_back(std::move(n));
  r.result = group_result(learner, spec.model, d, asked_of(spec), std::move(prepared.formulas),
                          options_of(card, spec, o));
  r.methods = methods_text(d, r.result);
  return r;
}

/// What playing needs, before anything is fitted.
void check_playing(const Card& card, const FitSpec& spec, const PreparedFit& p) {
  if (!plays_schedules(spec)) return;
  if (spec.recover && !p.formulas.within.empty())
    throw Error(fmt::format(
        "'recover' takes no formula whose column differs within subjects ({}): it plays one agent a subject",
        p.formulas.within.front()));
  if (spec.recover && p.data->subjects.size() < 2) throw Error("'recover' needs two subjects or more");
  (void)OwnSchedules(find_agent(spec.model, spec.where), p.data->trials, p.data->fresh, playing(card, 1));
}

/// r of what a formula's columns do not tell: what is left of differences between people.
double correlation_beside(const std::vector<double>& x, const std::vector<double>& y, const Design& design) {
  const std::size_t n = x.size();
  std::vector<std::vector<double>> basis{std::vector<double>(n, 1.0)};
  for (std::size_t c = 0; c < design.names.size(); ++c) {
    basis.emplace_back();
    for (std::size_t i = 0; i < n; ++i) basis.back().push_back(design.x[i][c]);
  }
  const auto dot = [](const auto& a, const auto& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  std::vector<std::vector<double>> orthogonal;
  const auto rest = [&](std::vector<double> v) {
    for (const auto& b : orthogonal) {
      const double share = dot(v, b) / dot(b, b);
      for (std::size_t i = 0; i < n; ++i) v[i] -= share * b[i];
    }
    return v;
  };
  for (auto& b : basis)
    if (auto left = rest(b); dot(left, left) > 1e-9 * dot(b, b)) orthogonal.push_back(std::move(left));
  const auto a = rest(x), b = rest(y);
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

void check(const Card& card, const CardFitOptions& o, CardFit& r) {
  for (const auto& id : r.spec.check)
    for (const auto& m : *o.metrics)
      if (m.name == id) r.checked.push_back(m);
  if (r.checked.empty()) return;
  auto options = playing(card, o.threads);
  if (o.progress) options.progress = [&](double share) { o.progress(share, "playing"); };
  r.check = check_posterior(r.result, *r.trials, r.checked, options);
}

/// Learners with one draw of everybody's parameters play the subjects' schedules and are fitted as the subjects were.
void recover(const Card& card, const CardFitOptions& o, CardFit& r) {
  if (!r.spec.recover) return;
  const auto& f = r.result.fit;
  const OwnSchedules schedules(*r.result.learner, r.trials->trials, r.trials->fresh,
                               playing(card, o.threads));
  const Draws draws(f.chains);
  std::vector<std::vector<double>> truth(r.trials->subjects.size(),
                                         std::vector<double>(r.result.learner->params.size()));
  for (std::size_t s = 0; s < truth.size(); ++s)
    f.posterior->row(draws.q(draws.total() / 2), static_cast<int>(s), truth[s]);
  const Trials played = joined(schedules.play(truth, card.seed));
  if (played.first != r.trials->trials.first)
    throw Error(
        "'recover' plays every decision of the record, and some of it are not there (second choices that "
        "were "
        "never offered)");
  // What a subject missed is played and teaches, but is not scored.
  std::vector<SubjectTrials> subjects;
  std::vector<std::vector<std::uint8_t>> scored;
  for (std::size_t s = 0; s < truth.size(); ++s) {
    const auto& real = r.trials->subjects[s];
    auto& mask = scored.emplace_back();
    for (std::size_t t = 0; t < real.size(); ++t) mask.push_back(observed(*r.result.learner, real, t));
    subjects.push_back(subject_trials(played, static_cast<int>(s), r.trials->fresh));
    subjects.back().scored = mask;
  }
  auto options = r.result.options;
  options.sharing = o.sharing;
  if (o.progress)
    options.progress = [&](double share, const std::string& what) { o.progress(share, "recovery, " + what); };
  r.recovery = recover_known(*r.result.learner, truth, subjects, options);
  r.recovery->task = schedules.task();
  for (std::size_t k = 0; k < f.params.size(); ++k)
    if (!f.params[k].design.names.empty())
      r.recovery->params[k].r =
          correlation_beside(r.recovery->params[k].truth, r.recovery->params[k].fitted, f.params[k].design);
}

/// Leaves only rows whose columns hold one of the values asked for, and subjects with any.
void keep_asked(const DataSpec::Pairs& asked, DataSet& d) {
  if (asked.empty()) return;
  std::vector<bool> good(d.trials.rows(), true);
  for (const auto& k : d.kept) {
    std::vector<bool> wanted(k.values.size(), false);
    bool any = false;
    for (const auto& [column, value] : asked) {
      if (column != k.name) continue;
      any = true;
      const auto it = std::find(k.values.begin(), k.values.end(), value);
      if (it == k.values.end())
        throw Error(
            fmt::format("where: column '{}' has no value '{}'{}", column, value, suggest(value, k.values)));
      wanted[static_cast<std::size_t>(it - k.values.begin())] = true;
    }
    for (std::size_t r = 0; any && r < good.size(); ++r)
      good[r] = good[r] && wanted[static_cast<std::size_t>(k.row[r])];
  }
  if (std::find(good.begin(), good.end(), true) == good.end())
    throw Error("where: no row holds all of these values");
  keep_rows(d, good);
  d.options.where.insert(d.options.where.end(), asked.begin(), asked.end());
}

/// Draws of what the prediction names; empty where there are none.
std::span<const double> draws_of(const CardFit& f, const std::string& effect) {
  const auto colon = effect.find(':');
  const std::string param = effect.substr(0, colon);
  if (colon == std::string::npos) {
    for (const auto& q : f.result.fit.group)
      if (q.name == param) return q.draws;
    return {};
  }
  const auto start = effect.find_first_not_of(' ', colon + 1);
  const std::string name = start == std::string::npos ? "" : effect.substr(start);
  for (const auto& e : f.result.effects)
    if (e.param == param)
      for (const auto* list : {&e.differences, &e.coefficients})
        for (const auto& x : *list)
          if (x.name == name) return x.draws;
  return {};
}

std::string known_effects(const CardFit& f, const std::string& param) {
  std::vector<std::string> names;
  for (const auto& e : f.result.effects)
    if (e.param == param) {
      for (const auto& x : e.differences) names.push_back(fmt::format("\"{}: {}\"", param, x.name));
      for (const auto& x : e.coefficients) names.push_back(fmt::format("\"{}: {}\"", param, x.name));
    }
  return names.empty() ? "there are none" : fmt::format("there are {}", fmt::join(names, ", "));
}

/// What diagnostics say of these draws goes into `e`, the worse of it and what is there.
void judge_chains(const CardFit& f, std::span<const double> draws, FitEffect& e) {
  const auto s = summarize_draws(draws, static_cast<int>(f.result.fit.chains.size()));
  const double ess = std::min(s.ess_bulk, s.ess_tail);
  e.rhat = std::isnan(s.rhat) || s.rhat > e.rhat ? s.rhat : e.rhat;
  e.ess = std::isnan(s.ess_bulk) || std::isnan(s.ess_tail) ? std::nan("")
          : e.ess == 0                                     ? ess
                                                           : std::min(e.ess, ess);
}

Interval interval_of(std::vector<double> x, std::size_t subjects) {
  Interval r;
  double sum = 0;
  for (const double v : x) sum += v;
  r.value = sum / static_cast<double>(x.size());
  std::sort(x.begin(), x.end());
  r.low = sorted_quantile(x, 0.025);
  r.high = sorted_quantile(x, 0.975);
  r.n = static_cast<int>(subjects);
  return r;
}
}  // namespace

std::string CardFit::group() const {
  if (spec.of == "people") return "people";
  std::string r = agent;
  if (!condition.empty()) r += ", " + condition;
  return variant.empty() ? r : variant + ", " + r;
}

PreparedFit prepare_people(const Card& card, const FitSpec& spec, const People& people) {
  return located(spec.where, [&] {
    auto data = std::make_unique<DataSet>(*people.data);
    keep_asked(spec.rows, *data);
    // Columns of other fits' formulas would cut this one's subjects.
    const auto own = columns_of(parse_formulas(spec.formulas));
    std::erase_if(data->kept, [&](const KeptColumn& k) {
      return std::find(own.begin(), own.end(), k.name) == own.end();
    });
    auto r = prepare(spec, std::move(data));
    check_playing(card, spec, r);
    return r;
  });
}

CardFit fit_people(const Card& card, const FitSpec& spec, PreparedFit prepared, const CardFitOptions& o) {
  return located(spec.where, [&] {
    auto f = fit(card, spec, std::move(prepared), o);
    f.data = card.data->name;
    check(card, o, f);
    recover(card, o, f);
    return f;
  });
}

CardFit fit_agents(const Card& card, const FitSpec& spec, Trials trials, const CardFitOptions& o) {
  return located(spec.where, [&] {
    auto data = std::make_unique<DataSet>();
    data->trials = std::move(trials);
    data->fresh = fresh_flags(data->trials, "none");
    data->path = "simulated";
    return fit(card, spec, prepare(spec, std::move(data)), o);
  });
}

std::vector<FitEffect> effects_of_prediction(const Card& card, const Prediction& p,
                                             const std::vector<CardFit>& fits) {
  std::vector<FitEffect> r;
  const auto subjects = [](const CardFit& f) { return f.result.formulas.subjects.size(); };
  if (p.treated.empty()) {
    for (const auto& f : fits) {
      if (f.spec.id != p.fit) continue;
      const auto draws = draws_of(f, p.effect);
      if (draws.empty()) {
        r.push_back({{},
                     "",
                     "",
                     fmt::format("the fit has no effect '{}'; {}", p.effect,
                                 known_effects(f, p.effect.substr(0, p.effect.find(':'))))});
        continue;
      }
      FitEffect e{interval_of({draws.begin(), draws.end()}, subjects(f)), "", "", ""};
      judge_chains(f, draws, e);
      r.push_back(std::move(e));
    }
    return r;
  }
  using Between = Prediction::Between;
  const auto name = [&](const CardFit& f) -> const std::string& {
    return p.between == Between::variants ? f.variant : p.between == Between::agents ? f.agent : f.condition;
  };
  const std::string condition = p.between == Between::conditions ? ""
                                : p.condition.empty()            ? card.conditions.front().name
                                                                 : p.condition;
  const auto fits_of = [&](const CardFit& f) {
    return f.spec.id == p.fit && (p.variant.empty() || f.variant == p.variant) &&
           (p.agent.empty() || f.agent == p.agent) && (condition.empty() || f.condition == condition);
  };
  // Cells that are alike but for what is compared.
  const auto alike = [&](const CardFit& a, const CardFit& b) {
    return (p.between == Between::variants || a.variant == b.variant) &&
           (p.between == Between::agents || a.agent == b.agent) &&
           (p.between == Between::conditions || a.condition == b.condition);
  };
  for (const auto& treated : fits) {
    if (!fits_of(treated) || name(treated) != p.treated) continue;
    FitEffect e{{},
                p.between == Between::variants ? "" : treated.variant,
                p.between == Between::agents ? "" : treated.agent,
                ""};
    const auto a = draws_of(treated, p.effect);
    std::vector<double> values(a.begin(), a.end());
    if (!a.empty()) judge_chains(treated, a, e);
    if (!p.control.empty()) {
      const auto control = std::find_if(fits.begin(), fits.end(), [&](const CardFit& f) {
        return fits_of(f) && name(f) == p.control && alike(treated, f);
      });
      if (control == fits.end()) continue;
      // Two fits are independent: any pairing of their draws is one of the difference.
      const auto b = draws_of(*control, p.effect);
      values.resize(std::min(a.size(), b.size()));
      if (!b.empty()) judge_chains(*control, b, e);
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = p.of == Prediction::Of::ratio ? a[i] / b[i] : a[i] - b[i];
    }
    if (values.empty())
      e.reason = "the fit has no such value";
    else
      e.effect = interval_of(std::move(values), subjects(treated));
    r.push_back(std::move(e));
  }
  return r;
}

}  // namespace labile
