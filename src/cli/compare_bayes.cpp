/// `labile compare --method bayes`: hierarchical fits of several learners to the same people, by decision and by subject.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bayes/leave_subject_out.hpp"
#include "bayes/model_selection.hpp"
#include "cli/fit_outputs.hpp"
#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "fit/compare.hpp"
#include "record/write.hpp"
#include "run/json.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;

Json json_of(const Estimate& e) {
  return {{"estimate", number(e.value)}, {"se", number(e.se)}};
}

/// What stays of one learner's fit.
struct Scored {
  std::string model;
  Loo loo;  // by decision
  Waic waic;
  SubjectsOut out;
  std::vector<double> each;  // [subject] sum of loo over its decisions
  std::vector<std::string> warnings, weak;
  int divergences = 0;
  double rhat = 0, bulk = 0, wall_s = 0;
};

/// Models of one set of scores, best first.
struct Ranking {
  std::vector<RankedModel> order;
  std::vector<double> stacking, pseudo_bma;  // [model as given]
};
Ranking rank(const std::vector<std::vector<double>>& elpd, std::uint64_t seed) {
  return {rank_models(elpd), stacking_weights(elpd), pseudo_bma_plus_weights(elpd, seed)};
}

class GroupComparison {
 public:
  GroupComparison(const DataArgs& a, const DataSet& data, const std::vector<const LearnerEntry*>& learners)
      : a_(a), data_(data), of_(predicts(*learners.front())) {
    const auto& first = *learners.front();
    decisions_.assign(data.subjects.size(), 0);
    for (std::size_t s = 0; s < data.subjects.size(); ++s)
      for (std::size_t t = 0; t < data.subjects[s].size(); ++t)
        decisions_[s] += observed(first, data.subjects[s], t);
    for (std::size_t s = 0; s < decisions_.size(); ++s)
      if (decisions_[s] > 0) scored_.push_back(s);
    if (scored_.size() < 2)
      throw Error(
          fmt::format("--method bayes compares learners over a group, and {} subject(s) have {}; use map",
                      scored_.size(), of_));
    fit_all(learners);
    std::vector<std::vector<double>> decisions, subjects;
    std::vector<double> evidence;
    for (const auto& m : models_) {
      decisions.emplace_back();
      for (const auto& p : m.loo.points) decisions.back().push_back(p.elpd);
      subjects.emplace_back();
      for (const auto s : scored_) subjects.back().push_back(m.out.loo.points[s].elpd);
    }
    by_decision_ = rank(decisions, a.seed);
    by_subject_ = rank(subjects, a.seed);
    for (std::size_t i = 0; i < scored_.size(); ++i) {
      std::size_t best = 0;
      for (std::size_t m = 0; m < models_.size(); ++m) {
        evidence.push_back(subjects[m][i]);
        if (subjects[m][i] > subjects[best][i]) best = m;
      }
      if (best_for_.empty()) best_for_.assign(models_.size(), 0);
      ++best_for_[best];
    }
    selection_ = select_models(evidence, static_cast<int>(models_.size()));
  }

  /// What was left out by an interrupt, in words; empty: nothing.
  [[nodiscard]] const std::string& cut_short() const { return cut_short_; }

  void print() const {
    long n = 0;
    for (const int d : decisions_) n += d;
    fmt::print("{} hierarchical fits to {} subjects, {} {}; {} chains of {} draws after {} of warm-up each\n",
               models_.size(), scored_.size(), n, of_, a_.chains, a_.draws, a_.warmup);
    fmt::print(
        "\nBy decision, of these subjects (PSIS-LOO), nats\n{:<34}{:>11}  {:<20}{:>9}{:>13}{:>11}{:>8}\n",
        "learner", "elpd", "behind (se)", "stacking", "pseudo-BMA+", "WAIC elpd", "k high");
    for (const auto& r : by_decision_.order) {
      const auto at = static_cast<std::size_t>(r.model);
      const auto& m = models_[at];
      fmt::print("{:<34}{:>11.1f}  {:<20}{:>9.3f}{:>13.3f}{:>11.1f}{:>8}\n", m.model, m.loo.elpd.value,
                 behind(r), by_decision_.stacking[at], by_decision_.pseudo_bma[at], m.waic.elpd.value,
                 m.loo.unreliable);
    }
    fmt::print(
        "\nBy subject, whom the others predict (own parameters integrated out), nats\n{:<34}{:>11}  "
        "{:<20}{:>9}{:>13}{:>11}{:>8}\n",
        "learner", "elpd", "behind (se)", "stacking", "pseudo-BMA+", "MC error", "k high");
    for (const auto& r : by_subject_.order) {
      const auto at = static_cast<std::size_t>(r.model);
      const auto& m = models_[at];
      fmt::print("{:<34}{:>11.1f}  {:<20}{:>9.3f}{:>13.3f}{:>11}{:>8}\n", m.model, m.out.loo.elpd.value,
                 behind(r), by_subject_.stacking[at], by_subject_.pseudo_bma[at],
                 std::isfinite(m.out.mcse) ? fmt::format("{:.2f}", m.out.mcse) : "-", m.out.loo.unreliable);
    }
    fmt::print(
        "\nWhose learner is which (random effects; evidence of a subject: its elpd given the others)\n"
        "{:<34}{:<20}{:>12}{:>12}   {}\n",
        "learner", "frequency (sd)", "exceedance", "protected", "best for");
    for (const auto& r : by_subject_.order) {
      const auto at = static_cast<std::size_t>(r.model);
      fmt::print("{:<34}{:<20}{:>12.3f}{:>12.3f}   {} of {}\n", models_[at].model,
                 fmt::format("{:.3f} ({:.3f})", selection_.frequency[at], selection_.frequency_sd[at]),
                 selection_.exceedance[at], selection_.protected_exceedance[at], best_for_[at],
                 scored_.size());
    }
    fmt::print("probability that all are equally frequent (BOR): {:.3f}\n", selection_.bor);
    if (!cut_short_.empty()) fmt::print("warning: {}\n", cut_short_);
    for (const auto& m : models_) {
      for (const auto& w : m.weak) fmt::print("weak: {}: {}\n", m.model, w);
      for (const auto& w : m.warnings) fmt::print("warning: {}: {}\n", m.model, w);
    }
  }

