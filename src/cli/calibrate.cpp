/// `labile calibrate`: are the intervals of this learner's hierarchical fits what they say?
#include "run/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/data.hpp"
#include "cli/output.hpp"
#include "cli/plots.hpp"
#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "learners/catalogue.hpp"
#include "run/json.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;
using json::number;

double number_of(const Json& j) {
  return j.is_null() ? std::nan("") : j.get<double>();
}

/// What replicates depend on: those of another list of settings are not these.
Json settings_of(const CalibrateArgs& a, const Calibration& c) {
  return {{"model", a.model},        {"task", c.task()},       {"set", a.set},
          {"decisions", c.trials()}, {"subjects", a.subjects}, {"warmup", a.warmup},
          {"draws", a.draws},        {"ranks", a.ranks},       {"adapt_delta", a.adapt_delta},
          {"contrast", a.contrast},  {"group", a.groups},      {"hold", a.hold},
          {"seed", a.seed}};
}

Json json_of(const Replicate& r) {
  Json j{{"index", r.index}};
  if (r.failed.empty())
    j["ranks"] = r.ranks;
  else
    j["failed"] = r.failed;
  j["redrawn"] = r.redrawn;
  j["draws"] = r.draws;
  j["divergences"] = r.divergences;
  j["depth_hits"] = r.depth_hits;
  j["rhat"] = number(r.rhat);
  j["ess"] = number(r.ess);
  j["seconds"] = number(r.seconds);
  return j;
}
Replicate replicate_of(const Json& j) {
  Replicate r;
  r.index = j.at("index");
  if (j.contains("failed"))
    r.failed = j.at("failed");
  else
    r.ranks = j.at("ranks").get<std::vector<int>>();
  r.redrawn = j.at("redrawn");
  r.draws = j.at("draws");
  r.divergences = j.at("divergences");
  r.depth_hits = j.at("depth_hits");
  r.rhat = number_of(j.at("rhat"));
  r.ess = number_of(j.at("ess"));
  r.seconds = number_of(j.at("seconds"));
  return r;
}

Json json_of(const CalibrationSummary& s) {
  Json quantities = Json::array();
  for (const auto& q : s.quantities) {
    Json coverage = Json::array();
    for (const auto& c : q.coverage)
      coverage.push_back({{"interval", c.interval}, {"covered", c.covered}, {"se", c.se}});
    quantities.push_back({{"name", q.name},
                          {"p_ecdf", q.ranks.p},
                          {"p_chi2", q.ranks.p_chi2},
                          {"coverage", coverage},
                          {"below", q.ranks.below}});
  }
  return {{"passed", s.passed()},
          {"replicates", s.replicates},
          {"p", s.p},
          {"worst", s.worst},
          {"outside_band", s.outside},
          {"coverage_90_farthest_se", s.farthest_90},
          {"coverage_90_farthest", s.farthest_at},
          {"failed", s.failed},
          {"redrawn", s.redrawn},
          {"redraws", s.redraws},
          {"short_chains", s.short_chains},
          {"rhat_above_1.05", s.bad_rhat},
          {"with_divergences", s.divergent},
          {"cpu_s_per_replicate", s.seconds},
          {"band", {{"probability", s.band.probability}, {"lo", s.band.lo}, {"hi", s.band.hi}}},
          {"quantities", quantities}};
}

/// Finished replicates of a file that an earlier run left; none where there is no file.
std::vector<Replicate> finished_in(const std::string& file, const Json& settings, std::size_t quantities) {
  std::vector<Replicate> r;
  if (file.empty() || !std::filesystem::exists(file)) return r;
  try {
    const Json was = Json::parse(read_file(file));
    for (const auto& [key, value] : settings.items())
      if (was.at("settings").at(key) != value)
        throw Error(fmt::format("{}: holds replicates of {} {}, not of {}; give another --out", file, key,
                                was.at("settings").at(key).dump(), value.dump()));
    for (const auto& j : was.at("replicates")) r.push_back(replicate_of(j));
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: is no file of `labile calibrate`; give another --out", file));
  }
  for (const auto& x : r)
    if (x.failed.empty() && x.ranks.size() != quantities)
      throw Error(fmt::format("{}: replicate {} has {} ranks, not {}; give another --out", file, x.index,
                              x.ranks.size(), quantities));
  return r;
}

