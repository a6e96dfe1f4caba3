/// `labile compare DATA --models A,B`: which learner predicts trials that it was not fitted to; by cross-validation here, from
/// hierarchical fits in compare_bayes.cpp.
#include "fit/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/data.hpp"
#include "cli/fit_outputs.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "learners/catalogue.hpp"
#include "metrics/evaluate.hpp"
#include "record/write.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;

/// Learners in the order of their total, with what stands beside it.
struct Rank {
  std::size_t model;
  double total = 0;
  int wins = 0;     // subjects that it predicts best
  Interval behind;  // mean over subjects of its log-likelihood less that of the first; nats a subject
};

class Table {
 public:
  Table(const Comparison& c, std::uint64_t seed) : c_(c), resampler_(seed) {
    for (std::size_t s = 0; s < c.choices.size(); ++s) {
      const bool all = std::all_of(c.models.begin(), c.models.end(),
                                   [&](const HeldOut& m) { return std::isfinite(m.loglik[s]); });
      if (all) subjects_.push_back(s);
    }
    for (std::size_t m = 0; m < c.models.size(); ++m) {
      Rank r{m, 0, 0, {}};
      for (const auto s : subjects_) r.total += c.models[m].loglik[s];
      ranks_.push_back(r);
    }
    std::stable_sort(ranks_.begin(), ranks_.end(),
                     [](const Rank& a, const Rank& b) { return a.total > b.total; });
    for (auto& r : ranks_) {
      if (subjects_.empty()) break;
      std::vector<Sample> less;
      for (const auto s : subjects_)
        less.push_back({c.models[r.model].loglik[s] - c.models[ranks_[0].model].loglik[s], 1});
      r.behind = resampler_.mean(less);
    }
    for (const auto s : subjects_)
      ++std::max_element(ranks_.begin(), ranks_.end(), [&](const Rank& a, const Rank& b) {
          return c.models[a.model].loglik[s] < c.models[b.model].loglik[s];
        })->wins;
  }
  [[nodiscard]] const std::vector<Rank>& ranks() const { return ranks_; }
  [[nodiscard]] const std::vector<std::size_t>& subjects() const { return subjects_; }
  [[nodiscard]] long choices() const {
    long n = 0;
    for (const auto s : subjects_) n += c_.choices[s];
    return n;
  }
  [[nodiscard]] double chance() const {
    double sum = 0;
    for (const auto s : subjects_) sum += c_.chance[s];
    return sum;
  }

 private:
  const Comparison& c_;
  Resampler resampler_;
  std::vector<std::size_t> subjects_;  // whom every learner could be fitted to
  std::vector<Rank> ranks_;
};

/// "5 folds of blocks (80 subjects)", however subjects were cut.
std::string cuts(const Comparison& c) {
  std::map<std::string, int> how;
  for (const auto& f : c.folds)
    ++how[f.count == 0 ? std::string("nothing to cut") : fmt::format("{} folds of {}", f.count, f.unit)];
  std::string r;
  for (const auto& [text, n] : how) r += fmt::format("{}{} ({} subjects)", r.empty() ? "" : ", ", text, n);
  return r;
}

void print(const Comparison& c, const Table& table) {
  fmt::print("Held-out log-likelihood, nats; {}.\n", cuts(c));
  fmt::print("{:<34}{:>12}{:>10}   {:<36}{}\n", "learner", "total", "a trial",
             "behind the first, a subject [95%]", "best for");
  for (const auto& r : table.ranks())
    fmt::print("{:<34}{:>12.2f}{:>10.4f}   {:<36}{} of {}\n", c.models[r.model].model, r.total,
               r.total / static_cast<double>(table.choices()),
               &r == table.ranks().data() ? "-" : interval_text(r.behind), r.wins, table.subjects().size());
  for (const auto& m : c.models)
    if (const int n = std::accumulate(m.impossible.begin(), m.impossible.end(), 0); n > 0)
      fmt::print(
          "{}: {} held-out trial(s) were impossible by its fits, such as a response quicker than any it was "
          "fitted to; they alone cost hundreds of nats each and decide its total.\n",
          m.model, n);
  if (std::isfinite(table.chance()))
    fmt::print("{:<34}{:>12.2f}{:>10.4f}\n", "chance", table.chance(),
               table.chance() / static_cast<double>(table.choices()));
}