  [[nodiscard]] Json json() const {
    long n = 0;
    for (const int d : decisions_) n += d;
    Json models = Json::array(), notes = data_.notes;
    if (!cut_short_.empty()) notes.push_back(cut_short_);
    for (const auto& r : by_decision_.order)
      models.push_back(json_of_model(static_cast<std::size_t>(r.model)));
    return {{"data", a_.data},
            {"method", "bayes"},
            {"of", of_},
            {"subjects", scored_.size()},
            {"observations", n},
            {"settings",
             {{"chains", a_.chains},
              {"warmup", a_.warmup},
              {"draws", a_.draws},
              {"adapt_delta", a_.adapt_delta},
              {"max_depth", a_.max_depth},
              {"seed", a_.seed}}},
            {"notes", notes},
            {"models", models},
            {"bor", number(selection_.bor)},
            {"evidence", "elpd of the subject given the others, its parameters integrated out"}};
  }

  [[nodiscard]] std::string csv() const {
    std::string r = "subject,decisions";
    for (const auto& m : models_)
      r += fmt::format(",{0}_elpd_decisions,{0}_elpd_subject,{0}_k,{0}_mcse,{0}_probability", m.model);
    r += "\n";
    for (std::size_t s = 0; s < decisions_.size(); ++s) {
      r += fmt::format("{},{}", csv_field(data_.trials.subjects[s]), decisions_[s]);
      for (std::size_t m = 0; m < models_.size(); ++m) {
        const auto& p = models_[m].out.loo.points[s];
        if (decisions_[s] == 0)
          r += ",,,,,";
        else
          r += fmt::format(",{:.10g},{:.10g},{:.4g},{:.4g},{:.6g}", models_[m].each[s], p.elpd, p.k,
                           mcse(m, s), probability(s, m));
      }
      r += "\n";
    }
    return r;
  }

 private:
  /// Interrupted after two or more, those are compared.
  void fit_all(const std::vector<const LearnerEntry*>& learners) {
    try {
      for (std::size_t m = 0; m < learners.size(); ++m) models_.push_back(fit(*learners[m], a_.models[m]));
    } catch (const Interrupted&) {
      if (models_.size() < 2) throw;
      clear_interrupt();  // it was heard
      cut_short_ = fmt::format("interrupted: {} of {} learners were fitted, and only they are compared",
                               models_.size(), learners.size());
    }
  }
  Scored fit(const LearnerEntry& learner, const std::string& name) const {
    ProgressLine line(!a_.json);
    auto options = group_options(a_, learner, line);
    options.unit_names = data_.trials.subjects;
    options.partial = false;  // fewer chains would be compared with all
    std::vector<int> subject_of;
    for (std::size_t s = 0; s < data_.subjects.size(); ++s) subject_of.push_back(static_cast<int>(s));
    const GroupFit f = fit_group(learner, data_.subjects, subject_of, options);
    line.show(1, name + ", subject by subject");
    SubjectOutOptions o;
    o.seed = a_.seed;
    o.threads = options.threads;
    Scored r{name,         f.loo,        f.waic,  leave_subjects_out(f, o),
             {},           f.warnings,   f.weak,  f.divergences,
             f.worst_rhat, f.least_bulk, f.wall_s};
    line.clear();
    if (auto w = subjects_out_warning(r.out); !w.empty()) r.warnings.push_back(std::move(w));
    std::size_t at = 0;
    for (const int n : decisions_) {
      double sum = 0;
      for (int i = 0; i < n; ++i) sum += r.loo.points.at(at++).elpd;
      r.each.push_back(sum);
    }
    if (at != r.loo.points.size()) throw Bug("learners of one kind score the same decisions");
    return r;
  }

