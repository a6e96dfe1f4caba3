#include "run/methods.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "bayes/export_draws.hpp"

namespace labile {
namespace {
std::string four_digits(double x) {
  return fmt::format("{:.4g}", x);
}
std::string software() {
  return fmt::format("Labile {} (The Labile developers; see CITATION.cff)", LABILE_VERSION);
}
std::string data_of(const DataSet& data, const LearnerEntry& learner, int subjects) {
  const ReadOptions& a = data.options;
  long n = 0;
  for (const auto& s : data.subjects) n += count_entering(learner, s);
  std::string r =
      fmt::format("{} {} of {} subjects ({})", n, predicts(learner), subjects, data.path.filename().string());
  if (!a.reset_on.empty())
    r += fmt::format("; values started afresh at each new {}", fmt::join(a.reset_on, " and "));
  if (a.min_rt_s > 0) r += fmt::format("; choices faster than {} s counted as missing", a.min_rt_s);
  if (!a.outcome_map.empty()) r += fmt::format("; outcomes recoded {}", a.outcome_map);
  if (!data.condition.empty()) r += fmt::format("; condition {} only", data.condition);
  std::vector<std::string> rows;
  for (const auto& [column, value] : a.where) rows.push_back(fmt::format("{}={}", column, value));
  if (!rows.empty()) r += fmt::format("; only rows with {}", fmt::join(rows, ", "));
  if (!data.left_out.empty()) r += "; " + data.left_out;
  return r;
}
std::string source_of(const LearnerEntry& learner) {
  return fmt::format("{} ({})", learner.info.about, learner.info.source);
}
std::string held_text(const std::vector<FitOverride>& given, const LearnerEntry& learner,
                      const std::vector<std::string>& estimated) {
  std::vector<std::string> r;
  for (const auto& p : learner.params) {
    if (std::find(estimated.begin(), estimated.end(), p.name) != estimated.end()) continue;
    double value = std::get<double>(p.standard);
    for (const auto& h : given)
      if (h.name == p.name && h.held) value = *h.held;
    r.push_back(fmt::format("{} = {}", p.name, four_digits(value)));
  }
  return r.empty() ? "" : fmt::format(" Held fixed: {}.", fmt::join(r, ", "));
}
/// Where what we run is not what Stan does by default.
std::string adaptation_of(const GroupFit& f) {
  std::string r =
      " Its step size was learned with a gain of 0.2, its diagonal metric drawn towards that of the "
      "empirical Bayes estimate";
  if (const double least = f.posterior->least_step(); least > 0)
    r += fmt::format("; the likelihood jumps, and steps were not let below {}", least);
  r += ".";
  const bool moved = std::any_of(f.chains.begin(), f.chains.end(), [](const auto& c) {
    return std::any_of(c.moved.begin(), c.moved.end(), [](double x) { return x != 0; });
  });
  if (moved)
    r += fmt::format(
        " After each iteration {} were proposed anew, {} times, by Metropolis steps whose proposals do not "
        "depend on where "
        "they are (Tierney 1994, doi:10.1214/aos/1176325750), from mixtures fitted at the start and in "
        "warm-up.",
        f.posterior->learner().likelihood->jumps
            ? "all subjects' values"
            : "the values of subjects whose density is far from normal or who have several solutions",
        PosteriorDensity::kAttempts);
  return r;
}
}  // namespace

std::string methods_text(const DataSet& data, const GroupResult& result) {
  const GroupFit& f = result.fit;
  const GroupFitOptions& a = result.options;
  const Posterior& posterior = *f.posterior;
  const auto& learner = f.posterior->learner();
  std::string text =
      fmt::format("We fitted the learner `{}`, {}, to {}, as one hierarchical Bayesian model with {}. ",
                  result.model, source_of(learner), data_of(data, learner, posterior.subjects()), software());
  const bool effects =
      std::any_of(f.params.begin(), f.params.end(), [](const auto& p) { return !p.design.names.empty(); });
  text += fmt::format(
      "Each subject's parameter is T(mu + {}sigma z) with z {}, mu and sigma shared by the group",
      effects ? "x b + " : "",
      posterior.correlated() ? "standard normal and correlated between parameters, a priori LKJ(2)"
                             : "~ N(0, 1)");
  text +=
      " (parametrization and priors after Ahn, Haines & Zhang 2017, "
      "doi:10.1162/CPSY_a_00002):\n\n";
  text += "| parameter | T | prior of mu | prior of sigma |\n|---|---|---|---|\n";
  std::vector<std::string> estimated;
  bool phi = false;
  for (const auto& p : f.params) {
    text += fmt::format("| {} | {} | N({}, {}) | {}({}) |\n", p.name, transform_text(p.group),
                        four_digits(p.group.mu_mean), four_digits(p.group.mu_sd),
                        p.group.cauchy ? "half-Cauchy" : "half-normal", four_digits(p.group.sigma));
    phi = phi || p.group.kind == Group::phi;
    estimated.push_back(p.name);
  }
  text += "\n";
  if (phi) text += "Phi_approx(x) = logistic(0.07056 x^3 + 1.5976 x).";
  text += held_text(a.overrides, learner, estimated);
  for (const auto& p : f.params)
    if (!p.design.names.empty())
      text += fmt::format(" Effects on {} before T: {}, each N(0, {}).", p.name,
                          fmt::join(p.design.names, ", "), four_digits(p.design.prior_sd));
  for (const auto& p : f.params)
    if (!p.design.slope_names.empty())
      text += fmt::format(
          " The effect on {} of {} differs between subjects by tau v, v ~ N(0, 1), tau a priori as sigma.",
          p.name, fmt::join(p.design.slope_names, ", "));
  for (const auto& c : result.formulas.codings)
    for (const auto& n : c.notes()) text += fmt::format(" {}.", n);
  if (posterior.units() > posterior.subjects())
    text += fmt::format(
        " {} conditions within subjects had parameters of their own; values started afresh in each.",
        posterior.units());
  const auto v = stan_version();
  const int draws = f.chains.front().draws();
  text += fmt::format(
      " We drew from the posterior with the No-U-Turn sampler (Hoffman & Gelman 2014; Betancourt 2017, "
      "arXiv:1701.02434) of Stan {}.{}.{}, "
      "with exact gradients: {} chains of {} draws after {} warm-up iterations (adapt_delta {}, greatest "
      "tree depth {}, seed {}), started near the "
      "empirical Bayes estimate.",
      v.major, v.minor, v.patch, f.chains.size(), draws, a.warmup, a.adapt_delta, a.max_depth, a.seed);
  text += adaptation_of(f);
  text += fmt::format(
      " Over all group and subject parameters, rank-normalized split R-hat was at most {:.3f} and bulk and "
      "tail effective sample sizes at least {:.0f} "
      "(Vehtari et al. 2021, doi:10.1214/20-BA1221); {} draws diverged, {} reached the greatest tree depth, "
      "and E-BFMI was at least {:.2f}.",
      f.worst_rhat, std::min(f.least_bulk, f.least_tail), f.divergences, f.depth_hits,
      f.e_bfmi.empty() ? NAN : *std::min_element(f.e_bfmi.begin(), f.e_bfmi.end()));
  if (!f.loo.points.empty())
    text += fmt::format(
        " Leave-one-out predictive density of single decisions (PSIS; Vehtari, Gelman & Gabry 2017, "
        "doi:10.1007/s11222-016-9696-4) was {:.1f} (se {:.1f}) nats, with {} of "
        "{} Pareto k above {:.2f}.",
        f.loo.elpd.value, f.loo.elpd.se, f.loo.unreliable, f.observations, f.loo.threshold);
  text +=
      " We report posterior means and 95% intervals; the group's value is T(mu), that of the median subject";
  text += effects ? " of the reference level, with numbers at 0." : ".";
  for (const auto& w : f.warnings) text += fmt::format("\n\nWarning of the fit: {}", w);
  for (const auto& w : f.weak) text += fmt::format("\n\nWeakly informed: {}", w);
  return text + "\n";
}

std::string methods_text(const DataSet& data, const std::string& model, const LearnerEntry& learner,
                         const FitOptions& a, std::span<const std::vector<double>> params) {
  const bool ml = a.method == FitMethod::ml;
  std::string text =
      fmt::format("We fitted the learner `{}`, {}, to {}, each subject alone, by {} with {}. ", model,
                  source_of(learner), data_of(data, learner, static_cast<int>(data.subjects.size())),
                  ml ? "maximum likelihood" : "maximum a posteriori", software());
  std::vector<std::string> estimated, priors;
  for (const auto& p : learner.params) {
    const bool is_held =
        std::any_of(a.overrides.begin(), a.overrides.end(), [&](const auto& h) { return h.name == p.name; });
    if (is_held || p.prior.kind == Prior::fixed) continue;
    estimated.push_back(p.name);
    const char* kind = p.prior.kind == Prior::beta     ? "beta"
                       : p.prior.kind == Prior::gamma  ? "gamma"
                       : p.prior.kind == Prior::normal ? "normal"
                                                       : nullptr;
    priors.push_back(
        kind && !ml
            ? fmt::format("{} ({}({}, {}))", p.name, kind, four_digits(p.prior.a), four_digits(p.prior.b))
            : fmt::format("{} ({} to {})", p.name, four_digits(p.bounds.lo), four_digits(p.bounds.hi)));
  }
  text += fmt::format(
      "Estimated were {}{}.", fmt::join(priors, ", "),
      ml ? ", within these bounds" : ", with these priors (gamma: shape and scale; a range is a flat prior)");
  text += held_text(a.overrides, learner, estimated);
  text += fmt::format(
      " L-BFGS (NLopt) climbed from {} starting points a subject (seed {}) with exact gradients, and Newton "
      "steps with the exact Hessian finished; standard "
      "errors come from the Hessian at the optimum.",
      a.starts, a.seed);
  const auto unfitted = std::count_if(params.begin(), params.end(),
                                      [](const auto& p) { return p.empty() || std::isnan(p[0]); });
  if (unfitted > 0) text += fmt::format(" {} subject(s) could not be fitted.", unfitted);
  return text + "\n";
}

}  // namespace labile