Json json_of(const DataArgs& a, const DataSet& data, const Comparison& c, const Table& table) {
  Json models = Json::array();
  for (const auto& r : table.ranks()) {
    Json subjects = Json::object();
    for (std::size_t s = 0; s < c.choices.size(); ++s) {
      const double x = c.models[r.model].loglik[s];
      subjects[data.trials.subjects[s]] = std::isfinite(x) ? Json(x) : Json(nullptr);
    }
    models.push_back({{"model", c.models[r.model].model},
                      {"heldout_loglik", r.total},
                      {"behind", {{"value", r.behind.value}, {"low", r.behind.low}, {"high", r.behind.high}}},
                      {"best_for", r.wins},
                      {"impossible", std::accumulate(c.models[r.model].impossible.begin(),
                                                     c.models[r.model].impossible.end(), 0)},
                      {"subjects", subjects}});
  }
  return {{"data", a.data},
          {"folds", cuts(c)},
          {"subjects", table.subjects().size()},
          {"trials", table.choices()},
          {"chance", std::isfinite(table.chance()) ? Json(table.chance()) : Json(nullptr)},
          {"notes", data.notes},
          {"models", models}};
}

std::string csv_of(const DataSet& data, const Comparison& c) {
  std::string r = "subject,trials,folds";
  for (const auto& m : c.models) r += "," + m.model;
  r += "\n";
  for (std::size_t s = 0; s < c.choices.size(); ++s) {
    r += fmt::format("{},{},{}", csv_field(data.trials.subjects[s]), c.choices[s], c.folds[s].count);
    for (const auto& m : c.models)
      r += std::isfinite(m.loglik[s]) ? fmt::format(",{}", m.loglik[s]) : std::string(",");
    r += "\n";
  }
  return r;
}

/// A parameter of one name that learners hold at different values is part of their difference.
std::vector<std::string> held_apart(const DataArgs& a, const std::vector<const LearnerEntry*>& learners) {
  std::map<std::string, std::vector<std::pair<double, std::string>>> at;
  for (const auto* l : learners) {
    const auto given = held(a, *l);
    for (const auto& p : l->params)
      if (p.prior.kind == Prior::fixed &&
          std::none_of(given.begin(), given.end(), [&](const auto& h) { return h.name == p.name; }))
        at[p.name].emplace_back(std::get<double>(p.standard), l->info.name);
  }
  std::vector<std::string> r;
  for (const auto& [name, all] : at)
    for (const auto& [value, learner] : all)
      if (value != all.front().first) {
        r.push_back(fmt::format(
            "{0} is held at {1} in '{2}' and at {3} in '{4}', and differences between them may be that; "
            "--hold {0}=VALUE gives all one",
            name, all.front().first, all.front().second, value, learner));
        break;
      }
  return r;
}
}  // namespace

int compare_command(const DataArgs& a) {
  std::vector<const LearnerEntry*> learners;
  for (const auto& m : a.models) {
    const auto& entry = find_learner(m, Where{"--models", 0, 0, ""});
    if (!entry.likelihood) throw Error(fmt::format("'{}' cannot be fitted: {}", m, entry.no_likelihood));
    if (std::count(a.models.begin(), a.models.end(), m) > 1)
      throw Error(fmt::format("--models: '{}' stands there twice", m));
    learners.push_back(&entry);
  }
  if (learners.size() < 2) throw Error("--models: one learner is not enough to compare; name two or more");
  check_held(a, learners);
  check_groups(a, learners);
  refuse_idle_options(a);
  auto data = load_data(a, inputs_of(a.models));
  refuse_joined_conditions(data);
  for (auto& n : held_apart(a, learners)) data.notes.push_back(std::move(n));
  if (a.method == "bayes") {
    for (auto& n : doubts(learners, data.subjects)) data.notes.push_back(std::move(n));
    return compare_bayes_command(a, data, learners);
  }
  CompareOptions o;
  o.folds = a.folds;
  o.fit.method = a.method == "ml" ? FitMethod::ml : FitMethod::map;
  o.fit.starts = a.starts;
  o.held = [&](const LearnerEntry& learner) { return held(a, learner); };
  o.fit.seed = a.seed;
  o.fit.threads = thread_count(a.jobs);
  ProgressLine progress(true);
  std::mutex lock;
  o.progress = [&](double share, const std::string& what) {
    const std::lock_guard guard(lock);
    progress.show(share, what);
  };
  const Comparison c = compare_learners(learners, a.models, data.trials, data.subjects, o);
  progress.clear();
  for (auto& n : doubts(learners, data.subjects)) data.notes.push_back(std::move(n));
  const Table table(c, a.seed);
  if (table.subjects().empty())
    throw Error(fmt::format("{}: no subject has trials enough to leave some out of a fit", a.data));
  if (const std::size_t left = c.choices.size() - table.subjects().size(); left > 0)
    data.notes.push_back(
        fmt::format("{} subject(s) without choices, or whom not every learner could be fitted "
                    "to, are left out",
                    left));
  if (!a.out.empty()) write_file(a.out, csv_of(data, c));
  if (a.json) {
    fmt::print("{}\n", json_of(a, data, c, table).dump(1));
    return 0;
  }
  for (const auto& n : data.notes) fmt::print("note: {}\n", n);
  print(c, table);
  if (!a.out.empty()) fmt::print("{}: one row a subject\n", a.out);
  return 0;
}

}  // namespace labile