  static std::string behind(const RankedModel& r) {
    return r.elpd_diff == 0 && r.se_diff == 0 ? "-" : fmt::format("{:.1f} ({:.1f})", r.elpd_diff, r.se_diff);
  }
  [[nodiscard]] double mcse(std::size_t model, std::size_t subject) const {
    const auto& o = models_[model].out;
    return std::hypot(o.loo.points[subject].mcse, o.integration_mcse[subject]);
  }
  [[nodiscard]] double probability(std::size_t subject, std::size_t model) const {
    const auto i = std::find(scored_.begin(), scored_.end(), subject) - scored_.begin();
    return selection_.attribution[static_cast<std::size_t>(i)][model];
  }
  static Json place(const Ranking& r, std::size_t model) {
    const auto it = std::find_if(r.order.begin(), r.order.end(),
                                 [&](const auto& x) { return x.model == static_cast<int>(model); });
    return {{"value", number(it->elpd_diff)}, {"se", number(it->se_diff)}};
  }

  [[nodiscard]] Json json_of_model(std::size_t i) const {
    const auto& m = models_[i];
    Json subjects = Json::object();
    for (const auto s : scored_)
      subjects[data_.trials.subjects[s]] = {{"decisions", decisions_[s]},
                                            {"elpd_decisions", number(m.each[s])},
                                            {"elpd_subject", number(m.out.loo.points[s].elpd)},
                                            {"k", number(m.out.loo.points[s].k)},
                                            {"mcse", number(mcse(i, s))},
                                            {"integration_mcse", number(m.out.integration_mcse[s])},
                                            {"probability", number(probability(s, i))}};
    return {
        {"model", m.model},
        {"by_decision",
         {{"elpd", json_of(m.loo.elpd)},
          {"p", json_of(m.loo.p)},
          {"k_threshold", number(m.loo.threshold)},
          {"k_above", m.loo.unreliable},
          {"mcse", number(m.loo.mcse)},
          {"behind", place(by_decision_, i)},
          {"stacking", number(by_decision_.stacking[i])},
          {"pseudo_bma_plus", number(by_decision_.pseudo_bma[i])},
          {"waic",
           {{"elpd", json_of(m.waic.elpd)}, {"p", json_of(m.waic.p)}, {"p_above_0.4", m.waic.unreliable}}}}},
        {"by_subject",
         {{"elpd", json_of(m.out.loo.elpd)},
          {"p", json_of(m.out.loo.p)},
          {"k_threshold", number(m.out.loo.threshold)},
          {"k_above", m.out.loo.unreliable},
          {"mcse", number(m.out.mcse)},
          {"behind", place(by_subject_, i)},
          {"stacking", number(by_subject_.stacking[i])},
          {"pseudo_bma_plus", number(by_subject_.pseudo_bma[i])},
          {"best_for", best_for_[i]}}},
        {"random_effects",
         {{"frequency", number(selection_.frequency[i])},
          {"frequency_sd", number(selection_.frequency_sd[i])},
          {"exceedance", number(selection_.exceedance[i])},
          {"protected_exceedance", number(selection_.protected_exceedance[i])}}},
        {"diagnostics",
         {{"max_rhat", number(m.rhat)},
          {"min_ess_bulk", number(m.bulk)},
          {"divergences", m.divergences},
          {"warnings", m.warnings},
          {"weak", m.weak}}},
        {"wall_s", m.wall_s},
        {"subjects", subjects}};
  }

  const DataArgs& a_;
  const DataSet& data_;
  const char* of_;                   // what is scored
  std::vector<int> decisions_;       // [subject]
  std::vector<std::size_t> scored_;  // subjects with a decision
  std::vector<Scored> models_;
  std::string cut_short_;
  Ranking by_decision_, by_subject_;
  std::vector<int> best_for_;  // [model] subjects
  GroupModels selection_;      // of scored_
};
}  // namespace

int compare_bayes_command(const DataArgs& a, const DataSet& data,
                          const std::vector<const LearnerEntry*>& learners) {
  refuse_unlike(learners);
  const GroupComparison c(a, data, learners);
  if (!a.out.empty()) write_file(a.out, c.csv());
  const int code = c.cut_short().empty() ? 0 : 130;
  if (a.json) {
    fmt::print("{}\n", c.json().dump(1));
    return code;
  }
  for (const auto& n : data.notes) fmt::print("note: {}\n", n);
  c.print();
  if (!a.out.empty()) fmt::print("{}: one row a subject\n", a.out);
  return code;
}

}  // namespace labile
