/// `labile run`: a card to a folder with results.json, report.html, card.toml and, if asked, trials.csv.
#include "run/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <list>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "report/report.hpp"

namespace labile {
namespace {

struct CardText {
  std::string name, text;
};
CardText load_card(const std::string& name) {
  if (std::filesystem::exists(name)) return {name, read_file(name)};
  if (const auto* text = embedded_card(name)) return {name + ".toml (built in)", std::string(*text)};
  throw Error(fmt::format("{}: no such card; give a .toml file, or one that comes with Labile: {}", name,
                          embedded_card_names()));
}

std::vector<Override> overrides(const RunArgs& a) {
  std::vector<Override> r;
  for (const auto& s : a.set) {
    const auto eq = s.find('=');
    if (eq == std::string::npos || eq == 0)
      throw Error(fmt::format("--set {}: write key=value, e.g. --set task.p_better=0.7", s));
    r.push_back({s.substr(0, eq), s.substr(eq + 1)});
  }
  if (a.seed) r.push_back({"seed", fmt::format("{}", *a.seed)});
  return r;
}

void print_dry(const Card& card) {
  fmt::print("{}\n", card.title);
  fmt::print("  task {}, {} variant(s), {} agent(s), {} condition(s), {} subjects each, seed {}\n", card.task,
             card.variants.size(), card.agents.size(), card.conditions.size(), card.subjects, card.seed);
  fmt::print("  {} metric(s), {} prediction(s), {} fit(s); card {}\n", card.metrics.size(),
             card.predictions.size(), card.fits.size(), card_hash(card));
  fmt::print("The card is good. Nothing was run.\n");
}

void print_summary(const RunResult& r, const std::filesystem::path& out) {
  for (const auto& n : r.notes) fmt::print("note: {}\n", n);
  int supported = 0, refuted = 0, open = 0;
  for (const auto& p : r.predictions) {
    supported += p.verdict == "supported";
    refuted += p.verdict == "refuted";
    open += p.verdict == "undecided" || p.verdict == "not run";
  }
  print_headlines(r);
  if (!r.predictions.empty())
    fmt::print("Predictions: {} supported, {} refuted, {} undecided or not run.\n", supported, refuted, open);
  fmt::print("{} decisions in {:.1f} s on {} thread(s), {:.0f} MB.\nReport: {}\n", r.decisions, r.wall_s,
             r.threads, r.peak_mb,
             (std::filesystem::absolute(out) / "report.html").lexically_normal().string());
}

}  // namespace

int run_command(const RunArgs& a) {
  const auto source = load_card(a.card);
  const Card card = parse_card(source.text, source.name, overrides(a));
  if (a.dry) {
    print_dry(card);
    return 0;
  }
  const std::filesystem::path out = a.out;
  std::error_code ec;
  std::filesystem::create_directories(out, ec);
  if (ec) throw Error(fmt::format("{}: cannot make this folder: {}", a.out, ec.message()));

  RunOptions options;
  options.threads = a.jobs;
  std::list<OutputFile> files;  // all are whole before the first takes its name
  if (card.record == "all") options.trials = &files.emplace_back(out / "trials.csv");
  ProgressLine progress(!a.json);
  options.progress = [&](double share, const std::string& what) { progress.show(share, what); };
  RunResult result;
  try {
    result = run_card(card, options);
  } catch (const Interrupted&) {
    progress.clear();
    throw Interrupted(
        fmt::format("stopped at {:.0f}%; nothing new was kept, what {} held before is untouched",
                    100 * progress.share(), a.out));
  }
  progress.clear();
  const std::string json = results_json(result);
  const auto add = [&](const std::string& name, const std::string& bytes) {
    files.emplace_back(out / name).write(bytes);
  };
  add("card.toml", canonical_text(card));
  for (const auto& f : result.fits) add("fit_" + f.spec.model + ".csv", fit_table(f));
  add("results.json", json);
  add("report.html", report_page(json));
  for (auto& f : files) f.finish();
  for (auto& f : files) f.commit();
  if (a.json) {
    fmt::print("{}", json);
  } else {
    print_summary(result, out);
  }
  return a.check && any_refuted(result) ? 1 : 0;
}

}  // namespace labile