void print(const CalibrationSummary& s, const CalibrateArgs& a, const Calibration& c) {
  fmt::print("\n{} on {}: {} replicates of {} subjects and at most {} decisions; ranks among {} draws\n\n",
             a.model, c.task(), s.replicates, a.subjects, c.trials(), a.ranks);
  if (s.replicates > 0) {
    fmt::print("  {:<24} {:>8} {:>8}   {}\n", "quantity", "p", "p chi2", "intervals of 50, 80, 90% cover");
    for (const auto& q : s.quantities)
      fmt::print("  {:<24} {:>8.3f} {:>8.3f}   {:>5.1f}% {:>5.1f}% {:>5.1f}%\n", q.name, q.ranks.p,
                 q.ranks.p_chi2, 100 * q.coverage[0].covered, 100 * q.coverage[1].covered,
                 100 * q.coverage[2].covered);
    fmt::print("\n  p: of ranks that lie anywhere as far from uniform ones as these, a quantity\n");
    fmt::print("  farthest: {}, p = {:.3f} for the {} quantities together; {} of them leave the 95% band\n",
               s.worst, s.p, s.quantities.size(), s.outside);
    fmt::print("  intervals of 90%: at most {:.1f} standard errors from it ({})\n", s.farthest_90,
               s.farthest_at);
  }
  const auto count = [&](int n, const std::string& what) {
    if (n > 0) fmt::print("  {} replicate(s) {}\n", n, what);
  };
  count(s.failed, "could not be fitted");
  count(s.redrawn,
        fmt::format("drew parameters with which no play is possible and were drawn again, {} times in all",
                    s.redraws));
  count(s.short_chains,
        fmt::format("have a chain worth fewer than {} independent draws of some quantity", a.ranks));
  count(s.bad_rhat, "have an R-hat above 1.05");
  count(s.divergent, "have divergences");
  constexpr int kFew = 100;
  fmt::print("  {}\n",
             !s.passed() ? "NOT calibrated: do not trust intervals of this learner before you know why"
             : s.replicates < kFew
                 ? "nothing speaks against these intervals, but fewer than 100 replicates say little"
                 : "calibrated: nothing speaks against these intervals");
  fmt::print("  {:.2f} CPU-seconds a replicate\n", s.seconds);
}
}  // namespace

int calibrate_command(const CalibrateArgs& a) {
  const auto& entry = find_learner(a.model, Where{"--model", 0, 0, ""});
  CalibrateOptions o;
  o.task = a.task;
  o.task_settings = parse_settings(a.set, "--set");
  o.subjects = a.subjects;
  o.warmup = a.warmup;
  o.draws = a.draws;
  o.ranks = a.ranks;
  o.adapt_delta = a.adapt_delta;
  o.seed = a.seed;
  o.contrast = a.contrast;
  DataArgs held_args;
  held_args.hold = a.hold;
  check_held(held_args, {&entry});
  o.overrides = held(held_args, entry);
  o.groups = parse_groups(a.groups);
  const Calibration c(entry, o);
  const Json settings = settings_of(a, c);
  auto replicates = finished_in(a.out, settings, c.quantities().size());
  std::vector<std::uint8_t> have(static_cast<std::size_t>(a.replicates), 0);
  for (const auto& r : replicates)
    if (r.index >= 0 && r.index < a.replicates) have[static_cast<std::size_t>(r.index)] = 1;
  std::vector<int> which;
  for (int i = 0; i < a.replicates; ++i)
    if (!have[static_cast<std::size_t>(i)]) which.push_back(i);

  const auto document = [&](const CalibrationSummary& s) {
    std::sort(replicates.begin(), replicates.end(),
              [](const auto& x, const auto& y) { return x.index < y.index; });
    Json each = Json::array();
    for (const auto& r : replicates) each.push_back(json_of(r));
    return Json{{"settings", settings},
                {"quantities", c.quantities()},
                {"summary", json_of(s)},
                {"replicates", each}};
  };
  const auto summary = [&] { return summarize_calibration(c.quantities(), replicates, a.ranks); };
  // Written now and then, so that what is finished outlives whatever may come.
  constexpr double kEvery_s = 60;
  using Clock = std::chrono::steady_clock;
  auto written = Clock::now();
  ProgressLine line(!a.json);
  const int threads = thread_count(a.jobs);
  std::size_t done = 0;
  const bool all = run_replicates(c, which, threads, [&](const Replicate& r) {
    replicates.push_back(r);
    line.show(static_cast<double>(++done) / static_cast<double>(which.size()), "replicates");
    if (!a.out.empty() && std::chrono::duration<double>(Clock::now() - written).count() > kEvery_s) {
      write_file(a.out, document(summary()).dump() + "\n");
      written = Clock::now();
    }
  });
  line.clear();
  clear_interrupt();  // it was heard
  if (replicates.empty()) throw Interrupted("interrupted before a replicate had finished");
  const auto s = summary();
  const Json whole = document(s);
  if (!a.out.empty()) write_file(a.out, whole.dump() + "\n");
  if (!a.plot.empty() && s.replicates > 0)
    write_file(a.plot, calibration_picture(s, fmt::format("{} on {}", a.model, c.task())));
  if (a.json)
    fmt::print("{}\n", whole.dump(1));
  else
    print(s, a, c);
  if (!all && !a.json)
    fmt::print("  interrupted: {} of {} replicates; {}\n", replicates.size(), a.replicates,
               a.out.empty() ? "--out keeps them" : "the same command goes on from here");
  return all ? 0 : 130;
}

}  // namespace labile
