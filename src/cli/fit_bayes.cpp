/// `labile fit` by hierarchical Bayes: the whole group at once, with its diagnostics.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bayes/group_fit.hpp"
#include "card/find_agent.hpp"
#include "cli/data.hpp"
#include "cli/fit_formula.hpp"
#include "cli/fit_outputs.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "learners/catalogue.hpp"
#include "run/methods.hpp"

namespace labile {
GroupFitOptions sampler_settings(const DataArgs& a) {
  GroupFitOptions o;
  o.chains = a.chains;
  o.warmup = a.warmup;
  o.draws = a.draws;
  o.adapt_delta = a.adapt_delta;
  o.max_depth = a.max_depth;
  o.seed = a.seed;
  return o;
}
std::vector<NamedGroup> groups_of(const DataArgs& a, const LearnerEntry& learner) {
  auto r = parse_groups(a.groups);
  std::erase_if(r, [&](const NamedGroup& g) { return !has_param(learner, g.name); });
  return r;
}
void check_groups(const DataArgs& a, const std::vector<const LearnerEntry*>& learners) {
  for (const auto& g : parse_groups(a.groups)) refuse_unknown_param("--group", g.name, learners);
  for (const auto* l : learners) (void)group_model(*l, held(a, *l), groups_of(a, *l));
}
void refuse_idle_options(const DataArgs& a) {
  const DataArgs usual;
  const bool bayes = a.method == "bayes";
  using Given = std::pair<const char*, bool>;
  const Given of_bayes[] = {{"--chains", a.chains != usual.chains},
                            {"--warmup", a.warmup != usual.warmup},
                            {"--draws", a.draws != usual.draws},
                            {"--adapt-delta", a.adapt_delta != usual.adapt_delta},
                            {"--max-depth", a.max_depth != usual.max_depth},
                            {"--group", !a.groups.empty()}};
  const Given of_others[] = {{"--starts", a.starts != usual.starts}, {"--folds", a.folds != usual.folds}};
  for (const auto& [option, given] : of_bayes)
    if (given && !bayes) throw Error(fmt::format("{}: is for --method bayes, not {}", option, a.method));
  for (const auto& [option, given] : of_others)
    if (given && bayes) throw Error(fmt::format("{}: is for --method map and ml, not bayes", option));
}
GroupFitOptions group_options(const DataArgs& a, const LearnerEntry& entry, ProgressLine& line) {
  GroupFitOptions o = sampler_settings(a);
  o.overrides = held(a, entry);
  o.groups = groups_of(a, entry);
  o.threads = thread_count(a.jobs);
  o.progress = [&line](double share, const std::string& what) { line.show(share, what); };
  return o;
}

namespace {

GroupResult fit_model(const DataArgs& a, const DataSet& data, const FormulaFit& formulas,
                      const std::string& model, ProgressLine& line) {
  const auto& entry = find_learner(model, Where{"--model", 0, 0, ""});
  auto options = group_options(a, entry, line);
  options.correlated = a.correlated;
  auto r = group_result(entry, model, data, formula_spec(a), formulas, options);
  line.clear();
  return r;
}

void print_fit(const GroupResult& f) {
  const auto& g = f.fit;
  const auto& formulas = f.formulas;
  const auto& a = f.options;
  fmt::print(
      "\n{} (hierarchical Bayes): {} subjects{}, {} {}; {} chains of {} draws after {} of warm-up, "
      "{:.1f} s\n",
      f.model, formulas.subjects.size(),
      formulas.within.empty() ? "" : fmt::format(" in {} units", f.rows.size()), g.observations,
      predicts(*f.learner), g.chains.size(), a.draws, a.warmup, g.wall_s);
  fmt::print("  {:<18} {:>10}   {:<20} {:>9} {:>7} {:>7}\n", "median subject", "mean", "95% interval",
             "spread", "R-hat", "ESS");
  for (const auto& p : g.params) {
    const auto of = [&](const std::string& name) {
      return std::find_if(g.group.begin(), g.group.end(), [&](const auto& q) { return q.name == name; })
          ->summary;
    };
    const auto x = of(p.name), spread = of(fmt::format("sigma[{}]", p.name)),
               mu = of(fmt::format("mu[{}]", p.name));
    fmt::print("  {:<18} {:>10}   {:<20} {:>9} {:>7.3f} {:>7.0f}\n",
               p.unit == "1" ? p.name : fmt::format("{}, {}", p.name, p.unit), text_of(x.mean),
               fmt::format("{} to {}", text_of(x.q2_5), text_of(x.q97_5)), text_of(spread.mean),
               std::max(mu.rhat, spread.rhat), std::min(mu.ess_bulk, spread.ess_bulk));
  }
  fmt::print("  spread: sigma of people around the group, before the parameter's transform\n");
  if (!g.loo.points.empty())
    fmt::print("  leave-one-out: elpd {:.1f} (se {:.1f}), {:.1f} effective parameters; WAIC elpd {:.1f}\n",
               g.loo.elpd.value, g.loo.elpd.se, g.loo.p.value, g.waic.elpd.value);
  print_correlations(g);
  print_effects(f.effects, f.asked.effect_prior);
  for (const auto& w : g.weak) fmt::print("  weak: {}\n", w);
  for (const auto& w : g.warnings) fmt::print("  warning: {}\n", w);
  if (g.warnings.empty())
    fmt::print("  checks passed: R-hat at most {:.3f}, at least {:.0f} effective draws, no divergence\n",
               g.worst_rhat, std::min(g.least_bulk, g.least_tail));
}

/// Draws, trials with the learner's numbers, a methods paragraph: what was asked for.
void write_beside(const DataArgs& a, const DataSet& data, const GroupResult& f) {
  const auto say = [&](const std::string& said) {
    if (!a.json) fmt::print("{}\n", said);
  };
  if (!a.group_out.empty()) {
    const auto file = file_of_model(a, a.group_out, f.model);
    write_file(file, group_table(f));
    say(fmt::format("{}: one row a quantity of the group", file.string()));
  }
  if (!a.draws_out.empty()) say(write_draws(a, data, f));
  if (!a.trials_out.empty())
    say(write_trial_table(a, data, *f.learner, f.rows, &f.formulas, file_of_model(a, a.trials_out, f.model)));
  if (a.methods_out.empty()) return;
  const auto file = file_of_model(a, a.methods_out, f.model);
  write_file(file, methods_text(data, f));
  say(fmt::format("{}: a methods paragraph", file.string()));
}
nlohmann::ordered_json draw_from_prior(const DataArgs& a, const DataSet& data, const FormulaFit& formulas,
                                       const std::string& model) {
  const auto& entry = find_learner(model, Where{"--model", 0, 0, ""});
  if (!a.json) fmt::print("\n{}:\n", model);
  auto check = check_fit_predictions(a, data, entry, formulas, nullptr, !a.json);
  return {{"model", model}, {"method", "prior"}, {"check", std::move(check)}};
}

/// Throws Interrupted after the model whose chains were interrupted: the next ones are not begun.
void fit_and_write(const DataArgs& a, const DataSet& data, const FormulaFit& formulas, std::size_t m,
                   ToldFits& all) {
  const auto& model = a.models[m];
  ProgressLine line(!a.json);
  const auto f = fit_model(a, data, formulas, model, line);
  all.tell(
      data, model, [&] { return json_of(f); }, [&] { print_fit(f); }, fit_table(f));
  write_beside(a, data, f);
  if (!a.checks.empty()) {
    auto check = check_fit_predictions(a, data, *f.learner, formulas, &f, !a.json);
    if (a.json) all.add("check", std::move(check));
  }
  if (!f.fit.cut_short) return;
  const auto left = a.models.size() - m - 1;
  throw Interrupted(fmt::format("interrupted: {} is what {} of {} chains say{}", model, f.fit.chains.size(),
                                a.chains,
                                left > 0 ? fmt::format("; {} model(s) after it were not fitted", left) : ""));
}
}  // namespace

int fit_bayes_command(const DataArgs& a, const DataSet& data, const FormulaFit& formulas) {
  ToldFits all(a);
  all.each([&](std::size_t m) {
    if (a.prior_only)
      all.add(draw_from_prior(a, data, formulas, a.models[m]));
    else
      fit_and_write(a, data, formulas, m, all);
  });
  return 0;
}

}  // namespace labile
