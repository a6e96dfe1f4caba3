#include "run/group_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bayes/group_draws.hpp"
#include "record/write.hpp"

namespace labile {

GroupResult group_result(const LearnerEntry& learner, const std::string& model, const DataSet& data,
                         const FormulaSpec& asked, FormulaFit formulas, GroupFitOptions options) {
  options.designs = designs_of(formulas, learner);
  options.unit_names = data.trials.subjects;
  GroupResult r{model, &learner, options, asked, std::move(formulas), {}, {}, {}, {}, {}};
  r.fit = fit_group(learner, data.subjects, r.formulas.subject_of, options);
  r.options.progress = {};
  r.options.sharing = nullptr;
  r.effects = effects_of(r.formulas, r.fit);
  const auto standard = group_model(learner, options.overrides).standard;
  for (std::size_t u = 0; u < data.subjects.size(); ++u) {
    auto row = standard;
    for (std::size_t k = 0; k < r.fit.params.size(); ++k)
      row[static_cast<std::size_t>(r.fit.params[k].at)] = r.fit.unit[k][u].mean;
    r.loglik.push_back(learner.likelihood->value(row, data.subjects[u], {}));
    r.rows.push_back(std::move(row));
    r.trials.push_back(count_entering(learner, data.subjects[u]));
  }
  if (const auto without = std::count(r.trials.begin(), r.trials.end(), 0); without > 0)
    r.fit.warnings.push_back(
        r.formulas.within.empty()
            ? fmt::format("{} subject(s) have nothing that enters, {}: their values are the group's", without,
                          none_enters(learner))
            : fmt::format(
                  "{} unit(s) have nothing that enters, {}: their values come from the subject's other "
                  "conditions and the group",
                  without, none_enters(learner)));
  return r;
}

std::string fit_table(const GroupResult& f) {
  std::string r = "subject";
  for (const auto& c : f.formulas.within) r += "," + csv_field(c);
  for (const auto& p : f.fit.params) r += fmt::format(",{0},{0}_sd,{0}_q2.5,{0}_q97.5", p.name);
  r += ",loglik,trials\n";
  for (std::size_t u = 0; u < f.rows.size(); ++u) {
    r += csv_field(f.formulas.subjects[static_cast<std::size_t>(f.formulas.subject_of[u])]);
    for (const auto& value : f.formulas.values[u]) r += "," + csv_field(value);
    for (std::size_t k = 0; k < f.fit.params.size(); ++k) {
      const auto& x = f.fit.unit[k][u];
      r += fmt::format(",{:.10g},{:.10g},{:.10g},{:.10g}", x.mean, x.sd, x.q2_5, x.q97_5);
    }
    r += fmt::format(",{:.10g},{}\n", f.loglik[u], f.trials[u]);
  }
  return r;
}

std::string group_table(const GroupResult& f) {
  std::string r =
      "quantity,mean,sd,q2.5,median,q97.5,ess_bulk,ess_tail,rhat,mcse_mean,mcse_sd,prior_overlap,above_0\n";
  const auto number = [](double x) { return std::isnan(x) ? std::string() : fmt::format("{:.10g}", x); };
  const auto row = [&](const std::string& name, const DrawSummary& s, double overlap, double above_0) {
    r += csv_field(name);
    for (const double x : {s.mean, s.sd, s.q2_5, s.median, s.q97_5, s.ess_bulk, s.ess_tail, s.rhat,
                           s.mcse_mean, s.mcse_sd, overlap, above_0})
      r += "," + number(x);
    r += "\n";
  };
  for (const auto& q : f.fit.group) row(q.name, q.summary, q.prior_overlap, kNaN);
  for (const auto& e : f.effects) {
    for (const auto& c : e.cells) {
      std::string at;
      for (const auto& [factor, level] : c.at)
        at += fmt::format("{}{} {}", at.empty() ? "" : ", ", factor, level);
      if (!at.empty()) row(fmt::format("{}: {}", e.param, at), c.value, kNaN, kNaN);
    }
    for (const auto& d : e.differences) row(fmt::format("{}: {}", e.param, d.name), d.value, kNaN, d.above_0);
  }
  return r;
}

PredictiveChecks check_posterior(const GroupResult& result, const DataSet& data,
                                 std::span<const CheckedMetric> metrics, PredictiveOptions options) {
  const Posterior& posterior = *result.fit.posterior;
  const std::size_t subjects = data.subjects.size();
  const Draws draws(result.fit.chains);
  options.replicates = std::min(options.replicates, draws.total());
  const auto rows = [&](int replicate) {
    const auto q =
        draws.q(static_cast<int>(static_cast<long>(replicate) * draws.total() / options.replicates));
    std::vector<std::vector<double>> r(subjects, std::vector<double>(result.learner->params.size()));
    for (std::size_t s = 0; s < subjects; ++s) posterior.row(q, static_cast<int>(s), r[s]);
    return r;
  };
  std::vector<MetricRequest> requests;
  for (const auto& m : metrics) requests.push_back(m.request);
  return check_predictions(*result.learner, data.trials, data.fresh, requests, rows, options);
}

}  // namespace labile
